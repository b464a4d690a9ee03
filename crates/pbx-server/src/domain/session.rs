//! Who calls: signing in, tokens, signing out, and the first administrator.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::audit::{ActingAccount, Action, Actor, Audited, Entry, Object};
use super::lockout::{self, Client};
use super::password::{Password, Passwords};
use super::token::{Token, TokenHash, TokenKind};
use super::{Error, Id, IdSource, clock};
use crate::store::{Changes, OnConstraint, Store, Tx, accounts, dealers, sessions, tenants};

/// How long an access token is good for.
pub const ACCESS_LIFETIME: SignedDuration = SignedDuration::from_secs(1800);

/// How long a refresh token is good for, and with it a session that nobody uses.
const REFRESH_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The account of a fresh install.
const FIRST_ADMINISTRATOR: &str = "admin";

/// The built-in roles, as the contract's access rules name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum Role {
    SystemAdmin,
    Dealer,
    Admin,
    QueueManager,
    StandardUser,
    StandardInternationalUser,
}

impl Role {
    const ALL: [Self; 6] = [
        Self::SystemAdmin,
        Self::Dealer,
        Self::Admin,
        Self::QueueManager,
        Self::StandardUser,
        Self::StandardInternationalUser,
    ];

    /// As the API and the store write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SystemAdmin => "SystemAdmin",
            Self::Dealer => "Dealer",
            Self::Admin => "Admin",
            Self::QueueManager => "QueueManager",
            Self::StandardUser => "StandardUser",
            Self::StandardInternationalUser => "StandardInternationalUser",
        }
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: Id,
    /// What it may do.
    pub role: Role,
    /// As it was written; compared without case.
    pub name: String,
    /// Of its password.
    pub password_hash: String,
    /// Whether it may sign in and its tokens count.
    pub enabled: bool,
    /// The tenant whose user it is; none for system administrators and dealers.
    pub tenant_id: Option<Id>,
}

impl From<&Account> for ActingAccount {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            name: account.name.clone(),
            role: account.role.as_str(),
        }
    }
}

/// Who makes a call.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose session it is.
    pub account_id: Id,
    /// What the caller may do.
    pub role: Role,
    /// The account's name.
    pub name: String,
    /// The session behind the token.
    pub session_id: Id,
    /// The tenant that the caller acts in: a user's own, or the one that an administrator or dealer has switched into.
    pub tenant_id: Option<Id>,
    /// Whether the password was set by somebody else and must be changed before anything else.
    pub must_change_password: bool,
}

/// What of dealers and tenants a caller may see and change. All else does not exist for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everything.
    System,
    /// The dealers below that one, and the tenants of all of them.
    Branch(Id),
}

impl Caller {
    /// Whether the session was switched into a tenant, where it has the rights of the tenant's administrator besides its own.
    pub fn is_switched(&self) -> bool {
        self.tenant_id.is_some() && matches!(self.role, Role::SystemAdmin | Role::Dealer)
    }

    /// The roles that it has in this session.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        [self.role].into_iter().chain(self.is_switched().then_some(Role::Admin))
    }

    /// The tenant that it acts in.
    pub fn tenant(&self) -> Result<Id, Error> {
        self.tenant_id.ok_or(Error::Forbidden)
    }

    /// What of dealers and tenants it may see and change.
    pub fn visibility(&self) -> Result<Visibility, Error> {
        match self.role {
            Role::SystemAdmin => Ok(Visibility::System),
            Role::Dealer => Ok(Visibility::Branch(self.account_id)),
            _ => Err(Error::Forbidden),
        }
    }
}

/// What somebody signs in with.
#[derive(Debug)]
pub struct Credentials {
    /// The account's name.
    pub name: String,
    /// Its password, as it is claimed.
    pub password: Password,
    /// Of the account's tenant; none or empty for accounts of the system.
    pub domain: Option<String>,
}

/// What a client gets when it signs in or refreshes.
#[derive(Debug)]
pub struct TokenSet {
    /// For the calls.
    pub access: Token,
    /// For the next token set; good for one use.
    pub refresh: Token,
}

