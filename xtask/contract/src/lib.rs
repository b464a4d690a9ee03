//! From the vendor's pages to one contract. Each stage is a pure function from document to document:
//!
//! [`load`] → [`merge`] → [`overlay`] → [`inline`] → [`conventions`] → [`name`] → [`emit`] → [`lower`].
//!
//! No stage knows a path, an operation or a schema by name: what is particular to an API is in `specs/`.

pub mod conventions;
pub mod diagnostic;
pub mod emit;
pub mod files;
pub mod inline;
pub mod listing;
pub mod load;
pub mod lower;
pub mod merge;
pub mod model;
pub mod name;
pub mod normal;
pub mod operations;
pub mod overlay;
pub mod pipeline;
pub mod pointer;
mod strict;
