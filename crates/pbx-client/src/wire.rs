//! JSON as it is on the wire: lenient reading of responses, strict reading and sparse writing of requests.
//!
//! The lowest layer of the crate: nothing in here knows of requests, errors or sessions.

pub(crate) mod argument;
pub(crate) mod field;
pub(crate) mod lenient;
pub(crate) mod page;
pub(crate) mod raw;
pub(crate) mod secret;
pub(crate) mod sparse;
pub(crate) mod strict;
pub(crate) mod timestamp;
