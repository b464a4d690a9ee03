//! Sessions: signing in and out, refreshing and authenticating tokens, switching to a tenant, and the first administrator.

use ipnet::IpNet;
use jiff::Timestamp;
use pbx_domain::account_information::AccountInformation;
use pbx_domain::accounts::password_violations;
use pbx_domain::audit::{ActingAccount, Action, Audited, Entry, Object};
use pbx_domain::error::reject_violations;
use pbx_domain::kind::{Session, Tenant};
use pbx_domain::lockout::{AccountKey, Client, Failure, FailureReason, Familiarity, loggable_name};
use pbx_domain::password::Password;
use pbx_domain::password_policy::PasswordPolicy;
use pbx_domain::second_factor::Code;
use pbx_domain::session::{
    ACCESS_LIFETIME, Account, Caller, Credentials, REFRESH_LIFETIME, Role, SignedIn, TokenSet, Visibility,
};
use pbx_domain::token::{Token, TokenHash, TokenKind};
use pbx_domain::{Error, Id, clock};
use pbx_store::{
    Changes, OnConstraint, Store, Tx, accounts, dealers, familiar_sources, password_resets, second_factors, sessions,
    tenants,
};

use super::context::Context;
use super::lockout;
use super::pacing::Attempt;
use super::second_factor::{self, Checked};
use super::turns::Party;

/// Name of the administrator of a fresh install.
const FIRST_ADMINISTRATOR: &str = "admin";

/// Sessions and tokens that are deleted in one transaction, so that no other one waits for long.
const EXPIRED_BATCH: u64 = 500;

mod refresh;

pub use refresh::refresh;

/// Signs in with a password; an account that needs a second factor gets no tokens yet. Responses to an unknown name, a wrong password
/// and a disabled account are the same and take the same time: what happens before the hash does not depend on the account.
pub async fn sign_in(context: &Context, client: Client, credentials: Credentials) -> Result<SignedIn, Error> {
    verify_password(context, client, credentials, true).await
}

/// [`sign_in`] by an operation that cannot ask for a second factor.
///
/// # Errors
///
/// [`Error::Refused`] for an account that needs one; those of [`sign_in`].
pub async fn sign_in_without_second_factor(
    context: &Context,
    client: Client,
    credentials: Credentials,
) -> Result<TokenSet, Error> {
    match verify_password(context, client, credentials, false).await? {
        SignedIn::Tokens(tokens) => Ok(tokens),
        SignedIn::SecondFactor(_) => Err(second_factor::required()),
    }
}

async fn verify_password(
    context: &Context,
    client: Client,
    credentials: Credentials,
    offers_second_factor: bool,
) -> Result<SignedIn, Error> {
    let Credentials { name, password, domain } = credentials;
    let domain = domain.filter(|domain| !domain.is_empty());
    let key = AccountKey::new(domain.as_deref(), &name);
    let shown_name = loggable_name(domain.as_deref(), &name);
    let source = client.source();
    let (known_domain, account, familiarity) = context
        .read(move |tx| {
            let tenant_id = domain.as_deref().map(|domain| tenants::id_by_domain(tx, domain));
            let (known_domain, account) = match tenant_id.transpose()? {
                Some(None) => (false, None),
                None => (true, accounts::by_name(tx, None, &name)?),
                Some(found) => (true, accounts::by_name(tx, found, &name)?),
            };
            let account_id = account.as_ref().map(|account| account.id);
            let familiarity = familiar_sources::familiarity(tx, account_id, &source)?;
            Ok::<_, Error>((known_domain, account, familiarity))
        })
        .await?;
    let trusted = client.accepted || familiarity.is_familiar(clock::now());
    let (party, attempt) = if trusted {
        (Party::Familiar(source), Attempt::exempt())
    } else {
        (
            Party::Stranger(source),
            context.sign_ins.pacing.admit(key, &shown_name)?,
        )
    };
    let turn = context.passwords.turn(party).await?;
    lockout::check_not_denied(context, client)?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let verified = turn.verify(password, stored).await?;
    let reason = match &account {
        _ if !known_domain => Some(FailureReason::UnknownDomain),
        None => Some(FailureReason::UnknownName),
        Some(_) if !verified => Some(FailureReason::WrongPassword),
        Some(account) if !account.enabled => Some(FailureReason::Disabled),
        Some(_) => None,
    };
    let account = match (account, reason) {
        (Some(account), None) => account,
        (account, reason) => {
            attempt.failed();
            let reason = reason.unwrap_or(FailureReason::UnknownName);
            let failure = Failure {
                key,
                name: shown_name,
                account: account.map(|account| account.id),
                reason,
            };
            lockout::record_failure(context, client, failure).await?;
            return Err(match reason {
                FailureReason::UnknownDomain => Error::NotFound { what: "domain" },
                _ => login_failed(),
            });
        }
    };
    let (session, tokens) = NewSession::generate(context, client)?;
    let challenge = Token::generate()?;
    let challenge_hash = challenge.hash();
    let signed_in = context
        .write(move |tx| {
            // The account may have changed since the password was verified.
            let now = clock::now();
            lockout::check_not_locked_out(tx, client, now)?;
            let current = accounts::by_id(tx, account.id)?;
            let unchanged = current.is_some_and(|current| {
                current.name == account.name && current.enabled && current.password_hash == account.password_hash
            });
            if !unchanged {
                return Err(login_failed());
            }
            // Reported only to those who know the password.
            check_tenant_enabled(tx, &account)?;
            if second_factor::is_required(tx, &account)? {
                if !offers_second_factor {
                    return Err(second_factor::required());
                }
                second_factor::begin(tx, &account, &challenge_hash, now)?;
                return Ok(Audited::nothing(false));
            }
            Ok(session.open(tx, &account, familiarity, now)?.with(true))
        })
        .await?;
    Ok(match signed_in {
        true => SignedIn::Tokens(tokens),
        false => SignedIn::SecondFactor(challenge),
    })
}

