//! The mock server: mocks are tried in the order in which they were made.

use std::fmt::{self, Write as _};
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::{Arc, Mutex};

use httpmock::{HttpMockRequest, HttpMockResponse};
use pbx_client::Client;

use crate::expectation::{Expectation, locked};
use crate::operation::{Operation, OperationInfo};
use crate::{Mock, Request, Response, Then, When, route};

/// An HTTP server of its own on a port of its own, which answers what its mocks say.
///
/// Every operation of the API is a method that makes a mock of it. A request that no mock answers gets a 501 whose message
/// says why, and fails the test at the end of it, when the server is dropped; see [`MockServer::take_unmatched`].
pub struct MockServer {
    http: httpmock::MockServer,
    shared: Arc<Shared>,
    /// The mock that takes what the others leave: always the last one.
    last: Mutex<usize>,
}

#[derive(Default)]
struct Shared {
    expectations: Mutex<Vec<Arc<Expectation>>>,
    unmatched: Mutex<Vec<String>>,
    /// Access tokens that are not valid any more.
    refused: Mutex<Vec<String>>,
}

impl Shared {
    /// Whether a request carries a token that is not valid any more.
    fn refuses(&self, request: &Request) -> bool {
        let token = request
            .header("Authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        token.is_some_and(|token| locked(&self.refused).iter().any(|refused| refused == token))
    }
}

impl MockServer {
    /// Starts a server. There can be many at a time, so that tests need not share one.
    pub fn start() -> Self {
        let http = httpmock::MockServer::start();
        let shared = Arc::new(Shared::default());
        let last = Mutex::new(make_last(&http, &shared));
        Self { http, shared, last }
    }

    /// The base URL: what to give to [`Client::new`], such as `http://127.0.0.1:40123/api`.
    pub fn url(&self) -> String {
        self.http.url(route::BASE)
    }

    /// A client of this server, without a session.
    #[expect(clippy::expect_used, reason = "the URL is our own")]
    pub fn client(&self) -> Client {
        Client::new(&self.url()).expect("a URL of this form")
    }

    /// A client of this server that sends this access token.
    #[expect(clippy::expect_used, reason = "a panic is how a test fails")]
    pub fn client_with_token(&self, token: &str) -> Client {
        let client = Client::builder().url(self.url()).token(token);
        client.build().expect("a token that can be sent")
    }

    /// Takes the messages about requests that no mock answered, so that they do not fail the test.
    pub fn take_unmatched(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.shared.unmatched))
    }

    /// From now on, requests with this access token get a 401, whatever the mocks say: it has expired, say.
    pub fn revoke_token(&self, token: impl Into<String>) {
        locked(&self.shared.refused).push(token.into());
    }

    /// A mock in httpmock's own words, for what no operation of the API is.
    pub fn httpmock(&self, tell: impl FnOnce(httpmock::When, httpmock::Then)) -> httpmock::Mock<'_> {
        let mock = self.http.mock(tell);
        self.keep_last();
        mock
    }

    /// A mock of an operation: what its method calls.
    #[track_caller]
    #[expect(clippy::panic, reason = "a panic is how a test fails")]
    pub(crate) fn operation<O: Operation>(&self, tell: impl FnOnce(&mut When<O>, &mut Then<O>)) -> Mock<'_, O> {
        let place = Location::caller();
        let mut made = None;
        let mock = self.http.mock(|http_when, http_then| {
            let (mut when, mut then) = (When::new(http_when), Then::new());
            tell(&mut when, &mut then);
            let Some(answer) = then.answer else {
                panic!(
                    "{place}: the mock of {} was not told what to answer: call a method of `then`",
                    O::INFO.id
                );
            };
            let (conditions, http_when, more) = when.finish();
            let expectation = Arc::new(Expectation {
                info: O::INFO,
                place,
                conditions,
                more,
                limit: then.limit,
                answered: Mutex::default(),
            });
            made = Some(expectation.clone());
            let (checked, shared, headers) = (expectation.clone(), self.shared.clone(), then.headers);
            if let Some(http_when) = http_when {
                http_when.is_true(move |request| {
                    let request = Request::new(request);
                    is_for(&checked, &request) && !shared.refuses(&request)
                });
            }
            let mut http_then = http_then.respond_with(move |request| {
                let request = Request::new(request);
                let mut response = answer(&request);
                locked(&expectation.answered).push(request);
                response.headers.extend(headers.iter().cloned());
                converted(response)
            });
            if let Some(delay) = then.delay {
                http_then = http_then.delay(delay);
            }
            if let Some(limit) = then.limit {
                http_then.up_to_n_times(limit);
            }
        });
        let Some(expectation) = made else {
            unreachable!("httpmock calls its closure");
        };
        locked(&self.shared.expectations).push(expectation.clone());
        self.keep_last();
        Mock {
            server: self,
            id: mock.id(),
            expectation,
            operation: PhantomData,
        }
    }

    pub(crate) fn delete(&self, id: usize, expectation: &Arc<Expectation>) {
        httpmock::Mock::new(id, &self.http).delete();
        locked(&self.shared.expectations).retain(|other| !Arc::ptr_eq(other, expectation));
    }

    /// The messages about requests that no mock answered, taken, to be added to another message.
    pub(crate) fn unmatched_messages(&self) -> String {
        told(&self.take_unmatched())
    }

    fn keep_last(&self) {
        let mut last = locked(&self.last);
        httpmock::Mock::new(*last, &self.http).delete();
        *last = make_last(&self.http, &self.shared);
    }
}

