//! From what the contract says of an operation to a command, and from the command's arguments to a request.

mod arguments;
mod flags;
mod input;
pub mod spec;
#[cfg(test)]
mod tests;
mod value;

pub use arguments::{RESERVED, command};
pub use input::{Payload, Request, read};
pub use value::from_document;
