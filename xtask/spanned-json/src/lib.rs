//! JSON and YAML parsed into a tree in which every value has its location (file and line).
//!
//! This is a separate crate so that development builds compile it with optimizations, which they use nowhere else.

mod json;
mod yaml;

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

/// The deepest nesting accepted: deeper than any document written by a person. It bounds recursion.
const MAX_DEPTH: usize = 128;

/// A line of a file, displayed as `file:line` for people and editors. Cheap to clone, since every node has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The path relative to the directory of documents, with `/` on every system.
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
}

impl Location {
    pub fn new(file: impl Into<Arc<str>>, line: usize) -> Self {
        Self {
            file: file.into(),
            line,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A syntax error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    pub location: Location,
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.message)
    }
}

impl std::error::Error for ParseError {}

/// A value with its location: that of the key for a property, that of the first character for an array item.
#[derive(Debug, Clone)]
pub struct Node {
    pub location: Location,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub enum Kind {
    Scalar(Value),
    Array(Vec<Node>),
    Object(Object),
}

/// The properties of an object, and those that an overlay action removed from it.
#[derive(Debug, Clone, Default)]
pub struct Object {
    pub properties: IndexMap<String, Node>,
    /// The name of each removed property, and the location of the action that removed it.
    pub removed: Vec<(String, Location)>,
}

impl Node {
    /// An empty object.
    pub fn object(location: Location) -> Self {
        let kind = Kind::Object(Object::default());
        Self { location, kind }
    }

    /// A value without locations in it, all of it at one location.
    pub fn from_value(location: &Location, value: Value) -> Self {
        let kind = match value {
            Value::Array(items) => {
                Kind::Array(items.into_iter().map(|item| Self::from_value(location, item)).collect())
            }
            Value::Object(properties) => Kind::Object(Object {
                properties: properties
                    .into_iter()
                    .map(|(key, value)| (key, Self::from_value(location, value)))
                    .collect(),
                removed: Vec::new(),
            }),
            scalar => Kind::Scalar(scalar),
        };
        Self {
            location: location.clone(),
            kind,
        }
    }

    pub fn properties(&self) -> Option<&IndexMap<String, Node>> {
        match &self.kind {
            Kind::Object(object) => Some(&object.properties),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.properties()?.get(key)
    }

    /// The object or value at a key, created as an empty object where it is missing. A node that is no object becomes one.
    pub fn entry(&mut self, key: &str, location: &Location) -> &mut Self {
        if self.properties().is_none() {
            *self = Self::object(location.clone());
        }
        match &mut self.kind {
            Kind::Object(object) => object
                .properties
                .entry(key.to_owned())
                .or_insert_with(|| Self::object(location.clone())),
            _ => unreachable!("made an object just above"),
        }
    }

    pub fn properties_mut(&mut self) -> Option<&mut IndexMap<String, Node>> {
        match &mut self.kind {
            Kind::Object(object) => Some(&mut object.properties),
            _ => None,
        }
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.properties_mut()?.get_mut(key)
    }

    /// Renames the file of every location, each name once.
    pub fn rename_files(&mut self, rename: &mut dyn FnMut(&str) -> Arc<str>) {
        self.rename_with(rename, &mut Vec::new());
    }

    /// `known` has the old and new names; the one at the end is that of most of the nodes that follow.
    fn rename_with(&mut self, rename: &mut dyn FnMut(&str) -> Arc<str>, known: &mut Vec<(Arc<str>, Arc<str>)>) {
        let file = &self.location.file;
        let is_last = known.last().is_some_and(|(old, _)| Arc::ptr_eq(old, file));
        if !is_last {
            let at = known.iter().position(|(old, _)| old == file);
            let pair = at.map_or_else(|| (file.clone(), rename(file)), |at| known.swap_remove(at));
            known.push(pair);
        }
        if let Some((_, new)) = known.last() {
            self.location.file = new.clone();
        }
        match &mut self.kind {
            Kind::Array(items) => items.iter_mut().for_each(|item| item.rename_with(rename, known)),
            Kind::Object(object) => {
                let values = object.properties.values_mut();
                values.for_each(|value| value.rename_with(rename, known));
            }
            Kind::Scalar(_) => {}
        }
    }

    pub fn items_mut(&mut self) -> &mut [Node] {
        match &mut self.kind {
            Kind::Array(items) => items,
            _ => &mut [],
        }
    }

    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Array(items) => items,
            _ => &[],
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The node at a JSON Pointer (RFC 6901).
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        pointer.split('/').skip(1).try_fold(self, |node, token| {
            let token = unescape(token);
            match &node.kind {
                Kind::Object(object) => object.properties.get(&token),
                Kind::Array(items) => items.get(token.parse::<usize>().ok()?),
                Kind::Scalar(_) => None,
            }
        })
    }

