//! The operations: one file per resource, each the implementation of its generated trait. What happens is said in `domain/`;
//! here the types of the API become those of the domain, and back.

mod admin;
mod auth;
mod brand;
mod im;
mod ip_filters;
mod key;
mod license;
mod login;
mod network;
mod sbc;
mod transports;

use pbx_api::shared::TokenSet;
use pbx_api::{Call, Patch, Secret};

use crate::domain::Error;
use crate::domain::document::{self, Document};
use crate::domain::session::{ACCESS_LIFETIME, Caller, TokenSet as Tokens};
use crate::domain::vault::{MASK, Sealed};
use crate::http::Pbx;

/// What all resources do of which there is one.
impl Pbx {
    async fn document<D: Document>(&self) -> Result<D, Error> {
        document::show(&self.store).await
    }

    async fn merge<D: Document>(&self, call: &Call<Caller>, body: Patch<impl Sized>) -> Result<(), Error> {
        document::update::<D>(&self.changes(call), &self.vault, body.into_parts().1).await
    }
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
