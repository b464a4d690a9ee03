//! The program `pbx-server` with a clock that a test can set while it runs, and a resolver that asks nobody.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;

use jiff::SignedDuration;
use pbx_domain::clock;
use pbx_server::program::replace_system_resolver;

/// The variable with the name of the file that says how many milliseconds the clock is ahead, or behind.
const CLOCK: &str = "PBX_TEST_CLOCK";

/// The variable that replaces the system's resolver, so that no name server is asked: names below `silent.test` are never resolved,
/// `localhost` is, and other names do not exist.
const RESOLVER: &str = "PBX_TEST_RESOLVER";

fn main() -> ExitCode {
    if std::env::var_os(RESOLVER).is_some() {
        replace_system_resolver(resolve);
    }
    if let Some(file) = std::env::var_os(CLOCK) {
        clock::shift(move || ahead(file.as_ref()));
    }
    pbx_server::program::main()
}

fn ahead(file: &Path) -> SignedDuration {
    let milliseconds = std::fs::read_to_string(file).unwrap_or_default();
    SignedDuration::from_millis(milliseconds.parse().unwrap_or(0))
}

fn resolve(host: &str) -> io::Result<Vec<IpAddr>> {
    match host {
        "localhost" => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
        _ if host.ends_with(".silent.test") => loop {
            std::thread::park();
        },
        _ => Err(io::Error::other("no such name")),
    }
}
