//! Profiles: which servers there are, and the sessions on them.
//!
//! ```text
//! ~/.config/pbx/config.toml           the profiles, for people to read
//! ~/.config/pbx/sessions/NAME.json    the tokens of one, for nobody else to read, unless the keyring has them
//! ~/.config/pbx/sessions/NAME.lock    who may renew the tokens: a refresh token works once
//! ~/.config/pbx/sessions/NAME.use     who uses the session: nobody may, while `pbx open` looks into a tenant
//! ```

mod config;
mod folder;
mod tokens;

pub use config::{Config, DEFAULT, Profile, check_name};
pub use folder::{Folder, Lock};
pub use tokens::{Place, Tokens};
