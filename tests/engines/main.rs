//! What is particular to one engine, and what every engine must stand: crashes, many writers, several servers.
//!
//! Tests that need PostgreSQL do nothing where it is not installed; the harness says so loudly.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not recognise")]

mod alerts;
mod closed;
mod crash;
mod examples;
mod guards;
mod nodes;
mod older_databases;
mod postgres;
mod providers;
mod sqlite;

use pbx_test_harness::{Engine, Start};

/// A fresh server that is not started yet, on an engine that is always there.
fn start(engine: Engine) -> Start {
    Start::on(engine).unwrap()
}

/// A fresh server on every engine that is there.
fn on_every_engine() -> impl Iterator<Item = Start> {
    [Engine::Sqlite, Engine::Postgres].into_iter().filter_map(Start::on)
}

/// The one line that an operator reads when the server does not start.
fn refusal(start: &Start) -> String {
    let ended = start.ended();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "");
    ended.stderr.replace(start.folder().to_str().unwrap(), "[folder]")
}
