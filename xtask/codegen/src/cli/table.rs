//! `specs/commands.yaml`: the exceptions from the rule that names the commands of `pbx`, with their columns, questions and examples.
//!
//! Every entry has its line, because one that matches nothing is an error: a release may remove an operation.

use std::collections::BTreeSet;

use contract::model::Operation;
use indexmap::IndexMap;
use openapi_reader::diagnostic::Diagnostics;
use spanned_json::{Kind, Language, Location, Node};

/// The name of the file in the directory of the documents.
pub const FILE: &str = "commands.yaml";

/// The whole file.
#[derive(Debug, Default)]
pub struct Table {
    /// Words for a path and everything below it.
    pub paths: Vec<(String, Vec<String>, Location)>,
    /// By method and path: `GET /tenants`.
    pub operations: IndexMap<String, Entry>,
    /// Groups of commands, with their summaries.
    pub groups: Vec<(String, String, Location)>,
    /// Sections of `pbx --help`.
    pub sections: Vec<Section>,
    /// Commands that are no operation.
    pub builtin: Vec<(String, Location)>,
}

/// The exceptions of an operation.
#[derive(Debug)]
pub struct Entry {
    pub location: Location,
    /// Words after `pbx`.
    pub command: Option<String>,
    /// The summary, if that of the contract does not suit a command.
    pub about: Option<String>,
    /// The columns of its table.
    pub columns: Vec<String>,
    /// The question before the request, with `{id}` and the like for parameters of the path.
    pub confirmation: Option<String>,
    /// Command lines for the help.
    pub examples: Vec<String>,
}

/// A section of `pbx --help`.
#[derive(Debug)]
pub struct Section {
    pub title: String,
    /// Commands and groups in their order; `None` for all that no section lists.
    pub commands: Option<Vec<(String, Location)>>,
}

/// Returns the key of an operation in the table: `GET /tenants`.
pub fn key(operation: &Operation) -> String {
    format!("{} {}", operation.method.to_uppercase(), operation.path)
}

impl Table {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Syntax errors, unknown keys and values of the wrong type, with their lines.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        let root = spanned_json::parse(Language::Yaml, &Location::new(FILE, 1), text)?;
        let mut reader = Reader::default();
        let table = reader.table(&root);
        reader.errors.into_result()?;
        Ok(table)
    }

    /// Returns the entry of an operation.
    pub fn entry(&self, operation: &Operation) -> Option<&Entry> {
        self.operations.get(&key(operation))
    }

    /// Returns the commands that are no operation.
    pub fn builtin(&self) -> impl Iterator<Item = &str> {
        self.builtin.iter().map(|(command, _)| command.as_str())
    }
}

/// Collects the errors of all entries.
#[derive(Default)]
struct Reader {
    errors: Diagnostics,
}

impl Reader {
    fn table(&mut self, root: &Node) -> Table {
        let mut table = Table::default();
        self.known(root, &["paths", "operations", "groups", "sections", "builtin"]);
        for (path, node) in self.entries(root, "paths") {
            let words = self.string(node).split_whitespace().map(str::to_owned).collect();
            table.paths.push((path.clone(), words, node.location.clone()));
        }
        for (operation, node) in self.entries(root, "operations") {
            let entry = self.entry(node);
            table.operations.insert(operation.clone(), entry);
        }
        for (group, node) in self.entries(root, "groups") {
            let about = self.string(node);
            table.groups.push((group.clone(), about, node.location.clone()));
        }
        for node in self.items(root.get("sections")) {
            self.known(node, &["title", "commands"]);
            let title = node.get("title").map(|title| self.string(title)).unwrap_or_default();
            let commands = node.get("commands").map(|commands| self.strings(commands));
            table.sections.push(Section { title, commands });
        }
        if let Some(node) = root.get("builtin") {
            table.builtin = self.strings(node);
        }
        table
    }

    fn entry(&mut self, node: &Node) -> Entry {
        self.known(node, &["command", "about", "columns", "confirmation", "examples"]);
        let text = |reader: &mut Self, key| node.get(key).map(|node| reader.string(node));
        let command = text(self, "command");
        if let Some(command) = command.as_deref().filter(|command| command.split(' ').count() < 2) {
            let message = format!("the command `{command}` needs a group before it: `GROUP {command}`");
            self.errors.push(Some(&node.location), message);
        }
        let list = |reader: &mut Self, key| -> Vec<String> {
            let strings = node.get(key).map(|node| reader.strings(node)).unwrap_or_default();
            strings.into_iter().map(|(text, _)| text).collect()
        };
        Entry {
            location: node.location.clone(),
            command,
            about: text(self, "about"),
            columns: list(self, "columns"),
            confirmation: text(self, "confirmation"),
            examples: list(self, "examples"),
        }
    }

    /// Reports the keys of an object that are not among these.
    fn known(&mut self, node: &Node, keys: &[&str]) {
        match node.properties() {
            Some(properties) => {
                for (key, value) in properties.iter().filter(|(key, _)| !keys.contains(&key.as_str())) {
                    let message = format!("unknown key `{key}`: use {}", keys.join(", "));
                    self.errors.push(Some(&value.location), message);
                }
            }
            None => {
                let message = format!("must be an object with {}", keys.join(", "));
                self.errors.push(Some(&node.location), message);
            }
        }
    }

    fn entries<'a>(&mut self, root: &'a Node, key: &str) -> Vec<(&'a String, &'a Node)> {
        let Some(node) = root.get(key) else {
            return Vec::new();
        };
        match node.properties() {
            Some(properties) => properties.iter().collect(),
            None => {
                self.errors
                    .push(Some(&node.location), format!("`{key}` must be an object"));
                Vec::new()
            }
        }
    }

    fn items<'a>(&mut self, node: Option<&'a Node>) -> &'a [Node] {
        match node.map(|node| (&node.kind, &node.location)) {
            None => &[],
            Some((Kind::Array(items), _)) => items,
            Some((_, location)) => {
                self.errors.push(Some(location), "must be an array");
                &[]
            }
        }
    }

    fn string(&mut self, node: &Node) -> String {
        match node.as_str() {
            Some(text) => text.to_owned(),
            None => {
                self.errors.push(Some(&node.location), "must be a string");
                String::new()
            }
        }
    }

    fn strings(&mut self, node: &Node) -> Vec<(String, Location)> {
        let items = self.items(Some(node));
        let strings: Vec<_> = items
            .iter()
            .map(|item| (self.string(item), item.location.clone()))
            .collect();
        let mut seen = BTreeSet::new();
        for (text, location) in &strings {
            if !seen.insert(text) {
                self.errors
                    .push(Some(location), format!("`{text}` is there twice: remove one"));
            }
        }
        strings
    }
}
