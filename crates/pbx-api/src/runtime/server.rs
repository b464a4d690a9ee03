//! The router: from requests to operations, and from their results to responses.

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
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use pbx_types::Violation;

use super::api::{Api, Call, RequestInfo, bearer};
use super::body_budget::BodyBudget;
use super::input::Input;
use super::message;
use super::operation::{Content, Operation};
use super::problem::Problem;
use super::request_id::RequestId;
use super::response::HandlerResult;
use super::schema_violations;
use crate::generated::RESOURCES;

/// The default of [`Server::body_limit`].
const BODY_LIMIT: usize = 1 << 20;

/// The default of [`Server::public_body_limit`].
const PUBLIC_BODY_LIMIT: usize = 16 << 10;

/// The default of [`Server::public_body_budget`] and [`Server::group_body_budget`].
const SMALL_BUDGET: usize = 16 << 20;

/// The default of [`Server::body_budget`].
const BUDGET: usize = 64 << 20;

/// Builds the router of an implementation of the API.
pub struct Server<A> {
    api: Arc<A>,
    base_path: String,
    body_limit: usize,
    upload_limit: Option<usize>,
    public_body_limit: usize,
    public_body_budget: usize,
    group_body_budget: usize,
    body_budget: usize,
    resources: &'static [(&'static str, &'static [&'static Operation])],
    mounted: Vec<Resource<A>>,
}

/// The operations of one resource with their handlers, as returned by a generated `router()`.
pub struct Resource<A> {
    name: &'static str,
    routes: Vec<(&'static Operation, Route<A>)>,
}

type Route<A> = Box<dyn FnOnce(Arc<Shared<A>>) -> MethodRouter + Send>;

/// The state that all handlers share.
struct Shared<A> {
    api: Arc<A>,
    body_limit: usize,
    upload_limit: usize,
    public_body_limit: usize,
    budget: Arc<BodyBudget>,
    public_budget: Arc<BodyBudget>,
}

impl<A: Api> Server<A> {
    /// Creates a server of all resources of the contract, with none of them mounted.
    pub fn new(api: Arc<A>) -> Self {
        Self::with_resources(api, RESOURCES)
    }

