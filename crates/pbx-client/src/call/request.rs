//! Parts of requests: path segments and headers.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderValue;

use crate::error::Error;

/// All characters except the unreserved ones of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes a segment of a path. Rejects segments that would change the path: empty, `.` and `..`.
pub(crate) fn path_segment(name: &str, value: &impl ToString) -> Result<String, Error> {
    let value = value.to_string();
    match value.as_str() {
        "" => Err(Error::InvalidRequest(format!("`{name}` is empty"))),
        "." | ".." => Err(Error::InvalidRequest(format!(
            "`{name}` is `{value}`, which cannot be part of a URL's path"
        ))),
        _ => Ok(utf8_percent_encode(&value, SEGMENT).to_string()),
    }
}

/// Encodes the value of a header.
pub(crate) fn header_value(name: &str, value: &impl ToString) -> Result<HeaderValue, Error> {
    HeaderValue::try_from(value.to_string())
        .map_err(|_| Error::InvalidRequest(format!("`{name}` contains characters that are not allowed in a header")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_cannot_change_the_path() {
        let segment = |value: &str| path_segment("id", &value).ok();
        assert_eq!(segment("a b/c?d#e%2f\\"), Some("a%20b%2Fc%3Fd%23e%252f%5C".to_owned()));
        assert_eq!(segment("é"), Some("%C3%A9".to_owned()));
        assert_eq!(segment("a.b-c_d~e"), Some("a.b-c_d~e".to_owned()));
        for refused in ["", ".", ".."] {
            assert_eq!(segment(refused), None, "{refused:?}");
        }
    }
}
