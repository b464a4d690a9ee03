//! The types and rules of the domain, without HTTP, SQL and I/O. One module per noun of the API, with its defaults, its validation, and
//! its conversions from and to the types of `pbx-types`.

/// The target of this crate's log events: `--log pbx_server=debug` covers them as well.
const LOG_TARGET: &str = "pbx_server::domain";

pub mod accounts;
mod address;
pub mod admin;
pub mod alerts;
pub mod audit;
pub mod balance;
pub mod brand;
pub mod certificate;
pub mod check;
pub mod clock;
pub mod component;
pub mod convert;
pub mod custom_headers;
pub mod dealers;
pub mod disk;
pub mod document;
pub mod error;
pub mod files;
// Formatted by its generator; its descriptions are the vendor's.
#[rustfmt::skip]
#[allow(clippy::all, rustdoc::all)]
pub mod generated;
pub mod holidays;
pub mod id;
pub mod im;
pub mod ip_filters;
pub mod ip_rules;
pub mod key;
pub mod kind;
pub mod license;
pub mod lockout;
pub mod mail;
mod named;
pub mod network;
pub mod numbers;
pub mod password;
pub mod password_policy;
mod picture;
pub mod providers;
pub mod sbc;
pub mod session;
pub mod setting;
pub mod source;
pub mod state;
mod stir_shaken;
pub mod stored;
pub mod tenants;
pub mod token;
pub mod transports;
pub mod users;
pub mod vault;
pub mod voicemail;
pub mod webhook;

pub use self::error::Error;
pub use self::id::{Id, IdGenerator};
pub use self::stored::Stored;