    /// The node at a JSON Pointer (RFC 6901).
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Node> {
        pointer.split('/').skip(1).try_fold(self, |node, token| {
            let token = unescape(token);
            match &mut node.kind {
                Kind::Object(object) => object.properties.get_mut(&token),
                Kind::Array(items) => items.get_mut(token.parse::<usize>().ok()?),
                Kind::Scalar(_) => None,
            }
        })
    }

    /// The value without locations.
    pub fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Array(items) => Value::Array(items.iter().map(Node::value).collect()),
            Kind::Object(object) => {
                let properties = object.properties.iter();
                Value::Object(properties.map(|(key, node)| (key.clone(), node.value())).collect())
            }
        }
    }
}

/// The language of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Json,
    Yaml,
}

impl Language {
    /// JSON for `.json` and for the code blocks of `.md`, else YAML.
    pub fn from_file_name(file: &str) -> Self {
        if file.ends_with(".json") || file.ends_with(".md") {
            Self::Json
        } else {
            Self::Yaml
        }
    }
}

/// Parses a document whose first line is at `first`.
///
/// # Errors
///
/// Syntax errors, a key that appears twice in one object, and nesting that is too deep.
pub fn parse(language: Language, first: &Location, text: &str) -> Result<Node, ParseError> {
    let parsed = match language {
        Language::Json => json::parse(first, text),
        Language::Yaml => yaml::parse(first, text),
    };
    parsed.map_err(|(line, message)| ParseError {
        location: Location::new(first.file.clone(), line),
        message,
    })
}

/// A token of a JSON Pointer (RFC 6901) without its escapes.
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(line: usize) -> Location {
        Location::new("f", line)
    }

    fn lines(node: &Node, prefix: &str, out: &mut Vec<(String, usize)>) {
        out.push((prefix.to_owned(), node.location.line));
        for (key, property) in node.properties().into_iter().flatten() {
            lines(property, &format!("{prefix}/{key}"), out);
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
    fn properties_are_located_at_their_keys_and_items_at_their_first_character() {
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
    fn plain_yaml_scalars_follow_the_core_schema() {
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
    fn syntax_errors_name_the_line() {
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

    #[test]
    fn files_are_renamed_once_each() {
        let node = |file: &str, kind: Kind| Node {
            location: Location::new(file, 1),
            kind,
        };
        let leaf = |file: &str| node(file, Kind::Scalar(Value::Null));
        let items = vec![leaf("b"), leaf("b"), leaf("a")];
        let mut root = node("a", Kind::Array(items));
        let mut renamed = Vec::new();
        root.rename_files(&mut |file| {
            renamed.push(file.to_owned());
            format!("dir/{file}").into()
        });
        assert_eq!(renamed, ["a", "b"]);
        let files: Vec<_> = root.items().iter().map(|item| item.location.file.to_string()).collect();
        assert_eq!(files, ["dir/b", "dir/b", "dir/a"]);
        assert_eq!(&*root.location.file, "dir/a");
    }
}
