//! The HTTP server behind the mocks: matches requests, and explains why a request matches none.

use std::fmt::Write as _;
use std::panic::Location;
use std::sync::{Arc, Mutex};

use httpmock::{HttpMockRequest, HttpMockResponse};

use crate::expectation::{Expectation, lock};
use crate::operation::Operation;
use crate::request::Request;
use crate::response::Response;
use crate::router;
use crate::then::Then;
use crate::when::When;

/// An httpmock server and the expectations of its mocks.
pub(crate) struct Backend {
    http: httpmock::MockServer,
    shared: Arc<Shared>,
    /// The ID of the httpmock mock that answers unmatched requests. It is always the last one.
    fallback: Mutex<usize>,
}

#[derive(Default)]
struct Shared {
    expectations: Mutex<Vec<Arc<Expectation>>>,
    /// A message for each unmatched request.
    unmatched: Mutex<Vec<String>>,
    revoked_tokens: Mutex<Vec<String>>,
}

impl Shared {
    fn has_revoked_token(&self, request: &Request) -> bool {
        let token = request
            .header("Authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        token.is_some_and(|token| lock(&self.revoked_tokens).iter().any(|revoked| revoked == token))
    }
}

impl Backend {
    pub(crate) fn start() -> Self {
        let http = httpmock::MockServer::start();
        let shared = Arc::new(Shared::default());
        let fallback = Mutex::new(add_fallback(&http, &shared));
        Self { http, shared, fallback }
    }

    pub(crate) fn url(&self) -> String {
        self.http.url(router::BASE_PATH)
    }

    pub(crate) fn revoke_token(&self, token: String) {
        lock(&self.shared.revoked_tokens).push(token);
    }

    pub(crate) fn httpmock(&self, configure: impl FnOnce(httpmock::When, httpmock::Then)) -> httpmock::Mock<'_> {
        let mock = self.http.mock(configure);
        self.move_fallback_to_the_end();
        mock
    }

    /// Adds a mock of an operation. Returns its ID and expectation.
    #[expect(clippy::panic, reason = "a panic is how a test fails")]
    pub(crate) fn add<O: Operation>(
        &self,
        location: &'static Location<'static>,
        configure: impl FnOnce(&mut When<O>, &mut Then<O>),
    ) -> (usize, Arc<Expectation>) {
        let mut added = None;
        let mock = self.http.mock(|http_when, http_then| {
            let (mut when, mut then) = (When::new(http_when), Then::new());
            configure(&mut when, &mut then);
            let Some(respond) = then.respond else {
                panic!(
                    "{location}: the mock of {} has no response: call a method of `then`",
                    O::INFO.id
                );
            };
            let (conditions, http_when, has_httpmock_conditions) = when.finish();
            let expectation = Arc::new(Expectation {
                info: O::INFO,
                location,
                conditions,
                has_httpmock_conditions,
                limit: then.limit,
                matched: Mutex::default(),
            });
            added = Some(expectation.clone());
            let (checked, shared, headers) = (expectation.clone(), self.shared.clone(), then.headers);
            if let Some(http_when) = http_when {
                http_when.is_true(move |request| {
                    let request = Request::new(request);
                    matches(&checked, &request) && !shared.has_revoked_token(&request)
                });
            }
            let mut http_then = http_then.respond_with(move |request| {
                let request = Request::new(request);
                let mut response = respond(&request);
                lock(&expectation.matched).push(request);
                response.headers.extend(headers.iter().cloned());
                into_httpmock(response)
            });
            if let Some(delay) = then.delay {
                http_then = http_then.delay(delay);
            }
            if let Some(limit) = then.limit {
                http_then.up_to_n_times(limit);
            }
        });
        let Some(expectation) = added else {
            unreachable!("httpmock calls its closure");
        };
        lock(&self.shared.expectations).push(expectation.clone());
        self.move_fallback_to_the_end();
        (mock.id(), expectation)
    }

    pub(crate) fn delete(&self, id: usize, expectation: &Arc<Expectation>) {
        httpmock::Mock::new(id, &self.http).delete();
        lock(&self.shared.expectations).retain(|other| !Arc::ptr_eq(other, expectation));
    }

    /// Takes the messages about unmatched requests.
    pub(crate) fn take_unmatched(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.shared.unmatched))
    }

    fn move_fallback_to_the_end(&self) {
        let mut fallback = lock(&self.fallback);
        httpmock::Mock::new(*fallback, &self.http).delete();
        *fallback = add_fallback(&self.http, &self.shared);
    }
}

/// Adds a mock that answers every request with the reason why no other mock matches.
fn add_fallback(http: &httpmock::MockServer, shared: &Arc<Shared>) -> usize {
    let shared = shared.clone();
    let mock = http.mock(|when, then| {
        when.any_request();
        then.respond_with(move |request: &HttpMockRequest| {
            let request = Request::new(request);
            if shared.has_revoked_token(&request) {
                return into_httpmock(Response::unauthorized());
            }
            let message = explain(&lock(&shared.expectations), &request);
            lock(&shared.unmatched).push(message.clone());
            into_httpmock(Response::error(501, "NOT_MOCKED", &message))
        });
    });
    mock.id()
}

fn matches(expectation: &Expectation, request: &Request) -> bool {
    let operation = router::operation(request.method(), request.path());
    operation.is_some_and(|info| std::ptr::eq(info, expectation.info)) && expectation.differences(request).is_empty()
}

/// Explains why no mock matches a request.
fn explain(expectations: &[Arc<Expectation>], request: &Request) -> String {
    let mut out = format!("{} {}", request.method(), request.path());
    let Some(info) = router::operation(request.method(), request.path()) else {
        out.push_str(&match router::methods(request.path()).as_slice() {
            [] if !router::is_below_base(request.path()) => {
                format!(": paths of the API begin with `{}`", router::BASE_PATH)
            }
            [] => ": no operation has this path".to_owned(),
            methods => format!(": operations with this path have the method {}", methods.join(" or ")),
        });
        return out;
    };
    let _ = write!(out, " ({}): ", info.id);
    let mocks: Vec<_> = expectations
        .iter()
        .filter(|expectation| expectation.info == info)
        .collect();
    if mocks.is_empty() {
        out.push_str("there is no mock of this operation");
        return out;
    }
    out.push_str("no mock of this operation matches");
    for mock in mocks {
        let _ = write!(out, "\n  mock at {}:{}", mock.location.file(), mock.location.line());
        for reason in mock.mismatch(request) {
            let _ = write!(out, "\n    {reason}");
        }
    }
    out
}

fn into_httpmock(response: Response) -> HttpMockResponse {
    HttpMockResponse::builder()
        .status(response.status)
        .headers(response.headers)
        .body(response.body)
        .build()
}
