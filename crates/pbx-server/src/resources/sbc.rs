//! `/sbc`.

use pbx_api::sbc::{ComponentToken, Sbc, SbcApi, SbcTransport, UpdateSbc};
use pbx_api::{Call, Patch};

use crate::domain::session::Caller;
use crate::domain::{Error, component, sbc};
use crate::http::Pbx;

impl SbcApi for Pbx {
    async fn get_sbc_configuration(&self, _call: Call<Caller>) -> Result<Sbc, Error> {
        self.document::<sbc::Sbc>().await.map(Sbc::from)
    }

    async fn update_sbc_configuration(&self, call: Call<Caller>, body: Patch<UpdateSbc>) -> Result<(), Error> {
        self.merge::<sbc::Sbc>(&call, body).await
    }

    async fn get_sbc_token(&self, _call: Call<Caller>) -> Result<ComponentToken, Error> {
        let token = component::token::<sbc::Sbc>(&self.store, &self.vault).await?;
        Ok(ComponentToken {
            token: token.map(Into::into),
        })
    }

    async fn regenerate_sbc_token(&self, call: Call<Caller>) -> Result<ComponentToken, Error> {
        let token = component::issue_token::<sbc::Sbc>(&self.changes(&call), &self.vault).await?;
        Ok(ComponentToken {
            token: Some(token.into()),
        })
    }

    async fn destroy_sbc_token(&self, call: Call<Caller>) -> Result<(), Error> {
        component::destroy_token::<sbc::Sbc>(&self.changes(&call)).await
    }
}

impl From<sbc::Sbc> for Sbc {
    fn from(sbc: sbc::Sbc) -> Self {
        let transports = sbc.transports.into_iter().map(|transport| SbcTransport {
            protocol: transport.protocol.into(),
            port: transport.port,
        });
        Self {
            domain: sbc.domain,
            http_port: Some(sbc.http_port),
            https_port: Some(sbc.https_port),
            transports: transports.collect(),
        }
    }
}
