//! The rules: what may be, what must not, and what happens by itself. Knows neither HTTP nor SQL.

pub mod account;
pub mod address;
pub mod admin;
pub mod alerts;
pub mod audit;
pub mod brand;
pub mod certificate;
pub mod clock;
pub mod component;
pub mod dealers;
pub mod document;
pub mod error;
pub mod guard;
mod id;
pub mod im;
pub mod ip_filters;
pub mod key;
pub mod license;
pub mod list;
pub mod lockout;
pub mod network;
pub mod password;
pub mod password_policy;
pub mod rate_limit;
pub mod sbc;
pub mod session;
pub mod source;
pub mod token;
pub mod transports;
pub mod vault;
pub mod webhook;

pub use self::error::{Error, Violation};
pub use self::id::{Id, IdSource};
