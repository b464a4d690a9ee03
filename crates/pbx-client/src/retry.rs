//! Retries of transient failures.

use std::time::Duration;

#[cfg(feature = "retry")]
use reqwest::Method;

use crate::error::Error;

/// The retry policy: transient failures of idempotent requests are retried with exponential backoff and jitter.
///
/// A call is retried if **all** of these hold:
///
/// - The failure is transient ([`Error::is_transient`]): a connection failure, a timeout, or a response with status 429, 502, 503
///   or 504. A failure that would repeat itself is not, such as a certificate that is not trusted.
/// - Repeating the request is safe: its method is GET or HEAD, or surely nothing of it has reached the server
///   ([`TransportError::is_unsent`](crate::TransportError::is_unsent)), whatever its method. Any other request is never retried,
///   not even after a 429: [`Error::may_have_been_applied`] reports whether the server may have applied it. That includes PUT and
///   DELETE, which HTTP defines as idempotent: the response to a repeated DELETE would not tell what the first one did.
/// - The body can be sent again. A streamed body cannot.
/// - [`RetryPolicy::max_retries`] is not exhausted, and a `Retry-After` of the server is at most
///   [`RetryPolicy::max_retry_after`]. A longer one is returned to the caller at once ([`Error::retry_after`]).
///
/// A download counts as successful once its headers have arrived: a connection that breaks during its body is not retried.
///
/// The delay doubles with each retry up to a maximum, plus a random part (jitter), so that clients that failed together do not
/// return together. A `Retry-After` is waited for if it is longer than that delay.
///
/// Apart from this policy, a request that the server rejected with 401 is sent once more after the session was renewed, whatever
/// its method: a request without a valid token has no effect. The requests that renew a session are calls of their own under this
/// policy; when they fail, the call that needed the token fails without further retries. A refresh whose response was lost is sent
/// once more, at once: otherwise its token would be presented again by the next call, when the server takes it for stolen.
#[cfg(feature = "retry")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    max_retries: usize,
    min_delay: Duration,
    max_delay: Duration,
    max_retry_after: Duration,
}

#[cfg(feature = "retry")]
impl Default for RetryPolicy {
    /// Three retries, after some 200, 400 and 800 milliseconds, and a `Retry-After` of up to 30 seconds.
    fn default() -> Self {
        Self {
            max_retries: 3,
            min_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(30),
        }
    }
}

#[cfg(feature = "retry")]
impl RetryPolicy {
    /// Returns the policy without retries.
    pub fn none() -> Self {
        Self::default().max_retries(0)
    }

    /// Sets the maximum number of retries of a call. Default: 3.
    #[must_use]
    pub fn max_retries(mut self, retries: usize) -> Self {
        self.max_retries = retries;
        self
    }

    /// Sets the delay before the first retry and the maximum that it grows to, both without jitter. Default: 200 ms and 10 s.
    #[must_use]
    pub fn backoff(mut self, first: Duration, maximum: Duration) -> Self {
        self.min_delay = first;
        self.max_delay = maximum;
        self
    }

    /// Sets the longest `Retry-After` that is waited for. Default: 30 s.
    #[must_use]
    pub fn max_retry_after(mut self, maximum: Duration) -> Self {
        self.max_retry_after = maximum;
        self
    }
}

/// The retries that a call has left.
#[cfg(feature = "retry")]
pub(crate) struct Retries {
    delays: backon::ExponentialBackoff,
    max_retry_after: Duration,
    /// The method is safe (RFC 9110, section 9.2.1), so that sending the request twice has the effect of sending it once.
    is_safe: bool,
}

#[cfg(feature = "retry")]
impl Retries {
    pub(crate) fn new(policy: &RetryPolicy, method: &Method) -> Self {
        use backon::BackoffBuilder as _;

        let delays = backon::ExponentialBuilder::new()
            .with_min_delay(policy.min_delay)
            .with_max_delay(policy.max_delay)
            .with_max_times(policy.max_retries)
            .with_jitter()
            .build();
        Self {
            delays,
            max_retry_after: policy.max_retry_after,
            is_safe: matches!(*method, Method::GET | Method::HEAD),
        }
    }

    /// Returns the delay before the next attempt, or `None` if the error is final.
    pub(crate) fn next_delay(&mut self, error: &Error) -> Option<Duration> {
        let is_unsent = matches!(error, Error::Transport(failure) | Error::Timeout(failure) if failure.is_unsent());
        if !error.is_transient() || !(self.is_safe || is_unsent) {
            return None;
        }
        let delay = self.delays.next()?;
        match error.retry_after() {
            Some(requested) if requested > self.max_retry_after => None,
            Some(requested) => Some(requested.max(delay)),
            None => Some(delay),
        }
    }
}

#[cfg(feature = "retry")]
pub(crate) async fn sleep(delay: Duration) {
    use backon::Sleeper as _;

    backon::DefaultSleeper::default().sleep(delay).await;
}

/// Without the feature, every error is final.
#[cfg(not(feature = "retry"))]
pub(crate) struct Retries;

#[cfg(not(feature = "retry"))]
impl Retries {
    pub(crate) fn next_delay(&mut self, _: &Error) -> Option<Duration> {
        None
    }
}

#[cfg(not(feature = "retry"))]
pub(crate) async fn sleep(_: Duration) {}

#[cfg(test)]
#[cfg(feature = "retry")]
mod tests {
    use bytes::Bytes;
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, RETRY_AFTER};

    use super::*;
    use crate::error::response::ErrorResponse;

    fn response(status: u16, retry_after: Option<&str>) -> Error {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().unwrap());
        }
        Error::from_response(ErrorResponse::new(
            StatusCode::from_u16(status).unwrap(),
            headers,
            Bytes::new(),
        ))
    }

    #[test]
    fn retry_after_is_honored_up_to_a_maximum() {
        let delay = |error: &Error| Retries::new(&RetryPolicy::default(), &Method::GET).next_delay(error);
        assert_eq!(delay(&response(429, Some("7"))), Some(Duration::from_secs(7)));
        assert_eq!(delay(&response(503, Some("30"))), Some(Duration::from_secs(30)));
        assert_eq!(delay(&response(429, Some("31"))), None);
        let own = delay(&response(429, Some("0"))).unwrap();
        assert!(
            own >= Duration::from_millis(200) && own <= Duration::from_millis(400),
            "{own:?}"
        );
    }

    #[test]
    fn only_transient_failures_of_safe_requests_are_retried() {
        for (status, expected) in [
            (429, true),
            (502, true),
            (503, true),
            (504, true),
            (500, false),
            (501, false),
            (404, false),
        ] {
            let error = response(status, None);
            let delay = |policy: RetryPolicy, method: Method| Retries::new(&policy, &method).next_delay(&error);
            assert_eq!(
                delay(RetryPolicy::default(), Method::GET).is_some(),
                expected,
                "{status}"
            );
            for method in [Method::POST, Method::PUT, Method::DELETE] {
                assert_eq!(delay(RetryPolicy::default(), method), None, "{status}");
            }
            assert_eq!(delay(RetryPolicy::none(), Method::GET), None, "{status}");
        }
    }

    #[test]
    fn delays_grow_and_end() {
        let mut retries = Retries::new(&RetryPolicy::default().max_retries(5), &Method::GET);
        let error = response(503, None);
        let delays: Vec<_> = std::iter::from_fn(|| retries.next_delay(&error)).collect();
        assert_eq!(delays.len(), 5);
        assert!(
            delays[3] > delays[0] && delays[4] <= Duration::from_secs(20),
            "{delays:?}"
        );
    }
}