/// Signs in with a password. An unknown name, a wrong password and a disabled account look and take the same.
pub async fn sign_in(
    store: &Changes,
    ids: &IdSource,
    passwords: &Passwords,
    client: Client,
    credentials: Credentials,
) -> Result<TokenSet, Error> {
    let Credentials { name, password, domain } = credentials;
    let domain = domain.filter(|domain| !domain.is_empty());
    let found = store
        .read(move |tx| {
            let tenant_id = match &domain {
                None => None,
                Some(domain) => match tenants::id_of(tx, domain)? {
                    None => return Ok::<_, Error>(None),
                    known => known,
                },
            };
            Ok(Some(accounts::by_name(tx, tenant_id, &name)?))
        })
        .await?;
    let Some(account) = found else {
        lockout::failed(store, ids, client).await?;
        return Err(Error::NotFound { what: "domain" });
    };
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let verified = passwords.verify(password, stored).await?;
    let Some(account) = account.filter(|account| verified && account.enabled) else {
        lockout::failed(store, ids, client).await?;
        return Err(login_failed());
    };
    let tokens = TokenSet {
        access: Token::generate()?,
        refresh: Token::generate()?,
    };
    let (access, refresh) = (tokens.access.hash(), tokens.refresh.hash());
    let session_id = ids.next();
    store
        .write(move |tx| {
            // The account may have changed since the password was looked at.
            let now = clock::now();
            lockout::check(tx, client, now)?;
            let current = accounts::by_id(tx, account.id)?;
            let unchanged = current.is_some_and(|current| {
                current.name == account.name && current.enabled && current.password_hash == account.password_hash
            });
            if !unchanged {
                return Err(login_failed());
            }
            // Said only to those who have the password.
            if let Some(tenant_id) = account.tenant_id
                && !tenants::is_enabled(tx, tenant_id)?
            {
                let message = "The tenant is disabled.";
                return Err(Error::Barred { message });
            }
            sessions::delete_expired(tx, now)?;
            sessions::insert(tx, session_id, account.id, now, after(now, REFRESH_LIFETIME))?;
            give_tokens(tx, session_id, &access, &refresh, now)?;
            Ok(Entry::new(Action::Login, Object::User, account.id)
                .by(ActingAccount::from(&account))
                .with(()))
        })
        .await?;
    Ok(tokens)
}

/// Exchanges a refresh token for a new token set. Access tokens given out before stay good until they end.
///
/// A token that was exchanged already is in two hands, one of which stole it: the whole session ends.
pub async fn refresh(store: &Changes, token: &str) -> Result<TokenSet, Error> {
    let presented = TokenHash::of(token);
    let tokens = TokenSet {
        access: Token::generate()?,
        refresh: Token::generate()?,
    };
    let (access, refresh) = (tokens.access.hash(), tokens.refresh.hash());
    let granted = store
        .write(move |tx| {
            let now = clock::now();
            let Some(token) = sessions::refresh_token(tx, &presented)? else {
                return Ok::<_, Error>(Audited::nothing(Refreshed::Refused));
            };
            if token.used {
                sessions::delete(tx, token.session_id)?;
                let entry = Entry::new(Action::Logout, Object::User, token.account_id);
                return Ok(entry.with(Refreshed::Reused(token.session_id)));
            }
            if token.expires_at <= now || !token.enabled {
                return Ok(Audited::nothing(Refreshed::Refused));
            }
            sessions::mark_used(tx, &presented, now)?;
            sessions::extend(tx, token.session_id, now, after(now, REFRESH_LIFETIME))?;
            give_tokens(tx, token.session_id, &access, &refresh, now)?;
            Ok(Audited::nothing(Refreshed::Granted))
        })
        .await?;
    match granted {
        Refreshed::Granted => return Ok(tokens),
        Refreshed::Reused(session) => {
            tracing::warn!(%session, "a refresh token was used twice: the session is ended");
        }
        Refreshed::Refused => {}
    }
    Err(Error::Refused {
        code: "UNKNOWN",
        message: "unknown error",
    })
}

/// What became of a refresh token.
enum Refreshed {
    Granted,
    Refused,
    /// The session is ended.
    Reused(Id),
}

/// Ends the caller's session: its access and refresh tokens stop working at once.
pub async fn sign_out(store: &Changes, caller: &Caller) -> Result<(), Error> {
    let (session_id, account_id) = (caller.session_id, caller.account_id);
    store
        .write(move |tx| {
            sessions::delete(tx, session_id)?;
            Ok(Entry::new(Action::Logout, Object::User, account_id).with(()))
        })
        .await
}

