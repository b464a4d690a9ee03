//! The committed list of accepted changes: differences that a maintainer has reviewed, each with the reason.
//!
//! ```yaml
//! - rule: max-length-lowered
//!   schema: Dealer.name
//!   reason: The vendor has always refused longer names.
//! - rule: operation-removed
//!   operation: [listOldThings, GET /old/things]
//!   reason: It was never implemented.
//! ```

use std::path::Path;

use openapi_diff::{Change, rules};
use openapi_reader::diagnostic::Diagnostics;
use spanned_json::{Kind, Language, Location, Node, ParseError, parse};

use super::input::SPECS;

/// The list of this workspace, in its specs directory.
const DEFAULT: &str = "accepted-changes.yaml";

/// An entry of the list: the changes of a rule in one subject.
#[derive(Debug)]
struct Entry {
    rule: String,
    /// The operations that may be affected, by operationId or as `METHOD /path`. Empty: any.
    operations: Vec<String>,
    /// The subject of the change as in reports, such as `Dealer.name`.
    subject: Option<String>,
    reason: String,
    location: Location,
}

/// The accepted changes.
#[derive(Debug, Default)]
pub struct Accepted(Vec<Entry>);

impl Accepted {
    /// Parses the list.
    ///
    /// # Errors
    ///
    /// The list is no valid YAML, or an entry is incomplete or names an unknown rule.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostics> {
        if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
            return Ok(Self::default());
        }
        let root = parse(Language::from_file_name(name), &Location::new(name, 1), text)
            .map_err(|ParseError { location, message }| Diagnostics::new(Some(&location), message))?;
        let mut errors = Diagnostics::default();
        if !matches!(root.kind, Kind::Array(_)) {
            errors.push(Some(&root.location), "must be a list of accepted changes");
        }
        let entries = root
            .items()
            .iter()
            .filter_map(|node| entry(node, &mut errors))
            .collect();
        errors.into_result().map(|()| Self(entries))
    }

    /// Reads the list of the workspace; an absent one accepts nothing.
    ///
    /// # Errors
    ///
    /// As [`Accepted::parse`], and if the file cannot be read.
    pub fn of_workspace(workspace: &Path) -> Result<Self, Diagnostics> {
        let name = format!("{SPECS}/{DEFAULT}");
        let path = workspace.join(&name);
        if path.exists() {
            Self::read(&name, &path)
        } else {
            Ok(Self::default())
        }
    }

    /// Reads the list.
    ///
    /// # Errors
    ///
    /// As [`Accepted::parse`], and if the file cannot be read.
    pub fn read(name: &str, path: &Path) -> Result<Self, Diagnostics> {
        let text = std::fs::read_to_string(path).map_err(|e| Diagnostics::new(None, format!("{name}: {e}")))?;
        Self::parse(name, &text)
    }

    /// Marks the changes that the list accepts. Returns the entries that match no change, with their locations.
    pub fn apply(&self, changes: &mut [Change]) -> Vec<String> {
        let mut stale = Vec::new();
        for entry in &self.0 {
            let mut is_used = false;
            for change in changes.iter_mut().filter(|change| entry.matches(change)) {
                change.accepted = Some(entry.reason.clone());
                is_used = true;
            }
            if !is_used {
                stale.push(format!(
                    "{}: no change matches this accepted one (`{}`); remove it",
                    entry.location, entry.rule
                ));
            }
        }
        stale
    }
}

impl Entry {
    /// A change that affects other operations, too, needs an entry that names them: what it means for them was not reviewed.
    fn matches(&self, change: &Change) -> bool {
        let subject = change.at.replace('`', "");
        let is_named = |operation: &openapi_diff::Operation| {
            let url = format!("{} {}", operation.method, operation.path);
            let mut names = self.operations.iter();
            names.any(|name| *name == url || Some(name) == operation.id.as_ref())
        };
        self.rule == change.rule.id
            && self.subject.as_ref().is_none_or(|wanted| *wanted == subject)
            && (self.operations.is_empty() || (!change.operations.is_empty() && change.operations.iter().all(is_named)))
    }
}

fn entry(node: &Node, errors: &mut Diagnostics) -> Option<Entry> {
    let Some(properties) = node.properties() else {
        errors.push(
            Some(&node.location),
            "must be an object with `rule`, `reason`, and `operation` or `schema`",
        );
        return None;
    };
    let mut text = |key: &str| -> Option<String> {
        let value = node.get(key)?;
        let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            errors.push(
                Some(&value.location),
                format!("`{key}` must be a string, and not empty"),
            );
        }
        text.map(str::to_owned)
    };
    let (rule, reason) = (text("rule"), text("reason"));
    let subject = text("schema").or_else(|| text("subject"));
    let operations: Vec<_> = match node.get("operation") {
        None => Vec::new(),
        Some(value) if value.as_str().is_some() => text("operation").into_iter().collect(),
        Some(value) => {
            let names = value.items().iter().filter_map(Node::as_str).map(str::to_owned);
            let names: Vec<_> = names.collect();
            if names.is_empty() {
                errors.push(Some(&value.location), "`operation` must be a name or a list of names");
            }
            names
        }
    };
    for (key, value) in properties {
        if !["rule", "reason", "operation", "schema", "subject"].contains(&key.as_str()) {
            errors.push(
                Some(&value.location),
                format!("unknown key `{key}`; known are rule, operation, schema, subject and reason"),
            );
        }
    }
    if let Some(rule) = &rule
        && !rules::all().any(|known| known.id == rule)
    {
        errors.push(
            Some(&node.location),
            format!("there is no rule `{rule}`; `cargo xtask diff --rules` lists them"),
        );
    }
    for (key, is_missing) in [
        ("rule", node.get("rule").is_none()),
        ("reason", node.get("reason").is_none()),
        ("operation` or `schema", operations.is_empty() && subject.is_none()),
    ] {
        if is_missing {
            errors.push(Some(&node.location), format!("`{key}` is missing"));
        }
    }
    Some(Entry {
        rule: rule?,
        operations,
        subject,
        reason: reason?,
        location: node.location.clone(),
    })
}
