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
use serde::Serialize;

use crate::http::Pbx;
use crate::services::context::Context;
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

    /// Updates a document of the system that `GET` shows as `V`.
    async fn merge<D, V, P>(&self, call: &Call<Caller>, body: Patch<P>) -> Result<(), Error>
    where
        D: Document + Apply<P>,
        V: From<D> + Serialize + 'static,
        P: Clone + Send + 'static,
    {
        let context = self.document_context::<D, V>(call, Owner::System);
        documents::update::<D, P>(&context, Owner::System, body.into_fields()).await
    }

    /// Returns the context for the update of a document that `GET` shows as `V`.
    fn document_context<D, V>(&self, call: &Call<Caller>, owner: Owner) -> Context
    where
        D: Document,
        V: From<D> + Serialize + 'static,
    {
        self.update_context(call, move |tx| Ok(V::from(documents::stored::<D>(tx, owner)?)))
    }

    /// Returns the document of the tenant that the caller acts in.
    async fn tenant_document<D: Document>(&self, call: &Call<Caller>) -> Result<D, Error> {
        documents::show(&self.store, Owner::Tenant(call.caller.tenant()?)).await
    }

    /// Updates a document of the tenant that `GET` shows as `V`.
    async fn merge_tenant<D, V, P>(&self, call: &Call<Caller>, body: Patch<P>) -> Result<(), Error>
    where
        D: Document + Apply<P>,
        V: From<D> + Serialize + 'static,
        P: Clone + Send + 'static,
    {
        let owner = Owner::Tenant(call.caller.tenant()?);
        let context = self.document_context::<D, V>(call, owner);
        documents::update::<D, P>(&context, owner, body.into_fields()).await
    }
}