/// Lets the caller's session act within a tenant, as its administrator, or brings it back to none.
pub async fn switch(store: &Changes, caller: &Caller, tenant_id: Option<Id>) -> Result<(), Error> {
    let (session_id, before, visibility) = (caller.session_id, caller.tenant_id, caller.visibility()?);
    store
        .write(move |tx| {
            if let Some(tenant_id) = tenant_id {
                may_enter(tx, visibility, tenant_id)?;
            }
            sessions::switch(tx, session_id, tenant_id)?;
            let left = before.map(|id| Entry::new(Action::Logout, Object::Tenant, id));
            let entered = tenant_id.map(|id| Entry::new(Action::Login, Object::Tenant, id));
            let entries = left.into_iter().chain(entered).filter(|_| before != tenant_id);
            Ok(entries.fold(Audited::nothing(()), Audited::and))
        })
        .await
}

/// Whether whoever has that reach may act within that tenant.
fn may_enter(tx: &mut Tx<'_>, visibility: Visibility, tenant_id: Id) -> Result<(), Error> {
    super::tenants::within(tx, visibility, tenant_id)?;
    if let Visibility::Branch(dealer_id) = visibility
        && !dealers::has_full_access(tx, dealer_id)?
    {
        let message = "You have no full access to your tenants (`tenant_full_access`).";
        return Err(Error::Barred { message });
    }
    Ok(())
}

/// Who presents that access token.
pub async fn authenticate(store: &Store, token: &str) -> Result<Caller, Error> {
    let access = TokenHash::of(token);
    let now = clock::now();
    let read = {
        let access = access.clone();
        store.read(move |tx| {
            let mut session = sessions::caller(tx, &access, now)?.ok_or(Error::Unauthorized)?;
            let caller = &mut session.caller;
            // What let a dealer switch into a tenant may have been taken away since.
            if caller.is_switched()
                && let (Some(tenant_id), Ok(visibility @ Visibility::Branch(_))) =
                    (caller.tenant_id, caller.visibility())
            {
                match may_enter(tx, visibility, tenant_id) {
                    Ok(()) => {}
                    Err(Error::NotFound { .. } | Error::Barred { .. }) => caller.tenant_id = None,
                    Err(error) => return Err(error),
                }
            }
            Ok(session)
        })
    };
    let session = store.session(access, read).await?;
    // What is remembered ends by the clock all the same.
    if session.ends_at > now {
        Ok(session.caller)
    } else {
        Err(Error::Unauthorized)
    }
}

/// Makes the first administrator of a database that has none, with the password given or a random one.
///
/// The random one is returned, to be shown once. There is no built-in password.
pub async fn ensure_administrator(
    store: &Store,
    ids: &IdSource,
    passwords: &Passwords,
    given: Option<Password>,
) -> Result<Option<Password>, Error> {
    if store
        .read(|tx| Ok::<_, Error>(accounts::any_of(tx, Role::SystemAdmin)?))
        .await?
    {
        return Ok(None);
    }
    let (password, generated) = match given {
        Some(password) => (password, None),
        None => {
            let password = Password::generate()?;
            (password.clone(), Some(password))
        }
    };
    let account = Account {
        id: ids.next(),
        role: Role::SystemAdmin,
        name: FIRST_ADMINISTRATOR.to_owned(),
        password_hash: passwords.hash(password).await?,
        enabled: true,
        tenant_id: None,
    };
    let made = Changes::new(store, Actor::system())
        .write(move |tx| {
            if accounts::any_of(tx, Role::SystemAdmin)? {
                return Ok::<_, Error>(Audited::nothing(false));
            }
            accounts::insert(tx, &account, clock::now()).on_constraint(accounts::UNIQUE_NAME, || Error::Conflict {
                code: "CONFLICT",
                message: format!("an account is called {FIRST_ADMINISTRATOR} already"),
            })?;
            Ok(Entry::create(Object::User, account.id)
                .fields(["name", "password", "role"])
                .with(true))
        })
        .await?;
    Ok(generated.filter(|_| made))
}

fn give_tokens(
    tx: &mut Tx<'_>,
    session_id: Id,
    access: &TokenHash,
    refresh: &TokenHash,
    now: Timestamp,
) -> Result<(), Error> {
    sessions::insert_token(tx, session_id, TokenKind::Access, access, after(now, ACCESS_LIFETIME))?;
    sessions::insert_token(
        tx,
        session_id,
        TokenKind::Refresh,
        refresh,
        after(now, REFRESH_LIFETIME),
    )?;
    Ok(())
}

fn after(now: Timestamp, lifetime: SignedDuration) -> Timestamp {
    now.saturating_add(lifetime).unwrap_or(Timestamp::MAX)
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
