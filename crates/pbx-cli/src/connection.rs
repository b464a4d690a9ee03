//! A server and a session on it: that of a profile, or that of the environment.

use pbx_client::reqwest::Method;
use pbx_client::{ByteStream, Client, ClientBuilder, Credentials, Error, ResponseValue, RetryPolicy, Session};
use serde_json::Value;

use crate::address::complete_url;
use crate::failure::{Context as _, Exit, Failure};
use crate::operation::spec::{Answer, Callers};
use crate::operation::{Payload, Request};
use crate::options::{Connection, Options};
use crate::profile::{Config, Folder, Lock, Profile, Tokens};
use crate::transfer;

/// A server, and who calls.
pub struct Server {
    client: Client,
    session: Kept,
    options: Connection,
}

/// What becomes of the session after the command.
enum Kept {
    /// It is that of a profile.
    Profile {
        tokens: Tokens,
        /// As the client has it.
        session: Box<Session>,
        /// Kept for as long as the session is used.
        using: Option<Lock>,
    },
    /// It was opened for this command, and ends with it.
    Own,
    /// It is somebody else's: a token, or none.
    Foreign,
}

/// What came back.
pub enum Came {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(Value),
    /// A file.
    Bytes(Box<ResponseValue<ByteStream>>),
}

impl Came {
    /// The JSON, `null` if it is something else.
    fn into_json(self) -> Value {
        match self {
            Self::Json(value) => value,
            Self::Nothing | Self::Bytes(_) => Value::Null,
        }
    }
}

/// A client for that server, without a session.
pub fn builder(url: &str, options: &Connection) -> Result<ClientBuilder, Failure> {
    let mut builder = Client::builder()
        .url(url)
        .user_agent(concat!("pbx/", env!("CARGO_PKG_VERSION")));
    if let Some(file) = &options.ca_certificate {
        let pem = std::fs::read(file).context(file.display())?;
        builder = builder.root_certificates_pem(&pem);
    }
    if options.insecure {
        builder = builder.dangerously_accept_any_server_certificate();
    }
    match options.proxy.as_deref() {
        None => {}
        Some("none") => builder = builder.no_proxy(),
        Some(proxy) => builder = builder.proxy(proxy),
    }
    if let Some(retries) = options.retries {
        builder = builder.retry(RetryPolicy::default().max_retries(retries.into()));
    }
    if let Some(seconds) = options.timeout {
        let limit = std::time::Duration::from_secs(seconds);
        builder = builder.connect_timeout(limit).read_timeout(limit);
    }
    Ok(builder)
}

