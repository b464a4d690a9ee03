//! The whole server, driven through the generated client: one file per resource, and what concerns them all.
//!
//! Every test has a server process and a database of its own, so that none depends on another. What one test asks of one
//! resource belongs into the file of that resource; what the generated client cannot send goes through `Raw`. All of it runs
//! twice: as the target `server` on SQLite, as `server_postgres` on PostgreSQL. What is particular to one engine is in
//! `../engines`.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not recognise")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests have the time of the machine, from which they put the server's ahead"
)]

mod access;
mod admin;
mod admin_notification;
mod alerts;
mod audit;
mod auth;
mod brand;
mod dealer;
mod dealers;
mod errors;
mod files;
mod guards;
mod holidays;
mod im;
mod ip_filters;
mod isolation;
mod key;
mod license;
mod lifecycle;
mod lists;
mod network;
mod people;
mod providers;
mod sbc;
mod tenant;
mod tenant_dealers;
mod tenant_events;
mod tenant_lists;
mod tenants;
mod transcript;
mod transports;
mod users;
mod voicemail;

use pbx_tests::{Engine, Server, Start};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pbx-server-under-test");

/// The engine of this target.
fn engine() -> Engine {
    match env!("CARGO_CRATE_NAME") {
        "server_postgres" => Engine::Postgres,
        _ => Engine::Sqlite,
    }
}

/// A fresh server.
pub(crate) fn server() -> Server {
    start().ready()
}

/// A fresh server that is not started yet.
pub(crate) fn start() -> Start {
    Start::on(engine(), PROGRAM).unwrap_or_else(|| {
        // The harness has said loudly that there is no PostgreSQL. Every test of this target needs it.
        std::process::exit(0)
    })
}

/// Snapshots that are taken while this is held are the same on every engine.
pub(crate) fn same_on_every_engine() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.bind_to_scope()
}
