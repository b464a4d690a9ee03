//! JSON with line numbers. serde_json reads byte by byte from a reader that counts newlines, so that a visitor knows its line.

use std::cell::Cell;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::{Kind, Location, Node, Object};

pub(super) fn parse(first: &Location, text: &str) -> Result<Node, (usize, String)> {
    let line = Cell::new(first.line);
    let reader = LineCounter {
        rest: text.as_bytes(),
        line: &line,
    };
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let seed = Seed {
        file: &first.file,
        line: &line,
        key_line: None,
    };
    let node = seed.deserialize(&mut deserializer);
    node.and_then(|node| deserializer.end().map(|()| node)).map_err(|e| {
        let message = e.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(m, _)| m);
        (first.line + e.line().max(1) - 1, message.to_owned())
    })
}

struct LineCounter<'a> {
    rest: &'a [u8],
    line: &'a Cell<usize>,
}

impl Read for LineCounter<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.rest.len().min(buffer.len());
        let (taken, rest) = self.rest.split_at(count);
        buffer[..count].copy_from_slice(taken);
        self.line
            .set(self.line.get() + taken.iter().filter(|b| **b == b'\n').count());
        self.rest = rest;
        Ok(count)
    }
}

#[derive(Clone)]
struct Seed<'a> {
    file: &'a Arc<str>,
    line: &'a Cell<usize>,
    /// The line of the key, for a property.
    key_line: Option<usize>,
}

impl Seed<'_> {
    fn location(&self) -> Location {
        Location::new(self.file.clone(), self.key_line.unwrap_or(self.line.get()))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Seed<'_> {
    fn scalar<E>(&self, value: Value) -> Result<Node, E> {
        Ok(Node {
            location: self.location(),
            kind: Kind::Scalar(value),
        })
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Node, E> {
        self.scalar(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Node, E> {
        self.scalar(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Node, E> {
        self.scalar(v.into())
    }

    fn visit_f64<E: Error>(self, v: f64) -> Result<Node, E> {
        let number = Number::from_f64(v).ok_or_else(|| E::custom("a number that JSON cannot hold"))?;
        self.scalar(Value::Number(number))
    }

    fn visit_str<E>(self, v: &str) -> Result<Node, E> {
        self.scalar(Value::String(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Node, E> {
        self.scalar(Value::String(v))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        self.scalar(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let location = self.location();
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Seed {
            key_line: None,
            ..self.clone()
        })? {
            items.push(item);
        }
        let kind = Kind::Array(items);
        Ok(Node { location, kind })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let location = self.location();
        let mut properties = IndexMap::new();
        while let Some(key) = access.next_key::<String>()? {
            let seed = Seed {
                key_line: Some(self.line.get()),
                ..self.clone()
            };
            let node = access.next_value_seed(seed)?;
            if properties.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` appears twice in one object")));
            }
            properties.insert(key, node);
        }
        let kind = Kind::Object(Object {
            properties,
            removed: Vec::new(),
        });
        Ok(Node { location, kind })
    }
}