/// A variable of the environment, unless it is empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Server {
    /// The server and session that a command uses: what `--profile` names, else `PBX_TOKEN`, else `PBX_USER` with
    /// `PBX_PASSWORD`, else the current profile.
    pub async fn of(options: &Options, callers: &Callers) -> Result<Self, Failure> {
        let folder = Folder::of_user()?;
        let config = Config::read(&folder)?;
        let profile = config.profile(options.profile.as_deref())?;
        let url = match (&options.url, profile) {
            (Some(url), _) => Some(complete_url(url)),
            (None, Some((_, profile))) => Some(profile.url.clone()),
            (None, None) => None,
        };
        let url = url.ok_or_else(not_signed_in)?;
        // A profile's certificates and proxy are those of its server.
        let same = profile.filter(|(_, profile)| profile.url == url);
        let connection = match same {
            Some((_, profile)) => profile.connection(&options.connection),
            None => options.connection.clone(),
        };
        let builder = builder(&url, &connection)?;
        let kept = |client, session| Self {
            client,
            session,
            options: connection.clone(),
        };
        if matches!(callers, Callers::Anyone) {
            return Ok(kept(builder.build()?, Kept::Foreign));
        }
        if options.profile.is_none() {
            if let Some(token) = variable("PBX_TOKEN") {
                return Ok(kept(builder.token(token).build()?, Kept::Foreign));
            }
            if let Some(user) = variable("PBX_USER") {
                let password = variable("PBX_PASSWORD").ok_or_else(|| {
                    Failure::new(Exit::Authentication, "PBX_USER is set and PBX_PASSWORD is not")
                        .hint("set both, or sign in with `pbx login`")
                })?;
                let credentials = credentials(user, password, variable("PBX_DOMAIN"));
                let client = builder.credentials(credentials).connect().await?;
                return Ok(kept(client, Kept::Own));
            }
        }
        match (same, profile) {
            (Some((name, profile)), _) => Self::of_profile(&folder, name, profile, connection).await,
            // A session is for its server and no other.
            (None, Some((name, profile))) => Err(Failure::new(
                Exit::Authentication,
                format!("the profile `{name}` is signed in to {}, not to {url}", profile.url),
            )
            .hint(format!("sign in with `pbx login {url} --profile NAME`"))),
            (None, None) => Err(not_signed_in()),
        }
    }

    /// The session of a profile, renewed if it is due.
    async fn of_profile(folder: &Folder, name: &str, profile: &Profile, options: Connection) -> Result<Self, Failure> {
        let tokens = Tokens::of(folder, name, profile.session);
        let using = tokens.using()?;
        let Some(session) = tokens.read()? else {
            return Err(over(name));
        };
        let mut server = Self {
            client: builder(&profile.url, &options)?
                .token(session.access_token.clone())
                .build()?,
            session: Kept::Profile {
                tokens,
                session: Box::new(session),
                using: Some(using),
            },
            options,
        };
        if server.is_due() {
            server.renew().await?;
        }
        Ok(server)
    }

    /// The client, for operations whose answer is not shown as it is.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The tenant that the session was switched into, as far as this machine knows.
    pub fn tenant(&self) -> Option<&str> {
        match &self.session {
            Kept::Profile { session, .. } => session.tenant.as_deref(),
            Kept::Own | Kept::Foreign => None,
        }
    }

    /// Whether the session is kept from one command to the next.
    pub fn is_of_profile(&self) -> bool {
        matches!(self.session, Kept::Profile { .. })
    }

    /// Notes where the session was switched.
    pub fn note_tenant(&mut self, tenant: Option<&str>) -> Result<(), Failure> {
        if let Kept::Profile { tokens, session, .. } = &mut self.session {
            let _lock = tokens.lock()?;
            // Somebody may have renewed it meanwhile.
            let mut kept = tokens.read()?.unwrap_or_else(|| (**session).clone());
            kept.tenant = tenant.map(str::to_owned);
            tokens.write(&kept)?;
            session.tenant = kept.tenant;
        }
        Ok(())
    }

    /// Uses the session alone from here on, if no other command uses it: what is done to it then concerns nobody else.
    /// Whether that is so.
    pub fn alone(&mut self) -> Result<bool, Failure> {
        match &mut self.session {
            Kept::Own => Ok(true),
            Kept::Foreign => Ok(false),
            Kept::Profile { tokens, using, .. } => {
                *using = None;
                match tokens.alone()? {
                    Some(lock) => *using = Some(lock),
                    None => {
                        *using = Some(tokens.using()?);
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    /// Ends a session that was only for this command.
    pub async fn end(self) {
        if matches!(self.session, Kept::Own) {
            // It ends by itself later, if this fails.
            let _ = self.client.session().sign_out().await;
        }
    }

    fn is_due(&self) -> bool {
        let Kept::Profile { session, .. } = &self.session else {
            return false;
        };
        is_due(session)
    }

    /// Whether there is something to get the next tokens with.
    pub fn can_renew(&self) -> bool {
        matches!(&self.session, Kept::Profile { session, .. } if session.refresh_token.is_some())
    }

    /// Gets the next tokens, or takes those that another command has got meanwhile.
    pub async fn renew(&mut self) -> Result<(), Failure> {
        let Kept::Profile { tokens, session, .. } = &mut self.session else {
            return Ok(());
        };
        // A refresh token works once: whoever has the lock uses it, and the others find what came of it.
        let _lock = tokens.lock()?;
        let kept = tokens.read()?.ok_or_else(not_signed_in)?;
        if kept.access_token == session.access_token || is_due(&kept) {
            let mut old = kept;
            // So that it is renewed whatever the clocks say.
            old.expires_at = Some("1970-01-01T00:00:00Z".parse().context("the epoch")?);
            let url = self.client.base_url();
            let client = builder(url, &self.options)?.session(old).build()?;
            client.session().ensure().await?;
            let renewed = client.session().current().ok_or_else(not_signed_in)?;
            tokens.write(&renewed)?;
            **session = renewed;
        } else {
            **session = kept;
        }
        let url = self.client.base_url().to_owned();
        let token = session.access_token.clone();
        self.client = builder(&url, &self.options)?.token(token).build()?;
        Ok(())
    }

    /// Sends a request, once more with new tokens if the session has ended.
    pub async fn send(&mut self, request: &Request) -> Result<Came, Failure> {
        let refused = match self.send_once(request).await {
            Err(error) => error,
            Ok(came) => return Ok(came),
        };
        let repeatable = !matches!(&request.payload, Payload::File(file) if file == "-");
        match refused {
            Refused::ByServer(Error::Authentication { .. }) if self.can_renew() && repeatable => {
                self.renew().await?;
                self.send_once(request).await.map_err(Failure::from)
            }
            refused => Err(refused.into()),
        }
    }

    async fn send_once(&self, request: &Request) -> Result<Came, Refused> {
        let spec = request.spec;
        let parameters: Vec<(&str, &str)> = request
            .path
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let method = Method::from_bytes(spec.method.as_bytes())
            .map_err(|_| Failure::local(format!("`{}` is no method of HTTP", spec.method)))?;
        let mut call = self
            .client
            .call(method, spec.path, &parameters)?
            .successes(spec.successes);
        if matches!(spec.callers, Callers::Anyone) {
            call = call.anonymously();
        }
        for (name, value) in &request.query {
            call = call.query(name, value);
        }
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        call = match &request.payload {
            Payload::Empty => call,
            Payload::Json(body) => call.body_json(body),
            Payload::Fields(fields) => call.body_form(fields),
            Payload::File(file) => call.body_bytes(transfer::body(file).await?),
        };
        Ok(match spec.answer {
            Answer::Empty => {
                call.empty().await?;
                Came::Nothing
            }
            Answer::Json(_) => Came::Json(call.json().await?.into_inner()),
            Answer::Bytes => Came::Bytes(Box::new(call.stream().await?)),
        })
    }

    /// Sends a request that is answered with JSON.
    pub async fn json(&mut self, request: &Request) -> Result<Value, Failure> {
        self.send(request).await.map(Came::into_json)
    }

    /// The same without new tokens, for several at once.
    pub async fn json_once(&self, request: &Request) -> Result<Value, Failure> {
        self.send_once(request)
            .await
            .map(Came::into_json)
            .map_err(Failure::from)
    }
}

/// Why a request failed.
enum Refused {
    ByServer(Error),
    Here(Failure),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::ByServer(error)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Here(failure)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::ByServer(error) => error.into(),
            Refused::Here(failure) => failure,
        }
    }
}

/// A name and a password, with a domain if there is one.
pub fn credentials(user: String, password: String, domain: Option<String>) -> Credentials {
    match domain {
        Some(domain) => Credentials::tenant_user(user, password, domain),
        None => Credentials::system(user, password),
    }
}

/// Whether tokens end within a minute.
#[expect(
    clippy::disallowed_methods,
    reason = "that clock is the server's; this is the time of the machine"
)]
fn is_due(session: &Session) -> bool {
    let soon = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(60));
    match (session.expires_at, soon) {
        (Some(end), Ok(soon)) => session.refresh_token.is_some() && end <= soon,
        _ => false,
    }
}

fn not_signed_in() -> Failure {
    Failure::new(Exit::Authentication, "you are not signed in").hint(
        "sign in with `pbx login`, or set PBX_URL with PBX_TOKEN, or with PBX_USER, PBX_PASSWORD and (for users of tenants) PBX_DOMAIN",
    )
}

fn over(name: &str) -> Failure {
    Failure::new(Exit::Authentication, format!("the profile `{name}` is signed out"))
        .hint(format!("sign in with `pbx login --profile {name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "that clock is the server's; this is the time of the machine"
    )]
    fn tokens_are_renewed_a_minute_early() {
        let now = jiff::Timestamp::now();
        let ending = |seconds| {
            let end = now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
            Session::new("a").with_refresh_token("r").with_expiry(end)
        };
        assert!(is_due(&ending(-5)));
        assert!(is_due(&ending(30)));
        assert!(!is_due(&ending(600)));
        assert!(
            !is_due(&Session::new("a").with_expiry(now)),
            "there is nothing to renew it with"
        );
        assert!(!is_due(&Session::new("a").with_refresh_token("r")));
    }
}
