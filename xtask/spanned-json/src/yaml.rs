//! YAML with line numbers, built from parser events. Plain scalars follow the core schema of YAML 1.2; aliases are resolved and
//! `<<` merges, as hand-written documents expect.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Number, Value};

use super::{Kind, Location, MAX_DEPTH, Node, Object};

/// The most nodes accepted, far more than any real document has: aliases may multiply a document.
const MAX_NODES: usize = 5_000_000;

/// The line and the message.
type LineError = (usize, String);

pub(super) fn parse(first: &Location, text: &str) -> Result<Node, LineError> {
    let mut builder = Builder {
        file: first.file.clone(),
        offset: first.line - 1,
        stack: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
    };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => return Err((builder.line_of(error.marker().line()), error.info().to_owned())),
        }
    }
    builder.root.ok_or((first.line, "the document is empty".to_owned()))
}

/// A container that is not closed yet.
struct Open {
    node: Node,
    /// The key whose value comes next, and its location.
    key: Option<(String, Location)>,
    /// Objects merged by `<<`; the object's own properties take precedence.
    merged: Vec<Object>,
    anchor: usize,
    size: usize,
    depth: usize,
}

struct Builder {
    file: Arc<str>,
    offset: usize,
    stack: Vec<Open>,
    /// The node of each anchor, its size in nodes and its depth.
    anchors: HashMap<usize, (Node, usize, usize)>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    fn line_of(&self, line: usize) -> usize {
        self.offset + line.max(1)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), LineError> {
        let line = self.line_of(span.start.line());
        let location = Location::new(self.file.clone(), line);
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err((line, "several documents in one file; keep one".to_owned()))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_string = style != ScalarStyle::Plain || tag.is_some_and(|t| t.suffix == "str");
                if self.wants_key() {
                    return self.key(text, location);
                }
                let value = if is_string {
                    Value::String(text.into_owned())
                } else {
                    plain(text)
                };
                let kind = Kind::Scalar(value);
                self.finish(Node { location, kind }, anchor, 1, 0)
            }
            Event::SequenceStart(anchor, _) => self.open(Kind::Array(Vec::new()), location, anchor),
            Event::MappingStart(anchor, _) => self.open(Kind::Object(Object::default()), location, anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(mut open) => {
                    if let Kind::Object(object) = &mut open.node.kind {
                        for (key, value) in open.merged.into_iter().flat_map(|merged| merged.properties) {
                            object.properties.entry(key).or_insert(value);
                        }
                    }
                    self.finish(open.node, open.anchor, open.size, open.depth)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some((node, size, depth)) => {
                    let (mut node, size, depth) = (node.clone(), *size, *depth);
                    if self.wants_key() {
                        let text = node.as_str().unwrap_or_default().to_owned();
                        return self.key(text.into(), location);
                    }
                    node.location = location;
                    self.finish(node, 0, size, depth)
                }
                None => Err((
                    line,
                    "an alias of an unknown anchor, or of a node that contains it".to_owned(),
                )),
            },
            _ => Ok(()),
        }
    }

    fn wants_key(&self) -> bool {
        self.stack
            .last()
            .is_some_and(|open| matches!(open.node.kind, Kind::Object(_)) && open.key.is_none())
    }

    fn key(&mut self, text: Cow<'_, str>, location: Location) -> Result<(), LineError> {
        let Some(open) = self.stack.last_mut() else {
            return Ok(());
        };
        if let Kind::Object(object) = &open.node.kind
            && object.properties.contains_key(text.as_ref())
        {
            return Err((location.line, format!("the key `{text}` appears twice in one object")));
        }
        open.key = Some((text.into_owned(), location));
        Ok(())
    }

    fn open(&mut self, kind: Kind, location: Location, anchor: usize) -> Result<(), LineError> {
        if self.wants_key() {
            return Err((
                location.line,
                "a key must be a string, not an array or an object".to_owned(),
            ));
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err((
                location.line,
                format!("nested too deeply, more than {MAX_DEPTH} levels"),
            ));
        }
        self.stack.push(Open {
            node: Node { location, kind },
            key: None,
            merged: Vec::new(),
            anchor,
            size: 1,
            depth: 0,
        });
        Ok(())
    }

    /// Adds a complete node to its container.
    fn finish(&mut self, mut node: Node, anchor: usize, size: usize, depth: usize) -> Result<(), LineError> {
        let line = node.location.line;
        self.nodes += size;
        if self.nodes > MAX_NODES {
            return Err((line, "too large; aliases may multiply the document".to_owned()));
        }
        if self.stack.len() + depth > MAX_DEPTH {
            return Err((line, format!("nested too deeply, more than {MAX_DEPTH} levels")));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size, depth));
        }
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.size += size;
        open.depth = open.depth.max(depth + 1);
        match &mut open.node.kind {
            Kind::Array(items) => items.push(node),
            Kind::Object(object) => match (open.key.take(), &mut node.kind) {
                (Some((key, _)), Kind::Object(merged)) if key == "<<" => open.merged.push(std::mem::take(merged)),
                (Some((key, location)), _) => {
                    node.location = location;
                    object.properties.insert(key, node);
                }
                (None, _) => {}
            },
            Kind::Scalar(_) => {}
        }
        Ok(())
    }
}

/// Reads a plain scalar by the core schema.
fn plain(text: Cow<'_, str>) -> Value {
    match text.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        other => number(other).map_or_else(|| Value::String(text.into_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(Number::from);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return u64::from_str_radix(octal, 8).ok().map(Number::from);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !digits.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    unsigned
        .parse::<u64>()
        .map(Number::from)
        .or_else(|_| unsigned.parse::<i64>().map(Number::from))
        .ok()
        .or_else(|| Number::from_f64(unsigned.parse::<f64>().ok()?))
}
