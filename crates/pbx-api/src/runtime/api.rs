//! The interface of an implementation, apart from its operations: authentication, authorization and errors.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};

use super::operation::Operation;
use super::precondition::Precondition;
use super::problem::Problem;
use super::request_id::RequestId;

/// The part of an implementation that all resources share: its callers, what they may do, and its errors.
///
/// For every request the router calls [`admit`](Api::admit) first, then, for a known path and method,
/// [`authenticate`](Api::authenticate) and [`authorize`](Api::authorize). It reads the body after that.
pub trait Api: Send + Sync + 'static {
    /// The authenticated caller, which every operation that needs authentication receives.
    type Caller: Clone + Send + Sync + 'static;
    /// The error of the implementation. It need not know HTTP: [`problem`](Api::problem) gives it a status.
    type Error: Send + 'static;

    /// `true` if the operations honor [`Call::is_rehearsal`]. Then the violations of their rules are reported together with those of
    /// the schema. Default: `false`, and no operation is called with a body that violates its schema.
    const REHEARSES: bool = false;

    /// Returns the response to an error of the implementation.
    fn problem(error: Self::Error) -> Problem;

    /// Admits or rejects a request before anything else is checked: IP rules, rate limits. Unknown paths and methods are
    /// included. The default admits every request.
    fn admit(&self, info: &RequestInfo<'_>) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = info;
        async { Ok(()) }
    }

    /// Returns the caller that a bearer token authenticates. Requests without a token do not get here: they get a
    /// 401. An error that becomes a 401 gets `error="invalid_token"` in its `WWW-Authenticate` header.
    fn authenticate(
        &self,
        token: &str,
        info: &RequestInfo<'_>,
    ) -> impl Future<Output = Result<Self::Caller, Self::Error>> + Send;

    /// Returns a number for the callers that share a budget of request and response bodies, for example those of one tenant (see
    /// [`Server::group_body_budget`](crate::Server::group_body_budget)). By default they all share one.
    fn body_group(&self, caller: &Self::Caller) -> u64 {
        let _ = caller;
        0
    }

    /// Checks that the caller's role may call the operation (see [`Operation::allows`]).
    fn authorize(&self, caller: &Self::Caller, operation: &'static Operation) -> Result<(), Self::Error>;
}

/// The head of a request, before its body is read.
#[derive(Debug, Clone, Copy)]
pub struct RequestInfo<'a> {
    /// The method as sent, `HEAD` included.
    pub method: &'a Method,
    /// The path as sent, including the base path.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The address of the peer, if the server was started with axum's `ConnectInfo<SocketAddr>`.
    pub peer: Option<SocketAddr>,
    /// The ID of the request, for its response and the log.
    pub request_id: &'a RequestId,
    /// The requested operation; `None` if the path or the method is unknown.
    pub operation: Option<&'static Operation>,
}

/// One call of an operation: the caller, and the parts of the request that are not parameters.
#[derive(Debug, Clone)]
pub struct Call<C> {
    /// The caller; `()` if the operation needs no authentication.
    pub caller: C,
    /// The called operation.
    pub operation: &'static Operation,
    /// The ID of the request, for its response and the log.
    pub request_id: RequestId,
    /// The address of the peer, if known.
    pub peer: Option<SocketAddr>,
    /// The headers of the request.
    pub headers: HeaderMap,
    /// The conditions of an update, to be [checked](Precondition::check) in its transaction.
    pub precondition: Option<Arc<Precondition>>,
    /// `true` if the body violates its schema and can be deserialized all the same. The operation is called only to find the violations
    /// of the rules, which are reported with those of the schema. It must change nothing, and any other result is dropped. Only
    /// operations that [set a state](Operation::sets_state) are called, and only if the implementation [rehearses](Api::REHEARSES).
    pub is_rehearsal: bool,
}

impl<C> Call<C> {
    /// Returns the bearer token of the request; `None` if it has none, or a malformed one.
    pub fn bearer_token(&self) -> Option<&str> {
        bearer(&self.headers).ok()
    }
}

/// Returns the bearer token (RFC 6750, section 2.1), or the 401 that asks for one.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let missing = || Problem::unauthorized("Sign in first: this operation needs a bearer token.");
    let sent = headers.get(AUTHORIZATION).ok_or_else(missing)?;
    let sent = sent.as_bytes().trim_ascii();
    let scheme = sent.split(|byte| *byte == b' ').next().unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(missing());
    }
    let token = sent[scheme.len()..].trim_ascii();
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    std::str::from_utf8(token)
        .ok()
        .filter(|token| !token.is_empty() && token.bytes().all(|byte| is_token(&byte)))
        .ok_or_else(|| Problem::unauthorized("The bearer token is malformed.").with_invalid_token_challenge())
}
