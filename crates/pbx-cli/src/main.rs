//! `pbx`: see the library of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    pbx_cli::program::main()
}
