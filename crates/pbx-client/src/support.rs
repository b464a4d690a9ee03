//! The internal names that generated code uses, in one place: `crate::support::...`.
//!
//! Generated code refers to public names through the crate root, and to everything else through this module. Hand-written code
//! imports from the defining modules.

// The names that generated code needs depend on the contract.
#![allow(unused_imports)]

#[cfg(test)]
mod testing;

#[cfg(test)]
pub(crate) use self::testing::{Caller, Decoder, await_download, await_response, decode, parse_body, recode};
pub(crate) use crate::call::operation::Operation;
pub(crate) use crate::call::operation_request::{OperationRequest, convert, list_segment, not_set, segment};
#[cfg(feature = "stream")]
pub(crate) use crate::call::pagination::Pagination;
pub(crate) use crate::macros::{
    create_object, ids, open_enum, patch_object, read_object, request_union, response_object, shared_union, union,
};
