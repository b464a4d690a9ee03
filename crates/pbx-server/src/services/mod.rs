//! Use cases with several callers: more than one resource, or a resource and the clock. A use case with one caller is that
//! caller, the trait's method in `resources/`.

mod context;
pub mod documents;
pub mod files;
pub mod transports;
pub mod webhook;

pub use self::context::Context;
