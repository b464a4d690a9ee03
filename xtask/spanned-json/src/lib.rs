//! Documents that know their lines: JSON and YAML as a tree in which every value has its place.
//!
//! A crate of its own, because it is compiled with optimisation also where nothing else is.

mod json;
mod yaml;

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

/// Deeper than any document that a person wrote; what is walked recursively must end.
const MAX_DEPTH: usize = 128;

/// A line of a file, for people and for editors that open `file:line`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Relative to the folder of documents, with `/` on every system.
    pub file: String,
    /// From 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl From<&At> for Place {
    fn from(at: &At) -> Self {
        Self {
            file: at.file.to_string(),
            line: at.line,
        }
    }
}

/// A line of a file. Cheap to copy, since every node has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub at: At,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.at.file, self.at.line, self.message)
    }
}

impl std::error::Error for Fault {}

/// A value and where it stands: a member of an object at its key, an item of a list where it begins.
#[derive(Debug, Clone)]
pub struct Node {
    pub at: At,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Map(Members),
}

/// The members of an object, and what a correction removed from it.
#[derive(Debug, Clone, Default)]
pub struct Members {
    pub present: IndexMap<String, Node>,
    pub removed: Vec<(String, At)>,
}

impl Node {
    pub fn map(at: At) -> Self {
        let kind = Kind::Map(Members::default());
        Self { at, kind }
    }

    pub fn members(&self) -> Option<&IndexMap<String, Node>> {
        match &self.kind {
            Kind::Map(members) => Some(&members.present),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.members()?.get(key)
    }

    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The node at a JSON pointer.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Node> {
        pointer.split('/').skip(1).try_fold(self, |node, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            match &mut node.kind {
                Kind::Map(members) => members.present.get_mut(&token),
                Kind::List(items) => items.get_mut(token.parse::<usize>().ok()?),
                Kind::Scalar(_) => None,
            }
        })
    }

    /// The value without its places.
    pub fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => Value::Array(items.iter().map(Node::value).collect()),
            Kind::Map(members) => {
                let members = members.present.iter();
                Value::Object(members.map(|(key, node)| (key.clone(), node.value())).collect())
            }
        }
    }
}

/// The language a document is written in, by the name of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Json,
    Yaml,
}

impl Language {
    pub fn of(file: &str) -> Self {
        if file.ends_with(".json") || file.ends_with(".md") {
            Self::Json
        } else {
            Self::Yaml
        }
    }
}

/// Reads a document that begins at a line of a file. A key that appears twice in one object is an error.
pub fn parse(language: Language, first: &At, text: &str) -> Result<Node, Fault> {
    let parsed = match language {
        Language::Json => json::parse(first, text),
        Language::Yaml => yaml::parse(first, text),
    };
    parsed.map_err(|(line, message)| Fault {
        at: At {
            file: first.file.clone(),
            line,
        },
        message,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(line: usize) -> At {
        At { file: "f".into(), line }
    }

    fn lines(node: &Node, prefix: &str, out: &mut Vec<(String, usize)>) {
        out.push((prefix.to_owned(), node.at.line));
        for (key, member) in node.members().into_iter().flatten() {
            lines(member, &format!("{prefix}/{key}"), out);
        }
        for (index, item) in node.items().iter().enumerate() {
            lines(item, &format!("{prefix}/{index}"), out);
        }
    }

    #[track_caller]
    fn check(language: Language, text: &str, value: &Value, expected: &[(&str, usize)]) {
        let node = parse(language, &at(10), text).unwrap();
        assert_eq!(node.value(), *value);
        let mut found = Vec::new();
        lines(&node, "", &mut found);
        let expected: Vec<_> = expected.iter().map(|(p, l)| ((*p).to_owned(), *l)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn members_stand_at_their_keys_and_items_where_they_begin() {
        let value = json!({"a": 1, "b": [true, {"c": null}], "d": "x"});
        check(
            Language::Json,
            "{\n\"a\": 1,\n\"b\": [true,\n\n{\n\"c\":\nnull}], \"d\": \"x\"}",
            &value,
            &[
                ("", 10),
                ("/a", 11),
                ("/b", 12),
                ("/b/0", 12),
                ("/b/1", 14),
                ("/b/1/c", 15),
                ("/d", 16),
            ],
        );
        check(
            Language::Yaml,
            "# words\na: 1\nb: [true,\n\n  {\n  c: null}]\n\nd: x\n",
            &value,
            &[
                ("", 11),
                ("/a", 11),
                ("/b", 12),
                ("/b/0", 12),
                ("/b/1", 14),
                ("/b/1/c", 15),
                ("/d", 17),
            ],
        );
    }

    #[test]
    fn yaml_means_what_its_core_schema_says() {
        let text = "200: 0x1F\nno: no\nempty:\ntilde: ~\nquoted: '1'\nfolded: >-\n  a\n  b\nnumbers: [-1, 1.5, 1e3, 0o17, 18446744073709551615]\n\
                    yes: !!str true\nbase: &b {x: 1, y: 2}\nsame: *b\nmerged:\n  <<: *b\n  y: 3\n";
        let node = parse(Language::Yaml, &at(1), text).unwrap();
        assert_eq!(
            node.value(),
            json!({"200": 31, "no": "no", "empty": null, "tilde": null, "quoted": "1", "folded": "a b",
                "numbers": [-1, 1.5, 1000.0, 15, 18_446_744_073_709_551_615_u64], "yes": "true",
                "base": {"x": 1, "y": 2}, "same": {"x": 1, "y": 2}, "merged": {"x": 1, "y": 3}})
        );
    }

    #[test]
    fn what_is_broken_is_said_with_its_line() {
        let deep_json = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let bomb = format!(
            "a: &a [x, x, x, x, x, x, x, x]\n{}",
            ('b'..='k')
                .fold((String::new(), 'a'), |(text, before), name| {
                    let items = vec![format!("*{before}"); 8].join(", ");
                    (format!("{text}{name}: &{name} [{items}]\n"), name)
                })
                .0
        );
        for (language, text, expected) in [
            (
                Language::Json,
                "{\n\"a\": 1,\n\"a\": 2}",
                "f:12: the key `a` appears twice",
            ),
            (Language::Json, "{\n\"a\": ,}", "f:11: expected value"),
            (Language::Json, "{} {}", "f:10: trailing characters"),
            (Language::Json, deep_json.as_str(), "f:10: recursion limit"),
            (Language::Yaml, "a: 1\nb: 2\na: 3\n", "f:12: the key `a` appears twice"),
            (Language::Yaml, "a: [1\nb: 2\n", "f:11: "),
            (Language::Yaml, "a: 1\n---\nb: 1\n", "f:11: several documents"),
            (Language::Yaml, "", "f:10: the document is empty"),
            (Language::Yaml, "a: *x\n", "f:10: "),
            (Language::Yaml, "? [a]\n: 1\n", "f:10: a key must be"),
            (Language::Yaml, deep_json.as_str(), "f:10: nested too deeply"),
            (Language::Yaml, bomb.as_str(), "too large"),
        ] {
            let error = parse(language, &at(10), text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} for {expected}");
        }
    }
}
