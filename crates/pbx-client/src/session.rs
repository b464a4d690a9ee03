//! The state of a session: credentials, tokens, and one renewal at a time.
//!
//! The function that requests new tokens is passed in by [`crate::client_builder`].

pub(crate) mod credentials;
pub(crate) mod manager;
pub(crate) mod tokens;
