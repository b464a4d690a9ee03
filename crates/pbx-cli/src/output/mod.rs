//! Prints responses as tables, JSON or YAML.
//!
//! JSON and YAML contain exactly what the server sent, in its order, including properties that the contract does not have. Tables
//! are for people.

pub mod columns;
mod document;
pub mod printer;
pub mod sanitize;
pub mod style;
mod table;
pub mod value;
