//! Forgotten passwords: a link by mail to the owner of the account, with which a new password is set.
//!
//! The response to a request does not depend on the account, in text and time: the account is looked up after it, in the background.

use std::sync::Arc;
use std::time::Duration;

use pbx_domain::accounts::{password_violations, unchanged_password};
use pbx_domain::admin::notification::Notification;
use pbx_domain::audit::{ActingAccount, Entry};
use pbx_domain::brand::Brand;
use pbx_domain::error::reject_violations;
use pbx_domain::lockout::{AccountKey, Client, loggable_name};
use pbx_domain::network::Network;
use pbx_domain::password::Password;
use pbx_domain::password_reset::{CallbackPrefix, CallbackUrl, LINK_LIFETIME, email};
use pbx_domain::session::{Account, Role};
use pbx_domain::setting::Owner;
use pbx_domain::token::{Token, TokenHash};
use pbx_domain::{Error, clock};
use pbx_store::{Tx, accounts, dealers, password_resets as queries, sessions, settings, tenants, users};
use pbx_types::Violation;
use tokio::sync::Semaphore;

use super::accounts::{audited_object, information, password_policy};
use super::context::Context;
use super::documents;
use super::pacing::{Attempt, Pacing};
use super::turns::Party;
use crate::adapters::mail::Mailer;

/// Links for one account, existing or not, in an hour.
const PER_ACCOUNT: u32 = 3;

/// Links that one source requests in an hour, for all accounts.
const PER_SOURCE: u32 = 30;

/// Wrong tokens of one source in a minute.
const GUESSES: u32 = 10;

/// Mails that are sent at a time.
const MAILS: usize = 4;

/// Requests whose mail is not sent yet.
const QUEUED: usize = 256;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// Sends the links and sets the new passwords. Clones share the limits.
#[derive(Clone)]
pub struct PasswordResets {
    /// The pages that links may lead to; if empty, those of the web domain.
    allowed: Arc<[CallbackPrefix]>,
    mailer: Mailer,
    by_account: Pacing,
    by_source: Pacing,
    guesses: Pacing,
    queue: Arc<Semaphore>,
    mails: Arc<Semaphore>,
}

impl PasswordResets {
    /// Creates the service with nothing counted. Links may lead to the allowed pages, or if there are none, to those of the web domain.
    pub fn new(allowed: Vec<CallbackPrefix>, mailer: Mailer) -> Self {
        let refused = "links to set a new password are refused: too many were requested";
        Self {
            allowed: allowed.into(),
            mailer,
            by_account: Pacing::per(PER_ACCOUNT, HOUR, refused),
            by_source: Pacing::per(PER_SOURCE, HOUR, refused),
            guesses: Pacing::per(GUESSES, MINUTE, "new passwords are refused: too many wrong tokens"),
            queue: Arc::new(Semaphore::new(QUEUED)),
            mails: Arc::new(Semaphore::new(MAILS)),
        }
    }

    /// Mails a link to the owner of the account, if it has one with an address. Returns before that.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the link may not lead to that page; [`Error::TooManyRequests`] if too many were requested for the account,
    /// or by the source.
    pub async fn request(
        &self,
        context: &Context,
        client: Client,
        domain: Option<String>,
        name: String,
        callback_url: &str,
    ) -> Result<(), Error> {
        let callback = self.allowed_callback(context, callback_url).await?;
        let source = client.source();
        if !client.accepted {
            let key = AccountKey::of_source(source);
            self.by_source.admit(key, &source.to_string())?.failed();
        }
        let shown_name = loggable_name(domain.as_deref(), &name);
        let key = AccountKey::new(domain.as_deref(), &name);
        self.by_account.admit(key, &shown_name)?.failed();
        // A refusal for want of a slot would reveal how long others took, and so which accounts exist.
        let Ok(queued) = Arc::clone(&self.queue).try_acquire_owned() else {
            tracing::warn!("a link to set a new password was not sent: too many are waiting");
            return Ok(());
        };
        let (this, context) = (self.clone(), context.clone());
        tokio::spawn(async move {
            let _queued = queued;
            let Ok(_slot) = this.mails.acquire().await else { return };
            if let Err(error) = this.send_link(&context, domain, name, &callback).await {
                tracing::warn!(name = shown_name, ?error, "a link to set a new password was not sent");
            }
        });
        Ok(())
    }

    /// Parses the page that a link is to lead to.
    async fn allowed_callback(&self, context: &Context, text: &str) -> Result<CallbackUrl, Error> {
        let refused = |rule, message: &str| Error::invalid(Violation::field("callback_url", rule, message));
        let url: CallbackUrl = text.parse().map_err(|message| refused("format", message))?;
        if let Some(message) = url.token_violation() {
            return Err(refused("format", message));
        }
        let allowed = if self.allowed.is_empty() {
            let network: Network = documents::show(context, Owner::System).await?;
            let domain = network.web_domain.into_iter();
            domain
                .flat_map(|name| CallbackPrefix::of_web_domain(&name).collect::<Vec<_>>())
                .any(|prefix| prefix.allows(&url))
        } else {
            self.allowed.iter().any(|prefix| prefix.allows(&url))
        };
        if allowed {
            Ok(url)
        } else {
            let message = "must be a page that the operator of the server allows with --password-reset-url; unless that is \
                           set, one on the `web_domain` of /network with https, on port 443 or 8887";
            Err(refused("allowed", message))
        }
    }

