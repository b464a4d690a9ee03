//! `/network`.

use pbx_api::network::{Network, NetworkApi, UpdateNetwork};
use pbx_api::{Call, Patch};

use crate::domain::Error;
use crate::domain::network::{self, NetworkChanges};
use crate::domain::session::Caller;
use crate::http::Pbx;

impl NetworkApi for Pbx {
    async fn retrieve_network_configurations(&self, _call: Call<Caller>) -> Result<Network, Error> {
        network::show(&self.store).await.map(Network::from)
    }

    async fn update_network_configurations(&self, call: Call<Caller>, body: Patch<UpdateNetwork>) -> Result<(), Error> {
        network::update(&self.changes(&call), body.into_parts().0.into()).await
    }
}

impl From<network::Network> for Network {
    fn from(network: network::Network) -> Self {
        Self {
            web_domain: network.web_domain,
            private_ipv4: text(network.private_ipv4),
            public_ipv4: text(network.public_ipv4),
            enable_ipv6: Some(network.enable_ipv6),
            private_ipv6: text(network.private_ipv6),
            public_ipv6: text(network.public_ipv6),
            primary_dns_server: text(network.primary_dns_server),
            secondary_dns_server: text(network.secondary_dns_server),
        }
    }
}

fn text(address: Option<impl ToString>) -> Option<String> {
    address.map(|address| address.to_string())
}

impl From<UpdateNetwork> for NetworkChanges {
    fn from(update: UpdateNetwork) -> Self {
        Self {
            web_domain: update.web_domain.into_set(),
            private_ipv4: update.private_ipv4.into_set(),
            public_ipv4: update.public_ipv4.into_set(),
            enable_ipv6: update.enable_ipv6.into_set(),
            private_ipv6: update.private_ipv6.into_set(),
            public_ipv6: update.public_ipv6.into_set(),
            primary_dns_server: update.primary_dns_server.into_set(),
            secondary_dns_server: update.secondary_dns_server.into_set(),
        }
    }
}
