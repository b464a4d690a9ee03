//! The operations: one file per resource, each the implementation of its generated trait. A trait's method is the use case: one
//! transaction around the rules of `pbx-domain` and the queries of `pbx-store`. Use cases with several callers are in `services/`.

mod admin;
mod audit_logs;
mod auth;
mod blobs;
mod brand;
mod dealer;
mod dealers;
mod files;
mod holidays;
mod im;
mod info;
mod ip_filters;
mod key;
mod license;
mod login;
mod logout;
mod network;
mod providers;
mod sbc;
mod tenant;
mod tenants;
mod transports;
mod user;
mod users;
mod voicemail;

use pbx_api::{Call, Patch};
use pbx_domain::Error;
use pbx_domain::document::Document;
use pbx_domain::session::Caller;
use pbx_domain::setting::Owner;
use pbx_domain::state::Apply;

use crate::http::Pbx;
use crate::services::documents;

/// Ends a rehearsal, before what is more than reading and writing the database. The rules hold up to here.
fn end_rehearsal<C>(call: &Call<C>) -> Result<(), Error> {
    if call.is_rehearsal {
        return Err(Error::Invalid(Vec::new()));
    }
    Ok(())
}

/// Showing and updating the settings of which the system, or each tenant, has exactly one.
impl Pbx {
    async fn document<D: Document>(&self) -> Result<D, Error> {
        documents::show(&self.store, Owner::System).await
    }

    async fn merge<D, P>(&self, call: &Call<Caller>, body: Patch<P>) -> Result<(), Error>
    where
        D: Document + Apply<P>,
        P: Clone + Send + 'static,
    {
        documents::update::<D, P>(&self.context(call), Owner::System, body.into_fields()).await
    }

    /// Returns the document of the tenant that the caller acts in.
    async fn tenant_document<D: Document>(&self, call: &Call<Caller>) -> Result<D, Error> {
        documents::show(&self.store, Owner::Tenant(call.caller.tenant()?)).await
    }

    async fn merge_tenant<D, P>(&self, call: &Call<Caller>, body: Patch<P>) -> Result<(), Error>
    where
        D: Document + Apply<P>,
        P: Clone + Send + 'static,
    {
        let owner = Owner::Tenant(call.caller.tenant()?);
        documents::update::<D, P>(&self.context(call), owner, body.into_fields()).await
    }
}
