//! Numbers that a double does not hold: out of its range, or with more digits than it keeps. They are rejected, because a value that
//! is rounded silently is not the one that was sent.

use std::borrow::Cow;

use pbx_types::{Location, Violation, push_property};

use crate::runtime::schema_violations::{NUMBER, add};

/// Every decimal number of this many significant digits is kept by a double.
const ALWAYS_KEPT: usize = 15;

/// No double needs more significant digits.
const MAX_DIGITS: usize = 17;

/// A reason why a number cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is larger than the largest double, or so close to zero that it would become zero.
    OutOfRange,
    /// It has more digits than its double keeps.
    TooPrecise,
}

impl Fault {
    /// Returns the violation by the number at this pointer.
    pub(super) fn violation(self, location: Location, pointer: impl Into<String>) -> Violation {
        let predicate = match self {
            Self::OutOfRange => {
                "is out of range for a number: from -1.7e308 to 1.7e308, and not closer to zero than 5e-324"
            }
            Self::TooPrecise => "has more digits than a number keeps: send at most 15 significant digits",
        };
        Violation::with_predicate(location, pointer, NUMBER, predicate)
    }
}

/// Returns the reason why a number in JSON's grammar cannot be read; `None` for other strings too.
pub(super) fn fault(number: &str) -> Option<Fault> {
    let exponent = number.find(['e', 'E']);
    if exponent.is_none() && number.len() <= ALWAYS_KEPT {
        return None;
    }
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return None;
    }
    let value: f64 = number.parse().ok()?;
    let digits = significant(&number[..exponent.unwrap_or(number.len())]);
    if value.is_infinite() || (value == 0.0 && !digits.is_empty()) {
        return Some(Fault::OutOfRange);
    }
    let kept = match digits.len() {
        0 => true,
        1..=ALWAYS_KEPT if value.is_normal() => true,
        // The digits of the double, rounded to as many.
        length @ ..=MAX_DIGITS => significant(format!("{value:.*e}", length - 1).split('e').next()?) == digits,
        _ => false,
    };
    (!kept).then_some(Fault::TooPrecise)
}

/// Returns the digits of a number without exponent, without the zeros around them.
fn significant(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// The object or array that a value is in.
enum Parent {
    /// The name of the property, as it is written, or `None` where the next string is one.
    Object(Option<(usize, usize)>),
    /// The index of the item.
    Array(usize),
}

/// Records the numbers of a JSON text that cannot be read, down to a depth. In the returned text, those out of range are zeros, so that
/// it can be parsed. The syntax is not checked.
pub(super) fn check<'a>(text: &'a [u8], max_depth: usize, violations: &mut Vec<Violation>) -> Cow<'a, [u8]> {
    let mut readable = Cow::Borrowed(text);
    let mut parents: Vec<Parent> = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                at = end_of_string(text, at);
                if let Some(Parent::Object(name @ None)) = parents.last_mut() {
                    *name = Some((start, at));
                }
            }
            b'{' | b'[' if parents.len() > max_depth => break,
            b'{' => parents.push(Parent::Object(None)),
            b'[' => parents.push(Parent::Array(0)),
            b'}' | b']' => {
                parents.pop();
            }
            b',' => match parents.last_mut() {
                Some(Parent::Object(name)) => *name = None,
                Some(Parent::Array(index)) => *index += 1,
                None => {}
            },
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                at += text[at..].iter().take_while(|byte| is_part(byte)).count();
                let fault = std::str::from_utf8(&text[start..at]).ok().and_then(fault);
                if fault == Some(Fault::OutOfRange) {
                    let number = &mut readable.to_mut()[start..at];
                    number.fill(b' ');
                    number[0] = b'0';
                }
                if let Some(fault) = fault {
                    add(violations, || fault.violation(Location::Body, pointer(text, &parents)));
                }
            }
            _ => {}
        }
    }
    readable
}

/// Returns the index after the quote that ends a string.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

fn pointer(text: &[u8], parents: &[Parent]) -> String {
    let mut pointer = String::new();
    for parent in parents {
        match parent {
            Parent::Array(index) => pointer.push_str(&format!("/{index}")),
            Parent::Object(name) => {
                let name = name.and_then(|(start, end)| serde_json::from_slice::<String>(&text[start..end]).ok());
                push_property(&mut pointer, &name.unwrap_or_default());
            }
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_a_double_does_not_hold_are_found() {
        let long = "1".repeat(100_000);
        for good in [
            "0",
            "-0",
            "-0.0e-999",
            "1.0",
            "1e2",
            "1E+300",
            "123456789012345.00000000",
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551615",
            "100000000000000000000000000",
            "0.1000000000000000",
            "0.30000000000000004",
            "0.10000000000000001",
            "1.7976931348623157e308",
            "2.2250738585072014e-308",
            "5e-324",
            "not a number",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for (bad, expected) in [
            ("1e400", Fault::OutOfRange),
            ("-1e309", Fault::OutOfRange),
            (&*long, Fault::OutOfRange),
            ("1e-400", Fault::OutOfRange),
            ("1.0000000000000000000001", Fault::TooPrecise),
            ("9007199254740993.0", Fault::TooPrecise),
            ("18446744073709551617", Fault::TooPrecise),
            ("-9223372036854775809", Fault::TooPrecise),
            ("0.12345678901234567891", Fault::TooPrecise),
            ("1.23456789012345e-320", Fault::TooPrecise),
        ] {
            assert_eq!(fault(bad), Some(expected), "{bad}");
        }
    }

    fn checked(text: &str) -> (String, Vec<String>) {
        let mut violations = Vec::new();
        let readable = String::from_utf8(check(text.as_bytes(), 64, &mut violations).into_owned()).unwrap();
        (readable, violations.iter().map(Violation::to_string).collect())
    }

    #[test]
    fn places_of_numbers_are_pointers_and_strings_are_skipped() {
        let (readable, violations) = checked(
            r#"{"a\"1e400":[1, {"b/c": 1e400}], "d": "1e400, \\", "e" : -1e999, "f": [[], 18446744073709551617]}"#,
        );
        assert_eq!(
            readable,
            r#"{"a\"1e400":[1, {"b/c": 0    }], "d": "1e400, \\", "e" : 0     , "f": [[], 18446744073709551617]}"#
        );
        assert_eq!(
            violations,
            ["body#/a%221e400/1/b~1c number", "body#/e number", "body#/f/1 number"]
        );
    }

    #[test]
    fn malformed_text_is_left_to_the_parser() {
        for text in ["", "]", "}1", "\"", "\"\\", "{1e", "[-", ",,", "{\"a", "--1", "1.2.3e5"] {
            assert_eq!(checked(text), (text.to_owned(), Vec::new()), "{text}");
        }
        assert_eq!(checked("1e400").1, ["body# number"]);
        checked(&"[".repeat(100_000));
    }
}
