//! A tracing span for each call: operation, attempts, status and duration.
//!
//! It contains no token, header, body, query or ID: the path is the template.

use std::time::Duration;

use reqwest::{Method, StatusCode};

use crate::call::operation::Operation;
use crate::client::Client;
use crate::error::Error;

/// The span of a call.
#[cfg(feature = "tracing")]
pub(crate) struct CallSpan<'a> {
    client: &'a Client,
    span: tracing::Span,
    started: jiff::Timestamp,
    attempts: u32,
}

#[cfg(feature = "tracing")]
impl<'a> CallSpan<'a> {
    pub(crate) fn start(client: &'a Client, operation: &Operation, method: &Method) -> Self {
        use tracing::field::Empty;

        let span = tracing::info_span!(
            "pbx_call",
            operation = operation.id,
            method = method.as_str(),
            path = operation.path,
            status = Empty,
            attempts = Empty,
            duration_ms = Empty,
        );
        Self {
            client,
            span,
            started: client.connection().clock.now(),
            attempts: 0,
        }
    }

    pub(crate) async fn attempt<T>(&mut self, exchange: impl Future<Output = T>) -> T {
        use tracing::Instrument as _;

        self.attempts += 1;
        exchange.instrument(self.span.clone()).await
    }

    pub(crate) fn retry(&self, error: &Error, delay: Duration) {
        let status = error.status().map(|status| status.as_u16());
        let delay_ms = delay.as_millis();
        self.span
            .in_scope(|| tracing::debug!(status, delay_ms, "the request failed and is retried"));
    }

    pub(crate) fn undocumented(&self, status: StatusCode) {
        let status = status.as_u16();
        self.span
            .in_scope(|| tracing::warn!(status, "the operation succeeded with a status that is not documented"));
    }

    pub(crate) fn end(&self, status: Option<StatusCode>) {
        let duration = self.client.connection().clock.now().duration_since(self.started);
        if let Some(status) = status {
            self.span.record("status", status.as_u16());
        }
        self.span.record("attempts", self.attempts);
        self.span.record("duration_ms", duration.as_millis() as i64);
        self.span.in_scope(|| tracing::debug!("done"));
    }
}

/// Without the feature, nothing is recorded.
#[cfg(not(feature = "tracing"))]
pub(crate) struct CallSpan;

#[cfg(not(feature = "tracing"))]
impl CallSpan {
    pub(crate) fn start(_: &Client, _: &Operation, _: &Method) -> Self {
        Self
    }

    pub(crate) async fn attempt<T>(&mut self, exchange: impl Future<Output = T>) -> T {
        exchange.await
    }

    pub(crate) fn retry(&self, _: &Error, _: Duration) {}

    pub(crate) fn undocumented(&self, _: StatusCode) {}

    pub(crate) fn end(&self, _: Option<StatusCode>) {}
}
