//! The rules: what may be, what must not, and what happens by itself. Knows neither HTTP nor SQL.

pub mod audit;
pub mod certificate;
pub mod clock;
pub mod error;
pub mod guard;
mod id;
pub mod ip_filters;
pub mod key;
pub mod list;
pub mod lockout;
pub mod network;
pub mod password;
pub mod rate_limit;
pub mod session;
pub mod source;
pub mod token;
pub mod transports;

pub use self::error::{Error, Violation};
pub use self::id::{Id, IdSource};
