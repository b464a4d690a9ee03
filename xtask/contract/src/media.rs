//! Media types, and the kind of body of each.

/// The media type of JSON, whose schemas follow the conventions.
pub const JSON: &str = "application/json";
/// The media type of HTML forms.
pub const FORM: &str = "application/x-www-form-urlencoded";
/// The media type of bytes of no known type.
pub const OCTETS: &str = "application/octet-stream";

/// The media type of text of no known type.
pub const TEXT: &str = "text/plain";

/// The kind of a body, which its media type decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Json,
    Form,
    /// A string.
    Text,
    Bytes,
}

/// Returns the media type without parameters such as `charset`, in lower case.
pub fn essence(media_type: &str) -> String {
    media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Returns a concrete media type: the usual one for a range such as `image/*`.
pub fn concrete<'a>(media_type: &'a str, usual: &'a str) -> &'a str {
    match media_type.contains('*') {
        true => usual,
        false => media_type,
    }
}

/// Returns the kind of body of a media type. `*/*` is JSON: documents that name it describe JSON.
pub fn kind(media_type: &str) -> Kind {
    let essence = essence(media_type);
    match essence.as_str() {
        JSON | "*/*" | "application/*" | "text/json" | "application/x-json" => Kind::Json,
        FORM => Kind::Form,
        // Without its structure, a stream of several JSON values is bytes.
        _ if essence.ends_with("+json") => Kind::Json,
        _ if essence.starts_with("text/") => Kind::Text,
        _ => Kind::Bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_suffixes_and_case_do_not_matter() {
        for json in [
            "application/json; charset=utf-8",
            "Application/JSON",
            "application/problem+json",
            "application/vnd.example.v3+json;q=1",
            "*/*",
        ] {
            assert_eq!(kind(json), Kind::Json, "{json}");
        }
        assert_eq!(kind("text/plain; charset=utf-8"), Kind::Text);
        assert_eq!(kind("text/*"), Kind::Text);
        assert_eq!(kind("application/x-www-form-urlencoded;charset=utf-8"), Kind::Form);
        for bytes in [
            "multipart/form-data",
            "image/*",
            "application/xml",
            "application/x-ndjson",
            "",
            ";",
        ] {
            assert_eq!(kind(bytes), Kind::Bytes, "{bytes}");
        }
    }
}
