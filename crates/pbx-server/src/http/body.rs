//! Request bodies: their deadline by progress, and draining those that were not read to their end.
//!
//! A response may be sent before the body has arrived (no token, a body over the limit). If the rest were left unread, the system
//! would reset the connection, and the client would see a broken pipe instead of the response with the reason.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};

use super::deadline::Deadline;
use crate::slots::State;

/// The maximum number of bytes that are drained.
const MAX_DRAINED: usize = 16 << 20;

/// The timeout of draining.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The body of a request. Reading fails with `TimedOut` if too few bytes arrive, and the unread rest is drained on drop.
pub(super) struct RequestBody {
    incoming: Option<Incoming>,
    state: Arc<State>,
    deadline: Deadline,
}

impl RequestBody {
    /// Wraps the body of a request on the connection with that state.
    pub(super) fn new(incoming: Incoming, state: Arc<State>, period: Duration) -> Self {
        state.set_receiving(!incoming.is_end_stream());
        Self {
            incoming: Some(incoming),
            state,
            deadline: Deadline::new(period),
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let body = &mut *self;
        let Some(incoming) = &mut body.incoming else {
            return Poll::Ready(None);
        };
        match Pin::new(incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                body.state.set_waiting(false);
                body.deadline.moved(frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(ended) => {
                body.state.set_waiting(false);
                body.state.set_receiving(false);
                Poll::Ready(ended.map(|ended| ended.map_err(Into::into)))
            }
            Poll::Pending => {
                body.state.set_waiting(true);
                match body.deadline.poll_waiting(context) {
                    Ok(()) => Poll::Pending,
                    Err(error) => Poll::Ready(Some(Err(error.into()))),
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.state.set_waiting(false);
        self.state.set_receiving(false);
        let Some(body) = self.incoming.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        // Without a runtime the connection is closed as well.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(DRAIN_TIMEOUT, drain(body)));
        }
    }
}

async fn drain(mut body: Incoming) {
    let mut seen = 0;
    while seen < MAX_DRAINED {
        match std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            Some(Ok(frame)) => seen += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}
