//! Requests of one connection: the deadline of each, and the state of the connection while it is in flight.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::{BoxError, Router};
use hyper::body::{Frame, Incoming, SizeHint};
use pbx_api::{Problem, RequestId};
use tower::Service as _;

use super::Door;
use crate::http::body::RequestBody;
use crate::http::{error, in_flight};
use crate::slots::State;

/// The peer of a connection, in the context of its requests.
pub(super) struct Peer {
    pub(super) app: Router,
    pub(super) door: Arc<Door>,
    pub(super) address: SocketAddr,
    pub(super) state: Arc<State>,
}

/// Handles a request.
pub(super) async fn handle(
    peer: Arc<Peer>,
    mut request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let Peer {
        app,
        door,
        address,
        state,
    } = &*peer;
    state.begin_request();
    let mut body = ResponseBody {
        body: Body::empty(),
        state: Arc::clone(state),
        in_flight: None,
    };
    let request_id = request.headers().get(RequestId::HEADER).cloned();
    let method = request.method().clone();
    let refuse = |problem: Problem| problem.into_response(&RequestId::from_header(request_id.as_ref()));
    if door.proxies.trusts(address.ip()) {
        let client = door.proxies.client(address.ip(), request.headers());
        match door.in_flight.enter(client) {
            Ok(entered) => body.in_flight = Some(entered),
            Err(full) => return Ok(body.attach(refuse(error::problem(full)))),
        }
    }
    request.extensions_mut().insert(ConnectInfo(*address));
    let request = request.map(|incoming| {
        let incoming = RequestBody::new(incoming, Arc::clone(state), door.timing.stall);
        Body::new(incoming)
    });
    let mut response = {
        let mut response = pin!(app.clone().call(request));
        match tokio::time::timeout(door.timing.request, response.as_mut()).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            // Decided before the request is dropped, and its body with it.
            Err(_) if state.is_receiving() => refuse(Problem::request_timeout()),
            Err(_) => {
                tracing::warn!(
                    seconds = door.timing.request.as_secs(),
                    "a request was ended: it took too long"
                );
                refuse(error::overdue(&method))
            }
        }
    };
    let ends = match response.status() {
        // The rest of its body would be taken for the next request.
        StatusCode::REQUEST_TIMEOUT => true,
        // A rule that is newer than the connection: further ones of this address get no slot of others.
        StatusCode::FORBIDDEN => door.denies(address.ip()),
        _ => false,
    };
    if ends {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(body.attach(response))
}

/// The body of a response. The request is in flight until it is dropped.
pub(super) struct ResponseBody {
    body: Body,
    state: Arc<State>,
    in_flight: Option<in_flight::Request>,
}

impl ResponseBody {
    fn attach(mut self, response: Response<Body>) -> Response<Self> {
        response.map(|body| {
            self.body = body;
            self
        })
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.state.end_response();
    }
}
