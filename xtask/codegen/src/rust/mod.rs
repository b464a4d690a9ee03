//! The common part of all generators: identifiers, doc comments, literals and formatting.
//!
//! A name that several crates have is formed here, once, so that it is the same in each of them.

pub mod docs;
pub mod literals;
pub mod names;
mod pretty;
pub mod taken;

pub use pretty::format;
