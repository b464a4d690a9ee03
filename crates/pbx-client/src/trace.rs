//! A span for every call: which operation, how often it was sent, what came of it and how long it took.
//!
//! No token, no header, no body, no query and no id is in it: the path is the template.

use std::time::Duration;

use reqwest::{Method, StatusCode};

use crate::support::Operation;
use crate::{Client, Error};

/// A call under way.
#[cfg(feature = "tracing")]
pub(crate) struct Call<'a> {
    client: &'a Client,
    span: tracing::Span,
    begun: jiff::Timestamp,
    attempts: u32,
}

#[cfg(feature = "tracing")]
impl<'a> Call<'a> {
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
            begun: client.connection().clock().now(),
            attempts: 0,
        }
    }

    pub(crate) async fn attempt<T>(&mut self, exchange: impl Future<Output = T>) -> T {
        use tracing::Instrument as _;

        self.attempts += 1;
        exchange.instrument(self.span.clone()).await
    }

    pub(crate) fn repeats(&self, error: &Error, delay: Duration) {
        let status = error.status().map(|status| status.as_u16());
        let delay_ms = delay.as_millis();
        self.span
            .in_scope(|| tracing::debug!(status, delay_ms, "the request failed and is sent again"));
    }

    pub(crate) fn end(&self, status: Option<StatusCode>) {
        let duration = self.client.connection().clock().now().duration_since(self.begun);
        if let Some(status) = status {
            self.span.record("status", status.as_u16());
        }
        self.span.record("attempts", self.attempts);
        self.span.record("duration_ms", duration.as_millis() as i64);
        self.span.in_scope(|| tracing::debug!("done"));
    }
}

/// Nobody looks.
#[cfg(not(feature = "tracing"))]
pub(crate) struct Call;

#[cfg(not(feature = "tracing"))]
impl Call {
    pub(crate) fn start(_: &Client, _: &Operation, _: &Method) -> Self {
        Self
    }

    pub(crate) async fn attempt<T>(&mut self, exchange: impl Future<Output = T>) -> T {
        exchange.await
    }

    pub(crate) fn repeats(&self, _: &Error, _: Duration) {}

    pub(crate) fn end(&self, _: Option<StatusCode>) {}
}
