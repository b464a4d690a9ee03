//! Conversions between domain values and properties of the API that several resources share.

use pbx_types::Secret;

use crate::vault::{MASK, Sealed};

/// Returns the mask for a secret that is set, `None` otherwise.
pub fn mask(secret: &Option<Sealed>) -> Option<Secret> {
    secret.as_ref().map(|_| MASK.to_owned().into())
}

/// Returns the number in the width of the API, saturating: no real count is that high.
pub fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
