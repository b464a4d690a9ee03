//! How two JSON values differ, told with JSON pointers.

use serde_json::Value;

/// How many differences are told.
const MOST: usize = 12;
/// How much of a value is shown.
const LONGEST: usize = 200;

/// What must be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everything.
    Whole,
    /// What is expected; an object may have more members.
    Part,
}

/// How `found` differs from what is expected, each difference with its pointer; none when it does not.
pub(crate) fn differences(expected: &Value, found: &Value, mode: Mode) -> Vec<String> {
    let mut out = Vec::new();
    compare(expected, found, mode, "", &mut out);
    if out.len() > MOST {
        let more = out.len() - MOST;
        out.truncate(MOST);
        out.push(format!("and {more} more"));
    }
    out
}

fn compare(expected: &Value, found: &Value, mode: Mode, at: &str, out: &mut Vec<String>) {
    let differs = || format!("{}expected {}, was {}", place(at), shown(expected), shown(found));
    match (expected, found) {
        (Value::Object(wanted), Value::Object(present)) => {
            let member = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            for (name, value) in wanted {
                match present.get(name) {
                    Some(found) => compare(value, found, mode, &member(name), out),
                    None => out.push(format!("{}: expected {}, was absent", member(name), shown(value))),
                }
            }
            for (name, value) in present {
                if mode == Mode::Whole && !wanted.contains_key(name) {
                    out.push(format!("{}: expected to be absent, was {}", member(name), shown(value)));
                }
            }
        }
        (Value::Array(wanted), Value::Array(present)) if wanted.len() == present.len() => {
            for (index, (wanted, present)) in wanted.iter().zip(present).enumerate() {
                compare(wanted, present, mode, &format!("{at}/{index}"), out);
            }
        }
        (Value::Array(wanted), Value::Array(present)) => out.push(format!(
            "{}expected a list of {}, was one of {}: {}",
            place(at),
            wanted.len(),
            present.len(),
            shown(found)
        )),
        // 1 and 1.0 are the same number.
        (Value::Number(one), Value::Number(other)) if one == other || one.as_f64() == other.as_f64() => {}
        _ if expected == found => {}
        _ => out.push(differs()),
    }
}

fn place(at: &str) -> String {
    match at {
        "" => String::new(),
        at => format!("{at}: "),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_difference_has_its_place() {
        let expected = json!({"a": {"b": 1, "c/d": "x"}, "e": [1, {"f": null}], "g": true, "h": [1]});
        let found = json!({"a": {"b": 1.0, "c/d": "y"}, "e": [1, {"f": 2}], "h": [], "i": 0});
        assert_eq!(
            differences(&expected, &found, Mode::Whole),
            [
                "/a/c~1d: expected \"x\", was \"y\"",
                "/e/1/f: expected null, was 2",
                "/g: expected true, was absent",
                "/h: expected a list of 1, was one of 0: []",
                "/i: expected to be absent, was 0",
            ]
        );
        assert_eq!(differences(&expected, &expected, Mode::Whole), [""; 0]);
        assert_eq!(
            differences(&json!(1), &json!("1"), Mode::Part),
            ["expected 1, was \"1\""]
        );
    }

    #[test]
    fn a_part_may_have_more_around_it() {
        let found = json!({"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}]});
        for part in [json!({}), json!({"a": {"b": 1}}), json!({"d": [{"f": 2}]})] {
            assert_eq!(differences(&part, &found, Mode::Part), [""; 0], "{part}");
        }
        assert_eq!(differences(&json!({"d": []}), &found, Mode::Part).len(), 1);
    }

    #[test]
    fn a_message_stays_readable() {
        let many = json!((0..100).collect::<Vec<_>>());
        let others = json!((1..101).collect::<Vec<_>>());
        let told = differences(&many, &others, Mode::Whole);
        assert_eq!((told.len(), told[MOST].as_str()), (MOST + 1, "and 88 more"));
        let long = differences(&json!("é".repeat(1000)), &json!(1), Mode::Whole);
        assert!(long[0].len() < 500, "{}", long[0].len());
    }
}
