//! From the vendor's pages to a contract, a client crate and a server-trait crate. The binary is a thin wrapper, so that the
//! tests reach every stage.

pub mod codegen;
pub mod contract;
pub mod diagnostic;
pub mod diff;
pub mod listing;
pub mod model;
pub mod upstream;
