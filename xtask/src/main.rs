//! The workspace's own tasks: `cargo xtask codegen` turns the vendor's pages into the contract and the generated crates,
//! `cargo xtask diff` says what is different between two contracts, `cargo xtask upstream` takes in new pages.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::diff::report::{FailOn, Format};
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
    /// Say what is different between two contracts, and whom it breaks.
    ///
    /// OLD and NEW are OpenAPI documents (3.0 or 3.1, YAML or JSON), pages, folders of documents as --specs takes them, bare folders
    /// of pages, git revisions (whose specs folder is meant), or REVISION:PATH.
    ///
    /// Exits with 0 when nothing changed, 1 for compatible changes, 2 for breaking ones, 3 when something cannot be read.
    Diff {
        /// The contract before.
        old: String,
        /// The contract after; without it, the specs folder of the workspace.
        new: Option<String>,
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
        /// List changes of words (descriptions, summaries, examples) and not only their number.
        #[arg(long)]
        all: bool,
        /// The least change that makes the exit code other than 0.
        #[arg(long, value_enum, default_value = "text", value_name = "LEVEL")]
        fail_on: FailOn,
    },
    /// Say what a folder of new pages of the vendor changes, and take them in with --apply.
    ///
    /// Tells the changes of the contract, the corrections that do not fit the pages any more, the generated names that change and
    /// the methods that the implementation lacks. Nothing is copied without --apply.
    ///
    /// Exits with 1 when something is broken; then nothing was copied.
    Upstream {
        /// The folder of new pages.
        #[arg(value_name = "PATH")]
        pages: PathBuf,
        /// The folder holds only pages that changed: keep the others. Without it, those that are not given are removed.
        #[arg(long)]
        partial: bool,
        /// Replace the pages in specs/upstream/, all or none, and bring the table in its SOURCE.md up to date.
        #[arg(long)]
        apply: bool,
        /// Replace them even if specs/upstream/ holds changes that are not committed.
        #[arg(long)]
        allow_dirty: bool,
        /// Which release it is, for SOURCE.md.
        #[arg(long, value_name = "RELEASE")]
        release: Option<String>,
        /// List changes of words (descriptions, summaries, examples) and not only their number.
        #[arg(long)]
        all: bool,
        /// The workspace, if it is another one than that of this program.
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
    /// Write a section of specs/CHANGELOG.md: what a release changes in the contract.
    ///
    /// A section of that title is written anew where it stands; another one is put before all others.
    Changelog {
        /// What the release is called, such as "v22.3".
        title: String,
        /// The contract before, as `diff` takes it; without it, the section says what the contract is made of.
        old: Option<String>,
        /// The contract after; without it, the specs folder of the workspace.
        new: Option<String>,
    },
}

/// Generated files differ from what the documents say.
const STALE: u8 = 4;

/// Something cannot be read or compared.
const UNREADABLE: u8 = 3;

fn main() -> ExitCode {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let mut stdout = std::io::stdout();
    let colours = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none();
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
        Task::Diff {
            old,
            new,
            format,
            all,
            fail_on,
        } => {
            let options = diff::Options {
                old,
                new,
                format,
                all,
                fail_on,
                colours,
            };
            match diff::run(workspace, &options, &mut stdout) {
                Ok(code) => ExitCode::from(code),
                Err(faults) => failure(&faults.to_string(), UNREADABLE),
            }
        }
        Task::Upstream {
            pages,
            partial,
            apply,
            allow_dirty,
            release,
            all,
            root,
        } => {
            let options = upstream::Options {
                pages,
                partial,
                apply,
                allow_dirty,
                release,
                all,
                colours,
            };
            match upstream::run(root.as_deref().unwrap_or(workspace), &options, &mut stdout) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failure(&format!("{error:#}"), 1),
            }
        }
        Task::Changelog { title, old, new } => {
            match changelog::run(workspace, &title, old.as_deref(), new.as_deref()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(faults) => failure(&faults.to_string(), UNREADABLE),
            }
        }
    }
}

fn failure(message: &str, code: u8) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(code)
}
