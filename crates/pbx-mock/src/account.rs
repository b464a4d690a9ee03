//! An account that a client can sign in to, with either sign-in method.

use std::sync::{Arc, Mutex};

use pbx_client::types;
use serde_json::{Value, json};

use crate::expectation::lock;
use crate::generated::operations::{IssueOauthToken, RefreshTokens, RevokeOauthToken, SignIn, SignOut};
use crate::mock::Mock;
use crate::request::Request;
use crate::response::Response;
use crate::server::MockServer;

/// The lifetime of access tokens in seconds.
const LIFETIME: i64 = 3600;

/// An account of the mock server and the calls of its sessions. Created by [`MockServer::accept_sign_in`].
///
/// Each sign-in and each refresh returns the next pair of tokens. A refresh token can be used once, as on a real server.
#[derive(Debug)]
pub struct Account<'a> {
    server: &'a MockServer,
    tokens: Arc<Tokens>,
    sign_in: Mock<'a, SignIn>,
    oauth: Mock<'a, IssueOauthToken>,
    renewal: Mock<'a, RefreshTokens>,
    oauth_renewal: Mock<'a, IssueOauthToken>,
    sign_out: Mock<'a, SignOut>,
    revocation: Mock<'a, RevokeOauthToken>,
}

impl MockServer {
    /// Adds a system account (an administrator or a dealer), which can sign in, refresh its tokens and sign out.
    ///
    /// ```
    /// use pbx_client::{Client, Credentials, types};
    /// use pbx_mock::MockServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = MockServer::start();
    /// let admin = server.accept_sign_in("admin", "secret");
    /// let key = server.show_key(|_, then| {
    ///     then.ok(types::CertificateKey::default());
    /// });
    ///
    /// let client = Client::builder()
    ///     .url(server.url())
    ///     .credentials(Credentials::system("admin", "secret"))
    ///     .connect()
    ///     .await?;
    /// client.show_key().send().await?;
    ///
    /// // The access token expires, and the client refreshes it.
    /// admin.expire();
    /// client.show_key().send().await?;
    ///
    /// assert_eq!((admin.sign_ins(), admin.refreshes()), (1, 1));
    /// key.assert_calls(2);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn accept_sign_in(&self, username: &str, password: &str) -> Account<'_> {
        self.account(username, password, None)
    }

    /// Like [`MockServer::accept_sign_in`], for a user of the tenant with the SIP domain `domain`.
    #[track_caller]
    pub fn accept_tenant_sign_in(&self, username: &str, password: &str, domain: &str) -> Account<'_> {
        self.account(username, password, Some(domain))
    }

    #[track_caller]
    fn account(&self, username: &str, password: &str, domain: Option<&str>) -> Account<'_> {
        let tokens = Arc::new(Tokens::new(username));
        let credentials = json!({"username": username, "password": password});
        let domain = domain.map(str::to_owned);
        let has_token = {
            let tokens = tokens.clone();
            move |request: &Request| bearer(request).is_some_and(|token| tokens.is_issued(token))
        };
        let issue = |tokens: &Arc<Tokens>| {
            let tokens = tokens.clone();
            move |_: &Request| Response::json(200, &tokens.next())
        };
        let renew = |tokens: &Arc<Tokens>, read: fn(&Request) -> Option<String>| {
            let tokens = tokens.clone();
            move |request: &Request| match read(request) {
                Some(token) if token == tokens.refresh() => Response::json(200, &tokens.next()),
                _ => Response::unauthorized(),
            }
        };
        let renews = |tokens: &Arc<Tokens>, read: fn(&Request) -> Option<String>| {
            let tokens = tokens.clone();
            move |request: &Request| read(request).is_some_and(|token| tokens.is_issued(&token))
        };
        let has_domain = |read: fn(&Request, &str) -> Option<String>| {
            let domain = domain.clone();
            move |request: &Request| read(request, "domain").filter(|found| !found.is_empty()) == domain
        };
        let domain_condition = match &domain {
            Some(domain) => format!("the domain is {domain}"),
            None => "there is no domain".to_owned(),
        };

        let sign_in = self.sign_in(|when, then| {
            when.body_includes(credentials.clone())
                .matches(&domain_condition, has_domain(json_property));
            then.respond_with(issue(&tokens));
        });
        let oauth = self.issue_oauth_token(|when, then| {
            when.body_includes(credentials.clone())
                .matches(&domain_condition, has_domain(form_field));
            when.body_includes(json!({"grant_type": "password"}));
            then.respond_with(issue(&tokens));
        });
        let renewal = self.refresh_tokens(|when, then| {
            let read = |request: &Request| json_property(request, "refresh_token");
            when.matches("the refresh token belongs to this account", renews(&tokens, read));
            then.respond_with(renew(&tokens, read));
        });
        let oauth_renewal = self.issue_oauth_token(|when, then| {
            let read = |request: &Request| form_field(request, "refresh_token");
            when.matches("the refresh token belongs to this account", renews(&tokens, read));
            when.body_includes(json!({"grant_type": "refresh_token"}));
            then.respond_with(renew(&tokens, read));
        });
        let sign_out = self.sign_out(|when, then| {
            when.matches("the access token belongs to this account", has_token.clone());
            then.ok();
        });
        let revocation = self.revoke_oauth_token(|when, then| {
            when.matches("the access token belongs to this account", has_token);
            then.ok();
        });
        Account {
            server: self,
            tokens,
            sign_in,
            oauth,
            renewal,
            oauth_renewal,
            sign_out,
            revocation,
        }
    }
}

