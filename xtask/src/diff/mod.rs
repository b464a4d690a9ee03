//! `cargo xtask diff`: reads two contracts ([`input`]: a file, a folder of documents, a git revision), compares them
//! (`openapi_diff`, a crate of its own) and tells what is different ([`report`], [`changelog`]).

pub mod changelog;
pub mod folder;
pub mod git;
pub mod input;
pub mod report;

use std::path::Path;

use contract::diagnostic::Diagnostics;

use self::input::{Side, compare};
use self::report::{FailOn, Format, Report};

/// What to compare, and how to report it.
#[derive(Debug, Clone)]
pub struct Options {
    pub old: String,
    /// Without it, the specs folder of the workspace.
    pub new: Option<String>,
    pub format: Format,
    /// Changes of words are listed and not only counted.
    pub all: bool,
    pub fail_on: FailOn,
    pub colours: bool,
}

/// Compares two contracts and writes the report to `out`; returns the exit code.
pub fn run(workspace: &Path, options: &Options, out: &mut dyn std::io::Write) -> Result<u8, Diagnostics> {
    let (old, new) = Side::read_both(&options.old, options.new.as_deref(), workspace)?;
    let changes = compare(&old, &new);
    let report = Report {
        old: &old,
        new: &new,
        changes: &changes,
        all: options.all,
    };
    for side in [&old, &new] {
        for notice in &side.notices {
            eprintln!("note: {}: {notice}", side.name);
        }
    }
    // Whoever reads may have seen enough.
    let _ = out.write_all(report::render(&report, options.format, options.colours).as_bytes());
    Ok(report::exit_code(&changes, options.fail_on))
}
