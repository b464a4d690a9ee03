//! What is tried again, and when.

use std::time::Duration;

use reqwest::Method;

use crate::{Client, Error};

/// What is tried again, how often and after which delays.
///
/// Only what cannot be done twice is: a request of which surely nothing has reached the server, whatever it asks for; and one that
/// only reads (GET) after a broken connection, a timeout, a 429, 502, 503 or 504. A request that changes something is never sent
/// again once it may have been applied, nor after a 429: the [`Error`] says what is known of it. A body that is a stream cannot be
/// sent again at all.
///
/// The delays double, with a random part, so that many clients do not come back at once. A server that says how long to wait
/// (`Retry-After`) is obeyed, or, where that is longer than the policy allows, told to the caller at once.
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
    /// Three more times, after some 200, 400 and 800 milliseconds; a `Retry-After` of up to 30 seconds is waited for.
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
    /// Nothing is tried again.
    pub fn none() -> Self {
        Self::default().max_retries(0)
    }

    /// How often a request is sent again.
    #[must_use]
    pub fn max_retries(mut self, times: usize) -> Self {
        self.max_retries = times;
        self
    }

    /// The delay before the first of them, and that which it grows to.
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.min_delay = first;
        self.max_delay = longest;
        self
    }

    /// The longest `Retry-After` that is waited for.
    #[must_use]
    pub fn max_retry_after(mut self, longest: Duration) -> Self {
        self.max_retry_after = longest;
        self
    }
}

/// The retries of one call.
#[cfg(feature = "retry")]
pub(crate) struct Retries {
    delays: backon::ExponentialBackoff,
    max_retry_after: Duration,
    only_reads: bool,
}

#[cfg(feature = "retry")]
impl Retries {
    pub(crate) fn new(client: &Client, method: &Method) -> Self {
        use backon::BackoffBuilder as _;

        let policy = client.retry_policy();
        let delays = backon::ExponentialBuilder::new()
            .with_min_delay(policy.min_delay)
            .with_max_delay(policy.max_delay)
            .with_max_times(policy.max_retries)
            .with_jitter()
            .build();
        Self {
            delays,
            max_retry_after: policy.max_retry_after,
            only_reads: matches!(*method, Method::GET | Method::HEAD),
        }
    }

    /// After which delay the request is sent again, if it is.
    pub(crate) fn delay(&mut self, error: &Error) -> Option<Duration> {
        let cannot_be_twice = self.only_reads
            || matches!(error, Error::Transport(failure) | Error::Timeout(failure) if failure.is_unsent());
        if !error.is_transient() || !cannot_be_twice {
            return None;
        }
        let delay = self.delays.next()?;
        match error.retry_after() {
            Some(asked) if asked > self.max_retry_after => None,
            Some(asked) => Some(asked.max(delay)),
            None => Some(delay),
        }
    }
}

#[cfg(feature = "retry")]
pub(crate) async fn sleep(delay: Duration) {
    use backon::Sleeper as _;

    backon::DefaultSleeper::default().sleep(delay).await;
}

/// Nothing is tried again.
#[cfg(not(feature = "retry"))]
pub(crate) struct Retries;

#[cfg(not(feature = "retry"))]
impl Retries {
    pub(crate) fn new(_: &Client, _: &Method) -> Self {
        Self
    }

    pub(crate) fn delay(&mut self, _: &Error) -> Option<Duration> {
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
    use crate::error::ErrorResponse;

    fn answer(status: u16, retry_after: Option<&str>) -> Error {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().unwrap());
        }
        Error::of_answer(ErrorResponse::new(
            StatusCode::from_u16(status).unwrap(),
            headers,
            Bytes::new(),
        ))
    }

    fn retries(policy: RetryPolicy, method: &Method) -> Retries {
        let client = Client::builder().url("http://h").retry(policy).build().unwrap();
        Retries::new(&client, method)
    }

    #[test]
    fn the_servers_wish_is_obeyed_up_to_a_limit() {
        let delay = |error: &Error| retries(RetryPolicy::default(), &Method::GET).delay(error);
        assert_eq!(delay(&answer(429, Some("7"))), Some(Duration::from_secs(7)));
        assert_eq!(delay(&answer(503, Some("30"))), Some(Duration::from_secs(30)));
        assert_eq!(delay(&answer(429, Some("31"))), None);
        let own = delay(&answer(429, Some("0"))).unwrap();
        assert!(
            own >= Duration::from_millis(200) && own <= Duration::from_millis(400),
            "{own:?}"
        );
    }

    #[test]
    fn only_what_may_pass_is_tried_again_and_only_reads() {
        for (status, expected) in [
            (429, true),
            (502, true),
            (503, true),
            (504, true),
            (500, false),
            (501, false),
            (404, false),
        ] {
            let error = answer(status, None);
            assert_eq!(
                retries(RetryPolicy::default(), &Method::GET).delay(&error).is_some(),
                expected,
                "{status}"
            );
            assert_eq!(
                retries(RetryPolicy::default(), &Method::POST).delay(&error),
                None,
                "{status}"
            );
            assert_eq!(
                retries(RetryPolicy::none(), &Method::GET).delay(&error),
                None,
                "{status}"
            );
        }
    }

    #[test]
    fn delays_grow_and_end() {
        let mut retries = retries(RetryPolicy::default().max_retries(5), &Method::GET);
        let error = answer(503, None);
        let delays: Vec<_> = std::iter::from_fn(|| retries.delay(&error)).collect();
        assert_eq!(delays.len(), 5);
        assert!(
            delays[3] > delays[0] && delays[4] <= Duration::from_secs(20),
            "{delays:?}"
        );
    }
}
