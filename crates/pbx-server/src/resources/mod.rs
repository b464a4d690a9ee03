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

use pbx_api::shared::TokenSet;
use pbx_api::{Call, Patch, Secret};

use crate::domain::document::Document;
use crate::domain::session::{ACCESS_LIFETIME, Caller, TokenSet as Tokens};
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

/// Both forms of sign-in answer alike.
fn token_set(tokens: Tokens) -> TokenSet {
    TokenSet {
        access_token: tokens.access.into_text().into(),
        refresh_token: tokens.refresh.into_text().into(),
        expires_in: i32::try_from(ACCESS_LIFETIME.as_secs()).unwrap_or(i32::MAX),
        token_type: "Bearer".to_owned(),
    }
}
