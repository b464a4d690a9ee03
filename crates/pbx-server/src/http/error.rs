//! Conversion of domain errors to HTTP responses. No other code chooses the status of an error.

use std::time::Duration;

use axum::http::header::{HeaderName, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use pbx_api::Problem;
use pbx_domain::Error;

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
        Error::TooManyInProgress { by_caller, message } => {
            let (status, code) = if by_caller {
                (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS")
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
            };
            Problem::new(status, code, message).header(RETRY_AFTER, HeaderValue::from_static("5"))
        }
        Error::Unavailable { internal } => {
            tracing::error!(error = internal, "temporarily unavailable");
            busy(Duration::from_secs(1))
        }
        Error::OutcomeUnknown { internal } => {
            tracing::error!(error = internal, "the outcome of a change is unknown");
            // Without Retry-After: to repeat the change may be to make it twice.
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "OUTCOME_UNKNOWN",
                "The database did not confirm the change in time: it may or may not have been saved. Check before you repeat it.",
            )
        }
        Error::Internal { internal } => Problem::internal(internal),
    }
}

/// Returns the response to a client that has too many requests in flight.
pub(super) fn too_many_in_flight() -> Problem {
    let message = "Too many requests from this address are in progress: wait for their responses.";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", message)
        .header(RETRY_AFTER, HeaderValue::from_static("1"))
}

/// Returns the response to a request that was not finished in time.
pub(super) fn overdue() -> Problem {
    let message = "The server did not finish this request in time. A change may or may not have been made.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
        .header(RETRY_AFTER, HeaderValue::from_static("5"))
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
                Error::TooManyInProgress {
                    by_caller: true,
                    message: "x",
                },
                429,
                "TOO_MANY_REQUESTS",
            ),
            (
                Error::TooManyInProgress {
                    by_caller: false,
                    message: "x",
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
    fn internal_messages_are_not_sent() {
        let problem = super::problem(Error::Unavailable {
            internal: "secret".to_owned(),
        });
        assert!(!format!("{:?}", problem.errors()).contains("secret"));
    }
}
