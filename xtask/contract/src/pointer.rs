//! JSON Pointers (RFC 6901).

pub use openapi_reader::pointer::*;
