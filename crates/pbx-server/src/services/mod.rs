//! Use cases with several callers: more than one resource, or a resource and the clock. A use case with one caller is that
//! caller, the trait's method in `resources/`.

pub mod accounts;
mod context;
pub mod dealers;
pub mod documents;
pub mod numbers;
pub mod quotas;
pub mod tenants;

pub use self::context::Context;
