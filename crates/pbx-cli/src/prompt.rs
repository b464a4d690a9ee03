//! Questions on the terminal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::failure::{Context as _, Failure};
use crate::output::safe;

/// Whether there is somebody to ask.
pub fn possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for a line.
pub fn line(question: &str) -> Result<String, Failure> {
    let mut err = std::io::stderr();
    write!(err, "{}: ", safe::line(question))
        .and_then(|()| err.flush())
        .context("the terminal")?;
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer).context("the terminal")?;
    if read == 0 {
        return Err(Failure::usage("nothing was answered"));
    }
    Ok(answer.trim().to_owned())
}

/// Has something confirmed, unless it is already.
pub fn confirm(question: &str, confirmed: bool) -> Result<(), Failure> {
    if confirmed {
        return Ok(());
    }
    if !possible() {
        return Err(Failure::usage(format!("{question} There is nobody to ask here"))
            .hint("give --yes to do it without a question"));
    }
    let answer = line(&format!("{question} [y/N]"))?;
    match answer.to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::usage("nothing was done")),
    }
}

/// Tells something to somebody who looks on, and to nobody else.
pub fn note(text: &str) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        // There is nobody to tell that nobody can be told.
        let _ = writeln!(err, "{}", safe::text(text));
    }
}

/// Tells something that matters, whoever looks on: what was done is not quite what somebody may rely on.
pub fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "warning: {}", safe::text(text));
}
