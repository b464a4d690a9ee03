//! Accounts, their roles, and the sessions of their requests.

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use pbx_types::auth::SecondFactorChallenge;
use pbx_types::record::Record;

use crate::audit::{ActingAccount, Audience};
use crate::error::Error;
use crate::id::Id;
use crate::kind::{self, Dealer, Session, Tenant, User};
use crate::named::named_enum;
use crate::password::Password;
use crate::token::{SuccessorKey, Token, TokenKind};

/// Lifetime of an access token.
pub const ACCESS_LIFETIME: SignedDuration = SignedDuration::from_secs(1800);

/// Lifetime of a refresh token, and so of a session that is not used.
pub const REFRESH_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Time in which a client whose response was lost may present its refresh token again.
pub const REFRESH_GRACE: SignedDuration = SignedDuration::from_secs(10);

/// Tokens of each kind that a session may have: a further refresh deletes the oldest. Of refresh tokens, all but one are used.
pub const MAX_TOKENS: u64 = 8;

named_enum! {
    /// A built-in role, as the contract's access rules name it.
    #[expect(missing_docs, reason = "the names are the vendor's")]
    pub enum Role {
        SystemAdmin = "SystemAdmin",
        Dealer = "Dealer",
        Admin = "Admin",
        QueueManager = "QueueManager",
        StandardUser = "StandardUser",
        StandardInternationalUser = "StandardInternationalUser",
    }
}

/// An account that can sign in.
#[derive(Debug, Clone, Record)]
pub struct Account {
    /// Its ID.
    pub id: Id<kind::Account>,
    /// Its role.
    pub role: Role,
    /// Its name as it was entered; compared case-insensitively.
    pub name: String,
    /// The hash of its password.
    pub password_hash: String,
    /// `false` if it may not sign in and its tokens are rejected.
    pub enabled: bool,
    /// The tenant of a user; `None` for system administrators and dealers.
    pub tenant_id: Option<Id<Tenant>>,
}

impl Account {
    /// Returns the tenant and the ID of the user that it belongs to, if it is one of a tenant.
    pub fn user(&self) -> Option<(Id<Tenant>, Id<User>)> {
        Some((self.tenant_id?, self.id.of_kind()))
    }

    /// Returns the ID of the dealer that it belongs to, if it is one of a dealer.
    pub fn dealer(&self) -> Option<Id<Dealer>> {
        (self.role == Role::Dealer).then(|| self.id.of_kind())
    }
}

impl ActingAccount {
    /// Returns the ID of the dealer that it belongs to, if it is one of a dealer.
    pub fn dealer(&self) -> Option<Id<Dealer>> {
        (self.role == Role::Dealer.as_str()).then(|| self.id.of_kind())
    }
}

impl From<&Account> for ActingAccount {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            name: account.name.clone(),
            role: account.role.as_str(),
            tenant_id: account.tenant_id,
        }
    }
}

impl From<&Caller> for ActingAccount {
    fn from(caller: &Caller) -> Self {
        Self {
            id: caller.account_id,
            name: caller.name.clone(),
            role: caller.role.as_str(),
            tenant_id: caller.tenant_id.filter(|_| !caller.is_switched()),
        }
    }
}

/// The authenticated caller of a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub account_id: Id<kind::Account>,
    /// The account's role.
    pub role: Role,
    /// The account's name.
    pub name: String,
    /// The session behind the token.
    pub session_id: Id<Session>,
    /// The tenant that the caller acts in: a user's own, or the one that an administrator or dealer has switched to.
    pub tenant_id: Option<Id<Tenant>>,
    /// `true` if the password was set by another account and must be changed before any other operation.
    pub must_change_password: bool,
}

/// The party that work is done for. What one of them may use at a time is bounded, so that others are served meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The server itself, and the system administrators.
    System,
    /// Clients without a session, such as those that sign in.
    Anonymous,
    /// An account outside of tenants: a dealer, also while it acts in a tenant.
    Account(Id<kind::Account>),
    /// All users of a tenant.
    Tenant(Id<Tenant>),
}

impl From<&Caller> for Principal {
    fn from(caller: &Caller) -> Self {
        match (caller.role, caller.tenant_id) {
            (Role::SystemAdmin, _) => Self::System,
            (Role::Dealer, _) | (_, None) => Self::Account(caller.account_id),
            (_, Some(id)) => Self::Tenant(id),
        }
    }
}

/// The dealers and tenants that a caller may see and change. Others do not exist for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// All of the system.
    System,
    /// The dealers below that one, and the tenants of all of them.
    Branch(Id<Dealer>),
}

impl Caller {
    /// Returns `true` if the session was switched to a tenant, where the caller has the rights of the tenant's administrator in
    /// addition to its own.
    pub fn is_switched(&self) -> bool {
        self.tenant_id.is_some() && matches!(self.role, Role::SystemAdmin | Role::Dealer)
    }

