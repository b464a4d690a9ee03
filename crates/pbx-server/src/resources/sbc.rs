//! `/sbc`.

use pbx_api::sbc::{ComponentToken, Sbc, SbcApi, UpdateSbc};
use pbx_api::{Call, Patch};
use pbx_domain::session::Caller;
use pbx_domain::{Error, sbc};

use crate::http::Pbx;
use crate::services::components;

impl SbcApi for Pbx {
    async fn get_sbc_configuration(&self, _call: Call<Caller>) -> Result<Sbc, Error> {
        self.document::<sbc::Sbc>().await.map(Sbc::from)
    }

    async fn update_sbc_configuration(&self, call: Call<Caller>, body: Patch<UpdateSbc>) -> Result<(), Error> {
        self.merge::<sbc::Sbc, Sbc, _>(&call, body).await
    }

    async fn get_sbc_token(&self, _call: Call<Caller>) -> Result<ComponentToken, Error> {
        let token = components::token::<sbc::Sbc>(&self.store, &self.vault).await?;
        Ok(ComponentToken {
            token: token.map(Into::into),
        })
    }

    async fn regenerate_sbc_token(&self, call: Call<Caller>) -> Result<ComponentToken, Error> {
        let token = components::issue_token::<sbc::Sbc>(&self.context(&call)).await?;
        Ok(ComponentToken {
            token: Some(token.into()),
        })
    }

    async fn destroy_sbc_token(&self, call: Call<Caller>) -> Result<(), Error> {
        components::delete_token::<sbc::Sbc>(&self.context(&call)).await
    }
}