/// Completes a sign-in with the code of its second factor. A wrong code counts like a wrong password for the lockout of its source, and
/// against the sign-in and the account.
///
/// # Errors
///
/// [`Error::Refused`] if the sign-in is unknown or has expired, or the code is wrong; [`Error::TooManyRequests`] after too many wrong
/// codes with the account.
pub async fn verify_code(context: &Context, client: Client, token: &str, code: &str) -> Result<TokenSet, Error> {
    let (challenge, code) = (TokenHash::new(token), Code::presented(code));
    // A token that was never issued costs no turn of those that write.
    let known = {
        let challenge = challenge.clone();
        context.read(move |tx| second_factor::is_known(tx, &challenge))
    };
    if !known.await? {
        return Err(second_factor::unknown());
    }
    let (session, tokens) = NewSession::generate(context, client)?;
    let (vault, source) = (context.vault.clone(), client.source());
    let wrong = context
        .write(move |tx| {
            let now = clock::now();
            lockout::check_not_locked_out(tx, client, now)?;
            match second_factor::check(tx, &vault, &challenge, &code, now)? {
                Checked::Unknown => Err(second_factor::unknown()),
                Checked::Wrong(account) => Ok(Audited::nothing(Some(account))),
                Checked::Right(account) => {
                    check_tenant_enabled(tx, &account)?;
                    let familiarity = familiar_sources::familiarity(tx, Some(account.id), &source)?;
                    Ok(session.open(tx, &account, familiarity, now)?.with(None))
                }
            }
        })
        .await?;
    let Some(account) = wrong else { return Ok(tokens) };
    let failure = Failure {
        key: AccountKey::of_signed_in(account.id),
        name: loggable_name(None, &account.name),
        account: Some(account.id),
        reason: FailureReason::WrongCode,
    };
    lockout::record_failure(context, client, failure).await?;
    Err(second_factor::wrong_code())
}

/// Refuses the users of a disabled tenant.
fn check_tenant_enabled(tx: &mut Tx<'_>, account: &Account) -> Result<(), Error> {
    match account.tenant_id {
        Some(tenant_id) if !tenants::is_enabled(tx, tenant_id)? => {
            let message = "The tenant is disabled.";
            Err(Error::NotAllowed { message })
        }
        _ => Ok(()),
    }
}

/// The session of a sign-in that is about to succeed.
struct NewSession {
    id: Id<Session>,
    access: TokenHash,
    refresh: TokenHash,
    source: IpNet,
    /// Other sessions of the account that stay.
    kept: u32,
}

impl NewSession {
    /// Generates a session with its tokens.
    fn generate(context: &Context, client: Client) -> Result<(Self, TokenSet), Error> {
        let tokens = TokenSet::generate()?;
        let session = Self {
            id: context.ids.next(),
            access: tokens.access.hash(),
            refresh: tokens.refresh.hash(),
            source: client.source(),
            kept: context.sign_ins.sessions_per_account - 1,
        };
        Ok((session, tokens))
    }

    /// Inserts the session of this account.
    fn open(
        &self,
        tx: &mut Tx<'_>,
        account: &Account,
        familiarity: Familiarity,
        now: Timestamp,
    ) -> Result<Entry, Error> {
        if familiarity.is_outdated(now) {
            familiar_sources::record(tx, account.id, &self.source, now)?;
        }
        sessions::delete_least_recent(tx, account.id, self.kept)?;
        sessions::insert(tx, self.id, account.id, now, clock::after(now, REFRESH_LIFETIME))?;
        insert_tokens(tx, self.id, &self.access, &self.refresh, now)?;
        Ok(Entry::new(Action::Login, Object::User, account.id).by(ActingAccount::from(account)))
    }
}

/// Ends the caller's session: its access and refresh tokens are revoked at once.
pub async fn sign_out(changes: &Changes, caller: &Caller) -> Result<(), Error> {
    let (session_id, account_id) = (caller.session_id, caller.account_id);
    changes
        .write(move |tx| {
            sessions::delete(tx, session_id)?;
            Ok(Entry::new(Action::Logout, Object::User, account_id).with(()))
        })
        .await
}

