//! The program `pbx`, built where the tests find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    pbx_cli::program::main()
}
