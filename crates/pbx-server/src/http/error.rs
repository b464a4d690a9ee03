//! Conversion of domain errors to HTTP responses. No other code chooses the status of an error.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::header::{HeaderName, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use pbx_api::Problem;
use pbx_domain::{Error, clock};

/// The limit that a 429 is about.
const RATE_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");

/// The number of requests that are permitted now: none, with a 429.
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");

/// The seconds until as many requests as the limit are permitted. `Retry-After` has those until the next one is.
const RATE_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Returns the response to a domain error.
pub fn problem(error: Error) -> Problem {
    match error {
        Error::NotFound { what } => Problem::not_found(format!("There is no such {what}.")),
        Error::Conflict { code, message } => Problem::conflict(code, message),
        Error::Changed { properties } => Problem::precondition_failed(&properties),
        Error::Invalid(violations) => Problem::invalid(violations),
        Error::Refused { code, message } => Problem::new(StatusCode::BAD_REQUEST, code, message),
        Error::ExternalFailure { code, message, detail } => {
            Problem::new(StatusCode::BAD_REQUEST, code, message).detail(detail)
        }
        Error::Unauthorized => {
            Problem::unauthorized("The access token is not valid (any more): refresh it, or sign in again.")
        }
        Error::Forbidden => Problem::forbidden("Your role does not allow this operation."),
        Error::NotAllowed { message } => Problem::forbidden(message),
        Error::AddressDenied { address, until } => {
            let end = until.map_or_else(String::new, |until| format!(" until {until}"));
            let message = format!("Access from {address} is denied{end}.");
            Problem::new(StatusCode::FORBIDDEN, "DENIED", message)
        }
        Error::TooManyRequests {
            limit,
            retry_after,
            reset,
        } => {
            let seconds = whole_seconds(retry_after);
            let message = format!("Too many requests: try again in {seconds} s.");
            let reset = HeaderValue::from(whole_seconds(reset));
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", message)
                .header(RETRY_AFTER, HeaderValue::from(seconds))
                .header(RATE_LIMIT, HeaderValue::from(limit))
                .header(RATE_REMAINING, HeaderValue::from(0))
                .header(RATE_RESET, reset)
        }
        Error::Overloaded { retry_after } => busy(retry_after),
        Error::Unavailable { internal } => {
            static LIMIT: LogLimit = LogLimit::every(1);
            if let Some(unlogged) = LIMIT.due(clock::elapsed()) {
                tracing::error!(error = internal, unlogged, "temporarily unavailable");
            }
            busy(Duration::from_secs(1))
        }
        Error::OutcomeUnknown { internal } => {
            tracing::error!(error = internal, "the outcome of a change is unknown");
            outcome_unknown("The database did not confirm the change in time")
        }
        Error::ContentDamaged { internal } => {
            tracing::error!(error = internal, "a file cannot be sent");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "CONTENT_DAMAGED",
                "The content of this file is missing on the server, or was changed there: upload it again.",
            )
        }
        Error::StorageFull { internal } => {
            static LIMIT: LogLimit = LogLimit::every(60);
            if let Some(unlogged) = LIMIT.due(clock::elapsed()) {
                tracing::error!(
                    error = internal,
                    unlogged,
                    "the disk is full: requests that write are refused"
                );
            }
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "STORAGE_FULL",
                "The disk of the server is full: nothing was saved. An administrator of the system has to free space on it.",
            )
        }
        Error::Internal { internal } => Problem::internal(internal),
    }
}

/// Returns the response to a request with that method which was not finished in time.
pub(super) fn overdue(method: &Method) -> Problem {
    let message = "The server did not finish this request in time";
    if method.is_safe() {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", format!("{message}."))
            .header(RETRY_AFTER, HeaderValue::from_static("5"))
    } else {
        outcome_unknown(message)
    }
}

/// Has no `Retry-After`: a change that is repeated may be made twice.
fn outcome_unknown(cause: &str) -> Problem {
    let message = format!("{cause}: a change may or may not have been saved. Check before you repeat it.");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "OUTCOME_UNKNOWN", message)
}

fn busy(retry_after: Duration) -> Problem {
    let message = "The server is busy: try again in a moment.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
        .header(RETRY_AFTER, HeaderValue::from(whole_seconds(retry_after)))
}

/// Rounds up: a client that waits as long is not refused again.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Limits the log to one event in a period: a client that causes an error with every request must not fill the disk with the log.
struct LogLimit {
    seconds: u64,
    /// The number of the period of the last event, from 1.
    period: AtomicU64,
    unlogged: AtomicU64,
}

impl LogLimit {
    const fn every(seconds: u64) -> Self {
        Self {
            seconds,
            period: AtomicU64::new(0),
            unlogged: AtomicU64::new(0),
        }
    }

