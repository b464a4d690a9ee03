//! Turns an operation's specification into a command, and the command's arguments into a request.

pub mod arguments;
mod body_file;
mod flags;
pub mod input;
pub mod request;
pub mod spec;
#[cfg(test)]
mod tests;
mod value;
