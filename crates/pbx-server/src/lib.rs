//! The administration server. `pbx-api` has HTTP, validation and the error envelope, `pbx-domain` the rules, `pbx-store` the
//! queries; this crate brings them together.
//!
//! `resources/` implements the generated traits, each method a use case; `services/` has the use cases with several callers,
//! `adapters/` mail, webhooks, SIP sockets, TLS and files, `http/` the socket, authorization, and the conversion of errors to statuses,
//! `program/` the start and the background jobs.

mod adapters;
mod config;
mod http;
mod license_command;
pub mod program;
mod resources;
mod services;
mod slots;
#[cfg(test)]
mod testing;
mod timer;
