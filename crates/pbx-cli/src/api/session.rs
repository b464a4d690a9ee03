//! The session of a command: that of a profile, of a token, or of credentials in the environment.

use pbx_client::{Client, Error, Session};
use serde_json::Value;

use super::call::{CallError, Response, send};
use super::client::{builder, credentials};
use crate::address::complete_url;
use crate::environment::variable;
use crate::failure::{Context as _, Exit, Failure};
use crate::operation::request::{Request, RequestBody};
use crate::operation::spec::Access;
use crate::options::connection::ConnectionOptions;
use crate::options::global::GlobalOptions;
use crate::profile::config::{Config, Profile};
use crate::profile::directory::{ConfigDirectory, FileLock};
use crate::profile::session_store::SessionStore;

/// A client with a session.
pub struct ApiSession {
    client: Client,
    source: SessionSource,
    options: ConnectionOptions,
}

/// The source of a session, which decides what happens to it when it expires and after the command.
enum SessionSource {
    /// A profile: refreshed and saved.
    Profile {
        store: SessionStore,
        /// The session as the client uses it.
        session: Box<Session>,
        /// Held while the session is in use.
        use_lock: Option<FileLock>,
    },
    /// Credentials in the environment: ended with the command.
    Credentials,
    /// A token in the environment, or no session at all: left alone.
    External,
}

impl ApiSession {
    /// Opens the session that a command uses: the profile of `--profile`, else `PBX_TOKEN`, else `PBX_USER` with `PBX_PASSWORD`,
    /// else the current profile.
    ///
    /// # Errors
    ///
    /// Fails if there is none, if the profile's session is for another server, or if signing in or refreshing fails.
    pub async fn open(options: &GlobalOptions, access: &Access) -> Result<Self, Failure> {
        let directory = ConfigDirectory::from_environment()?;
        let config = Config::read(&directory)?;
        let profile = config.profile(options.profile.as_deref())?;
        let url = match (&options.url, profile) {
            (Some(url), _) => Some(complete_url(url)),
            (None, Some((_, profile))) => Some(profile.url.clone()),
            (None, None) => None,
        };
        let url = url.ok_or_else(not_signed_in)?;
        // The options, certificates and session of a profile are for its server only.
        let same_server = profile.filter(|(_, profile)| profile.url == url);
        let connection = match same_server {
            Some((_, profile)) => profile.connection(&options.connection),
            None => options.connection.clone(),
        };
        let builder = builder(&url, &connection)?;
        let session = |client, source| Self {
            client,
            source,
            options: connection.clone(),
        };
        if matches!(access, Access::Public) {
            return Ok(session(builder.build()?, SessionSource::External));
        }
        if options.profile.is_none() {
            if let Some(token) = variable("PBX_TOKEN") {
                return Ok(session(builder.token(token).build()?, SessionSource::External));
            }
            if let Some(user) = variable("PBX_USER") {
                let password = variable("PBX_PASSWORD").ok_or_else(|| {
                    Failure::new(Exit::Authentication, "PBX_USER is set, but PBX_PASSWORD is not")
                        .with_hint("set both, or sign in with `pbx login`")
                })?;
                let credentials = credentials(user, password, variable("PBX_DOMAIN"));
                let client = builder.credentials(credentials).connect().await?;
                return Ok(session(client, SessionSource::Credentials));
            }
        }
        match (same_server, profile) {
            (Some((name, profile)), _) => Self::open_profile(&directory, name, profile, connection).await,
            (None, Some((name, profile))) => Err(Failure::new(
                Exit::Authentication,
                format!("profile `{name}` is signed in to {}, not to {url}", profile.url),
            )
            .with_hint(format!("sign in with `pbx login {url} --profile NAME`"))),
            (None, None) => Err(not_signed_in()),
        }
    }

    /// Opens the session of a profile, and refreshes it if its access token expires soon.
    async fn open_profile(
        directory: &ConfigDirectory,
        name: &str,
        profile: &Profile,
        options: ConnectionOptions,
    ) -> Result<Self, Failure> {
        let store = SessionStore::new(directory, name, profile.session);
        let use_lock = store.lock_shared_use()?;
        let session = store.read()?.ok_or_else(|| signed_out(name))?;
        let expires_soon = expires_soon(&session);
        let mut opened = Self {
            client: builder(&profile.url, &options)?
                .token(session.access_token.clone())
                .build()?,
            source: SessionSource::Profile {
                store,
                session: Box::new(session),
                use_lock: Some(use_lock),
            },
            options,
        };
        if expires_soon {
            opened.refresh().await?;
        }
        Ok(opened)
    }

    /// Returns the client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the tenant that the session acts in, as far as this machine knows.
    pub fn tenant(&self) -> Option<&str> {
        match &self.source {
            SessionSource::Profile { session, .. } => session.tenant.as_deref(),
            SessionSource::Credentials | SessionSource::External => None,
        }
    }

    /// Returns `true` if the session is that of a profile.
    pub fn is_saved(&self) -> bool {
        matches!(self.source, SessionSource::Profile { .. })
    }

    /// Saves the tenant that the session acts in.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read or written.
    pub fn save_tenant(&mut self, tenant: Option<&str>) -> Result<(), Failure> {
        if let SessionSource::Profile { store, session, .. } = &mut self.source {
            let _lock = store.lock_refresh()?;
            // Another command may have refreshed the stored session meanwhile.
            let mut stored = store.read()?.unwrap_or_else(|| (**session).clone());
            stored.tenant = tenant.map(str::to_owned);
            store.write(&stored)?;
            session.tenant = stored.tenant;
        }
        Ok(())
    }