/// Deletes expired sessions and tokens, sign-ins that no code has completed, and links to set a new password.
pub async fn delete_expired(store: &Store) -> Result<(), Error> {
    let now = clock::now();
    for delete in [
        sessions::delete_expired,
        second_factors::delete_expired,
        password_resets::delete_expired,
    ] {
        while store
            .write_unaudited(move |tx| Ok::<_, Error>(delete(tx, now, EXPIRED_BATCH)?))
            .await?
            > 0
        {}
    }
    Ok(())
}

/// Refuses tenants outside of the visibility, and those of a dealer without full access to its tenants.
///
/// # Errors
///
/// [`Error::NotFound`] and [`Error::NotAllowed`].
pub fn check_may_switch(tx: &mut Tx<'_>, visibility: Visibility, tenant_id: Id<Tenant>) -> Result<(), Error> {
    super::tenants::check_visible(tx, visibility, tenant_id)?;
    if let Visibility::Branch(dealer_id) = visibility
        && !dealers::has_full_access(tx, dealer_id)?
    {
        let message = "You have no full access to your tenants (`tenant_full_access`).";
        return Err(Error::NotAllowed { message });
    }
    Ok(())
}

/// Returns the caller that an access token belongs to, from the cache where it is fresh.
///
/// # Errors
///
/// [`Error::Unauthorized`] if the token is unknown, expired or revoked, or its account is disabled.
pub async fn authenticate(store: &Store, token: &str) -> Result<Caller, Error> {
    Ok(active(store, token).await?.caller)
}

/// Returns the session that an access token belongs to, from the cache where it is fresh.
///
/// # Errors
///
/// Those of [`authenticate`].
pub async fn active(store: &Store, token: &str) -> Result<sessions::Session, Error> {
    let access = TokenHash::new(token);
    let now = clock::now();
    let read = {
        let access = access.clone();
        store.read(move |tx| {
            let mut session = sessions::by_access_token(tx, &access, now)?.ok_or(Error::Unauthorized)?;
            let caller = &mut session.caller;
            // A dealer may have lost access to the tenant since it switched.
            if caller.is_switched()
                && let (Some(tenant_id), Ok(visibility @ Visibility::Branch(_))) =
                    (caller.tenant_id, caller.visibility())
            {
                match check_may_switch(tx, visibility, tenant_id) {
                    Ok(()) => {}
                    Err(Error::NotFound { .. } | Error::NotAllowed { .. }) => caller.tenant_id = None,
                    Err(error) => return Err(error),
                }
            }
            Ok(session)
        })
    };
    let session = store.session(access, read).await?;
    // Cached tokens expire by the clock as well.
    if session.expires_at > now {
        Ok(session)
    } else {
        Err(Error::Unauthorized)
    }
}

/// Creates the first administrator of a database that has none, with the given password or a random one.
///
/// Returns the random one, to be shown once. There is no built-in password.
///
/// # Errors
///
/// [`Error::Invalid`] if there is no administrator yet, and the given password violates the policy.
pub async fn ensure_administrator(context: &Context, given: Option<Password>) -> Result<Option<Password>, Error> {
    if context
        .read(|tx| Ok::<_, Error>(accounts::exists_with_role(tx, Role::SystemAdmin)?))
        .await?
    {
        return Ok(None);
    }
    let (password, generated) = match given {
        Some(password) => {
            let information = AccountInformation::named(FIRST_ADMINISTRATOR);
            let violations = password_violations(&PasswordPolicy::SYSTEM, "password", &password, &information);
            reject_violations(violations)?;
            (password, None)
        }
        None => {
            let password = Password::generate()?;
            (password.clone(), Some(password))
        }
    };
    let account = Account {
        id: context.ids.next(),
        role: Role::SystemAdmin,
        name: FIRST_ADMINISTRATOR.to_owned(),
        password_hash: context.passwords.hash(Party::SERVER, password).await?,
        enabled: true,
        tenant_id: None,
    };
    let created = context
        .write(move |tx| {
            if accounts::exists_with_role(tx, Role::SystemAdmin)? {
                return Ok::<_, Error>(Audited::nothing(false));
            }
            accounts::insert(tx, &account, clock::now()).on_constraint(accounts::UNIQUE_NAME, || {
                Error::conflict(format!("an account is called {FIRST_ADMINISTRATOR} already"))
            })?;
            Ok(Entry::create(Object::User, account.id)
                .fields(["name", "password", "role"])
                .with(true))
        })
        .await?;
    Ok(generated.filter(|_| created))
}

fn insert_tokens(
    tx: &mut Tx<'_>,
    session_id: Id<Session>,
    access: &TokenHash,
    refresh: &TokenHash,
    now: Timestamp,
) -> Result<(), Error> {
    sessions::insert_token(
        tx,
        session_id,
        TokenKind::Access,
        access,
        clock::after(now, ACCESS_LIFETIME),
    )?;
    sessions::insert_token(
        tx,
        session_id,
        TokenKind::Refresh,
        refresh,
        clock::after(now, REFRESH_LIFETIME),
    )?;
    Ok(())
}

/// Word for word as documented.
fn login_failed() -> Error {
    Error::Refused {
        code: "UNAUTHORIZED",
        message: "Login failed, authentication error",
    }
}

#[cfg(test)]
mod tests;
