//! The file name of a download, from the `Content-Disposition` header.

use pbx_client::reqwest::header::{CONTENT_DISPOSITION, HeaderMap};

use crate::output::sanitize;

/// Maximum length in bytes; file systems allow some more.
const MAX_LENGTH: usize = 200;

/// Returns the file name, safe in any directory: it has no separators, no control characters, and no dot in front.
pub(super) fn from_headers(headers: &HeaderMap) -> Option<String> {
    let disposition = headers.get(CONTENT_DISPOSITION)?;
    let text = String::from_utf8_lossy(disposition.as_bytes()).into_owned();
    let parameters = parameters(&text);
    let extended = parameters.iter().find(|(name, _)| name == "filename*");
    let plain = parameters.iter().find(|(name, _)| name == "filename");
    let name = match extended.and_then(|(_, value)| decode_extended(value)) {
        Some(name) => name,
        None => plain?.1.clone(),
    };
    // Only the last component of a Unix or Windows path.
    let name = name.rsplit(['/', '\\']).next()?;
    let is_unsafe = |c: char| sanitize::is_unsafe(c) || c.is_control() || "<>:\"|?*".contains(c);
    let name = name.replace(is_unsafe, "_");
    let name = name.trim().trim_end_matches('.').trim_start_matches('.').trim();
    let mut name = name.to_owned();
    while name.len() > MAX_LENGTH {
        name.pop();
    }
    (!name.is_empty()).then_some(name)
}

/// Parses the parameters of a header and removes their quotes.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let mut rest = text.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim().to_ascii_lowercase();
        let after = after.trim_start();
        let mut value = String::new();
        let end = match after.strip_prefix('"') {
            Some(quoted) => {
                let mut escaped = false;
                let mut end = after.len();
                for (at, c) in quoted.char_indices() {
                    match c {
                        _ if escaped => {
                            escaped = false;
                            value.push(c);
                        }
                        '\\' => escaped = true,
                        '"' => {
                            end = at + 2;
                            break;
                        }
                        c => value.push(c),
                    }
                }
                end
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                value.push_str(after[..end].trim());
                end
            }
        };
        parameters.push((name, value));
        rest = after[end..].trim_start().trim_start_matches(';');
    }
    parameters
}

/// Decodes an extended value (RFC 8187) such as `UTF-8''na%C3%AFve.csv`.
fn decode_extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut bytes = Vec::new();
    let mut input = text.bytes();
    while let Some(byte) = input.next() {
        match byte {
            b'%' => {
                let (high, low) = (
                    char::from(input.next()?).to_digit(16)?,
                    char::from(input.next()?).to_digit(16)?,
                );
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(disposition: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_DISPOSITION, disposition.parse().unwrap());
        from_headers(&headers)
    }

    #[test]
    fn name_is_parsed_from_the_header() {
        for (disposition, expected) in [
            ("attachment; filename=rules.csv", "rules.csv"),
            ("attachment; filename=\"a; b \\\"c\\\".csv\"", "a; b _c_.csv"),
            (
                "attachment; filename=\"x.csv\"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.csv",
                "naïve €.csv",
            ),
            ("attachment; FILENAME = x.csv ; size=1", "x.csv"),
            ("attachment; filename*=latin1''x; filename=y", "y"),
            ("attachment; filename*=UTF-8''%ff; filename=y", "y"),
        ] {
            assert_eq!(name(disposition).as_deref(), Some(expected), "{disposition}");
        }
    }

    #[test]
    fn name_cannot_leave_the_directory() {
        for (disposition, expected) in [
            ("attachment; filename=../../etc/passwd", Some("passwd")),
            ("attachment; filename=\"..\\\\..\\\\x.exe\"", Some("x.exe")),
            ("attachment; filename=/etc/shadow", Some("shadow")),
            ("attachment; filename*=UTF-8''..%2F..%2Fx", Some("x")),
            ("attachment; filename=..", None),
            ("attachment; filename=\"\"", None),
            ("attachment; filename=\".bashrc\"", Some("bashrc")),
            ("attachment; filename*=UTF-8''a%00b%1B%5B", Some("a_b_[")),
            ("attachment; filename=C:x", Some("C_x")),
            ("attachment", None),
            ("attachment; filename=\"unterminated", Some("unterminated")),
        ] {
            assert_eq!(name(disposition).as_deref(), expected, "{disposition}");
        }
        assert_eq!(
            name(&format!("attachment; filename={}", "ä".repeat(300)))
                .unwrap()
                .len(),
            200
        );
    }
}
