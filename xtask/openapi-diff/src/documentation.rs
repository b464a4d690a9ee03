//! Compares the documentation of parts of the document: descriptions, links to other documents, properties that begin with `x-`.

use serde_json::Value;

use super::locate::Step;
use super::operation_diff::{PartChange, changed_extensions};
use super::rules::document::*;

/// Reports a change of a part of the document: its name, its pointer, the change.
pub type Report<'s> = &'s mut dyn FnMut(String, &[Step], PartChange);

/// The documentation of any part of a document, with its name in messages. Descriptions have a rule of their own.
const DOCUMENTATION: [(&str, &str); 6] = [
    ("summary", "summary"),
    ("externalDocs", "external documentation"),
    ("termsOfService", "terms of service"),
    ("contact", "contact"),
    ("license", "license"),
    ("jsonSchemaDialect", "JSON Schema dialect"),
];

/// Compares the documentation of a part of the document, and its properties that begin with `x-`.
pub fn compare_documentation(old: &Value, new: &Value, subject: &str, pointer: &[Step], report: Report<'_>) {
    let description = |value: &Value| {
        let description = value.get("description").and_then(Value::as_str);
        description.unwrap_or_default().trim().to_owned()
    };
    let at = |key: &str| [pointer, &[Step::key(key)]].concat();
    let (a, b) = (description(old), description(new));
    if a != b {
        let change = PartChange::new(&DESCRIPTION_CHANGED).old(a).new_text(b);
        report(subject.to_owned(), &at("description"), change);
    }
    for (key, name) in DOCUMENTATION {
        let (a, b) = (old.get(key), new.get(key));
        if a != b {
            let change = PartChange::new(&DOCUMENTATION_CHANGED).between(a, b);
            report(format!("{name} of {subject}"), &at(key), change);
        }
    }
    for (key, a, b) in changed_extensions(old, new) {
        let change = PartChange::new(&EXTENSION_CHANGED).between(a, b);
        report(format!("`{key}` of {subject}"), &at(key), change);
    }
}
