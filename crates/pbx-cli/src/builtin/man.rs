//! `pbx man`.

use std::path::PathBuf;

use clap::{Args, Command};

use crate::failure::Failure;
use crate::{manual, prompt};

// Not a doc comment, which would become the description of the command.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Directory for the pages, one file for each command
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes a manual page for each command.
///
/// # Errors
///
/// Fails if a file cannot be written.
pub fn run(args: &ManArgs, root: Command) -> Result<(), Failure> {
    let count = manual::write_pages(root, &args.out)?;
    prompt::note(&format!("Wrote {count} manual pages to {}.", args.out.display()));
    Ok(())
}
