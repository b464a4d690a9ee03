//! YAML 1.2 as another notation for JSON: reads request bodies, writes responses.
//!
//! Both ends are untrusted: a file may be hostile, and so may what a server sends.

use std::borrow::Cow;

use serde_json::Value;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};

/// Maximum nesting of arrays and objects in a document that is read: several times that of any request, and few enough levels for
/// the stack of every thread.
const MAX_DEPTH: usize = 32;

/// Parses one document.
///
/// Only `true` and `false` are booleans, and only what JSON could write is a number apart from hexadecimal and octal integers:
/// `no`, `0049`, `1_000` and `12:30` are strings. Aliases and merge keys are expanded within a limit.
///
/// # Errors
///
/// Returns the reason, with line and column: the syntax, a duplicate key, an unknown tag, a second document, a number that JSON
/// cannot hold, or a document that is too large or too deep. The reason quotes no line of the document, which may hold a secret.
pub fn parse(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        // A snippet would show the lines around the error.
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.render_with_formatter(&Messages))
}

/// Formats a value as a document that YAML 1.1 and 1.2 parsers read alike.
///
/// # Errors
///
/// Returns the reason if the value cannot be written.
pub fn format(value: &Value) -> Result<String, String> {
    // Text is not wrapped: only its own line breaks are line breaks in the document.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_string_with_options(value, options).map_err(|error| error.to_string())
}

/// Words the errors of limits for a user, and those whose own message names settings of the library.
struct Messages;

