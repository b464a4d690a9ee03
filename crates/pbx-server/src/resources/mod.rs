//! The operations: one file per resource, each the implementation of its generated trait. What happens is said in `domain/`;
//! here the types of the API become those of the domain, and back.

mod admin;
mod auth;
mod blobs;
mod brand;
mod dealer;
mod dealers;
mod files;
mod holidays;
mod im;
mod ip_filters;
mod key;
mod license;
mod login;
mod network;
mod providers;
mod sbc;
mod tenant;
mod tenant_parts;
mod tenants;
mod transports;
mod user;
mod users;
mod voicemail;

use pbx_api::{Call, Patch, Secret};

use crate::domain::document::Document;
use crate::domain::list::ListParameters;
use crate::domain::session::Caller;
use crate::domain::setting::Owner;
use crate::domain::vault::{MASK, Sealed};
use crate::domain::{Error, Id};
use crate::http::Pbx;
use crate::services::documents;

/// What all resources do of which the system has one.
impl Pbx {
    async fn document<D: Document>(&self) -> Result<D, Error> {
        documents::show(&self.store, Owner::System).await
    }

    async fn merge<D: Document>(&self, call: &Call<Caller>, body: Patch<impl Sized>) -> Result<(), Error> {
        documents::update::<D>(&self.context(call), Owner::System, body.into_parts().1).await
    }

    /// The same for those of which each tenant has one: that of the tenant that the caller acts in.
    async fn tenant_document<D: Document>(&self, call: &Call<Caller>) -> Result<D, Error> {
        documents::show(&self.store, Owner::Tenant(call.caller.tenant()?)).await
    }

    async fn merge_tenant<D: Document>(&self, call: &Call<Caller>, body: Patch<impl Sized>) -> Result<(), Error> {
        let owner = Owner::Tenant(call.caller.tenant()?);
        documents::update::<D>(&self.context(call), owner, body.into_parts().1).await
    }
}

/// Ids are opaque to callers: text that is none of ours names nothing.
fn parse_id(id: &str, absent: fn() -> Error) -> Result<Id, Error> {
    id.parse().map_err(|_| absent())
}

/// Every list has the same parameters, in a type of its own.
macro_rules! list_parameters {
    ($($query:ty),+ $(,)?) => {$(
        impl From<$query> for ListParameters {
            fn from(query: $query) -> Self {
                Self {
                    filter: query.filter,
                    search: query.search,
                    orderby: query.orderby,
                    skip: u32::try_from(query.skip).unwrap_or(0),
                    top: u32::try_from(query.top).unwrap_or(0),
                }
            }
        }
    )+};
}

list_parameters!(
    pbx_api::dealers::ListDealersQuery,
    pbx_api::files::ListFilesQuery,
    pbx_api::holidays::ListHolidaysQuery,
    pbx_api::ip_filters::ListIpRulesQuery,
    pbx_api::providers::ListProvidersQuery,
    pbx_api::tenants::ListTenantsQuery,
    pbx_api::transports::ListTransportsQuery,
    pbx_api::users::ListUsersQuery,
);

/// Empty text is none, as in an update.
fn text(given: Option<String>) -> Option<String> {
    given.filter(|text| !text.is_empty())
}

/// What an answer shows of a secret: that there is one.
fn mask(secret: &Option<Sealed>) -> Option<Secret> {
    secret.as_ref().map(|_| MASK.to_owned().into())
}

/// Nobody has so many that it matters.
fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
