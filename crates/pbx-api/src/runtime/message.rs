//! The rules of HTTP/1.1 messages that hyper leaves to its users (RFC 9112).

use http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use super::problem::Problem;

/// Checks the head of a request. A response that rejects it closes the connection: where the head is wrong, so may be what follows.
pub(super) fn check(parts: &Parts) -> Result<(), Problem> {
    if !has_valid_host(parts.version, &parts.headers) {
        let message = "The request must have one Host header, with a host and an optional port.";
        return Err(closing(Problem::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)));
    }
    // hyper reads any list of codings that ends in `chunked`, and does not decode the others.
    let codings = parts.headers.get_all(TRANSFER_ENCODING);
    if codings
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
        || codings.iter().nth(1).is_some()
    {
        let message = "The only supported transfer coding is chunked.";
        return Err(closing(Problem::new(
            StatusCode::NOT_IMPLEMENTED,
            "NOT_IMPLEMENTED",
            message,
        )));
    }
    Ok(())
}

/// RFC 9112, section 3.2. The host may be empty, and HTTP/1.0 has no such header.
fn has_valid_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => host.as_bytes().iter().all(is_of_host),
        (Some(_), Some(_)) => false,
    }
}

/// Returns `true` for the bytes of a host and port (RFC 3986, section 3.2.2).
fn is_of_host(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%:[]".contains(byte)
}

fn closing(problem: Problem) -> Problem {
    problem.header(CONNECTION, HeaderValue::from_static("close"))
}
