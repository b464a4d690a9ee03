//! The administration server. Everything is in the library, where the tests reach it.

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    pbx_server::program::main()
}
