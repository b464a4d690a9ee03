//! Prompts and messages on the terminal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::failure::{Context as _, Failure};
use crate::output::sanitize;

/// Returns `true` if a user can answer prompts.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Prompts for a line.
///
/// # Errors
///
/// Fails if the terminal cannot be read, or at end of file.
pub fn line(question: &str) -> Result<String, Failure> {
    let mut err = std::io::stderr();
    write!(err, "{}: ", sanitize::line(question))
        .and_then(|()| err.flush())
        .context("terminal")?;
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer).context("terminal")?;
    if read == 0 {
        return Err(Failure::usage("no answer"));
    }
    Ok(answer.trim().to_owned())
}

/// Prompts for a confirmation, unless `is_confirmed`.
///
/// # Errors
///
/// Fails if the user declines, or without a terminal.
pub fn confirm(question: &str, is_confirmed: bool) -> Result<(), Failure> {
    if is_confirmed {
        return Ok(());
    }
    if !is_interactive() {
        return Err(Failure::usage(format!("confirmation required: {question}"))
            .with_hint("there is no terminal to prompt on; pass --yes to confirm"));
    }
    let answer = line(&format!("{question} [y/N]"))?;
    match answer.to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::usage("canceled; nothing was changed")),
    }
}

/// Prints a note to standard error, only on a terminal.
pub fn note(text: &str) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        // A note that cannot be printed is lost.
        let _ = writeln!(err, "{}", sanitize::text(text));
    }
}

/// Prints a warning to standard error.
pub fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "warning: {}", sanitize::text(text));
}
