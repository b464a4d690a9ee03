//! The program `pbx-server`, built where the tests find it. Its clock can be put ahead while it runs.

use std::process::ExitCode;

use pbx_server::domain::clock;

fn main() -> ExitCode {
    if let Some(file) = std::env::var_os(pbx_tests::CLOCK) {
        clock::shift(move || pbx_tests::ahead(file.as_ref()));
    }
    pbx_server::program::main()
}
