//! The workspace's own tasks: `cargo xtask codegen` turns the vendor's pages into the contract and the generated crates.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::codegen;

/// Tasks of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Generate the contract, the client and the server traits from the documents.
    ///
    /// Exits with 0 when all is well, 4 when --check finds files that codegen would change, 1 when something is broken.
    Codegen {
        /// Write nothing; list every file that is stale, missing or orphaned.
        #[arg(long)]
        check: bool,
        /// The folder of documents: `upstream/`, and optionally `local/` and `overlays/`.
        #[arg(long, value_name = "DIR")]
        specs: Option<PathBuf>,
        /// Where to write; receives the same tree as the workspace.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// Generated files differ from what the documents say.
const STALE: u8 = 4;

fn main() -> ExitCode {
    let Task::Codegen { check, specs, out } = Arguments::parse().task;
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
        .to_owned();
    let specs = specs.unwrap_or_else(|| workspace.join("specs"));
    let out = out.unwrap_or(workspace);
    match codegen::run(&specs, &out, check) {
        Ok(codegen::Outcome::Done) => ExitCode::SUCCESS,
        Ok(codegen::Outcome::Stale) => ExitCode::from(STALE),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