    /// Returns the number of events since the last one that was logged, for the first event of a period of [`clock::elapsed`].
    fn due(&self, elapsed: Duration) -> Option<u64> {
        let period = elapsed.as_secs() / self.seconds + 1;
        if self.period.swap(period, Ordering::Relaxed) == period {
            self.unlogged.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.unlogged.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use pbx_types::Violation;

    use super::*;

    #[test]
    fn each_error_has_its_status_and_code() {
        let table = [
            (Error::NotFound { what: "IP rule" }, 404, "NOT_FOUND"),
            (
                Error::Conflict {
                    code: "CONFLICT",
                    message: "x".to_owned(),
                },
                409,
                "CONFLICT",
            ),
            (Error::Changed { properties: vec![] }, 412, "PRECONDITION_FAILED"),
            (
                Error::invalid(Violation::field("cidr", "format", "x")),
                400,
                "VALIDATE_FAILED",
            ),
            (
                Error::Refused {
                    code: "UNKNOWN",
                    message: "unknown error",
                },
                400,
                "UNKNOWN",
            ),
            (
                Error::ExternalFailure {
                    code: "UNKNOWN",
                    message: "x",
                    detail: "y".to_owned(),
                },
                400,
                "UNKNOWN",
            ),
            (Error::Unauthorized, 401, "UNAUTHORIZED"),
            (Error::Forbidden, 403, "FORBIDDEN"),
            (Error::NotAllowed { message: "x" }, 403, "FORBIDDEN"),
            (
                Error::TooManyRequests {
                    limit: 1,
                    retry_after: Duration::ZERO,
                    reset: Duration::ZERO,
                },
                429,
                "TOO_MANY_REQUESTS",
            ),
            (
                Error::Overloaded {
                    retry_after: Duration::ZERO,
                },
                503,
                "UNAVAILABLE",
            ),
            (
                Error::Unavailable {
                    internal: "disk".to_owned(),
                },
                503,
                "UNAVAILABLE",
            ),
            (
                Error::OutcomeUnknown {
                    internal: "disk".to_owned(),
                },
                503,
                "OUTCOME_UNKNOWN",
            ),
            (
                Error::StorageFull {
                    internal: "disk".to_owned(),
                },
                503,
                "STORAGE_FULL",
            ),
        ];
        for (error, status, code) in table {
            let problem = super::problem(error);
            assert_eq!(
                (problem.status().as_u16(), problem.errors()[0].code.as_ref()),
                (status, code)
            );
        }
        assert_eq!(problem(Error::internal("secret")).status(), 500);
    }

    #[test]
    fn too_many_requests_have_the_headers_of_the_limit_in_whole_seconds() {
        let response = super::problem(Error::TooManyRequests {
            limit: 30,
            retry_after: Duration::from_millis(1_200),
            reset: Duration::from_secs(59),
        });
        let headers = format!("{response:?}");
        for header in [
            r#""retry-after": "2""#,
            r#""x-ratelimit-limit": "30""#,
            r#""x-ratelimit-remaining": "0""#,
            r#""x-ratelimit-reset": "59""#,
        ] {
            assert!(headers.contains(header), "{headers}");
        }
        let busy = super::problem(Error::Overloaded {
            retry_after: Duration::from_millis(1),
        });
        assert_eq!(busy.status(), 503);
        assert!(format!("{busy:?}").contains(r#""retry-after": "1""#));
    }

    #[test]
    fn overdue_change_has_an_unknown_outcome_and_no_retry_after() {
        let code = |problem: &Problem| problem.errors()[0].code.clone();
        let read = overdue(&Method::GET);
        assert_eq!((read.status().as_u16(), &*code(&read)), (503, "UNAVAILABLE"));
        assert!(format!("{read:?}").contains(r#""retry-after": "5""#));
        let change = overdue(&Method::POST);
        assert_eq!((change.status().as_u16(), &*code(&change)), (503, "OUTCOME_UNKNOWN"));
        assert!(!format!("{change:?}").contains("retry-after"));
    }

    #[test]
    fn one_event_is_logged_in_a_period() {
        let limit = LogLimit::every(60);
        let due = [0, 58, 59, 60, 61, 200].map(|seconds| limit.due(Duration::from_secs(seconds)));
        assert_eq!(due, [Some(0), None, None, Some(2), None, Some(1)]);
    }

    #[test]
    fn internal_messages_are_not_sent() {
        let problem = super::problem(Error::Unavailable {
            internal: "secret".to_owned(),
        });
        assert!(!format!("{:?}", problem.errors()).contains("secret"));
    }
}