    /// Creates a server of the resources of another contract.
    #[doc(hidden)]
    pub fn with_resources(api: Arc<A>, resources: &'static [(&'static str, &'static [&'static Operation])]) -> Self {
        Self {
            api,
            base_path: String::new(),
            body_limit: BODY_LIMIT,
            upload_limit: None,
            public_body_limit: PUBLIC_BODY_LIMIT,
            public_body_budget: SMALL_BUDGET,
            group_body_budget: SMALL_BUDGET,
            body_budget: BUDGET,
            resources,
            mounted: Vec::new(),
        }
    }

    /// Sets the path below which everything is served, for example `/api`. Default: `/`.
    #[must_use]
    pub fn base_path(mut self, path: &str) -> Self {
        self.base_path = match path.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        };
        self
    }

    /// Sets the maximum length of a request body, in bytes. Default: 1 MiB.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets the maximum length of a body of `application/octet-stream`, in bytes. Default: that of all other bodies.
    #[must_use]
    pub fn upload_limit(mut self, bytes: usize) -> Self {
        self.upload_limit = Some(bytes);
        self
    }

    /// Sets the maximum length of the body of an operation that needs no authentication, in bytes: anyone can send one. Default: 16 KiB,
    /// or that of all other bodies if it is less.
    #[must_use]
    pub fn public_body_limit(mut self, bytes: usize) -> Self {
        self.public_body_limit = bytes;
        self
    }

    /// Sets the number of bytes that the bodies of operations without authentication have together: request bodies until their
    /// responses, and response bodies until they are sent. Beyond it, a request gets a 503. The first 4 KiB of each body do not count.
    /// Default: 16 MiB.
    ///
    /// Only reads (`GET`) get a 503 for their response: any other operation is done by then. A response that is larger than the budget
    /// is sent when no other body is held. Error responses do not count.
    #[must_use]
    pub fn public_body_budget(mut self, bytes: usize) -> Self {
        self.public_body_budget = bytes;
        self
    }

    /// Sets the number of bytes that the bodies of a group of callers have together (see [`Api::body_group`]), those of requests and
    /// of responses, as for [`public_body_budget`](Self::public_body_budget). At least the largest request body fits. Default: 16 MiB.
    #[must_use]
    pub fn group_body_budget(mut self, bytes: usize) -> Self {
        self.group_body_budget = bytes;
        self
    }

    /// Sets the number of bytes that the bodies of all authenticated callers have together, those of requests and of responses, as for
    /// [`public_body_budget`](Self::public_body_budget). At least the largest request body fits. Default: 64 MiB.
    #[must_use]
    pub fn body_budget(mut self, bytes: usize) -> Self {
        self.body_budget = bytes;
        self
    }

    /// Mounts a resource: `.mount(pbx_api::ip_filters::router())`.
    #[must_use]
    pub fn mount(mut self, resource: Resource<A>) -> Self {
        self.mounted.retain(|mounted| mounted.name != resource.name);
        self.mounted.push(resource);
        self
    }

    /// Returns the names of the mounted resources.
    pub fn mounted(&self) -> Vec<&'static str> {
        self.mounted.iter().map(|resource| resource.name).collect()
    }

    /// Returns the names of the resources of the contract that are not mounted. Their operations respond with 501.
    pub fn unmounted(&self) -> Vec<&'static str> {
        let mounted = self.mounted();
        let names = self.resources.iter().map(|(name, _)| *name);
        names.filter(|name| !mounted.contains(name)).collect()
    }

    /// Builds the router, for `axum::serve`.
    ///
    /// It rejects requests of HTTP/1.1 without exactly one valid `Host` (400), and transfer codings other than `chunked` (501).
    /// Responses have `Cache-Control: no-store`, unless the operation sets another value.
    pub fn build(self) -> Router {
        let upload_limit = self.upload_limit.unwrap_or(self.body_limit);
        let public_body_limit = self.public_body_limit.min(self.body_limit);
        // A request body within its limit must fit when no other is there.
        let largest = upload_limit.max(self.body_limit);
        let public_budget = self.public_body_budget.max(public_body_limit);
        let shared = Arc::new(Shared {
            api: Arc::clone(&self.api),
            body_limit: self.body_limit,
            upload_limit,
            public_body_limit,
            budget: BodyBudget::new(self.body_budget.max(largest), self.group_body_budget.max(largest)),
            public_budget: BodyBudget::new(public_budget, public_budget),
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
        // A segment of a vendor may start with `:`.
        let mut router = Router::new().without_v07_checks();
        for (path, routes) in paths {
            let shared = Arc::clone(&shared);
            let routes =
                routes.fallback(move |request: Request| async move { shared.reject(request, wrong_method).await });
            router = router.route(&format!("{}{path}", self.base_path), routes);
        }
        router.fallback(move |request: Request| {
            let shared = Arc::clone(&shared);
            async move { shared.reject(request, unknown_path).await }
        })
    }
}

impl<A: Api> Resource<A> {
    /// Creates a resource without operations.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            routes: Vec::new(),
        }
    }

    /// Adds an operation that needs authentication.
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

    /// Adds an operation that needs no authentication.
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

    /// Adds an operation that responds with 501 to every caller that is authenticated, whatever the role.
    #[must_use]
    pub fn not_implemented(mut self, operation: &'static Operation) -> Self {
        let route = move |shared: Arc<Shared<A>>| {
            route(operation, move |request| {
                let shared = Arc::clone(&shared);
                async move { shared.not_implemented(operation, request).await }
            })
        };
        self.routes.push((operation, Box::new(route)));
        self
    }

    /// Creates a resource that is not mounted.
    fn unmounted(name: &'static str, operations: &[&'static Operation]) -> Self {
        operations.iter().copied().fold(Self::new(name), Self::not_implemented)
    }
}

