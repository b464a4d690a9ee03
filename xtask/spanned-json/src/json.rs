//! JSON with lines. serde_json reads byte by byte from a reader that counts them, so that a visitor knows on which line it is.

use std::cell::Cell;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::{At, Kind, Members, Node};

pub(super) fn parse(first: &At, text: &str) -> Result<Node, (usize, String)> {
    let line = Cell::new(first.line);
    let reader = Counting {
        rest: text.as_bytes(),
        line: &line,
    };
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let seed = Seed {
        file: &first.file,
        line: &line,
        at: None,
    };
    let node = seed.deserialize(&mut deserializer);
    node.and_then(|node| deserializer.end().map(|()| node)).map_err(|e| {
        let message = e.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(m, _)| m);
        (first.line + e.line().max(1) - 1, message.to_owned())
    })
}

struct Counting<'a> {
    rest: &'a [u8],
    line: &'a Cell<usize>,
}

impl Read for Counting<'_> {
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
    /// The line of the key, for a member.
    at: Option<usize>,
}

impl Seed<'_> {
    fn at(&self) -> At {
        At {
            file: self.file.clone(),
            line: self.at.unwrap_or(self.line.get()),
        }
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
            at: self.at(),
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
        let at = self.at();
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Seed {
            at: None,
            ..self.clone()
        })? {
            items.push(item);
        }
        let kind = Kind::List(items);
        Ok(Node { at, kind })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let at = self.at();
        let mut present = IndexMap::new();
        while let Some(key) = access.next_key::<String>()? {
            let member = Seed {
                at: Some(self.line.get()),
                ..self.clone()
            };
            let node = access.next_value_seed(member)?;
            if present.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` appears twice in one object")));
            }
            present.insert(key, node);
        }
        let kind = Kind::Map(Members {
            present,
            removed: Vec::new(),
        });
        Ok(Node { at, kind })
    }
}
