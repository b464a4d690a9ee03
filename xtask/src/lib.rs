//! The tasks of the workspace that are more than one call of a crate: comparing contracts, and taking in new pages. The binary is
//! a thin wrapper, so that the tests reach every stage.

pub mod diff;
pub mod upstream;
