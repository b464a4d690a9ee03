//! `cargo xtask diff`: reads two contracts ([`input`]: a file, a folder of documents, a git revision), compares them
//! (`comparison`, a crate of its own) and tells what is different ([`report`], [`changelog`]).

pub mod changelog;
pub mod folder;
pub mod git;
pub mod input;
pub mod report;

pub use openapi_diff::{Change, Level, Operation, Positions, Rule, rules};

pub use self::input::Side;
use contract::model::resource_of;

/// Everything that is different, each change once, in the order of the new document.
pub fn compare(old: &Side, new: &Side) -> Vec<Change> {
    openapi_diff::compare(old.contract(), new.contract(), &resource_of)
}