impl Account<'_> {
    /// Returns the access token that was issued last, for `when.authenticated(..)`. Before a sign-in, returns the one that will be
    /// issued first.
    pub fn token(&self) -> String {
        self.tokens.access()
    }

    /// Lets the present access token expire: requests with it get a 401.
    pub fn expire(&self) {
        self.server.revoke_token(self.token());
    }

    /// Returns the number of sign-ins with user name and password.
    pub fn sign_ins(&self) -> usize {
        self.sign_in.calls() + self.oauth.calls()
    }

    /// Returns the number of token refreshes.
    pub fn refreshes(&self) -> usize {
        self.renewal.calls() + self.oauth_renewal.calls()
    }

    /// Returns the number of sign-outs.
    pub fn sign_outs(&self) -> usize {
        self.sign_out.calls() + self.revocation.calls()
    }
}

/// The tokens of an account. They are numbered, so that messages show which one was sent.
#[derive(Debug)]
struct Tokens {
    username: String,
    /// The number of pairs that were issued.
    issued: Mutex<usize>,
}

impl Tokens {
    fn new(username: &str) -> Self {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        Self {
            username: username.chars().map(plain).collect(),
            issued: Mutex::new(0),
        }
    }

    fn name(&self, kind: &str, number: usize) -> String {
        format!("{kind}-of-{}-{}", self.username, number.max(1))
    }

    fn access(&self) -> String {
        self.name("access", *lock(&self.issued))
    }

    fn refresh(&self) -> String {
        self.name("refresh", *lock(&self.issued))
    }

    fn is_issued(&self, token: &str) -> bool {
        let number = token.strip_prefix("access-of-").or(token.strip_prefix("refresh-of-"));
        number
            .and_then(|rest| rest.rsplit_once('-'))
            .is_some_and(|(name, _)| name == self.username)
    }

    /// Issues the next pair.
    fn next(&self) -> types::TokenSet {
        *lock(&self.issued) += 1;
        types::TokenSet::default()
            .access_token(self.access())
            .refresh_token(self.refresh())
            .expires_in(LIFETIME)
            .token_type("Bearer")
    }
}

fn bearer(request: &Request) -> Option<&str> {
    request.header("Authorization")?.strip_prefix("Bearer ")
}

fn json_property(request: &Request, name: &str) -> Option<String> {
    let body: Value = request.json().ok()?;
    body.get(name)?.as_str().map(str::to_owned)
}

fn form_field(request: &Request, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(request.body());
    fields
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}
