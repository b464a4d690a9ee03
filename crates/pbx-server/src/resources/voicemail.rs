//! `/voicemail`.

use pbx_api::voicemail::{UpdateVoicemailServer, VoicemailApi, VoicemailServer};
use pbx_api::{Call, Patch};

use crate::domain::session::Caller;
use crate::domain::{Error, voicemail};
use crate::http::Pbx;

impl VoicemailApi for Pbx {
    async fn show_voicemail_server(&self, call: Call<Caller>) -> Result<VoicemailServer, Error> {
        let server = self.tenant_document::<voicemail::VoicemailServer>(&call).await?;
        Ok(server.into())
    }

    async fn update_voicemail_server(
        &self,
        call: Call<Caller>,
        body: Patch<UpdateVoicemailServer>,
    ) -> Result<(), Error> {
        self.merge_tenant::<voicemail::VoicemailServer>(&call, body).await
    }
}

impl From<voicemail::VoicemailServer> for VoicemailServer {
    fn from(server: voicemail::VoicemailServer) -> Self {
        Self {
            extension_number: Some(server.extension_number),
            retain_days: Some(server.retain_days),
            min_seconds: Some(server.min_seconds),
        }
    }
}
