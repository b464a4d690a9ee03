//! The router: every operation's way from request to answer.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use futures_util::FutureExt;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use super::api::{Api, Call, RequestInfo};
use super::input::Input;
use super::operation::{Content, Operation};
use super::problem::Problem;
use super::request_id::{self, RequestId};
use super::response::HandlerResult;
use crate::generated::RESOURCES;

/// Larger bodies are refused unless [`Server::body_limit`] says otherwise.
const BODY_LIMIT: usize = 1 << 20;

/// Builds the router of an implementation of the API.
pub struct Server<A> {
    api: Arc<A>,
    base_path: String,
    body_limit: usize,
    upload_limit: Option<usize>,
    resources: &'static [(&'static str, &'static [&'static Operation])],
    mounted: Vec<Resource<A>>,
}

/// The operations of one resource with what answers them: what a generated `router()` returns.
pub struct Resource<A> {
    name: &'static str,
    routes: Vec<(&'static Operation, Route<A>)>,
}

type Route<A> = Box<dyn FnOnce(Arc<Shared<A>>) -> MethodRouter + Send>;

/// What every request needs.
struct Shared<A> {
    api: Arc<A>,
    body_limit: usize,
    upload_limit: usize,
}

impl<A: Api> Server<A> {
    /// A server of all resources of the contract, of which none is mounted yet.
    pub fn new(api: Arc<A>) -> Self {
        Self::with_resources(api, RESOURCES)
    }

    /// A server of other resources than those of this crate's contract.
    #[doc(hidden)]
    pub fn with_resources(api: Arc<A>, resources: &'static [(&'static str, &'static [&'static Operation])]) -> Self {
        Self {
            api,
            base_path: String::new(),
            body_limit: BODY_LIMIT,
            upload_limit: None,
            resources,
            mounted: Vec::new(),
        }
    }

    /// Serves everything below this path, e.g. `/api`.
    #[must_use]
    pub fn base_path(mut self, path: &str) -> Self {
        self.base_path = match path.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        };
        self
    }

    /// The longest body that is read, in bytes; 1 MiB unless set.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The longest body of plain bytes (`application/octet-stream`) that is read; that of all others unless set.
    #[must_use]
    pub fn upload_limit(mut self, bytes: usize) -> Self {
        self.upload_limit = Some(bytes);
        self
    }

    /// Answers the operations of a resource: `.mount(pbx_api::ip_filters::router())`.
    #[must_use]
    pub fn mount(mut self, resource: Resource<A>) -> Self {
        self.mounted.retain(|mounted| mounted.name != resource.name);
        self.mounted.push(resource);
        self
    }

    /// The resources mounted so far.
    pub fn mounted(&self) -> Vec<&'static str> {
        self.mounted.iter().map(|resource| resource.name).collect()
    }

    /// The resources of the contract that are not mounted, and will answer 501.
    pub fn unmounted(&self) -> Vec<&'static str> {
        let mounted = self.mounted();
        let names = self.resources.iter().map(|(name, _)| *name);
        names.filter(|name| !mounted.contains(name)).collect()
    }

    /// The router, for `axum::serve`.
    pub fn build(self) -> Router {
        let shared = Arc::new(Shared {
            api: Arc::clone(&self.api),
            body_limit: self.body_limit,
            upload_limit: self.upload_limit.unwrap_or(self.body_limit),
        });
        let unmounted = self.unmounted();
        let mut paths: BTreeMap<&str, MethodRouter> = BTreeMap::new();
        let missing = self
            .resources
            .iter()
            .filter(|(name, _)| unmounted.contains(name))
            .map(|(name, operations)| Resource::unmounted(name, operations));
        for resource in missing.chain(self.mounted) {
            for (operation, route) in resource.routes {
                let route = route(Arc::clone(&shared));
                let others = paths.remove(operation.path).unwrap_or_default();
                paths.insert(operation.path, others.merge(route));
            }
        }
        let mut router = Router::new();
        for (path, routes) in paths {
            let shared = Arc::clone(&shared);
            let routes =
                routes.fallback(move |request: Request| async move { shared.refuse(request, wrong_method).await });
            router = router.route(&format!("{}{path}", self.base_path), routes);
        }
        router.fallback(move |request: Request| {
            let shared = Arc::clone(&shared);
            async move { shared.refuse(request, unknown_path).await }
        })
    }
}

