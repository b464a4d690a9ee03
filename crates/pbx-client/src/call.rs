//! The execution of a call: authorization, sending, retries, reading the response, pagination.

pub(crate) mod byte_stream;
pub(crate) mod dynamic;
pub(crate) mod execute;
// A contract may have no lists, headers or optional bodies.
#[allow(dead_code)]
pub(crate) mod list;
pub(crate) mod operation;
#[allow(dead_code)]
pub(crate) mod operation_request;
#[cfg(feature = "stream")]
#[allow(dead_code)]
pub(crate) mod pagination;
#[allow(dead_code)]
pub(crate) mod request;
pub(crate) mod response_ext;
mod trace;