    /// Acquires exclusive use of the session, and returns `false` if another command uses it.
    ///
    /// # Errors
    ///
    /// Fails if the lock file cannot be opened.
    pub fn try_exclusive(&mut self) -> Result<bool, Failure> {
        match &mut self.source {
            SessionSource::Credentials => Ok(true),
            SessionSource::External => Ok(false),
            SessionSource::Profile { store, use_lock, .. } => {
                *use_lock = None;
                let exclusive = store.try_lock_exclusive_use()?;
                let is_exclusive = exclusive.is_some();
                *use_lock = Some(match exclusive {
                    Some(lock) => lock,
                    None => store.lock_shared_use()?,
                });
                Ok(is_exclusive)
            }
        }
    }

    /// Signs out if the session was opened for this command only.
    pub async fn close(self) {
        if matches!(self.source, SessionSource::Credentials) {
            // Otherwise it expires later.
            let _ = self.client.session().sign_out().await;
        }
    }

    /// Returns `true` if the session has a refresh token.
    pub fn can_refresh(&self) -> bool {
        matches!(&self.source, SessionSource::Profile { session, .. } if session.refresh_token.is_some())
    }

    /// Refreshes the session, or takes over the tokens if another command has refreshed it.
    ///
    /// # Errors
    ///
    /// Fails if the profile is signed out, or if the server rejects the refresh token.
    pub async fn refresh(&mut self) -> Result<(), Failure> {
        let SessionSource::Profile { store, session, .. } = &mut self.source else {
            return Ok(());
        };
        // A refresh token works once: the first command that gets the lock uses it, and the others find the new tokens.
        let _lock = store.lock_refresh()?;
        let stored = store.read()?.ok_or_else(not_signed_in)?;
        if stored.access_token == session.access_token || expires_soon(&stored) {
            let mut expired = stored;
            // Forces a refresh even if the clocks differ.
            expired.expires_at = Some("1970-01-01T00:00:00Z".parse().context("epoch")?);
            let client = builder(self.client.base_url(), &self.options)?
                .session(expired)
                .build()?;
            client.session().ensure_signed_in().await?;
            let refreshed = client.session().current().ok_or_else(not_signed_in)?;
            store.write(&refreshed)?;
            **session = refreshed;
        } else {
            **session = stored;
        }
        let token = session.access_token.clone();
        self.client = builder(self.client.base_url(), &self.options)?.token(token).build()?;
        Ok(())
    }

    /// Sends a request, and once more after a refresh if the access token has expired.
    ///
    /// # Errors
    ///
    /// Fails as the request or the refresh does.
    pub async fn send(&mut self, request: &Request) -> Result<Response, Failure> {
        // Standard input can be read only once.
        let is_repeatable = !matches!(&request.body, RequestBody::File(file) if file == "-");
        match send(&self.client, request).await {
            Err(CallError::Client(Error::Authentication { .. })) if self.can_refresh() && is_repeatable => {
                self.refresh().await?;
                Ok(send(&self.client, request).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// Sends a request and returns the JSON of the response.
    ///
    /// # Errors
    ///
    /// Fails as the request or the refresh does.
    pub async fn send_json(&mut self, request: &Request) -> Result<Value, Failure> {
        self.send(request).await.map(Response::into_json)
    }

    /// Like [`ApiSession::send_json`] without refreshing, for several requests at a time.
    ///
    /// # Errors
    ///
    /// Fails as the request does.
    pub async fn send_json_once(&self, request: &Request) -> Result<Value, Failure> {
        Ok(send(&self.client, request).await?.into_json())
    }
}

/// Returns `true` if the access token expires within a minute and can be refreshed.
#[expect(
    clippy::disallowed_methods,
    reason = "the disallowed clock is for the server; this is the clock of the machine"
)]
fn expires_soon(session: &Session) -> bool {
    let soon = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(60));
    match (session.expires_at, soon) {
        (Some(end), Ok(soon)) => session.refresh_token.is_some() && end <= soon,
        _ => false,
    }
}

fn not_signed_in() -> Failure {
    Failure::new(Exit::Authentication, "not signed in").with_hint(
        "sign in with `pbx login`, or set PBX_URL with PBX_TOKEN, or with PBX_USER, PBX_PASSWORD and (for users of tenants) PBX_DOMAIN",
    )
}

fn signed_out(profile: &str) -> Failure {
    Failure::new(Exit::Authentication, format!("profile `{profile}` is signed out"))
        .with_hint(format!("sign in with `pbx login --profile {profile}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the disallowed clock is for the server; this is the clock of the machine"
    )]
    fn session_is_refreshed_a_minute_before_it_expires() {
        let now = jiff::Timestamp::now();
        let expiring_in = |seconds| {
            let end = now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
            Session::new("a").with_refresh_token("r").with_expiry(end)
        };
        assert!(expires_soon(&expiring_in(-5)));
        assert!(expires_soon(&expiring_in(30)));
        assert!(!expires_soon(&expiring_in(600)));
        assert!(!expires_soon(&Session::new("a").with_expiry(now)), "no refresh token");
        assert!(!expires_soon(&Session::new("a").with_refresh_token("r")), "no expiry");
    }
}
