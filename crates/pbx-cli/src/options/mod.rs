//! Options that every command has.

pub mod connection;
pub mod global;
