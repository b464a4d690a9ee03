//! Patterns that match every string.

/// Returns `true` for patterns that match every string, such as `.*`.
pub fn is_universal(pattern: &str) -> bool {
    let anchored = pattern.strip_prefix('^').unwrap_or(pattern);
    let inner = anchored.strip_suffix('$').unwrap_or(anchored);
    let inner = inner
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(inner);
    matches!(
        inner.trim_start_matches("?:"),
        ".*" | "[\\s\\S]*" | "[\\S\\s]*" | "[\\d\\D]*" | "[\\w\\W]*" | "[^]*"
    ) || matches!(pattern, "" | "^" | "$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_that_matches_everything_is_universal() {
        for pattern in [
            "",
            "^",
            "$",
            ".*",
            "^.*$",
            "^.*",
            ".*$",
            "(.*)",
            "^(.*)$",
            "^(?:.*)$",
            "^[\\s\\S]*$",
        ] {
            assert!(is_universal(pattern), "{pattern}");
        }
        for pattern in ["^$", ".+", "a.*", "^.*b$", "\\.*", "[.*]", "(.*", "^..*$"] {
            assert!(!is_universal(pattern), "{pattern}");
        }
    }
}
