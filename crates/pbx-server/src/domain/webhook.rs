//! Reporting what happens within a tenant to a receiver of its choosing.

use std::net::IpAddr;

use serde_json::json;

use super::network::Network;
use super::setting::Owner;
use super::{Error, Id, clock};
use crate::services::documents;
use crate::store::Store;
use crate::webhook::{Sender, Webhook};

/// What is reported, each to a receiver of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Calls.
    Cdr,
    /// What happens to extensions.
    Extension,
}

impl Event {
    /// The member of a tenant that says where they go.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cdr => "cdr_event",
            Self::Extension => "extension_event",
        }
    }
}

/// Sends an event that reports nothing to the receiver that is saved, `None` if none is.
pub async fn send_test(
    store: &Store,
    sender: &Sender,
    tenant_id: Id,
    event: Event,
    receiver: Option<Webhook>,
) -> Result<(), Error> {
    let receiver = receiver.ok_or(Error::Refused {
        code: "NO_WEBHOOK",
        message: "No URL is saved for this event: set one with POST /tenant first.",
    })?;
    let network: Network = documents::show(store, Owner::System).await?;
    let test = json!({
        "type": "TEST",
        "event": event.as_str(),
        "tenant_id": tenant_id.to_string(),
        "sent_at": clock::now(),
    });
    let sent = sender.send(&receiver, own_addresses(&network), &test).await;
    sent.map_err(|failure| Error::Failed {
        code: "UNKNOWN",
        message: "The event did not arrive.",
        detail: failure.to_string(),
    })
}

/// Those that lead to this installation, though perhaps no interface has them: the public ones may be a router's.
fn own_addresses(network: &Network) -> Vec<IpAddr> {
    let Network {
        private_ipv4,
        public_ipv4,
        private_ipv6,
        public_ipv6,
        ..
    } = network;
    let texts = [private_ipv4, public_ipv4, private_ipv6, public_ipv6];
    texts
        .into_iter()
        .flatten()
        .filter_map(|text| text.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::Authentication;

    #[tokio::test]
    async fn a_test_says_what_is_missing_or_why_it_failed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("pbx.db").to_str().unwrap()).unwrap();
        let sender = Sender::new(&[]).unwrap();
        let test = async |receiver| send_test(&store, &sender, Id::from_stored(1), Event::Cdr, receiver).await;
        assert!(matches!(
            test(None).await,
            Err(Error::Refused { code: "NO_WEBHOOK", .. })
        ));
        let receiver = Webhook {
            url: "http://127.0.0.1:9/".to_owned(),
            authentication: Authentication::None,
        };
        match test(Some(receiver)).await {
            Err(Error::Failed {
                code: "UNKNOWN",
                detail,
                ..
            }) => assert!(detail.contains("--webhook-allow"), "{detail}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_addresses_of_the_network_lead_back_here() {
        let network = Network {
            public_ipv4: Some("8.8.8.8".to_owned()),
            private_ipv6: Some("2a00::1".to_owned()),
            ..Network::default()
        };
        let own: Vec<IpAddr> = vec!["8.8.8.8".parse().unwrap(), "2a00::1".parse().unwrap()];
        assert_eq!(own_addresses(&network), own);
    }
}
