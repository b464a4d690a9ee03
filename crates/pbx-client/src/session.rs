//! The state of a session: credentials, tokens, and one renewal at a time.
//!
//! The requests that renew it are made by [`crate::auth`], which is handed in.

pub(crate) mod credentials;
pub(crate) mod manager;
pub(crate) mod tokens;
