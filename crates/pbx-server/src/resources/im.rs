//! `/im`.

use pbx_api::im::{ComponentToken, ImApi, ImServer, UpdateImServer};
use pbx_api::{Call, Patch};

use crate::domain::im::Im;
use crate::domain::session::Caller;
use crate::domain::{Error, component};
use crate::http::Pbx;

impl ImApi for Pbx {
    async fn get_im_server_configuration(&self, _call: Call<Caller>) -> Result<ImServer, Error> {
        let im: Im = self.document().await?;
        Ok(ImServer {
            private_ipv4: im.private_ipv4,
            private_ipv6: im.private_ipv6,
            public_ipv4: im.public_ipv4,
            public_ipv6: im.public_ipv6,
        })
    }

    async fn update_im_server_configuration(
        &self,
        call: Call<Caller>,
        body: Patch<UpdateImServer>,
    ) -> Result<(), Error> {
        self.merge::<Im>(&call, body).await
    }

    async fn get_im_server_token(&self, _call: Call<Caller>) -> Result<ComponentToken, Error> {
        let token = component::token::<Im>(&self.store, &self.vault).await?;
        Ok(ComponentToken {
            token: token.map(Into::into),
        })
    }

    async fn regenerate_im_server_token(&self, call: Call<Caller>) -> Result<ComponentToken, Error> {
        let token = component::issue_token::<Im>(&self.changes(&call), &self.vault).await?;
        Ok(ComponentToken {
            token: Some(token.into()),
        })
    }

    async fn destroy_im_server_token(&self, call: Call<Caller>) -> Result<(), Error> {
        component::destroy_token::<Im>(&self.changes(&call)).await
    }
}
