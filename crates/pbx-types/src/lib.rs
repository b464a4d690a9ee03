//! The data of the PBX administration API: the objects, enums, queries and responses of each resource, and what crates that
//! handle them share. Nothing in this crate or its dependencies knows HTTP or does IO.
//!
//! One module per resource (`generated/`, written by `cargo xtask codegen` from the contract) holds its types. What is written
//! by hand:
//!
//! - [`Patch`] is the body of an update, a JSON Merge Patch whose properties are [`Field`]s.
//! - [`Violation`] is one rule that a request violates, with its [`Location`].
//! - [`Secret`] and [`Timestamp`] are the types of passwords and times.
//! - [`list`] has the query of lists as sent ([`ListParameters`](list::ListParameters)) and parsed
//!   ([`ListQuery`](list::ListQuery)), the syntax trees of `filter`, `search` and `orderby` with their parsers, and
//!   [`Page`](list::Page).
//! - [`record`] has [`Record`](record::Record), the derive of structs that are stored as one row.
//!
//! IDs are opaque strings, with a type for each kind of object ([`ids`]).
//!
//! `pbx-api` adds the traits and routers and re-exports everything here.
//!
//! ```
//! use pbx_types::list::{FieldKind, ListField, ListParameters, ListQuery};
//!
//! static FIELDS: [ListField; 2] = [ListField::new("id", FieldKind::Id), ListField::new("name", FieldKind::Text)];
//!
//! let parameters = ListParameters {
//!     filter: Some("name eq 'Berlin'".to_owned()),
//!     top: 20,
//!     ..ListParameters::default()
//! };
//! assert!(ListQuery::parse(&parameters, &FIELDS).is_ok());
//! ```

// Lets generated code use the path `pbx_types::` wherever it is compiled: here, or as a fixture of the tests.
#[allow(unused_extern_crates, reason = "a contract may have no types")]
extern crate self as pbx_types;

mod common;
// Formatted by its generator; its descriptions are the vendor's.
#[rustfmt::skip]
#[allow(clippy::all, rustdoc::all)]
mod generated;
pub mod list;
pub mod record;

pub use common::defaults;
pub use common::network::canonical_range;
pub use common::patch::{Field, Patch};
pub use common::secret::Secret;
pub use common::string_enum::{StringEnum, UnknownValue};
pub use common::timestamp::{ParseTimestampError, Timestamp};
pub use common::violation::{Location, Violation, property_pointer, push_property};
#[allow(unused_imports, reason = "a contract may have no types")]
pub use generated::*;

// Re-exported for generated code, so that a dependent does not need the same versions of these crates.
pub use bytes::Bytes;
#[doc(hidden)]
pub use serde;
pub use serde_json::Value;
