//! Tests of `cargo xtask diff`: an example of each rule (`rules/`), the grouping of changes, their locations, and the command line.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod changelog;
mod command;
mod grouping;
mod identity;
mod keywords;
mod locations;
mod options;
#[path = "../random/mod.rs"]
mod random;
mod rules;

use openapi_diff::Change;
use serde_json::Value;
use xtask::diff::input::{Side, compare};

/// A document in memory.
fn side(name: &str, document: &Value) -> Side {
    Side::from_bytes(name, document.to_string().as_bytes()).unwrap()
}

fn changes(old: &Value, new: &Value) -> Vec<Change> {
    compare(&side("old.json", old), &side("new.json", new))
}

/// The changes as `rule: subject`.
fn summaries(old: &Value, new: &Value) -> Vec<String> {
    let changes = changes(old, new);
    changes
        .iter()
        .map(|change| format!("{}: {}", change.rule.id, change.at))
        .collect()
}
