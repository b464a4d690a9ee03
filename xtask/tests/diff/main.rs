//! `cargo xtask diff`: its rules, one example each (`rules/`), what makes two changes one, where things are said to stand, and
//! the command as a maintainer runs it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod changelog;
mod command;
mod meaning;
mod places;
mod table;
mod within;

use openapi_diff::Change;
use serde_json::Value;
use xtask::diff::input::{Side, compare};

/// A document in memory.
fn side(name: &str, document: &Value) -> Side {
    Side::of_text(name, document.to_string().as_bytes()).unwrap()
}

fn changes(old: &Value, new: &Value) -> Vec<Change> {
    compare(&side("old.json", old), &side("new.json", new))
}

/// `rule: what it is about`.
fn told(old: &Value, new: &Value) -> Vec<String> {
    let changes = changes(old, new);
    changes
        .iter()
        .map(|change| format!("{}: {}", change.rule.id, change.at))
        .collect()
}
