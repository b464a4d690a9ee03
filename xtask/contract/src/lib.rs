//! Builds the contract from the vendor's documents. Each stage is a pure function from document to document:
//!
//! [`load`](openapi_reader::load) → [`merge`] → [`overlay`] → [`inline`] → [`supported`] → [`recursion`] → [`conventions`] → [`ids`] → [`limits`] → [`texts`] → [`naming`] → [`echo`] → [`emit`] → [`lower`].
//!
//! [`pipeline`] runs them, [`model`] reads the result for the generators, and [`listing`] prints it for reviewers. No stage knows a
//! path, an operation or a schema by name: everything specific to an API is in `specs/`.

pub mod conventions;
pub mod echo;
pub mod emit;
pub mod extensions;
pub mod identifier;
pub mod ids;
pub mod initial;
pub mod inline;
pub mod limits;
pub mod listing;
pub mod lower;
pub mod media;
pub mod merge;
pub mod model;
pub mod naming;
pub mod normalize;
pub mod operations;
pub mod overlay;
pub mod pattern;
pub mod pipeline;
pub mod recursion;
pub mod reserved;
pub mod schemas;
pub mod selection;
pub mod supported;
pub mod texts;
pub mod unions;
pub mod wildcards;
