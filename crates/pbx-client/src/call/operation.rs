//! The properties of an operation that its calls depend on.

/// An operation of the contract.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The `operationId`.
    #[cfg_attr(not(feature = "tracing"), allow(dead_code))]
    pub(crate) id: &'static str,
    /// The path template, such as `/dealers/{id}`.
    pub(crate) path: &'static str,
    /// Requests carry an access token.
    pub(crate) signed_in: bool,
    /// The documented success statuses.
    pub(crate) successes: &'static [u16],
}
