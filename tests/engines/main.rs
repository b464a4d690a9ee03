//! Tests of one engine, and of all engines: crashes, concurrent writers, several servers, older databases.
//!
//! Tests that need PostgreSQL do nothing where it is not installed, which the harness reports loudly.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not recognize")]

mod alerts;
mod crash;
mod disabled_accounts;
mod examples;
#[cfg(target_os = "linux")]
mod full_disk;
mod guards;
mod limits;
mod nodes;
mod older_databases;
mod postgres;
mod providers;
mod sqlite;
#[cfg(unix)]
mod stalls;

use pbx_test_harness::{Engine, Start};

/// Returns how to start a fresh server on an engine that is always there.
fn start(engine: Engine) -> Start {
    Start::on(engine).unwrap()
}

/// Returns how to start a fresh server, for every installed engine.
fn on_every_engine() -> impl Iterator<Item = Start> {
    [Engine::Sqlite, Engine::Postgres].into_iter().filter_map(Start::on)
}

/// Returns the line that an operator reads when the server does not start.
fn refusal(start: &Start) -> String {
    let output = start.output();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, "");
    output
        .stderr
        .replace(start.directory().to_str().unwrap(), "[directory]")
}
