//! Shell completion.
//!
//! The shell calls `pbx` at every TAB, so that commands are completed at any depth, and profiles by their names. The script of
//! `pbx completions` only registers that call.

use std::ffi::OsString;

use clap::Command;
use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Shells};

use crate::failure::Failure;
use crate::output::printer;

/// Environment variable with the name of the shell that calls.
const SHELL_VARIABLE: &str = "PBX_COMPLETE";

/// Prints candidates if a shell calls with these arguments, and returns `false` if none does.
///
/// # Errors
///
/// Fails if the shell is not supported.
pub fn complete(command: fn(&[OsString]) -> Command, arguments: &[OsString]) -> Result<bool, clap::Error> {
    let directory = std::env::current_dir().ok();
    CompleteEnv::with_factory(|| command(arguments))
        .var(SHELL_VARIABLE)
        .completer("pbx")
        .try_complete(arguments.iter().cloned(), directory.as_deref())
}

/// Prints the script that registers completions in a shell.
///
/// # Errors
///
/// Fails if the shell is not supported, or if standard output cannot be written.
pub fn print_script(shell: Shell) -> Result<(), Failure> {
    let (name, shells) = (shell.to_string(), Shells::builtins());
    let completer = shells
        .completer(&name)
        .ok_or_else(|| Failure::usage(format!("no completions for {name}")))?;
    let mut script = Vec::new();
    completer
        .write_registration(SHELL_VARIABLE, "pbx", "pbx", "pbx", &mut script)
        .map_err(|error| Failure::output(&error))?;
    printer::write(&String::from_utf8_lossy(&script))
}
