//! The administration server: behaviour only. HTTP, validation and the error envelope are `pbx-api`'s.
//!
//! `resources/` implements the generated traits, each method a use case; `services/` has the use cases with several callers,
//! `domain/` the rules, `store/` the queries, `adapters/` mail, webhooks, SIP sockets, TLS and files, `http/` the socket and the
//! one place where an error becomes a status.

pub mod adapters;
pub mod config;
pub mod domain;
pub mod http;
mod license_command;
pub mod program;
mod resources;
pub mod services;
pub mod store;
mod timer;
