//! Profiles: servers and accounts, with their sessions.
//!
//! ```text
//! ~/.config/pbx/config.toml           the profiles, editable
//! ~/.config/pbx/sessions/NAME.json    the session of a profile, mode 0600, unless the keyring holds it
//! ~/.config/pbx/sessions/NAME.lock    locked during a refresh: a refresh token works once
//! ~/.config/pbx/sessions/NAME.use     shared by the commands that use the session; `pbx open` locks it exclusively
//! ```

pub mod candidates;
pub mod config;
pub mod directory;
pub mod session_store;
