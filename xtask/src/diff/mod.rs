//! `cargo xtask diff`: reads two contracts ([`input`]: a file, a directory of documents, a git revision), compares them with
//! [`openapi_diff`] and reports the changes ([`report`], [`changelog`]).

pub mod changelog;
pub mod directory;
pub mod git;
pub mod input;
pub mod report;

use std::path::Path;

use contract::diagnostic::Diagnostics;

use self::input::{Side, compare};
use self::report::{FailOn, Format, Report};

/// The arguments of `cargo xtask diff`.
#[derive(Debug, Clone)]
pub struct Options {
    pub old: String,
    /// The default is the specs directory of the workspace.
    pub new: Option<String>,
    pub format: Format,
    /// List documentation changes instead of only counting them.
    pub all: bool,
    pub fail_on: FailOn,
    pub color: bool,
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
    // The reader may have closed the pipe.
    let _ = out.write_all(report::render(&report, options.format, options.color).as_bytes());
    Ok(report::exit_code(&changes, options.fail_on))
}
