//! The tasks of the workspace that use several crates: comparing contracts and adopting new pages. The binary is a thin wrapper, so
//! that tests can call every step.

pub mod diff;
pub mod upstream;
