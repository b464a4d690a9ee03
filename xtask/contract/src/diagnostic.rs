//! Errors with file and line, as the reader of documents reports them.

pub use openapi_reader::diagnostic::*;