    async fn send_link(
        &self,
        context: &Context,
        domain: Option<String>,
        name: String,
        callback: &CallbackUrl,
    ) -> Result<(), Error> {
        let recipient = context.read(move |tx| recipient(tx, domain.as_deref(), &name)).await?;
        let Some((account, address)) = recipient else {
            tracing::info!(
                "no link to set a new password was sent: no enabled account of that name has an e-mail address"
            );
            return Ok(());
        };
        let token = Token::generate()?;
        let (hash, id, of_tenant) = (token.hash(), account.id, account.tenant_id.is_some());
        let (settings, brand) = context
            .write_unaudited(move |tx| {
                let settings: Notification = settings::load(tx)?;
                if of_tenant && !settings.serves_tenants() {
                    return Err(Error::Refused {
                        code: "NO_MAIL_SERVER",
                        message: "mail cannot be sent to tenants: see POST /admin/notification",
                    });
                }
                let expires_at = clock::after(clock::now(), LINK_LIFETIME);
                queries::replace(tx, id, &hash, expires_at)?;
                Ok((settings, settings::load::<Brand>(tx)?))
            })
            .await?;
        let link = callback.link(&token.into_string());
        let email = email(&brand.title, &account.name, address, &link);
        self.mailer.send(&settings.mail_server(&context.vault)?, &email).await?;
        Ok(())
    }

    /// Sets the password of the account whose link has this token, and ends its sessions.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the token is unknown, expired or used; [`Error::Invalid`] if the policy does not allow the password;
    /// [`Error::TooManyRequests`] after too many unknown tokens of the source.
    pub async fn reset(&self, context: &Context, client: Client, token: &str, new: Password) -> Result<(), Error> {
        let source = client.source();
        let attempt = if client.accepted {
            Attempt::exempt()
        } else {
            self.guesses.admit(AccountKey::of_source(source), &source.to_string())?
        };
        let token = TokenHash::new(token);
        let found = {
            let token = token.clone();
            context.read(move |tx| {
                let Some(account) = owner(tx, &token)? else {
                    return Ok(None);
                };
                let policy = password_policy(tx, account.tenant_id)?;
                let information = information(tx, &account)?;
                Ok::<_, Error>(Some((account, policy, information)))
            })
        };
        let Some((account, policy, information)) = found.await? else {
            attempt.failed();
            return Err(unknown_link());
        };
        drop(attempt);
        reject_violations(password_violations(&policy, "new_password", &new, &information))?;
        let party = Party::Stranger(source);
        let turn = context.passwords.turn(party).await?;
        if turn.verify(new.clone(), Some(account.password_hash.clone())).await? {
            return Err(Error::invalid(unchanged_password("new_password")));
        }
        let hash = context.passwords.hash(party, new).await?;
        context
            .write(move |tx| {
                // Of two concurrent requests, the second one's token is used.
                let account = owner(tx, &token)?.ok_or_else(unknown_link)?;
                accounts::set_password(tx, account.id, &hash)?;
                sessions::delete_by_account(tx, account.id)?;
                Ok(Entry::update(audited_object(account.role), account.id)
                    .by(ActingAccount::from(&account))
                    .fields(["password"])
                    .with(()))
            })
            .await
    }
}

/// Returns the account of a link with this token.
fn owner(tx: &mut Tx<'_>, token: &TokenHash) -> Result<Option<Account>, Error> {
    match queries::account_of(tx, token, clock::now())? {
        None => Ok(None),
        Some(id) => {
            let account = accounts::by_id(tx, id)?;
            usable(tx, account)
        }
    }
}

/// Returns the account with this name and its e-mail address, if it is enabled and has one. System administrators have none.
fn recipient(tx: &mut Tx<'_>, domain: Option<&str>, name: &str) -> Result<Option<(Account, String)>, Error> {
    let tenant_id = match domain {
        None => None,
        Some(domain) => match tenants::id_by_domain(tx, domain)? {
            None => return Ok(None),
            found => found,
        },
    };
    let account = accounts::by_name(tx, tenant_id, name)?;
    let Some(account) = usable(tx, account)? else {
        return Ok(None);
    };
    let address = match account.role {
        Role::SystemAdmin => None,
        Role::Dealer => dealers::email(tx, account.id)?,
        _ => users::email(tx, account.id)?.flatten(),
    };
    Ok(address.map(|address| (account, address)))
}

/// Returns the account if it and its tenant are enabled.
fn usable(tx: &mut Tx<'_>, account: Option<Account>) -> Result<Option<Account>, Error> {
    let Some(account) = account.filter(|account| account.enabled) else {
        return Ok(None);
    };
    match account.tenant_id {
        Some(id) if !tenants::is_enabled(tx, id)? => Ok(None),
        _ => Ok(Some(account)),
    }
}

fn unknown_link() -> Error {
    Error::Refused {
        code: "UNKNOWN_LINK",
        message: "This link is unknown, was used or has expired: request another one.",
    }
}
