//! `/voicemail`: the voicemail server of the caller's tenant.

use pbx_api::voicemail::{UpdateVoicemailServer, VoicemailApi, VoicemailServer};
use pbx_api::{Call, Patch};
use pbx_domain::numbers::NumberKind;
use pbx_domain::session::Caller;
use pbx_domain::setting::Owner;
use pbx_domain::{Error, voicemail};

use crate::http::Pbx;
use crate::services::{documents, numbers};

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
        let (tenant_id, patch) = (call.caller.tenant()?, body.into_fields());
        // The number is reserved in the tenant: nothing else can have it.
        documents::update_with::<voicemail::VoicemailServer, _>(
            &self.document_context::<voicemail::VoicemailServer, VoicemailServer>(&call, Owner::Tenant(tenant_id)),
            Owner::Tenant(tenant_id),
            patch,
            move |tx, _, server| numbers::renumber(tx, tenant_id, &server.extension_number, NumberKind::Voicemail),
        )
        .await
    }
}
