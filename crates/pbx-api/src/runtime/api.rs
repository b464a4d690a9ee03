//! What an implementation of the API provides besides its operations.

use std::future::Future;
use std::net::SocketAddr;

use http::{HeaderMap, Method};

use super::operation::Operation;
use super::problem::Problem;
use super::request_id::RequestId;

/// What all resources of one implementation share: who calls, and what they may do.
///
/// For every request the router asks, in this order: [`admit`](Api::admit), then (for a known path and method)
/// [`authenticate`](Api::authenticate) and [`authorize`](Api::authorize); only then does it read the body.
pub trait Api: Send + Sync + 'static {
    /// Who calls: handed to every operation that needs sign-in.
    type Caller: Clone + Send + Sync + 'static;
    /// The implementation's own error. It needs no knowledge of HTTP: [`problem`](Api::problem) is where it gets a status.
    type Error: Send + 'static;

    /// Returns the response to an error of the implementation.
    fn problem(error: Self::Error) -> Problem;

    /// Lets a request in or refuses it before anything else is looked at: IP rules, rate limits. Also asked for unknown
    /// paths and methods.
    fn admit(&self, info: &RequestInfo<'_>) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = info;
        async { Ok(()) }
    }

    /// Finds the caller behind a bearer token. A request without one has already been answered with 401; an error of status
    /// 401 from here says `error="invalid_token"` in `WWW-Authenticate`.
    fn authenticate(
        &self,
        token: &str,
        info: &RequestInfo<'_>,
    ) -> impl Future<Output = Result<Self::Caller, Self::Error>> + Send;

    /// Whether this caller may call this operation at all (see [`Operation::access`]).
    fn authorize(&self, caller: &Self::Caller, operation: &'static Operation) -> Result<(), Self::Error>;
}

/// What is known of a request before anyone is asked to answer it.
#[derive(Debug, Clone, Copy)]
pub struct RequestInfo<'a> {
    /// The method as sent (`HEAD`, too).
    pub method: &'a Method,
    /// The path as sent, with the base path.
    pub path: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The address of the other end, when the server was started with axum's `ConnectInfo<SocketAddr>`.
    pub peer: Option<SocketAddr>,
    /// The id this request is answered and logged with.
    pub request_id: &'a RequestId,
    /// The operation asked for; `None` when the path or the method is unknown.
    pub operation: Option<&'static Operation>,
}

/// One call of an operation: everything about the request that is not a parameter.
#[derive(Debug, Clone)]
pub struct Call<C> {
    /// Who calls; `()` where the operation needs no sign-in.
    pub caller: C,
    /// The operation called.
    pub operation: &'static Operation,
    /// The id this request is answered and logged with.
    pub request_id: RequestId,
    /// The address of the other end, when known.
    pub peer: Option<SocketAddr>,
    /// All headers of the request.
    pub headers: HeaderMap,
}
