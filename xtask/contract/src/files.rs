//! The files of a specs directory, in memory.

pub use openapi_reader::files::*;
