//! Patterns of paths and names in which `*` stands for any characters.

/// Compares path segments: `*` stands for any characters of a segment, `**` for any number of segments.
pub fn path_matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    matches(
        &pattern,
        &path,
        |pattern| *pattern == "**",
        |pattern, segment| wildcard(pattern, segment),
    )
}

/// Compares with a pattern in which `*` stands for any characters.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<_>, Vec<_>) = (pattern.chars().collect(), text.chars().collect());
    matches(&pattern, &text, |pattern| *pattern == '*', |a, b| a == b)
}

/// Matches a list with patterns, of which some stand for any number of items. Quadratic at most.
fn matches<T>(patterns: &[T], items: &[T], is_many: impl Fn(&T) -> bool, is_match: impl Fn(&T, &T) -> bool) -> bool {
    // For each number of items: whether the patterns so far match that many.
    let mut reached = vec![false; items.len() + 1];
    reached[0] = true;
    for pattern in patterns {
        let mut next = vec![false; items.len() + 1];
        let is_many = is_many(pattern);
        for index in 0..=items.len() {
            let from_before = index > 0 && reached[index - 1] && !is_many && is_match(pattern, &items[index - 1]);
            next[index] = from_before || (is_many && (reached[index] || (index > 0 && next[index - 1])));
        }
        reached = next;
    }
    reached[items.len()]
}

#[cfg(test)]
mod tests {
    use super::path_matches;

    #[test]
    fn patterns_match_whole_segments() {
        let cases = [
            ("/a/*", "/a/b", true),
            ("/a/*", "/a", false),
            ("/a/*", "/a/b/c", false),
            ("/a/**", "/a/b/c", true),
            ("/a/**", "/a", true),
            ("/a/**", "/ab", false),
            ("/**", "/", true),
            ("/**/c", "/a/b/c", true),
            ("/**/**/**/c", "/a/b/d", false),
            ("/call_*/x", "/call_reports/x", true),
            ("/a*b*c", "/a1b2c", true),
            ("/a*b*c", "/a1c", false),
            ("/*ä", "/bä", true),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(path_matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn many_wildcards_take_no_longer_than_their_product_with_the_segments() {
        assert!(!path_matches(&"/**/a".repeat(200), &format!("{}/b", "/a".repeat(400))));
        assert!(!path_matches(&"*a".repeat(200), &format!("{}b", "a".repeat(400))));
    }
}
