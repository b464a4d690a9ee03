//! A server that issues tokens, and a clock to expire them.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use pbx_client::{ClientBuilder, Credentials};
use serde_json::json;

use crate::server::Request;
use crate::{Reply, Server};

/// The sessions of a server that accepts only the tokens issued last.
#[derive(Default)]
pub struct Sessions {
    pub issued: AtomicUsize,
    /// Rejects every refresh.
    pub rejects_refresh: bool,
    /// The tenant that the session was switched into.
    pub tenant: Mutex<Option<String>>,
}

impl Sessions {
    pub fn token(&self) -> String {
        format!("A{}", self.issued.load(Ordering::SeqCst))
    }

    pub fn issue(&self, lifetime: i64) -> Reply {
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let body = json!({"access_token": format!("A{number}"), "refresh_token": format!("R{number}"),
            "expires_in": lifetime, "token_type": "Bearer"});
        Reply::json(200, &body.to_string())
    }

    fn answer(&self, request: &Request) -> Reply {
        let refused = |status, code: &str| {
            Reply::json(
                status,
                &json!({"errors": [{"code": code, "message": "no"}]}).to_string(),
            )
        };
        let is_ours = request.header("authorization") == Some(&format!("Bearer {}", self.token()));
        let path = request.line.split_once("/api").unwrap().1;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        match path {
            "/auth/sign_in" if request.json()["password"] == "right" => {
                *self.tenant.lock().unwrap() = None;
                self.issue(1800)
            }
            "/auth/sign_in" => refused(400, "UNAUTHORIZED"),
            "/auth/refresh_token" if self.rejects_refresh => refused(400, "UNKNOWN"),
            "/auth/refresh_token" => {
                let current = format!("R{}", self.issued.load(Ordering::SeqCst));
                match request.json()["refresh_token"] == current {
                    true => self.issue(1800),
                    false => refused(400, "UNKNOWN"),
                }
            }
            _ if !is_ours => refused(401, "UNAUTHORIZED"),
            "/auth/sign_out" => {
                // Neither of the two is valid any more.
                self.issued.fetch_add(1, Ordering::SeqCst);
                Reply::with(200, "", b"")
            }
            "/tenants/switch" => {
                *self.tenant.lock().unwrap() = query.strip_prefix("id=").map(str::to_owned);
                Reply::with(200, "", b"")
            }
            _ => Reply::json(200, r#"{"items":[]}"#),
        }
    }

    pub async fn server(self: &Arc<Self>) -> Server {
        let sessions = Arc::clone(self);
        Server::start(move |request| sessions.answer(request)).await
    }
}

/// A clock that tests advance.
#[derive(Clone, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(1_000_000 + self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn configure(&self, builder: ClientBuilder) -> ClientBuilder {
        let clock = self.clone();
        builder.clock(move || clock.now())
    }
}

pub fn administrator() -> Credentials {
    Credentials::system("admin", "right")
}
