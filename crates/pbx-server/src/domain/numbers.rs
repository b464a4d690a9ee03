//! The numbers that can be dialled within a tenant. No two things of a tenant share one: whatever has a number takes it here,
//! in the transaction that gives it to it.

use super::{Error, Id};
use crate::store::{OnConstraint, Tx, numbers as queries};

/// What answers at a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A user.
    Extension,
    /// The voicemail server, of which a tenant has one.
    Voicemail,
    /// A service of the PBX: call park and the like.
    Service,
}

impl Kind {
    /// As the store writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extension => "EXTENSION",
            Self::Voicemail => "VOICEMAIL",
            Self::Service => "SERVICE",
        }
    }
}

/// The voicemail server of a new tenant.
pub const VOICEMAIL: &str = "777";

/// The numbers that a new tenant has: voicemail, call park, callback and monitor.
const FIRST: [(&str, Kind); 4] = [
    (VOICEMAIL, Kind::Voicemail),
    ("666", Kind::Service),
    ("555", Kind::Service),
    ("888", Kind::Service),
];

/// Gives a new tenant its first numbers.
pub fn begin(tx: &mut Tx<'_>, tenant_id: Id) -> Result<(), Error> {
    Ok(queries::insert(tx, tenant_id, &FIRST)?)
}

/// Takes a number for something of that kind. One that anything else has is a conflict.
pub fn take(tx: &mut Tx<'_>, tenant_id: Id, number: &str, kind: Kind) -> Result<(), Error> {
    queries::insert(tx, tenant_id, &[(number, kind)]).on_constraint(queries::UNIQUE_NUMBER, || taken(number))
}

/// Takes a number for that of which a tenant has one, in place of the number that it had.
pub fn move_to(tx: &mut Tx<'_>, tenant_id: Id, number: &str, kind: Kind) -> Result<(), Error> {
    let moved = queries::renumber(tx, tenant_id, number, kind);
    if moved.on_constraint(queries::UNIQUE_NUMBER, || taken(number))? {
        Ok(())
    } else {
        take(tx, tenant_id, number, kind)
    }
}

/// Gives a number back.
pub fn release(tx: &mut Tx<'_>, tenant_id: Id, number: &str) -> Result<(), Error> {
    Ok(queries::delete(tx, tenant_id, number)?)
}

fn taken(number: &str) -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: format!("The number {number} is in use within this tenant: choose another."),
    }
}
