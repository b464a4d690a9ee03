//! The program `pbx-server`, built where the tests find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    pbx_server::program::main()
}
