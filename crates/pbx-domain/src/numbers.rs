//! The numbers that can be dialed within a tenant. Each is used once: whatever has a number reserves it in the transaction that
//! assigns it.

use crate::error::Error;

/// The kind of object that a number reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// A user.
    Extension,
    /// The voicemail server, of which a tenant has one.
    Voicemail,
    /// A service of the PBX, such as call park.
    Service,
}

impl NumberKind {
    /// Returns the stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extension => "EXTENSION",
            Self::Voicemail => "VOICEMAIL",
            Self::Service => "SERVICE",
        }
    }
}

/// The number of a new tenant's voicemail server.
pub const VOICEMAIL: &str = "777";

/// The numbers of a new tenant: voicemail, call park, callback and monitor.
pub const INITIAL: [(&str, NumberKind); 4] = [
    (VOICEMAIL, NumberKind::Voicemail),
    ("666", NumberKind::Service),
    ("555", NumberKind::Service),
    ("888", NumberKind::Service),
];

/// Returns the error for a number that another object of the tenant has.
pub fn number_taken(number: &str) -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: format!("The number {number} is in use within this tenant: choose another."),
    }
}
