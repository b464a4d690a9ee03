//! The documents of a specs directory.

pub use openapi_reader::load::*;
