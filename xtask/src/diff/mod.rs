//! `cargo xtask diff`: reads two contracts ([`input`]: a file, a directory of documents, a git revision), compares them with
//! [`openapi_diff`] and reports the changes ([`report`], [`changelog`]).

pub mod accepted;
pub mod changelog;
pub mod directory;
pub mod filter;
pub mod git;
pub mod input;
pub mod report;
pub mod version;

use std::path::{Path, PathBuf};

use self::accepted::Accepted;
use self::filter::Filters;
use self::input::{LeftOut, Side, compare_with};
use self::report::{FailOn, Format, Report};

use openapi_reader::diagnostic::Diagnostics;

/// The arguments of `cargo xtask diff`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Options {
    /// The old contract. `-` is the standard input.
    #[arg(required_unless_present = "rules")]
    pub old: Option<String>,
    /// The new contract. Default: the specs directory of the workspace.
    pub new: Option<String>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// List documentation changes (descriptions, summaries, examples) instead of only counting them.
    #[arg(long)]
    pub all: bool,
    /// The lowest severity that makes the exit code nonzero.
    #[arg(long, value_enum, default_value = "text", value_name = "SEVERITY")]
    pub fail_on: FailOn,
    #[command(flatten)]
    pub filters: Filters,
    /// Compare paths without this prefix, such as /api/v1. May be repeated.
    #[arg(long = "strip-prefix", value_name = "PREFIX")]
    pub stripped_prefixes: Vec<String>,
    /// The date of the comparison, such as 2026-01-31: an operation may be removed once its x-sunset has passed.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub today: Option<String>,
    /// The list of accepted changes, which do not count. Default: accepted-changes.yaml in the specs directory, if NEW is that.
    #[arg(long, value_name = "FILE")]
    pub accepted: Option<PathBuf>,
    /// Exit with 1 at least if an accepted change matches nothing.
    #[arg(long)]
    pub fail_on_stale: bool,
    /// Print the rules with their severities, as Markdown.
    #[arg(long)]
    pub rules: bool,
}

fn date(text: &str) -> Result<String, String> {
    let date = openapi_diff::date(text).filter(|date| date.len() == text.len());
    date.map(str::to_owned)
        .ok_or_else(|| "must be a date such as 2026-01-31".to_owned())
}

/// Compares two contracts and writes the report to `out`; returns the exit code.
///
/// # Errors
///
/// A contract or the list of accepted changes cannot be read.
pub fn run(workspace: &Path, options: &Options, color: bool, out: &mut dyn std::io::Write) -> Result<u8, Diagnostics> {
    let Some(old) = options.old.as_deref().filter(|_| !options.rules) else {
        // The reader may have closed the pipe.
        let _ = out.write_all(openapi_diff::rules::documentation().as_bytes());
        return Ok(0);
    };
    let accepted = match (&options.accepted, &options.new) {
        (Some(path), _) => Accepted::read(&path.display().to_string(), path)?,
        (None, None) => Accepted::of_workspace(workspace)?,
        (None, Some(_)) => Accepted::default(),
    };
    let (old, new) = Side::read_both(old, options.new.as_deref(), workspace)?;
    let mut changes = compare_with(&old, &new, &options.stripped_prefixes, options.today.as_deref());
    let mut notes = accepted.apply(&mut changes);
    let stale = !notes.is_empty();
    notes.extend(LeftOut::notes(&old, &new));
    let count = changes.len();
    options.filters.apply(&mut changes);
    if changes.len() < count {
        let others = report::quantity(count - changes.len(), "other change");
        notes.push(format!(
            "{others} left out by --path, --resource, --audience or --severity"
        ));
    }
    notes.extend(version::note(&old, &new, &changes));
    let report = Report {
        old: &old,
        new: &new,
        changes: &changes,
        all: options.all,
        notes: &notes,
    };
    for side in [&old, &new] {
        for notice in &side.notices {
            eprintln!("note: {}: {notice}", side.name);
        }
    }
    let _ = out.write_all(report::render(&report, options.format, color).as_bytes());
    let code = report::exit_code(&changes, options.fail_on);
    Ok(if stale && options.fail_on_stale {
        code.max(1)
    } else {
        code
    })
}
