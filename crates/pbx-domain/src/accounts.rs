//! Rules for the names and passwords of accounts.

use pbx_types::Violation;

use crate::account_information::AccountInformation;
use crate::error::Error;
use crate::password::Password;
use crate::password_policy::PasswordPolicy;
use crate::session::Role;

/// Names that only a system administrator may have, compared without case.
const RESERVED_NAMES: [&str; 4] = ["admin", "system", "administrator", "root"];

/// Returns the violations of the policy by the new password of an account, reported on the property that holds it.
pub fn password_violations(
    policy: &PasswordPolicy,
    property: &str,
    password: &Password,
    account: &AccountInformation,
) -> Vec<Violation> {
    let violations = policy.violations(password.reveal(), account).into_iter();
    violations
        .map(|(rule, message)| Violation::field(property, rule, message))
        .collect()
}

/// Returns the violation by a new password that is the present one.
pub fn unchanged_password(property: &str) -> Violation {
    Violation::field(property, "unchanged", "is the present password, choose another one")
}

/// Returns the violation by a reserved name, if the role may not have it.
pub fn name_violation(role: Role, name: &str) -> Option<Violation> {
    let reserved = RESERVED_NAMES.iter().any(|word| word.eq_ignore_ascii_case(name));
    let message = "is reserved for system administrators";
    (reserved && role != Role::SystemAdmin).then(|| Violation::field("name", "reserved", message))
}

/// Returns the error for a name that another account has. Names are compared without case.
pub fn name_taken() -> Error {
    Error::conflict("Another account has this name.")
}

/// Returns the violation by an old password that is not the account's.
pub fn wrong_password() -> Violation {
    Violation::field("old_password", "password", "is not the password of this account")
}
