//! Changes of administrators, dealers and users to their own accounts, and the password policy of an account.

use pbx_domain::account_information::AccountInformation;
use pbx_domain::accounts::{name_taken, name_violation, password_violations, unchanged_password, wrong_password};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::error::reject_violations;
use pbx_domain::kind::Tenant;
use pbx_domain::lockout::{AccountKey, Client, Failure, FailureReason, loggable_name};
use pbx_domain::password::Password;
use pbx_domain::password_policy::PasswordPolicy;
use pbx_domain::session::{Account, Caller, Role, Visibility};
use pbx_domain::setting::Owner;
use pbx_domain::{Error, Id};
use pbx_store::{OnConstraint, Tx, accounts as queries, dealers, sessions, settings, users};

use super::context::Context;
use super::lockout;
use super::pacing::Attempt;

/// Renames the caller's account, that of an administrator or dealer. Its sessions stay valid.
pub async fn rename(context: &Context, caller: &Caller, name: String) -> Result<(), Error> {
    if let Some(violation) = name_violation(caller.role, &name) {
        return Err(Error::invalid(violation));
    }
    let (id, object) = (caller.account_id, audited_object(caller.role));
    context
        .write(move |tx| {
            let before = queries::by_id(tx, id)?.ok_or(Error::Unauthorized)?;
            queries::rename(tx, id, &name).on_constraint(queries::UNIQUE_NAME, name_taken)?;
            let renamed = (before.name != name).then_some("name");
            Ok(Entry::update(object, id).fields(renamed).with(()))
        })
        .await
}

/// Changes the password of the caller's account and ends its other sessions, so that no other client stays signed in with the old one.
///
/// A wrong old password counts like a failed sign-in: a client that has a token only must not be able to guess the password.
pub async fn change_password(
    context: &Context,
    client: Client,
    caller: &Caller,
    old: Password,
    new: Password,
) -> Result<(), Error> {
    let (id, session_id, object) = (caller.account_id, caller.session_id, audited_object(caller.role));
    let (account, information, policy) = context
        .read(move |tx| {
            let account = queries::by_id(tx, id)?.ok_or(Error::Unauthorized)?;
            let information = information(tx, &account)?;
            let policy = password_policy(tx, account.tenant_id)?;
            Ok::<_, Error>((account, information, policy))
        })
        .await?;
    let key = AccountKey::of_signed_in(id);
    let shown_name = loggable_name(None, &account.name);
    let attempt = if client.accepted {
        Attempt::exempt()
    } else {
        context.sign_ins.pacing.admit(key, &shown_name)?
    };
    let turn = context.passwords.turn(caller.into()).await?;
    lockout::check_not_denied(context, client)?;
    let unchanged = (old.reveal() == new.reveal()).then(|| unchanged_password("new_password"));
    if !turn.verify(old, Some(account.password_hash.clone())).await? {
        attempt.failed();
        let failure = Failure {
            key,
            name: shown_name,
            account: Some(id),
            reason: FailureReason::WrongOldPassword,
        };
        lockout::record_failure(context, client, failure).await?;
        return Err(Error::invalid(wrong_password()));
    }
    let mut violations = password_violations(&policy, "new_password", &new, &information);
    violations.extend(unchanged);
    reject_violations(violations)?;
    let hash = context.passwords.hash(caller.into(), new).await?;
    context
        .write(move |tx| {
            // Of two concurrent changes, the second one's old password is no longer the password.
            if queries::by_id(tx, id)?.is_none_or(|current| current.password_hash != account.password_hash) {
                return Err(Error::invalid(wrong_password()));
            }
            queries::set_password(tx, id, &hash)?;
            sessions::delete_others(tx, id, session_id)?;
            Ok(Entry::update(object, id).fields(["password"]).with(()))
        })
        .await
}

/// Returns the information that passwords of the account must not contain.
pub fn information(tx: &mut Tx<'_>, account: &Account) -> Result<AccountInformation, Error> {
    let found = if let Some((tenant_id, id)) = account.user() {
        users::by_id(tx, tenant_id, id)?.map(|user| AccountInformation::from(&user.user))
    } else if let Some(id) = account.dealer() {
        dealers::by_id(tx, Visibility::System, id)?.map(|dealer| AccountInformation::from(&dealer.value))
    } else {
        None
    };
    Ok(found.unwrap_or_else(|| AccountInformation::named(account.name.as_str())))
}

/// Returns the password policy of the tenant's users, or of the accounts that belong to no tenant.
pub fn password_policy(tx: &mut Tx<'_>, tenant_id: Option<Id<Tenant>>) -> Result<PasswordPolicy, Error> {
    match tenant_id {
        None => Ok(PasswordPolicy::SYSTEM),
        Some(id) => Ok(settings::load_for(tx, Owner::Tenant(id))?),
    }
}

/// Returns the object of audit entries about an account with this role.
pub fn audited_object(role: Role) -> Object {
    match role {
        Role::Dealer => Object::Dealer,
        _ => Object::User,
    }
}
