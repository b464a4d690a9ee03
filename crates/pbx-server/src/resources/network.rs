//! `/network`.

use pbx_api::network::{Network, NetworkApi, UpdateNetwork};
use pbx_api::{Call, Patch};
use pbx_domain::session::Caller;
use pbx_domain::{Error, network};

use crate::http::Pbx;

impl NetworkApi for Pbx {
    async fn retrieve_network_configurations(&self, _call: Call<Caller>) -> Result<Network, Error> {
        self.document::<network::Network>().await.map(Network::from)
    }

    async fn update_network_configurations(&self, call: Call<Caller>, body: Patch<UpdateNetwork>) -> Result<(), Error> {
        self.merge::<network::Network, Network, _>(&call, body).await
    }
}
