//! The operations: one file per resource, each the implementation of its generated trait. What happens is said in `domain/`;
//! here the types of the API become those of the domain, and back.

mod auth;
mod ip_filters;
mod key;
mod login;
mod network;
mod transports;

use pbx_api::shared::TokenSet;

use crate::domain::session::{ACCESS_LIFETIME, TokenSet as Tokens};

/// Both forms of sign-in answer alike.
fn token_set(tokens: Tokens) -> TokenSet {
    TokenSet {
        access_token: tokens.access.into_text().into(),
        refresh_token: tokens.refresh.into_text().into(),
        expires_in: i32::try_from(ACCESS_LIFETIME.as_secs()).unwrap_or(i32::MAX),
        token_type: "Bearer".to_owned(),
    }
}
