//! Builds the contract from the vendor's pages. Each stage is a pure function from document to document:
//!
//! [`load`] → [`merge`] → [`overlay`] → [`inline`] → [`conventions`] → [`ids`] → [`limits`] → [`texts`] → [`naming`] → [`echo`] → [`emit`] → [`lower`].
//!
//! [`pipeline`] runs them, [`model`] reads the result for the generators, and [`listing`] prints it for reviewers. No stage knows a
//! path, an operation or a schema by name: everything specific to an API is in `specs/`.

pub use openapi_reader::{diagnostic, files, load, pointer};

pub mod conventions;
pub mod echo;
pub mod emit;
pub mod extensions;
pub mod ids;
pub mod initial;
pub mod inline;
pub mod limits;
pub mod listing;
pub mod lower;
pub mod merge;
pub mod model;
pub mod naming;
pub mod normalize;
pub mod operations;
pub mod overlay;
pub mod pipeline;
pub mod schemas;
pub mod texts;
