//! The caller's own account, of those who belong to no tenant: administrators and dealers.

use crate::domain::audit::{Entry, Object};
use crate::domain::password::{Password, Passwords};
use crate::domain::password_policy::PasswordPolicy;
use crate::domain::session::Caller;
use crate::domain::{Error, Violation};
use crate::store::{Changes, OnConstraint, accounts, sessions};

/// Gives the caller's account another name. Its sessions go on.
pub async fn rename(store: &Changes, caller: &Caller, name: String) -> Result<(), Error> {
    let id = caller.account_id;
    store
        .write(move |tx| {
            accounts::rename(tx, id, &name).on_constraint(accounts::UNIQUE_NAME, || Error::Conflict {
                code: "CONFLICT",
                message: "Another account has this name.".to_owned(),
            })?;
            Ok(Entry::update(Object::User, id).fields(["name"]).with(()))
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
    let (id, session_id) = (caller.account_id, caller.session_id);
    let account = store
        .read(move |tx| accounts::by_id(tx, id)?.ok_or(Error::Unauthorized))
        .await?;
    if !passwords.verify(old, Some(account.password_hash.clone())).await? {
        return Err(Error::invalid(wrong_password()));
    }
    let faults = PasswordPolicy::SYSTEM.faults(new.reveal(), &account.name).into_iter();
    let faults: Vec<_> = faults
        .map(|(rule, message)| Violation::field("new_password", rule, message))
        .collect();
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let hash = passwords.hash(new).await?;
    store
        .write(move |tx| {
            // Of two changes at a time, the second one's old password is no longer the password.
            if accounts::by_id(tx, id)?.is_none_or(|current| current.password_hash != account.password_hash) {
                return Err(Error::invalid(wrong_password()));
            }
            accounts::set_password(tx, id, &hash)?;
            sessions::delete_others(tx, id, session_id)?;
            Ok(Entry::update(Object::User, id).fields(["password"]).with(()))
        })
        .await
}

fn wrong_password() -> Violation {
    Violation::field("old_password", "password", "is not the password of this account")
}
