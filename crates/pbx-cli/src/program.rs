//! The program: parses the command line, runs the command, and reports errors.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches as _};

use crate::builtin::upload;
use crate::cli::{self, Invocation};
use crate::completion;
use crate::failure::{Exit, Failure};
use crate::options::global::GlobalOptions;
use crate::output::sanitize;
use crate::run_operation;

/// Runs `pbx` and returns its exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let matches = match completion::complete(cli::command_for, &arguments) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => cli::command_for(&arguments).try_get_matches_from(arguments),
        Err(error) => Err(error),
    };
    let matches = match matches {
        Ok(matches) => matches,
        Err(error) => {
            // Without standard output and standard error there is no place to report to.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage as u8 } else { 0 });
        }
    };
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

fn report(failure: &Failure) -> ExitCode {
    let Some(exit) = failure.exit else {
        return ExitCode::SUCCESS;
    };
    let mut err = std::io::stderr();
    let _ = writeln!(err, "error: {}", sanitize::text(&failure.to_string()));
    if let Some(hint) = failure.hint() {
        let _ = writeln!(err, "  {}", sanitize::text(hint));
    }
    ExitCode::from(exit as u8)
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let mut innermost = matches;
    while let Some((_, inner)) = innermost.subcommand() {
        innermost = inner;
    }
    let usage = |error: clap::Error| Failure::usage(error.to_string());
    let options = GlobalOptions::from_arg_matches(innermost).map_err(usage)?;
    let invocation = cli::invocation(matches).map_err(usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::local(format!("threads: {error}")))?;
    let outcome = runtime.block_on(async {
        match invocation {
            Invocation::Operation(spec, matches) => run_operation::run(spec, matches, &options).await,
            Invocation::Builtin(command) => command.run(&options, cli::command).await,
            Invocation::Upload(args) => upload::run(&args, &options).await,
        }
    });
    // Without waiting for a thread that still reads standard input.
    runtime.shutdown_background();
    outcome
}
