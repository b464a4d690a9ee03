//! Streams files to and from the server.

pub mod download;
mod file_name;
pub mod request_body;
