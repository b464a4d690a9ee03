//! The files beside the documents that the generators read: the table of commands, and the operations that the server does not
//! implement yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use contract::model::{Api, Operation};
use openapi_reader::diagnostic::Diagnostics;
use spanned_json::Location;

use crate::cli::commands;
use crate::cli::table::{self, Table, key};

/// The entries of these files.
#[derive(Debug, Default)]
pub struct Lists {
    pub commands: Table,
    pub not_implemented: NotImplemented,
}

/// `specs/not-implemented.txt`: operations of mounted resources that have no method in the server's traits, and answer 501.
///
/// One `METHOD /path` a line; `#` begins a comment.
#[derive(Debug, Default)]
pub struct NotImplemented(BTreeMap<String, Location>);

impl Lists {
    /// Reads the files of a specs directory. One that does not exist is empty.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read, or has an error, with its line.
    pub fn read(specs: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            commands: match read(&specs.join(table::FILE))? {
                Some(text) => Table::parse(&text)?,
                None => Table::default(),
            },
            not_implemented: match read(&specs.join(NotImplemented::FILE))? {
                Some(text) => NotImplemented::parse(&text)?,
                None => NotImplemented::default(),
            },
        })
    }

    /// Compares the files with the operations.
    ///
    /// # Errors
    ///
    /// Returns every entry that matches nothing, with its line.
    pub fn check(&self, api: &Api) -> Result<(), Diagnostics> {
        let mut errors = Diagnostics::default();
        commands::check(api, &self.commands, &mut errors);
        self.not_implemented.check(api, &mut errors);
        errors.into_result()
    }
}

/// Reads one of these files; `None` if it does not exist.
pub fn read(file: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| file.display().to_string()),
    }
}

impl NotImplemented {
    /// The name of the file in the directory of the documents.
    pub const FILE: &str = "not-implemented.txt";

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Lines that are no `METHOD /path`, and repeated ones.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        let mut entries = BTreeMap::new();
        let mut errors = Diagnostics::default();
        for (index, line) in text.lines().enumerate() {
            let entry = line.split('#').next().unwrap_or_default().trim();
            let location = Location::new(Self::FILE, index + 1);
            if entry.is_empty() {
                continue;
            }
            let words: Vec<&str> = entry.split_whitespace().collect();
            let [method, path] = words[..] else {
                let message = format!("`{entry}` is no operation: write `METHOD /path`");
                errors.push(Some(&location), message);
                continue;
            };
            let entry = format!("{method} {path}");
            if entries.insert(entry.clone(), location.clone()).is_some() {
                errors.push(Some(&location), format!("`{entry}` is there twice: remove the line"));
            }
        }
        errors.into_result()?;
        Ok(Self(entries))
    }

    /// Returns `true` if the operation is in the list.
    pub fn contains(&self, operation: &Operation) -> bool {
        self.0.contains_key(&key(operation))
    }

    fn check(&self, api: &Api, errors: &mut Diagnostics) {
        let keys: BTreeSet<String> = api.operations.iter().map(key).collect();
        for (entry, location) in self.0.iter().filter(|(entry, _)| !keys.contains(*entry)) {
            errors.push(Some(location), format!("no operation is `{entry}`: remove the line"));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

    use super::*;

    #[test]
    fn invalid_lines_are_errors_with_their_lines() {
        let text = "# Not yet.\n\nPOST /a # soon\nnonsense\nPOST  /a\n";
        let errors = NotImplemented::parse(text).unwrap_err().to_string();
        let expected = [
            "not-implemented.txt:4: `nonsense` is no operation: write `METHOD /path`",
            "not-implemented.txt:5: `POST /a` is there twice: remove the line",
        ];
        assert_eq!(errors.lines().collect::<Vec<_>>(), expected);
    }
}
