//! No keyword of the contract can change without a line of a snapshot changing.

use std::collections::BTreeMap;

use contract::listing;
use openapi_reader::grammar::METHODS;
use openapi_reader::pointer::token;
use serde_json::{Value, json};

/// A change of any keyword of the contract changes a few lines of the snapshots.
#[test]
fn every_keyword_is_in_a_snapshot() {
    let contract = super::contract();
    let all = |document: &Value| -> Option<Vec<String>> {
        let api = contract::model::read(document, &contract.locations).ok()?;
        let listings = [
            listing::document(document),
            listing::operations(&api, document),
            listing::types(&api, document),
            listing::texts(document),
        ];
        Some(
            listings
                .iter()
                .flat_map(|text| text.lines().map(str::to_owned))
                .collect(),
        )
    };
    let before = all(&contract.document).unwrap();
    for pointer in keywords(&contract.document) {
        let mut document = contract.document.clone();
        let value = document.pointer_mut(&pointer).unwrap();
        *value = match value.take() {
            Value::Bool(yes) => json!(!yes),
            Value::Number(_) => json!(7),
            Value::String(text) => json!(format!("{text}x")),
            other => panic!("{pointer}: {other}"),
        };
        // A contract that the generators reject needs no snapshot.
        let Some(after) = all(&document) else { continue };
        let (removed, added) = (without(&before, &after), without(&after, &before));
        assert!(removed + added > 0, "a change at `{pointer}` changes no snapshot");
        assert!(
            removed.max(added) <= 3,
            "a change at `{pointer}` changes {removed} and {added} lines"
        );
    }
}

/// The number of lines that are only in the first.
fn without(lines: &[String], others: &[String]) -> usize {
    let mut left = others.to_vec();
    left.sort();
    let mut left = left.into_iter().peekable();
    let mut lines = lines.to_vec();
    lines.sort();
    let missing = lines.into_iter().filter(|line| {
        while left.next_if(|other| other < line).is_some() {}
        left.next_if(|other| other == line).is_none()
    });
    missing.count()
}

/// The first occurrence of each keyword, by the kind of its parent.
fn keywords(document: &Value) -> Vec<String> {
    fn visit(value: &Value, pointer: &str, kind: &str, found: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    let inside = format!("{pointer}/{}", token(key));
                    // Names of properties, types, paths and statuses are of one kind.
                    let named = matches!(
                        kind.rsplit('/').next().unwrap_or_default(),
                        "properties"
                            | "schemas"
                            | "paths"
                            | "responses"
                            | "content"
                            | "headers"
                            | "variables"
                            | "securitySchemes"
                    );
                    let step = if named || METHODS.contains(&key.as_str()) {
                        "*"
                    } else {
                        key
                    };
                    visit(value, &inside, &format!("{kind}/{step}"), found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    visit(item, &format!("{pointer}/{index}"), &format!("{kind}/*"), found);
                }
            }
            Value::Null => {}
            // A reference that does not resolve is no valid contract.
            _ if kind.ends_with("$ref") => {}
            _ => {
                let last: Vec<_> = kind.rsplitn(3, '/').take(2).collect();
                found.entry(last.join(" of ")).or_insert_with(|| pointer.to_owned());
            }
        }
    }
    let mut found = BTreeMap::new();
    visit(document, "", "", &mut found);
    found.into_values().collect()
}