impl<A: Api> Resource<A> {
    /// A resource without operations.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            routes: Vec::new(),
        }
    }

    /// Adds an operation that needs sign-in.
    #[must_use]
    pub fn authenticated<F, Fut>(mut self, operation: &'static Operation, handler: F) -> Self
    where
        F: Fn(Arc<A>, Call<A::Caller>, Input) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult> + Send + 'static,
    {
        let route = move |shared: Arc<Shared<A>>| {
            route(operation, move |request| {
                let shared = Arc::clone(&shared);
                async move { shared.authenticated(operation, handler, request).await }
            })
        };
        self.routes.push((operation, Box::new(route)));
        self
    }

    /// Adds an operation that anyone may call.
    #[must_use]
    pub fn public<F, Fut>(mut self, operation: &'static Operation, handler: F) -> Self
    where
        F: Fn(Arc<A>, Call<()>, Input) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult> + Send + 'static,
    {
        let route = move |shared: Arc<Shared<A>>| {
            route(operation, move |request| {
                let shared = Arc::clone(&shared);
                async move { shared.public(operation, handler, request).await }
            })
        };
        self.routes.push((operation, Box::new(route)));
        self
    }

    /// A resource whose operations answer 501 to everyone who has signed in, whatever their role.
    fn unmounted(name: &'static str, operations: &[&'static Operation]) -> Self {
        let routes = operations.iter().map(|operation| {
            let operation = *operation;
            let make: Route<A> = Box::new(move |shared: Arc<Shared<A>>| {
                route(operation, move |request| {
                    let shared = Arc::clone(&shared);
                    async move { shared.unmounted(operation, request).await }
                })
            });
            (operation, make)
        });
        Self {
            name,
            routes: routes.collect(),
        }
    }
}

fn route<F, Fut>(operation: &'static Operation, handler: F) -> MethodRouter
where
    F: Fn(Request) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    match MethodFilter::try_from(operation.method.clone()) {
        Ok(filter) => axum::routing::on(filter, handler),
        // A method of its own making has no filter; the contract cannot hold one, OpenAPI has no field for it.
        Err(_) => MethodRouter::new(),
    }
}

