//! YAML with lines, from the events of a parser. Plain scalars mean what the core schema of YAML 1.2 says; anchors are
//! followed, and `<<` merges, as hand-written documents expect.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Number, Value};

use super::{At, Kind, MAX_DEPTH, Members, Node};

/// Aliases may multiply a document; this is far more than any has.
const MAX_NODES: usize = 5_000_000;

type Fault = (usize, String);

pub(super) fn parse(first: &At, text: &str) -> Result<Node, Fault> {
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
    /// The key that waits for its value, and its line.
    key: Option<(String, At)>,
    /// What `<<` brings, which the object's own members go before.
    merged: Vec<Members>,
    anchor: usize,
    size: usize,
    depth: usize,
}

struct Builder {
    file: Arc<str>,
    offset: usize,
    stack: Vec<Open>,
    /// What anchors stand for, how many nodes and how deep.
    anchors: HashMap<usize, (Node, usize, usize)>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    fn line_of(&self, line: usize) -> usize {
        self.offset + line.max(1)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let line = self.line_of(span.start.line());
        let at = At {
            file: self.file.clone(),
            line,
        };
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err((line, "several documents in one file; keep one".to_owned()))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = style != ScalarStyle::Plain || tag.is_some_and(|t| t.suffix == "str");
                if self.wants_key() {
                    return self.key(text, at);
                }
                let value = if is_text {
                    Value::String(text.into_owned())
                } else {
                    plain(text)
                };
                let kind = Kind::Scalar(value);
                self.finished(Node { at, kind }, anchor, 1, 0)
            }
            Event::SequenceStart(anchor, _) => self.open(Kind::List(Vec::new()), at, anchor),
            Event::MappingStart(anchor, _) => self.open(Kind::Map(Members::default()), at, anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(mut open) => {
                    if let Kind::Map(members) = &mut open.node.kind {
                        for (key, value) in open.merged.into_iter().flat_map(|merged| merged.present) {
                            members.present.entry(key).or_insert(value);
                        }
                    }
                    self.finished(open.node, open.anchor, open.size, open.depth)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some((node, size, depth)) => {
                    let (mut node, size, depth) = (node.clone(), *size, *depth);
                    if self.wants_key() {
                        let text = node.text().unwrap_or_default().to_owned();
                        return self.key(text.into(), at);
                    }
                    node.at = at;
                    self.finished(node, 0, size, depth)
                }
                None => Err((
                    line,
                    "an alias that stands for nothing, or for what it is part of".to_owned(),
                )),
            },
            _ => Ok(()),
        }
    }

    fn wants_key(&self) -> bool {
        self.stack
            .last()
            .is_some_and(|open| matches!(open.node.kind, Kind::Map(_)) && open.key.is_none())
    }

    fn key(&mut self, text: Cow<'_, str>, at: At) -> Result<(), Fault> {
        let Some(open) = self.stack.last_mut() else {
            return Ok(());
        };
        if let Kind::Map(members) = &open.node.kind
            && members.present.contains_key(text.as_ref())
        {
            return Err((at.line, format!("the key `{text}` appears twice in one object")));
        }
        open.key = Some((text.into_owned(), at));
        Ok(())
    }

    fn open(&mut self, kind: Kind, at: At, anchor: usize) -> Result<(), Fault> {
        if self.wants_key() {
            return Err((at.line, "a key must be text, not a list or an object".to_owned()));
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err((at.line, format!("nested too deeply, more than {MAX_DEPTH} levels")));
        }
        self.stack.push(Open {
            node: Node { at, kind },
            key: None,
            merged: Vec::new(),
            anchor,
            size: 1,
            depth: 0,
        });
        Ok(())
    }

    /// Puts a complete node where it belongs.
    fn finished(&mut self, mut node: Node, anchor: usize, size: usize, depth: usize) -> Result<(), Fault> {
        let line = node.at.line;
        self.nodes += size;
        if self.nodes > MAX_NODES {
            return Err((line, "too large; do its aliases multiply?".to_owned()));
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
            Kind::List(items) => items.push(node),
            Kind::Map(members) => match (open.key.take(), &mut node.kind) {
                (Some((key, _)), Kind::Map(merged)) if key == "<<" => open.merged.push(std::mem::take(merged)),
                (Some((key, at)), _) => {
                    node.at = at;
                    members.present.insert(key, node);
                }
                (None, _) => {}
            },
            Kind::Scalar(_) => {}
        }
        Ok(())
    }
}

/// A plain scalar by the core schema.
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