fn route<F, Fut>(operation: &'static Operation, handler: F) -> MethodRouter
where
    F: Fn(Request) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    match MethodFilter::try_from(operation.method.clone()) {
        Ok(filter) => axum::routing::on(filter, handler),
        // Custom methods have no filter; OpenAPI, and so the contract, cannot have one.
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
        let result = async {
            let info = info(&parts, &request_id, Some(operation));
            self.admit(&info, &parts).await?;
            let caller = self.caller(&info).await?;
            self.api.authorize(&caller, operation).map_err(A::problem)?;
            let limit = match operation.content {
                Content::Bytes => self.upload_limit,
                _ => self.body_limit,
            };
            // Held until the response, because the input is made of it. Then the response is held.
            let mut held = self.budget.hold(self.api.body_group(&caller));
            let mut input = Input::read(operation, &mut parts, body, limit, &mut held, A::REHEARSES).await?;
            let violations = input.violations().to_vec();
            let is_rehearsal = !violations.is_empty();
            let call = call(caller, operation, request_id.clone(), parts, &mut input, is_rehearsal);
            let response = handler(Arc::clone(&self.api), call, input);
            if is_rehearsal {
                return Err(with_rules(violations, response).await);
            }
            let response = response.await?;
            held.until_sent(response, operation.method.is_safe()).await
        };
        finish(result, &request_id).await
    }

    async fn public<F, Fut>(&self, operation: &'static Operation, handler: F, request: Request) -> Response
    where
        F: Fn(Arc<A>, Call<()>, Input) -> Fut,
        Fut: Future<Output = HandlerResult>,
    {
        let (mut parts, body) = request.into_parts();
        let request_id = RequestId::from_headers(&parts.headers);
        let result = async {
            let info = info(&parts, &request_id, Some(operation));
            self.admit(&info, &parts).await?;
            let mut held = self.public_budget.hold(0);
            let mut input = Input::read(operation, &mut parts, body, self.public_body_limit, &mut held, false).await?;
            let call = call((), operation, request_id.clone(), parts, &mut input, false);
            let response = handler(Arc::clone(&self.api), call, input).await?;
            held.until_sent(response, operation.method.is_safe()).await
        };
        finish(result, &request_id).await
    }

    /// Responds with 501 to an operation that is not implemented, or whose resource is not mounted. Its input is not read.
    async fn not_implemented(&self, operation: &'static Operation, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        let request_id = RequestId::from_headers(&parts.headers);
        let result = async {
            let info = info(&parts, &request_id, Some(operation));
            self.admit(&info, &parts).await?;
            if operation.authenticated {
                self.caller(&info).await?;
            }
            Err(not_implemented(operation))
        };
        finish(result, &request_id).await
    }

    /// Admits or rejects a request, whatever it asks for.
    async fn admit(&self, info: &RequestInfo<'_>, parts: &Parts) -> Result<(), Problem> {
        self.api.admit(info).await.map_err(A::problem)?;
        message::check(parts)
    }

    /// Authenticates the caller.
    async fn caller(&self, info: &RequestInfo<'_>) -> Result<A::Caller, Problem> {
        let token = bearer(info.headers)?;
        let rejected = |error: A::Error| A::problem(error).with_invalid_token_challenge();
        self.api.authenticate(token, info).await.map_err(rejected)
    }

    /// Rejects a request that matches no operation.
    async fn reject(&self, request: Request, problem: fn(&Method) -> Problem) -> Response {
        let (parts, _) = request.into_parts();
        let request_id = RequestId::from_headers(&parts.headers);
        let result = async {
            let info = info(&parts, &request_id, None);
            self.admit(&info, &parts).await?;
            Err(problem(&parts.method))
        };
        finish(result, &request_id).await
    }
}

/// Turns errors and panics into responses, and adds the headers that every response has.
async fn finish(result: impl Future<Output = HandlerResult>, request_id: &RequestId) -> Response {
    // After a panic nothing of the request is used, so no inconsistent state can be observed.
    let result = AssertUnwindSafe(result).catch_unwind().await;
    let mut response = match result {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(request_id),
        Err(panic) => {
            let message = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            let message = message.unwrap_or_else(|| "a panic without a message".to_owned());
            Problem::internal(format!("panicked: {message}")).into_response(request_id)
        }
    };
    let headers = response.headers_mut();
    headers.insert(RequestId::HEADER, request_id.clone().into_header());
    // Every response is for one caller, and many have tokens, keys or other secrets.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
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

fn call<C>(
    caller: C,
    operation: &'static Operation,
    request_id: RequestId,
    parts: Parts,
    input: &mut Input,
    is_rehearsal: bool,
) -> Call<C> {
    Call {
        caller,
        operation,
        request_id,
        peer: peer(&parts),
        headers: parts.headers,
        precondition: input.precondition.take(),
        is_rehearsal,
    }
}

/// Returns the violations of a schema together with those of the rules, which a rehearsal of the operation finds. Where both concern
/// the same place, the schema says enough.
async fn with_rules(mut violations: Vec<Violation>, rehearsal: impl Future<Output = HandlerResult>) -> Problem {
    let rehearsed = AssertUnwindSafe(rehearsal).catch_unwind().await;
    let of_rules = match rehearsed {
        Ok(Err(problem)) => problem.into_violations(),
        Ok(Ok(_)) => Vec::new(),
        Err(_) => {
            tracing::error!("the rules of an object panicked on a body that violates its schema");
            Vec::new()
        }
    };
    let of_schema = violations.len();
    for violation in of_rules {
        let place =
            |other: &Violation| other.location() == violation.location() && other.pointer() == violation.pointer();
        if !violations[..of_schema].iter().any(place) {
            violations.push(violation);
        }
    }
    schema_violations::sort_distinct(&mut violations);
    Problem::invalid(violations)
}

fn peer(parts: &Parts) -> Option<SocketAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

fn unknown_path(_: &Method) -> Problem {
    Problem::unknown_path()
}

/// Returns the 405. axum adds `Allow`.
fn wrong_method(method: &Method) -> Problem {
    // Only standard methods are named: others are text of the caller.
    let message = match MethodFilter::try_from(method.clone()) {
        Ok(_) => format!("This path does not support {method}; see the Allow header."),
        Err(_) => "This path does not support this method; see the Allow header.".to_owned(),
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
