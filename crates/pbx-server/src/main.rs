//! The administration server. Everything is in the library, where the tests reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    pbx_server::program::main()
}
