//! The differences between two JSON values, with JSON Pointers.

use serde_json::Value;

/// The maximum number of differences in a message.
const MAX_DIFFERENCES: usize = 12;
/// The maximum number of characters shown of a value.
const MAX_LENGTH: usize = 200;

/// The kind of comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Both values are equal.
    Exact,
    /// Objects may have more properties than expected, at every depth.
    Partial,
}

/// Returns how `actual` differs from `expected`, each difference with its JSON Pointer.
pub(crate) fn differences(expected: &Value, actual: &Value, comparison: Comparison) -> Vec<String> {
    let mut out = Vec::new();
    compare(expected, actual, comparison, "", &mut out);
    if out.len() > MAX_DIFFERENCES {
        let more = out.len() - MAX_DIFFERENCES;
        out.truncate(MAX_DIFFERENCES);
        out.push(format!("and {more} more"));
    }
    out
}

fn compare(expected: &Value, actual: &Value, comparison: Comparison, at: &str, out: &mut Vec<String>) {
    let differs = || format!("{}expected {}, was {}", prefix(at), shown(expected), shown(actual));
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(present)) => {
            let pointer = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            for (name, value) in wanted {
                match present.get(name) {
                    Some(actual) => compare(value, actual, comparison, &pointer(name), out),
                    None => out.push(format!("{}: expected {}, was absent", pointer(name), shown(value))),
                }
            }
            for (name, value) in present {
                if comparison == Comparison::Exact && !wanted.contains_key(name) {
                    out.push(format!(
                        "{}: expected to be absent, was {}",
                        pointer(name),
                        shown(value)
                    ));
                }
            }
        }
        (Value::Array(wanted), Value::Array(present)) if wanted.len() == present.len() => {
            for (index, (wanted, present)) in wanted.iter().zip(present).enumerate() {
                compare(wanted, present, comparison, &format!("{at}/{index}"), out);
            }
        }
        (Value::Array(wanted), Value::Array(present)) => out.push(format!(
            "{}expected an array of {}, was one of {}: {}",
            prefix(at),
            wanted.len(),
            present.len(),
            shown(actual)
        )),
        // 1 and 1.0 are the same number.
        (Value::Number(one), Value::Number(other)) if one == other || one.as_f64() == other.as_f64() => {}
        _ if expected == actual => {}
        _ => out.push(differs()),
    }
}

fn prefix(at: &str) -> String {
    match at {
        "" => String::new(),
        at => format!("{at}: "),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_difference_has_its_json_pointer() {
        let expected = json!({"a": {"b": 1, "c/d": "x"}, "e": [1, {"f": null}], "g": true, "h": [1]});
        let actual = json!({"a": {"b": 1.0, "c/d": "y"}, "e": [1, {"f": 2}], "h": [], "i": 0});
        assert_eq!(
            differences(&expected, &actual, Comparison::Exact),
            [
                "/a/c~1d: expected \"x\", was \"y\"",
                "/e/1/f: expected null, was 2",
                "/g: expected true, was absent",
                "/h: expected an array of 1, was one of 0: []",
                "/i: expected to be absent, was 0",
            ]
        );
        assert_eq!(differences(&expected, &expected, Comparison::Exact), [""; 0]);
        assert_eq!(
            differences(&json!(1), &json!("1"), Comparison::Partial),
            ["expected 1, was \"1\""]
        );
    }

    #[test]
    fn partial_comparison_ignores_further_properties() {
        let actual = json!({"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}]});
        for part in [json!({}), json!({"a": {"b": 1}}), json!({"d": [{"f": 2}]})] {
            assert_eq!(differences(&part, &actual, Comparison::Partial), [""; 0], "{part}");
        }
        assert_eq!(differences(&json!({"d": []}), &actual, Comparison::Partial).len(), 1);
    }

    #[test]
    fn long_messages_are_truncated() {
        let many = json!((0..100).collect::<Vec<_>>());
        let others = json!((1..101).collect::<Vec<_>>());
        let messages = differences(&many, &others, Comparison::Exact);
        assert_eq!(
            (messages.len(), messages[MAX_DIFFERENCES].as_str()),
            (MAX_DIFFERENCES + 1, "and 88 more")
        );
        let long = differences(&json!("é".repeat(1000)), &json!(1), Comparison::Exact);
        assert!(long[0].len() < 500, "{}", long[0].len());
    }
}