impl MessageFormatter for Messages {
    fn format_message<'a>(&self, error: &'a Error) -> Cow<'a, str> {
        Cow::Borrowed(match error {
            Error::Budget {
                breach: BudgetBreach::Depth { .. },
                ..
            } => return Cow::Owned(format!("nested more than {MAX_DEPTH} levels deep")),
            Error::Budget { .. }
            | Error::AliasReplayCounterOverflow { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => "too large, or too many aliases",
            Error::MultipleDocuments { .. } => "more than one document",
            Error::RecursiveReferencesRequireWeakTypes { .. } => "alias of the value that contains it",
            Error::UnknownAnchor { .. } => "alias without an anchor",
            // A mapping is read into an object of JSON.
            Error::Unexpected {
                expected: "string scalar",
                ..
            } => "mapping key is not a string",
            other => return UserMessageFormatter.format_message(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Strings that a YAML parser could take for something else.
    const AMBIGUOUS: &[&str] = &[
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "N",
        "true",
        "False",
        "null",
        "Null",
        "~",
        "",
        " ",
        "1e3",
        "1E+3",
        "0x1F",
        "0o17",
        "0b1",
        "017",
        "1_000",
        "+49301234",
        "-5",
        ".5",
        "5.",
        "1.",
        "-0",
        ".inf",
        "-.Inf",
        ".nan",
        "NaN",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "12:30",
        "190:20:30",
        "<<",
        "=",
        "!",
        "!t",
        "&a",
        "*a",
        "%x",
        "@x",
        "`x",
        "#x",
        "x #y",
        "- x",
        "-",
        "?",
        "? x",
        ":",
        "a: b",
        "a:",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'x'",
        "\"x\"",
        "|",
        ">",
        "---",
        "...",
        "--- x",
        " x",
        "x ",
        "\t",
        "x\ty",
        "x\n",
        "\nx",
        "\n",
        "\n\n",
        "x\n\n",
        "  x\ny",
        "x\n  y\n",
        "x\r\ny",
        "x\n# y",
        "x\n---\ny",
        "\u{0}",
        "\u{1b}[31m",
        "x\n\u{1b}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{202e}x",
        "\u{feff}x",
        "\u{fffe}",
        "\u{e0041}",
        "\u{1f600}",
        "漢字",
        "é",
    ];

    fn strings() -> impl Strategy<Value = String> {
        prop_oneof![
            proptest::sample::select(AMBIGUOUS).prop_map(str::to_owned),
            any::<String>(),
            "[ \\t\\n\\r:#'\"\\\\,\\[\\]{}&*!|>%@`?~=0-9a-zA-Z-]{0,20}",
            proptest::collection::vec(any::<char>(), 60..120).prop_map(String::from_iter),
        ]
    }

    fn values() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("JSON has finite numbers", |number| number.is_finite())
                .prop_map(Value::from),
            strings().prop_map(Value::from),
        ];
        scalar.prop_recursive(6, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((strings(), inner), 0..6)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn written_value_is_read_back(value in values()) {
            let text = format(&value).unwrap();
            let read = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}:\n{text}")))?;
            // As text, which also compares the order of properties and the sign of zero.
            prop_assert_eq!(read.to_string(), value.to_string(), "{}", text);
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = parse(&text);
        }
    }

    #[test]
    fn ambiguous_strings_are_quoted() {
        for text in AMBIGUOUS {
            for value in [json!(text), json!({*text: text}), json!([[text], {"a": text}])] {
                let written = format(&value).unwrap();
                assert_eq!(parse(&written), Ok(value), "{written}");
            }
        }
        let value = json!({
            "no": ["yes", "1e3", "2026-01-01", "0049301", "plain text"], "pem": "-----BEGIN\nMII\n-----END\n", "bell": "a\u{7}b",
            "long": "word ".repeat(30).trim_end(), "none": null, "object": {}, "list": [[1, [2.0]], []],
        });
        insta::assert_snapshot!(format(&value).unwrap(), @r##"
        "no":
        - "yes"
        - "1e3"
        - "2026-01-01"
        - "0049301"
        - plain text
        pem: |
          -----BEGIN
          MII
          -----END
        bell: "a\ab"
        long: word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word
        none: null
        object: {}
        list:
        - - 1
          - - 2.0
        - []
        "##);
    }

    #[test]
    fn plain_scalars_have_the_types_of_yaml_1_2() {
        for (text, value) in [
            ("no", json!("no")),
            ("yes", json!("yes")),
            ("on", json!("on")),
            ("TRUE", json!(true)),
            ("false", json!(false)),
            ("~", json!(null)),
            ("", json!(null)),
            ("12", json!(12)),
            ("-1.5e3", json!(-1500.0)),
            ("0x1F", json!(31)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            // Larger ones are rounded, as in JSON.
            (
                "18446744073709551616",
                serde_json::from_str("18446744073709551616").unwrap(),
            ),
            ("0049301", json!("0049301")),
            ("1_000", json!("1_000")),
            ("12:30", json!("12:30")),
            ("2026-01-01", json!("2026-01-01")),
            ("!!str 5", json!("5")),
            ("1: a", json!({"1": "a"})),
            ("{a: &x {b: 1}, c: *x}", json!({"a": {"b": 1}, "c": {"b": 1}})),
            (
                "a: &x {b: 1}\nc: {<<: *x, d: 2}",
                json!({"a": {"b": 1}, "c": {"d": 2, "b": 1}}),
            ),
            ("# comment\n---\na: b\n...\n", json!({"a": "b"})),
            ("\u{feff}a: b", json!({"a": "b"})),
        ] {
            assert_eq!(parse(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn errors_have_reason_and_location() {
        for (text, reason) in [
            (
                "a: 1\nb: 2\na: 3\n",
                "duplicate mapping key `a` is not allowed here at line 3, column 1",
            ),
            (
                "a: {b: 1, b: 2}",
                "duplicate mapping key `b` is not allowed here at line 1, column 11",
            ),
            ("a: [1", "unclosed bracket '[' at line 1, column 4"),
            (
                "a: b: c",
                "mapping values are not allowed in this context at line 1, column 5",
            ),
            (
                "a:\n\t- b",
                "tabs disallowed within this context (block indentation) at line 2, column 2",
            ),
            ("a: 'x", "unclosed quote at line 1, column 4"),
            ("a: 1\n---\nb: 2", "more than one document at line 3, column 1"),
            ("a: *x", "alias without an anchor at line 1, column 4"),
            ("a: !secret x", "unsupported tag `!secret` at line 1, column 12"),
            ("? [1]\n: 2", "mapping key is not a string at line 1, column 3"),
            ("a: .inf", "value `.inf` is not a finite number at line 1, column 4"),
            ("a: 1e999", "value `1e999` is not a finite number at line 1, column 4"),
            ("- &a [*a]", "alias of the value that contains it at line 1, column 7"),
            ("a: \u{1b}", "unexpected character: `\\u{1b}' at line 1, column 4"),
        ] {
            assert_eq!(parse(text), Err(reason.to_owned()), "{text}");
        }
    }

    #[test]
    fn deep_documents_are_refused() {
        for depth in [1, MAX_DEPTH - 1, MAX_DEPTH] {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert!(parse(&text).is_ok(), "{depth}");
        }
        let blocks = |depth: usize| {
            (0..depth)
                .map(|level| format!("{}a:\n", " ".repeat(level)))
                .collect::<String>()
        };
        assert!(parse(&blocks(MAX_DEPTH)).is_ok());
        let expected = "nested more than 32 levels deep at line 33, column 33";
        for depth in [MAX_DEPTH + 1, 2_000] {
            assert_eq!(parse(&blocks(depth)), Err(expected.to_owned()));
        }
        for depth in [MAX_DEPTH + 1, 200, 1_000, 1_000_000] {
            for open in ["[", "{a: ", "- ", "? "] {
                let error = parse(&open.repeat(depth)).unwrap_err();
                // The parser has a limit of its own, and looks ahead for the closing bracket.
                let reasons = [
                    "nested more than 32 levels deep",
                    "recursion limit exceeded",
                    "unclosed bracket",
                ];
                assert!(
                    reasons.iter().any(|reason| error.starts_with(reason)),
                    "{depth} {open}: {error}"
                );
            }
        }
    }

    #[test]
    fn values_as_deep_as_json_allows_are_written() {
        let depth = 127;
        let json = format!("{}{}", "{\"a\":[".repeat(depth / 2), "]}".repeat(depth / 2));
        let written = format(&serde_json::from_str(&json).unwrap()).unwrap();
        assert_eq!(written.matches("a:").count(), depth / 2);
    }

    #[test]
    fn aliases_do_not_explode() {
        let mut text = format!("a0: &a0 [{}]\n", ["x"; 9].join(", "));
        for level in 1..15 {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        let error = parse(&text).unwrap_err();
        assert!(error.starts_with("too large, or too many aliases at line "), "{error}");
    }

    #[test]
    fn huge_documents_are_refused() {
        let error = parse(&format!("[{}]", "1,".repeat(300_000))).unwrap_err();
        assert!(error.starts_with("too large, or too many aliases at line "), "{error}");
    }

    #[test]
    fn errors_quote_no_line() {
        let error = parse("password: \"hunter2\npassword: hunter2\n: hunter2").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
