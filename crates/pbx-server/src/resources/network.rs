//! `/network`.

use pbx_api::network::{Network, NetworkApi, UpdateNetwork};
use pbx_api::{Call, Patch};

use crate::domain::session::Caller;
use crate::domain::{Error, network};
use crate::http::Pbx;

impl NetworkApi for Pbx {
    async fn retrieve_network_configurations(&self, _call: Call<Caller>) -> Result<Network, Error> {
        self.document::<network::Network>().await.map(Network::from)
    }

    async fn update_network_configurations(&self, call: Call<Caller>, body: Patch<UpdateNetwork>) -> Result<(), Error> {
        self.merge::<network::Network>(&call, body).await
    }
}

impl From<network::Network> for Network {
    fn from(network: network::Network) -> Self {
        Self {
            web_domain: network.web_domain,
            private_ipv4: network.private_ipv4,
            public_ipv4: network.public_ipv4,
            enable_ipv6: Some(network.enable_ipv6),
            private_ipv6: network.private_ipv6,
            public_ipv6: network.public_ipv6,
            primary_dns_server: network.primary_dns_server,
            secondary_dns_server: network.secondary_dns_server,
        }
    }
}
