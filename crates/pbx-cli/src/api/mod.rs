//! Sessions on a server, and the requests that commands send.

pub mod call;
pub mod client;
pub mod session;
