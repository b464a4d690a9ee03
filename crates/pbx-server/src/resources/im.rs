//! `/im`.

use pbx_api::im::{ComponentToken, ImApi, ImServer, UpdateImServer};
use pbx_api::{Call, Patch};
use pbx_domain::session::Caller;
use pbx_domain::{Error, im};

use crate::http::Pbx;
use crate::services::components;

impl ImApi for Pbx {
    async fn get_im_server_configuration(&self, _call: Call<Caller>) -> Result<ImServer, Error> {
        self.document::<im::ImServer>().await.map(ImServer::from)
    }

    async fn update_im_server_configuration(
        &self,
        call: Call<Caller>,
        body: Patch<UpdateImServer>,
    ) -> Result<(), Error> {
        self.merge::<im::ImServer, ImServer, _>(&call, body).await
    }

    async fn get_im_server_token(&self, _call: Call<Caller>) -> Result<ComponentToken, Error> {
        let token = components::token::<im::ImServer>(&self.store, &self.vault).await?;
        Ok(ComponentToken {
            token: token.map(Into::into),
        })
    }

    async fn regenerate_im_server_token(&self, call: Call<Caller>) -> Result<ComponentToken, Error> {
        let token = components::issue_token::<im::ImServer>(&self.context(&call)).await?;
        Ok(ComponentToken {
            token: Some(token.into()),
        })
    }

    async fn destroy_im_server_token(&self, call: Call<Caller>) -> Result<(), Error> {
        components::delete_token::<im::ImServer>(&self.context(&call)).await
    }
}
