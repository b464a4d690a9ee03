//! What an error says, whatever the server's error type.

use progenitor_client::Error;
use serde::Serialize;

/// One reason why a request failed, from the server's `errors[]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Upper case with underscores, such as `VALIDATE_FAILED`. Servers may add codes: treat others as `UNKNOWN`.
    pub code: String,
    /// For a person to read.
    pub message: String,
    /// More about this reason.
    pub detail: Option<String>,
}

/// Questions to ask an [`Error`].
pub trait ErrorExt {
    /// The server's reasons; empty when the request never got there or the answer was not the API's.
    fn problems(&self) -> Vec<Problem>;

    /// Whether one of the reasons has this code.
    fn has_code(&self, code: &str) -> bool {
        self.problems().iter().any(|problem| problem.code == code)
    }

    /// One line for a person: the status and the server's reasons, or what else went wrong. Bodies and headers, which
    /// `Display` may show, are left out.
    fn describe(&self) -> String;

    /// The body of an answer that was not what the API documents, such as a proxy's page.
    fn into_raw_body(self) -> impl Future<Output = Option<bytes::Bytes>> + Send;
}

impl<E: Serialize + Send> ErrorExt for Error<E> {
    fn problems(&self) -> Vec<Problem> {
        let Error::ErrorResponse(response) = self else {
            return Vec::new();
        };
        let body = serde_json::to_value(response.as_ref()).unwrap_or_default();
        let text = |entry: &serde_json::Value, name: &str| entry[name].as_str().map(str::to_owned);
        body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|entry| Problem {
                code: text(entry, "code").unwrap_or_default(),
                message: text(entry, "message").unwrap_or_default(),
                detail: text(entry, "detail"),
            })
            .collect()
    }

    fn describe(&self) -> String {
        let reasons: Vec<String> = self
            .problems()
            .into_iter()
            .map(|problem| match problem.detail {
                Some(detail) => format!("{}: {} ({detail})", problem.code, problem.message),
                None => format!("{}: {}", problem.code, problem.message),
            })
            .collect();
        match self {
            Error::InvalidRequest(message) | Error::Custom(message) => message.clone(),
            Error::CommunicationError(error) | Error::ResponseBodyError(error) | Error::InvalidUpgrade(error) => {
                let mut text = error.to_string();
                let mut source = std::error::Error::source(error);
                while let Some(cause) = source {
                    text = format!("{text}: {cause}");
                    source = cause.source();
                }
                text
            }
            Error::ErrorResponse(response) if reasons.is_empty() => response.status().to_string(),
            Error::ErrorResponse(response) => format!("{}: {}", response.status(), reasons.join("; ")),
            Error::InvalidResponsePayload(_, error) => format!("the answer's body cannot be read: {error}"),
            Error::UnexpectedResponse(response) => {
                format!("{}, with a body that is not the API's", response.status())
            }
        }
    }

    async fn into_raw_body(self) -> Option<bytes::Bytes> {
        match self {
            Error::InvalidResponsePayload(body, _) => Some(body),
            Error::UnexpectedResponse(response) => response.bytes().await.ok(),
            _ => None,
        }
    }
}
