//! Syntax errors of list parameters.

/// The error of parsing a list parameter. It has the position and what was expected, but never what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected} at character {position}")]
pub struct SyntaxError {
    /// The character, counted from 1.
    pub position: usize,
    /// The expected token, or the defect.
    pub expected: String,
}

impl SyntaxError {
    pub(super) fn new(position: usize, expected: impl Into<String>) -> Self {
        Self {
            position,
            expected: expected.into(),
        }
    }
}
