//! Names and passwords of accounts, and what their owners do with their own.

use pbx_types::Violation;

use super::audit::{Entry, Object};
use super::password::{Password, Passwords};
use super::password_policy::PasswordPolicy;
use super::session::{Caller, Role};
use super::setting::Owner;
use super::{Error, Id};
use crate::store::{Changes, OnConstraint, Tx, accounts, sessions, settings};

/// Names that only a system administrator may have, in any case.
const RESERVED: [&str; 4] = ["admin", "system", "administrator", "root"];

/// Gives the account of an administrator or dealer another name. Its sessions go on.
pub async fn rename(store: &Changes, caller: &Caller, name: String) -> Result<(), Error> {
    if let Some(violation) = reserved(caller.role, &name) {
        return Err(Error::invalid(violation));
    }
    let (id, object) = (caller.account_id, object(caller.role));
    store
        .write(move |tx| {
            let before = accounts::by_id(tx, id)?.ok_or(Error::Unauthorized)?;
            accounts::rename(tx, id, &name).on_constraint(accounts::UNIQUE_NAME, name_taken)?;
            let renamed = (before.name != name).then_some("name");
            Ok(Entry::update(object, id).fields(renamed).with(()))
        })
        .await
}

/// Gives the caller's account another password, and ends its other sessions: whoever knew the old one is out.
pub async fn change_password(
    store: &Changes,
    passwords: &Passwords,
    caller: &Caller,
    old: Password,
    new: Password,
) -> Result<(), Error> {
    let (id, session_id, object) = (caller.account_id, caller.session_id, object(caller.role));
    let (account, policy) = store
        .read(move |tx| {
            let account = accounts::by_id(tx, id)?.ok_or(Error::Unauthorized)?;
            let policy = policy_of(tx, account.tenant_id)?;
            Ok::<_, Error>((account, policy))
        })
        .await?;
    if !passwords.verify(old, Some(account.password_hash.clone())).await? {
        return Err(Error::invalid(wrong_password()));
    }
    check(password_faults(&policy, "new_password", &new, &account.name))?;
    let hash = passwords.hash(new).await?;
    store
        .write(move |tx| {
            // Of two changes at a time, the second one's old password is no longer the password.
            if accounts::by_id(tx, id)?.is_none_or(|current| current.password_hash != account.password_hash) {
                return Err(Error::invalid(wrong_password()));
            }
            accounts::set_password(tx, id, &hash)?;
            sessions::delete_others(tx, id, session_id)?;
            Ok(Entry::update(object, id).fields(["password"]).with(()))
        })
        .await
}

/// The rules for passwords of the users of that tenant, or of those who belong to none.
pub fn policy_of(tx: &mut Tx<'_>, tenant_id: Option<Id>) -> Result<PasswordPolicy, Error> {
    match tenant_id {
        None => Ok(PasswordPolicy::SYSTEM),
        Some(id) => Ok(settings::load_of(tx, Owner::Tenant(id))?),
    }
}

/// What is wrong with a new password, by the field in which it was sent.
pub fn password_faults(policy: &PasswordPolicy, field: &str, password: &Password, name: &str) -> Vec<Violation> {
    let faults = policy.faults(password.reveal(), name).into_iter();
    faults
        .map(|(rule, message)| Violation::field(field, rule, message))
        .collect()
}

/// What is wrong with a name that an account of that role is to have.
pub fn reserved(role: Role, name: &str) -> Option<Violation> {
    let reserved = RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name));
    let message = "is reserved for system administrators";
    (reserved && role != Role::SystemAdmin).then(|| Violation::field("name", "reserved", message))
}

/// Refuses if anything is wrong.
pub fn check(violations: Vec<Violation>) -> Result<(), Error> {
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(violations))
    }
}

/// Names are compared without case.
pub fn name_taken() -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: "Another account has this name.".to_owned(),
    }
}

fn object(role: Role) -> Object {
    match role {
        Role::Dealer => Object::Dealer,
        _ => Object::User,
    }
}

fn wrong_password() -> Violation {
    Violation::field("old_password", "password", "is not the password of this account")
}
