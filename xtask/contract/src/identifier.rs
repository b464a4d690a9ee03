//! ASCII identifiers from any text: names of the document as Rust and JSON tools accept them.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};

/// The maximum length: file names are made from identifiers, too.
const MAX_LENGTH: usize = 100;

/// Returns the text in snake case: ASCII letters, digits and underscores, and a letter first. May be a keyword.
pub fn snake(text: &str) -> String {
    let name = words(text).to_snake_case();
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("n{name}"),
        false => name,
    }
}

/// Returns the text in Pascal case: ASCII letters and digits, and a letter first. May be `Self`.
pub fn pascal(text: &str) -> String {
    let name = words(text).to_upper_camel_case();
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("N{name}"),
        false => name,
    }
}

/// Returns `true` if an identifier of this name is not possible, or only as a raw one; syn lacks the `gen` of edition 2024.
pub fn is_keyword(name: &str) -> bool {
    name == "gen" || syn::parse_str::<syn::Ident>(name).is_err()
}

/// Replaces all but ASCII letters and digits by underscores. Text with neither is spelled out, and so is a sign before digits, so
/// that `+1` and `-1`, or `*` and `%`, have different names.
fn words(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    let mut rest = text;
    let mut words = String::new();
    if !text.contains(is_plain) {
        let spelled: Vec<_> = text.chars().take(MAX_LENGTH).map(spell).collect();
        words = match text.is_empty() {
            true => "empty".to_owned(),
            false => spelled.join("_"),
        };
        rest = "";
    } else if text.starts_with(['+', '-']) && text[1..].starts_with(|c: char| c.is_ascii_digit()) {
        words = format!("{}_", spell(char::from(text.as_bytes()[0])));
        rest = &text[1..];
    }
    words.extend(rest.chars().map(|c| if is_plain(c) { c } else { '_' }));
    // Cut at the first word: leading underscores are no part of the identifier.
    let words = words.trim_start_matches('_');
    words.chars().take(MAX_LENGTH).collect()
}

/// Returns the name of a character that is no ASCII letter or digit: its code point unless it is a common symbol.
fn spell(c: char) -> String {
    let name = match c {
        ' ' => "space",
        '!' => "exclamation",
        '"' => "quote",
        '#' => "hash",
        '$' => "dollar",
        '%' => "percent",
        '&' => "ampersand",
        '\'' => "apostrophe",
        '(' => "left_parenthesis",
        ')' => "right_parenthesis",
        '*' => "asterisk",
        '+' => "plus",
        ',' => "comma",
        '-' => "minus",
        '.' => "dot",
        '/' => "slash",
        ':' => "colon",
        ';' => "semicolon",
        '<' => "less",
        '=' => "equal",
        '>' => "greater",
        '?' => "question",
        '@' => "at",
        '[' => "left_bracket",
        '\\' => "backslash",
        ']' => "right_bracket",
        '^' => "caret",
        '_' => "underscore",
        '`' => "backtick",
        '{' => "left_brace",
        '|' => "pipe",
        '}' => "right_brace",
        '~' => "tilde",
        other => return format!("u{:04x}", u32::from(other)),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_becomes_an_identifier() {
        for (text, expected_snake, expected_pascal) in [
            ("calls_in_24_hours", "calls_in_24_hours", "CallsIn24Hours"),
            ("X-Rate-Limit", "x_rate_limit", "XRateLimit"),
            ("listIPRules", "list_ip_rules", "ListIpRules"),
            ("24h", "n24h", "N24h"),
            ("2.0", "n2_0", "N20"),
            ("$filter", "filter", "Filter"),
            ("größe", "gr_e", "GrE"),
            ("", "empty", "Empty"),
            ("_", "underscore", "Underscore"),
            ("*", "asterisk", "Asterisk"),
            (">=", "greater_equal", "GreaterEqual"),
            ("+1", "plus_1", "Plus1"),
            ("-1", "minus_1", "Minus1"),
            ("日本", "u65e5_u672c", "U65e5U672c"),
            ("\u{0}\u{1f44d}", "u0000_u1f44d", "U0000U1f44d"),
            ("a\"\\\r\n}b", "a_b", "AB"),
        ] {
            assert_eq!(snake(text), expected_snake, "{text:?}");
            assert_eq!(pascal(text), expected_pascal, "{text:?}");
        }
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(snake(&"a".repeat(10_000)).len(), MAX_LENGTH);
        assert!(pascal(&"👍".repeat(10_000)).len() <= MAX_LENGTH);
    }
}
