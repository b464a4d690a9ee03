//! Request IDs, for responses and the log.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

/// Longer IDs are replaced: an ID is to be quoted, not to carry data.
const MAX_LENGTH: usize = 64;

/// The ID of one request: the caller's `X-Request-Id` if it is valid, otherwise a random one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The header `X-Request-Id`.
    pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        Self::from_header(headers.get(Self::HEADER))
    }

    /// Returns the ID in the header of a request if it is valid, otherwise a random one.
    pub fn from_header(sent: Option<&HeaderValue>) -> Self {
        sent.filter(|sent| is_valid(sent.as_bytes()))
            .cloned()
            .map_or_else(Self::random, Self)
    }

    fn random() -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bits = rand::random::<u64>();
        let mut text = [b'0'; 16];
        for digit in &mut text {
            *digit = DIGITS[(bits & 15) as usize];
            bits >>= 4;
        }
        // Hexadecimal digits are a valid header value; this avoids a panic for a case that does not occur.
        Self(HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("")))
    }

    /// Returns the ID as a string.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn is_valid(id: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(sent: &'static str) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(RequestId::HEADER, HeaderValue::from_static(sent));
        RequestId::from_headers(&headers)
    }

    #[test]
    fn valid_id_is_kept_and_any_other_replaced() {
        assert_eq!(id_for("b3_f-1.2").as_str(), "b3_f-1.2");
        for bad in ["", "a b", "<script>", "x".repeat(65).leak()] {
            let id = id_for(bad);
            assert_ne!(id.as_str(), bad);
            assert_eq!(id.as_str().len(), 16);
        }
        assert_ne!(RequestId::random(), RequestId::random());
    }
}