impl Drop for MockServer {
    #[expect(clippy::panic, reason = "a panic is how a test fails")]
    fn drop(&mut self) {
        let unmatched = self.take_unmatched();
        if !unmatched.is_empty() && !std::thread::panicking() {
            panic!(
                "{} request(s) were answered by no mock; `MockServer::take_unmatched` takes these messages where that is meant{}",
                unmatched.len(),
                told(&unmatched)
            );
        }
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

fn told(messages: &[String]) -> String {
    messages.iter().map(|message| format!("\n\n{message}")).collect()
}

/// Answers whatever comes with why no other mock did.
fn make_last(http: &httpmock::MockServer, shared: &Arc<Shared>) -> usize {
    let shared = shared.clone();
    let mock = http.mock(|when, then| {
        when.any_request();
        then.respond_with(move |request: &HttpMockRequest| {
            let request = Request::new(request);
            if shared.refuses(&request) {
                return converted(Response::unauthorized());
            }
            let message = explain(&locked(&shared.expectations), &request);
            locked(&shared.unmatched).push(message.clone());
            converted(Response::error(501, "NOT_MOCKED", &message))
        });
    });
    mock.id()
}

fn is_for(expectation: &Expectation, request: &Request) -> bool {
    is_operation(expectation.info, request) && expectation.differences(request).is_empty()
}

fn is_operation(info: &'static OperationInfo, request: &Request) -> bool {
    route::operation(request.method(), request.path()).is_some_and(|found| std::ptr::eq(found, info))
}

/// Why no mock answers a request.
fn explain(expectations: &[Arc<Expectation>], request: &Request) -> String {
    let mut out = format!("{} {}", request.method(), request.path());
    let Some(info) = route::operation(request.method(), request.path()) else {
        out.push_str(&match route::methods(request.path()).as_slice() {
            [] if !route::is_below_base(request.path()) => {
                format!(": paths of the API begin with `{}`", route::BASE)
            }
            [] => ": no operation has this path".to_owned(),
            methods => format!(": operations with this path have the method {}", methods.join(" or ")),
        });
        return out;
    };
    let _ = write!(out, " ({}): ", info.id);
    let same: Vec<_> = expectations
        .iter()
        .filter(|expectation| expectation.info == info)
        .collect();
    if same.is_empty() {
        out.push_str("there is no mock of this operation");
        return out;
    }
    out.push_str("no mock of this operation answers it");
    for expectation in same {
        let _ = write!(
            out,
            "\n  the one at {}:{}",
            expectation.place.file(),
            expectation.place.line()
        );
        for reason in expectation.reasons(request) {
            let _ = write!(out, "\n    {reason}");
        }
    }
    out
}

fn converted(response: Response) -> HttpMockResponse {
    HttpMockResponse::builder()
        .status(response.status)
        .headers(response.headers)
        .body(response.body)
        .build()
}
