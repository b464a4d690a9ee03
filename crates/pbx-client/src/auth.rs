//! Signing in and out, renewing tokens, switching tenants: the calls that a session is made of.

mod endpoints;
pub(crate) mod handle;
pub(crate) mod renewal;
#[cfg(test)]
mod tests;
