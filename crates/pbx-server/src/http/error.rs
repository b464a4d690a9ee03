//! Conversion of domain errors to HTTP responses. No other code chooses the status of an error.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use pbx_api::Problem;
use pbx_domain::Error;

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
        Error::TooManyRequests { retry_after } => {
            let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
            let message = format!("Too many requests from this address: try again in {seconds} s.");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", message)
                .header(RETRY_AFTER, HeaderValue::from(seconds))
        }
        Error::Unavailable { internal } => {
            tracing::error!(error = internal, "temporarily unavailable");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "UNAVAILABLE",
                "The server is busy: try again in a moment.",
            )
            .header(RETRY_AFTER, HeaderValue::from_static("1"))
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
                Error::Unavailable {
                    internal: "disk".to_owned(),
                },
                503,
                "UNAVAILABLE",
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
    fn internal_messages_are_not_sent() {
        let problem = super::problem(Error::Unavailable {
            internal: "secret".to_owned(),
        });
        assert!(!format!("{:?}", problem.errors()).contains("secret"));
    }
}
