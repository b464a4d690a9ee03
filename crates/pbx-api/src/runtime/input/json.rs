//! JSON bodies: syntax, duplicate properties, nesting.

use std::cell::{Cell, RefCell};
use std::fmt;

use pbx_types::{Location, Violation, push_property};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::numbers;
use crate::runtime::schema_violations::add;

/// The maximum nesting of a body. The contract's objects are far below it, and recursion needs a limit.
const MAX_DEPTH: usize = 64;

/// The byte order mark of UTF-8, which a recipient may ignore (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns a text without its byte order mark.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// Parses a JSON body and records its violations. Returns the value, and the number of values in it, if the syntax is valid, for further
/// validation.
pub(super) fn parse(bytes: &[u8], violations: &mut Vec<Violation>) -> Option<(Value, usize)> {
    let bytes = without_mark(bytes);
    if let Err(error) = std::str::from_utf8(bytes) {
        let offset = error.valid_up_to();
        let predicate = format!("is not UTF-8: byte {offset}");
        violations.push(Violation::with_predicate(Location::Body, "", "encoding", &predicate).limit("UTF-8"));
        return None;
    }
    let readable = numbers::check(bytes, MAX_DEPTH, violations);
    let reader = Reader::default();
    let mut source = serde_json::Deserializer::from_slice(&readable);
    let value = Node {
        reader: &reader,
        depth: 0,
    }
    .deserialize(&mut source)
    .and_then(|value| source.end().map(|()| value));
    violations.append(&mut reader.duplicates.into_inner());
    match value {
        Ok(value) => Some((value, reader.values.get())),
        Err(_) if reader.too_deep.get() => {
            let predicate = format!("is nested deeper than {MAX_DEPTH} levels");
            violations.push(Violation::with_predicate(Location::Body, "", "depth", &predicate).limit(MAX_DEPTH));
            None
        }
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let what = if error.is_eof() {
                "ends too early"
            } else {
                "is not valid JSON"
            };
            let predicate = format!("{what}: line {line}, column {column}");
            let limit = format!("line {line} column {column}");
            violations.push(Violation::with_predicate(Location::Body, "", "json", &predicate).limit(limit));
            None
        }
    }
}

#[derive(Default)]
struct Reader {
    /// Pointer to the value being read.
    pointer: RefCell<String>,
    duplicates: RefCell<Vec<Violation>>,
    values: Cell<usize>,
    too_deep: Cell<bool>,
}

#[derive(Clone, Copy)]
struct Node<'a> {
    reader: &'a Reader,
    depth: usize,
}

impl Node<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            self.reader.too_deep.set(true);
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.reader.values.set(self.reader.values.get() + 1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        let length = self.reader.pointer.borrow().len();
        loop {
            let step = format!("/{}", values.len());
            self.reader.pointer.borrow_mut().push_str(&step);
            let item = items.next_element_seed(inner)?;
            self.reader.pointer.borrow_mut().truncate(length);
            match item {
                Some(item) => values.push(item),
                None => return Ok(Value::Array(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Map::new();
        let length = self.reader.pointer.borrow().len();
        while let Some(name) = properties.next_key::<String>()? {
            push_property(&mut self.reader.pointer.borrow_mut(), &name);
            let value = properties.next_value_seed(inner)?;
            match values.entry(name) {
                Entry::Vacant(entry) => drop(entry.insert(value)),
                Entry::Occupied(mut entry) => {
                    entry.insert(value);
                    add(&mut self.reader.duplicates.borrow_mut(), || {
                        let pointer = self.reader.pointer.borrow().clone();
                        Violation::with_predicate(Location::Body, pointer, "duplicate", "is given more than once")
                    });
                }
            }
            self.reader.pointer.borrow_mut().truncate(length);
        }
        Ok(Value::Object(values))
    }
}

/// Returns a number. `1.0` and `1e3` are integers, as in JSON Schema, so that integer types can hold them.
pub(super) fn number(value: f64) -> Value {
    /// Beyond this, not every integer has an exact float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "checked to be integral and in range")]
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn violations(text: &[u8]) -> Vec<String> {
        let mut violations = Vec::new();
        parse(text, &mut violations);
        violations.iter().map(Violation::to_string).collect()
    }

    #[test]
    fn integral_floats_are_integers() {
        let mut violations = Vec::new();
        let value = parse(b"[1.0, -2e2, 1.5, 18446744073709551615, 1e20]", &mut violations);
        assert_eq!(value, Some((json!([1, -200, 1.5, 18446744073709551615_u64, 1e20]), 6)));
        assert!(violations.is_empty());
    }

    #[test]
    fn byte_order_mark_is_skipped_and_numbers_out_of_range_are_named() {
        assert_eq!(violations(b"\xef\xbb\xbf {\"a\": 1}"), [""; 0]);
        assert_eq!(violations(b"\xef\xbb\xbf{\"a\": 1e400}"), ["body#/a number"]);
        assert_eq!(violations(b"{\"a\": \xef\xbb\xbf1}"), ["body# json line 1 column 7"]);
    }

    #[test]
    fn syntax_errors_have_line_and_column() {
        assert_eq!(violations(b"{\n \"a\": x}"), ["body# json line 2 column 7"]);
        assert_eq!(violations(b"{\"a\": 1"), ["body# json line 1 column 7"]);
        assert_eq!(violations(b"{} {}"), ["body# json line 1 column 4"]);
        assert_eq!(violations(b"{\"a\": \"\xff\"}"), ["body# encoding UTF-8"]);
    }

    #[test]
    fn duplicate_properties_are_reported_with_their_pointers() {
        assert_eq!(
            violations(br#"{"a":1,"b":[{"x":1,"y":2,"x":3}],"a":2}"#),
            ["body#/b/0/x duplicate", "body#/a duplicate"]
        );
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(violations(nested(MAX_DEPTH).as_bytes()), [""; 0]);
        assert_eq!(violations(nested(MAX_DEPTH + 1).as_bytes()), ["body# depth 64"]);
        assert_eq!(violations("[".repeat(100_000).as_bytes()), ["body# depth 64"]);
    }
}
