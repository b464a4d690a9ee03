//! The administration server: behaviour only. HTTP, validation and the error envelope are `pbx-api`'s.
//!
//! `resources/` implements the generated traits in a few lines per operation, `domain/` has the rules, `store/` the queries.

pub mod domain;
pub mod store;
