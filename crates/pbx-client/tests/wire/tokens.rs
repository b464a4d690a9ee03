//! A server that gives tokens, and the time by which they end.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use pbx_client::{ClientBuilder, Credentials};
use serde_json::json;

use crate::server::Request;
use crate::{Reply, Server};

/// A server's sessions: it takes the tokens that it gave last and no others.
#[derive(Default)]
pub struct Sessions {
    pub given: AtomicUsize,
    /// Refuses every refresh.
    pub forgets: bool,
    /// The one that the session was switched into.
    pub tenant: Mutex<Option<String>>,
}

impl Sessions {
    pub fn token(&self) -> String {
        format!("A{}", self.given.load(Ordering::SeqCst))
    }

    pub fn give(&self, lifetime: i64) -> Reply {
        let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
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
                self.give(1800)
            }
            "/auth/sign_in" => refused(400, "UNAUTHORIZED"),
            "/auth/refresh_token" if self.forgets => refused(400, "UNKNOWN"),
            "/auth/refresh_token" => {
                let current = format!("R{}", self.given.load(Ordering::SeqCst));
                match request.json()["refresh_token"] == current {
                    true => self.give(1800),
                    false => refused(400, "UNKNOWN"),
                }
            }
            _ if !is_ours => refused(401, "UNAUTHORIZED"),
            "/auth/sign_out" => {
                // Neither of the two works any more.
                self.given.fetch_add(1, Ordering::SeqCst);
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

/// A clock to put ahead.
#[derive(Clone, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(1_000_000 + self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn of(&self, builder: ClientBuilder) -> ClientBuilder {
        let clock = self.clone();
        builder.clock(move || clock.now())
    }
}

pub fn administrator() -> Credentials {
    Credentials::system("admin", "right")
}