    /// Returns the roles of the caller in this session.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        [self.role].into_iter().chain(self.is_switched().then_some(Role::Admin))
    }

    /// Returns the role in which the caller acts in this session: that of the tenant's administrator while it is switched.
    pub fn acting_role(&self) -> Role {
        if self.is_switched() { Role::Admin } else { self.role }
    }

    /// Returns the tenant that the caller acts in.
    ///
    /// # Errors
    ///
    /// [`Error::NotAllowed`] for a system administrator or dealer who has to switch to a tenant first.
    pub fn tenant(&self) -> Result<Id<Tenant>, Error> {
        self.tenant_id.ok_or(self.switch_first().unwrap_or(Error::Forbidden))
    }

    /// Returns the error of operations within a tenant, if the caller has access to them after it has switched to one.
    pub fn switch_first(&self) -> Option<Error> {
        let may_switch = self.tenant_id.is_none() && matches!(self.role, Role::SystemAdmin | Role::Dealer);
        let message = "This operation works within a tenant, and no tenant is selected: switch to one first, with its ID in POST /tenants/switch?id=ID.";
        may_switch.then_some(Error::NotAllowed { message })
    }

    /// Returns the dealer that the caller is.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] if it is none.
    pub fn dealer(&self) -> Result<Id<Dealer>, Error> {
        match self.role {
            Role::Dealer => Ok(self.account_id.of_kind()),
            _ => Err(Error::Forbidden),
        }
    }

    /// Returns the entries of the audit log that the caller may see: while it acts in a tenant, those of the tenant.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] if there are none.
    pub fn audience(&self) -> Result<Audience, Error> {
        match (self.tenant_id, self.role) {
            (Some(tenant_id), Role::SystemAdmin | Role::Dealer | Role::Admin) => Ok(Audience::Tenant(tenant_id)),
            _ => Ok(match self.visibility()? {
                Visibility::System => Audience::System,
                Visibility::Branch(dealer_id) => Audience::Branch(dealer_id),
            }),
        }
    }

    /// Returns the dealers and tenants that the caller may see and change.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] unless it is a system administrator or a dealer.
    pub fn visibility(&self) -> Result<Visibility, Error> {
        match self.role {
            Role::SystemAdmin => Ok(Visibility::System),
            Role::Dealer => self.dealer().map(Visibility::Branch),
            _ => Err(Error::Forbidden),
        }
    }
}

/// The credentials of a sign-in.
#[derive(Debug)]
pub struct Credentials {
    /// The account's name.
    pub name: String,
    /// The password to verify.
    pub password: Password,
    /// The domain of the account's tenant; `None` or empty for accounts of the system.
    pub domain: Option<String>,
}

impl From<pbx_types::shared::SignIn> for Credentials {
    fn from(body: pbx_types::shared::SignIn) -> Self {
        Self {
            name: body.username,
            password: Password::new(body.password.into_inner()),
            domain: body.domain,
        }
    }
}

/// The exchange of a refresh token for other tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshUse {
    /// The time of the exchange.
    pub at: Timestamp,
    /// The source of the request; `None` if an earlier release served it.
    pub source: Option<IpNet>,
}

impl RefreshUse {
    /// Returns `true` if the token may be presented again: by the same source, within [`REFRESH_GRACE`].
    pub fn may_be_repeated(self, now: Timestamp, source: IpNet) -> bool {
        // The absolute value, because the clocks of two nodes may differ a little, and any clock may be set back by much.
        self.source == Some(source) && now.duration_since(self.at).abs() < REFRESH_GRACE
    }
}

/// The tokens that a client gets when it signs in or refreshes.
#[derive(Debug)]
pub struct TokenSet {
    /// Authenticates requests.
    pub access: Token,
    /// Is exchanged for the next token set, once.
    pub refresh: Token,
    /// The time until the access token expires.
    pub expires_in: SignedDuration,
}

impl TokenSet {
    /// Generates random tokens, which are issued now.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the system returns no random bytes.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self {
            access: Token::generate()?,
            refresh: Token::generate()?,
            expires_in: ACCESS_LIFETIME,
        })
    }

    /// Derives the successors of a refresh token, which are issued now.
    pub fn successors(key: &SuccessorKey, refresh: &str) -> Self {
        Self {
            access: key.derive(refresh, TokenKind::Access),
            refresh: key.derive(refresh, TokenKind::Refresh),
            expires_in: ACCESS_LIFETIME,
        }
    }
}

/// The outcome of a sign-in with the right password.
#[derive(Debug)]
pub enum SignedIn {
    /// The tokens of the new session.
    Tokens(TokenSet),
    /// The account needs a second factor: the token identifies the sign-in until then.
    SecondFactor(Token),
}

impl From<SignedIn> for pbx_types::auth::SignInResult {
    fn from(signed_in: SignedIn) -> Self {
        match signed_in {
            SignedIn::Tokens(tokens) => Self::TokenSet(tokens.into()),
            SignedIn::SecondFactor(token) => Self::SecondFactorChallenge(SecondFactorChallenge {
                two_factor_enabled: true,
                token: token.into_string().into(),
            }),
        }
    }
}

impl From<TokenSet> for pbx_types::shared::TokenSet {
    fn from(tokens: TokenSet) -> Self {
        Self {
            access_token: tokens.access.into_string().into(),
            refresh_token: tokens.refresh.into_string().into(),
            expires_in: i32::try_from(tokens.expires_in.as_secs()).unwrap_or(i32::MAX),
            token_type: "Bearer".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_may_be_repeated_by_its_source_within_the_grace() {
        let source = |text: &str| -> IpNet { text.parse().unwrap() };
        let at = Timestamp::UNIX_EPOCH;
        let used = RefreshUse {
            at,
            source: Some(source("192.0.2.1/32")),
        };
        let repeated = |milliseconds| {
            let now = at + SignedDuration::from_millis(milliseconds);
            used.may_be_repeated(now, source("192.0.2.1/32"))
        };
        assert!(repeated(0) && repeated(9_999) && repeated(-9_999));
        assert!(!repeated(10_000) && !repeated(-10_000));
        assert!(!used.may_be_repeated(at, source("192.0.2.2/32")));
        let by_earlier_release = RefreshUse { at, source: None };
        assert!(!by_earlier_release.may_be_repeated(at, source("192.0.2.1/32")));
    }
}
