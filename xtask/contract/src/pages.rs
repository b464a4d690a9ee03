//! The fenced code blocks of Markdown pages, as the reader of documents finds them.

pub use openapi_reader::pages::*;
