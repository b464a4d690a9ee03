//! The program `pbx-server` with a clock that a test can set while it runs.

use std::path::Path;
use std::process::ExitCode;

use jiff::SignedDuration;
use pbx_domain::clock;

/// The variable with the name of the file that says how many milliseconds the clock is ahead, or behind.
const CLOCK: &str = "PBX_TEST_CLOCK";

fn main() -> ExitCode {
    if let Some(file) = std::env::var_os(CLOCK) {
        clock::shift(move || ahead(file.as_ref()));
    }
    pbx_server::program::main()
}

fn ahead(file: &Path) -> SignedDuration {
    let milliseconds = std::fs::read_to_string(file).unwrap_or_default();
    SignedDuration::from_millis(milliseconds.parse().unwrap_or(0))
}
