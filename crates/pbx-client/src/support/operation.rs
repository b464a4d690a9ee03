//! What a call needs to know of its operation.

/// An operation of the contract.
#[derive(Debug)]
pub(crate) struct Operation {
    /// `operationId`.
    pub(crate) id: &'static str,
    /// The template, such as `/dealers/{id}`.
    pub(crate) path: &'static str,
    /// Whether a token is sent.
    pub(crate) signed_in: bool,
    /// The documented statuses of success.
    pub(crate) successes: &'static [u16],
}
