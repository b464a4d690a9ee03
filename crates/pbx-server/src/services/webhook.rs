//! Sending events to the receivers of tenants.

use pbx_domain::kind::Tenant;
use pbx_domain::network::Network;
use pbx_domain::setting::Owner;
use pbx_domain::webhook::{Event, Webhook, own_addresses};
use pbx_domain::{Error, Id, clock};
use pbx_store::Store;
use serde_json::json;

use super::documents;
use crate::adapters::webhook::{SendError, Sender};

/// Sends a test event to the stored receiver.
///
/// # Errors
///
/// [`Error::Refused`] if there is no receiver; [`Error::TooManyRequests`] or [`Error::Overloaded`] if too many events of the tenant, or
/// of all tenants, are in progress; [`Error::ExternalFailure`] if the event did not arrive.
pub async fn send_test(
    store: &Store,
    sender: &Sender,
    tenant_id: Id<Tenant>,
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
    let owner = Owner::Tenant(tenant_id);
    let sent = sender.send(owner, &receiver, own_addresses(&network), &test).await;
    sent.map_err(|error| match error {
        SendError::Full(full) => full.into(),
        error => Error::ExternalFailure {
            code: "UNKNOWN",
            message: "The event did not arrive.",
            detail: error.to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    use pbx_domain::webhook::Authentication;

    use super::*;
    use crate::adapters::outgoing::OutgoingSlots;
    use crate::adapters::resolver::Resolver;

    #[tokio::test]
    async fn test_event_fails_with_the_reason() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("pbx.db").to_str().unwrap()).unwrap();
        let sender = Sender::new(&[], Resolver::new(1, 1), OutgoingSlots::new(1, 1)).unwrap();
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
            Err(Error::ExternalFailure {
                code: "UNKNOWN",
                detail,
                ..
            }) => assert!(detail.contains("--webhook-allow"), "{detail}"),
            other => panic!("{other:?}"),
        }
    }
}
