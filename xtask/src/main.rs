//! The tasks of the workspace: `cargo xtask codegen` generates the contract and the crates from the vendor's documents,
//! `cargo xtask diff` compares two contracts, `cargo xtask upstream` adopts releases, `cargo xtask changelog` documents what they change.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::diff::{self, changelog};
use xtask::upstream;

/// Tasks of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Generate the contract and the generated parts of the crates from the documents.
    ///
    /// Exit codes: 0 on success, 4 if --check finds outdated files, 1 on errors.
    Codegen {
        /// Write nothing; list files that are stale, missing or orphaned.
        #[arg(long)]
        check: bool,
        /// The specs directory, with `upstream/` and optionally `local/` and `overlays/`.
        #[arg(long, value_name = "DIR")]
        specs: Option<PathBuf>,
        /// The output directory, which gets the same layout as the workspace.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Compare two contracts and report each change with its severity.
    ///
    /// OLD and NEW are OpenAPI documents (3.0 or 3.1, YAML or JSON), pages, specs directories as for --specs, directories of pages,
    /// git revisions (of which the specs directory is read), or REVISION:PATH.
    ///
    /// Exit codes: 0 without changes, 1 for compatible changes, 2 for breaking changes, 3 if a contract cannot be read.
    Diff(diff::Options),
    /// Report what a release of the vendor changes, and adopt it with --apply.
    ///
    /// Reports the changes of the contract, the local operations that the vendor documents now, the overlay actions that no longer apply
    /// as before, the generated names that change, and the trait methods that the implementation lacks. Nothing is written without
    /// --apply. docs/releases.md explains the report and what is left to do after it.
    ///
    /// Exit codes: 0 on success, 1 on errors; then nothing was written.
    Upstream {
        /// The new documents: whole files (`.json`, `.yaml`), pages (`.md`), and directories of them.
        #[arg(value_name = "FILE-OR-DIRECTORY", required = true)]
        paths: Vec<PathBuf>,
        /// Only what changed is given; keep the other files, which are removed otherwise.
        #[arg(long)]
        partial: bool,
        /// Keep the local operation although the vendor documents it now, and note that in specs/selection.yaml. May be repeated.
        #[arg(long, value_name = "METHOD /PATH")]
        keep: Vec<String>,
        /// Replace the documents in specs/upstream/, all or none, update the table in its SOURCE.md, remove superseded local operations,
        /// pin names that hand-written code uses, list new operations of implemented resources in specs/not-implemented.txt, and run
        /// codegen.
        #[arg(long)]
        apply: bool,
        /// Replace the documents even if there are uncommitted changes.
        #[arg(long)]
        allow_dirty: bool,
        /// The vendor's release, for SOURCE.md.
        #[arg(long, value_name = "RELEASE")]
        release: Option<String>,
        /// List documentation changes, added operations and added names instead of only counting them.
        #[arg(long)]
        all: bool,
        /// The root of the workspace. Default: the workspace of this program.
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
    /// Write the section of a release in specs/CHANGELOG.md.
    ///
    /// Replaces the section with the same title, or inserts a new one before all others.
    Changelog {
        /// The title of the release, such as "v22.3".
        title: String,
        /// The old contract, as for `diff`. Without it, the section is an inventory of the contract.
        old: Option<String>,
        /// The new contract. Default: the specs directory of the workspace.
        new: Option<String>,
    },
}

/// The exit code if generated files are outdated.
const STALE: u8 = 4;

/// The exit code if a contract cannot be read.
const UNREADABLE: u8 = 3;

fn main() -> ExitCode {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let mut stdout = std::io::stdout();
    let color = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match Arguments::parse().task {
        Task::Codegen { check, specs, out } => {
            let specs = specs.unwrap_or_else(|| workspace.join("specs"));
            let out = out.unwrap_or_else(|| workspace.to_owned());
            match codegen::run(&specs, &out, check) {
                Ok(codegen::Outcome::Done) => ExitCode::SUCCESS,
                Ok(codegen::Outcome::Stale) => ExitCode::from(STALE),
                Err(error) => failure(&format!("{error:#}"), 1),
            }
        }
        Task::Diff(options) => match diff::run(workspace, &options, color, &mut stdout) {
            Ok(code) => ExitCode::from(code),
            Err(errors) => failure(&errors.to_string(), UNREADABLE),
        },
        Task::Upstream {
            paths,
            partial,
            keep,
            apply,
            allow_dirty,
            release,
            all,
            root,
        } => {
            let options = upstream::Options {
                paths,
                partial,
                keep,
                apply,
                allow_dirty,
                release,
                all,
                color,
            };
            match upstream::run(root.as_deref().unwrap_or(workspace), &options, &mut stdout) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failure(&format!("{error:#}"), 1),
            }
        }
        Task::Changelog { title, old, new } => {
            match changelog::run(workspace, &title, old.as_deref(), new.as_deref()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(errors) => failure(&errors.to_string(), UNREADABLE),
            }
        }
    }
}

fn failure(message: &str, code: u8) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(code)
}
