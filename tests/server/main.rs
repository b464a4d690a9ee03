//! The whole server, driven through the generated client: one file per resource, and what concerns them all.
//!
//! Every test has its own server process and database. What the generated client cannot send goes through `Raw`.
//! `#[on_each_engine]` runs each test on SQLite and on PostgreSQL; what concerns one engine only is in `../engines`.

#![expect(
    clippy::unwrap_used,
    reason = "clippy does not recognize `#[on_each_engine]` as a test"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests have the time of the machine, from which they put the server's ahead"
)]

mod access;
mod accounts;
mod admin;
mod admin_notification;
mod alerts;
mod audit;
mod audit_logs;
mod auth;
mod brand;
mod browsers;
mod connections;
mod dealer;
mod dealers;
mod errors;
mod files;
mod guards;
mod holidays;
mod im;
mod info;
mod ip_filters;
mod isolation;
mod key;
mod largest;
mod license;
mod lifecycle;
mod lists;
mod messages;
mod network;
mod password_reset;
mod passwords;
mod providers;
mod read_back;
mod requests;
mod sbc;
mod second_factor;
mod sessions;
mod sign_ins;
mod tenant;
mod tenant_dealers;
mod tenant_events;
mod tenant_lists;
mod tenant_updates;
mod tenants;
mod texts;
mod transcript;
mod transports;
mod users;
mod voicemail;

use pbx_test_harness::{Server, Start, selected};

/// Starts a fresh server.
pub(crate) fn server() -> Server {
    start().ready()
}

/// Returns how to start a fresh server.
pub(crate) fn start() -> Start {
    Start::on(selected()).unwrap()
}
