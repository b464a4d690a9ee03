//! The types and rules of the domain, without HTTP, SQL and I/O. One module per noun of the API, with its rules. The stored states of
//! objects, with their initial values and their conversions from and to the types of `pbx-types`, are [generated].
//!
//! All nouns share:
//!
//! - [`state`] creates and updates a state from a request body. A module adds the [`Rules`](state::Rules) that no schema expresses, and
//!   records violations in a [`Check`](check::Check).
//! - [`document`]: settings, each stored as one JSON object. Other states are rows, and derive
//!   [`Record`](pbx_types::record::Record). A tenant is both: a row of what lists show, and a document.
//! - [`Id`] has the [`Kind`](kind::Kind) of its object as a parameter; [`Stored`] is an object with its ID.
//! - [`Error`] is the error of every rule and use case. [`audit`] has the entries of the audit log, [`vault`] the encryption of secrets.
//!
//! A new holiday, from the body of the request to the stored state and the response:
//!
//! ```
//! use pbx_domain::holidays::Holiday;
//! use pbx_domain::vault::Vault;
//! use pbx_domain::{Error, Stored, state};
//! use pbx_types::holidays::{self as api, CreateHoliday};
//!
//! fn create(vault: &Vault, body: CreateHoliday) -> Result<Holiday, Error> {
//!     // A holiday has no secrets, so no prefix of the contexts that they are sealed for.
//!     state::created(vault, "", body)
//! }
//!
//! fn show(holiday: Stored<Holiday>) -> api::Holiday {
//!     holiday.into()
//! }
//! ```

/// The target of this crate's log events: `--log pbx_server=debug` covers them as well.
const LOG_TARGET: &str = "pbx_server::domain";

pub mod account_information;
pub mod accounts;
mod address;
pub mod admin;
pub mod alerts;
pub mod audit;
pub mod audit_logs;
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
pub mod password_reset;
mod picture;
pub mod providers;
pub mod sbc;
pub mod second_factor;
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
