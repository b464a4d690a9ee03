//! The tests of `main.rs` once more, with PostgreSQL: it sees by the name of this target which engine is meant.

#[path = "main.rs"]
mod suite;

use suite::*;