impl<A: Api> Shared<A> {
    async fn authenticated<F, Fut>(&self, operation: &'static Operation, handler: F, request: Request) -> Response
    where
        F: Fn(Arc<A>, Call<A::Caller>, Input) -> Fut,
        Fut: Future<Output = HandlerResult>,
    {
        let (mut parts, body) = request.into_parts();
        let request_id = RequestId::from_headers(&parts.headers);
        let answer = async {
            let info = info(&parts, &request_id, Some(operation));
            self.api.admit(&info).await.map_err(A::problem)?;
            let caller = self.caller(&info).await?;
            self.api.authorize(&caller, operation).map_err(A::problem)?;
            let input = self.input(operation, &mut parts, body).await?;
            let call = call(caller, operation, request_id.clone(), parts);
            handler(Arc::clone(&self.api), call, input).await
        };
        finish(answer, &request_id).await
    }

    async fn public<F, Fut>(&self, operation: &'static Operation, handler: F, request: Request) -> Response
    where
        F: Fn(Arc<A>, Call<()>, Input) -> Fut,
        Fut: Future<Output = HandlerResult>,
    {
        let (mut parts, body) = request.into_parts();
        let request_id = RequestId::from_headers(&parts.headers);
        let answer = async {
            let info = info(&parts, &request_id, Some(operation));
            self.api.admit(&info).await.map_err(A::problem)?;
            let input = self.input(operation, &mut parts, body).await?;
            let call = call((), operation, request_id.clone(), parts);
            handler(Arc::clone(&self.api), call, input).await
        };
        finish(answer, &request_id).await
    }

    /// Answers an operation of a resource that is not mounted. What was sent with it is not looked at.
    async fn unmounted(&self, operation: &'static Operation, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        let request_id = RequestId::from_headers(&parts.headers);
        let answer = async {
            let info = info(&parts, &request_id, Some(operation));
            self.api.admit(&info).await.map_err(A::problem)?;
            if operation.authenticated {
                self.caller(&info).await?;
            }
            Err(not_implemented(operation))
        };
        finish(answer, &request_id).await
    }

    /// Finds out who calls.
    async fn caller(&self, info: &RequestInfo<'_>) -> Result<A::Caller, Problem> {
        let token = bearer(info.headers)?;
        let refused = |error: A::Error| A::problem(error).with_invalid_token_challenge();
        self.api.authenticate(token, info).await.map_err(refused)
    }

    async fn input(
        &self,
        operation: &'static Operation,
        parts: &mut Parts,
        body: axum::body::Body,
    ) -> Result<Input, Problem> {
        let limit = match operation.content {
            Content::Bytes => self.upload_limit,
            _ => self.body_limit,
        };
        Input::read(operation, parts, body, limit).await
    }

    /// Answers a request that no operation answers.
    async fn refuse(&self, request: Request, problem: fn(&Method) -> Problem) -> Response {
        let (parts, _) = request.into_parts();
        let request_id = RequestId::from_headers(&parts.headers);
        let answer = async {
            let info = info(&parts, &request_id, None);
            self.api.admit(&info).await.map_err(A::problem)?;
            Err(problem(&parts.method))
        };
        finish(answer, &request_id).await
    }
}

/// Turns failures and panics into answers, and puts the request id on all of them.
async fn finish(answer: impl Future<Output = HandlerResult>, request_id: &RequestId) -> Response {
    // After a panic nothing of this request is used again, so nothing can be seen half-changed.
    let answer = AssertUnwindSafe(answer).catch_unwind().await;
    let mut response = match answer {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(request_id),
        Err(panic) => {
            let what = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            let what = what.unwrap_or_else(|| "a panic without a text".to_owned());
            Problem::internal(format!("panicked: {what}")).into_response(request_id)
        }
    };
    response
        .headers_mut()
        .insert(request_id::HEADER, request_id.clone().into_header());
    response
}

fn info<'a>(parts: &'a Parts, request_id: &'a RequestId, operation: Option<&'static Operation>) -> RequestInfo<'a> {
    RequestInfo {
        method: &parts.method,
        path: parts.uri.path(),
        headers: &parts.headers,
        peer: peer(parts),
        request_id,
        operation,
    }
}

fn call<C>(caller: C, operation: &'static Operation, request_id: RequestId, parts: Parts) -> Call<C> {
    Call {
        caller,
        operation,
        request_id,
        peer: peer(&parts),
        headers: parts.headers,
    }
}

fn peer(parts: &Parts) -> Option<SocketAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

/// The bearer token (RFC 6750, section 2.1), or the 401 that asks for one.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
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

fn unknown_path(_: &Method) -> Problem {
    Problem::unknown_path()
}

/// 405; axum adds `Allow`.
fn wrong_method(method: &Method) -> Problem {
    // Only methods the router has heard of are named: a made-up one is the caller's text.
    let message = match MethodFilter::try_from(method.clone()) {
        Ok(_) => format!("This path does not answer {method}; see the Allow header."),
        Err(_) => "This path does not answer this method; see the Allow header.".to_owned(),
    };
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
}

fn not_implemented(operation: &Operation) -> Problem {
    let Operation { id, resource, .. } = operation;
    Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "NOT_IMPLEMENTED",
        format!("This server does not implement {id} ({resource})."),
    )
}
