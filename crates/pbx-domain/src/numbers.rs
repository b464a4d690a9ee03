//! The numbers that can be dialed within a tenant. Each is used once: whatever has a number reserves it in the transaction that
//! assigns it.

use crate::error::Error;
use crate::named::named_enum;

named_enum! {
    /// The kind of object that a number reaches.
    pub enum NumberKind {
        /// A user.
        Extension = "EXTENSION",
        /// The voicemail server, of which a tenant has one.
        Voicemail = "VOICEMAIL",
        /// A service of the PBX, such as call park.
        Service = "SERVICE",
    }
}

/// The services of a new tenant: call park, callback and monitor.
pub const SERVICES: [(&str, NumberKind); 3] = [
    ("666", NumberKind::Service),
    ("555", NumberKind::Service),
    ("888", NumberKind::Service),
];

/// Returns the error for a number that another object of the tenant has.
pub fn number_taken(number: &str) -> Error {
    Error::conflict(format!(
        "The number {number} is in use within this tenant: choose another."
    ))
}
