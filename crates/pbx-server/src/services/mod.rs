//! Use cases with several callers: more than one resource, or a resource and the clock. A use case with one caller is that
//! caller, the trait's method in `resources/`.

pub mod accounts;
pub mod alerts;
pub mod certificates;
pub mod components;
pub mod context;
pub mod dealers;
pub mod documents;
pub mod files;
pub mod licensing;
pub mod lockout;
pub mod numbers;
pub mod pacing;
pub mod password_reset;
pub mod passwords;
pub mod quotas;
pub mod second_factor;
pub mod session;
pub mod sign_ins;
pub mod tenants;
pub mod transports;
pub mod turns;
pub mod webhook;
