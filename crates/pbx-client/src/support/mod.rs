//! What the generated code stands on: lenient reading of answers, exact reading and sparse
//! writing of requests, and the way of a call.

// Which parts a contract needs depends on the contract.
#![allow(dead_code, unused_imports, unused_macros)]

mod argument;
mod byte_stream;
mod call;
mod exact;
mod field;
mod http;
mod macros;
mod operation;
#[cfg(feature = "stream")]
mod pages;
mod raw;
mod read;
mod secret;
#[cfg(test)]
mod tests;
mod timestamp;

use serde::{Serialize, ser::SerializeMap};

#[cfg(feature = "stream")]
pub use self::pages::ItemStream;
#[cfg(feature = "stream")]
pub(crate) use self::pages::{Pages, pages};
pub(crate) use self::{
    argument::Argument,
    call::{empty, json, stream},
    exact::{Exact, ExactMembers, Inexact, Omissible},
    http::{OptionalBody, header_value, path_segment},
    operation::Operation,
    read::{FITS, FITS_ANYTHING, FITS_WELL, Member, Members, NO_FIT, Presence, Read, fit_object},
};
pub use self::{byte_stream::ByteStream, field::Field, raw::Raw, secret::Secret, timestamp::Timestamp};

pub(crate) use macros::{
    create_object, deserialize, deserialize_exact, exact_object, open_enum, patch_object, read_object, read_union,
    request_union, response_object, shared_union, union, wire, write_object, write_union,
};

/// Reads a body and writes it again.
#[cfg(test)]
pub(crate) type Decoder = fn(&str) -> Result<serde_json::Value, String>;

/// What an answer's body reads as, written again.
#[cfg(test)]
pub(crate) fn decode<T: Read + Serialize>(body: &str) -> Result<serde_json::Value, String> {
    let value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let read = T::read(value).ok_or("it is of another type")?;
    serde_json::to_value(read).map_err(|error| error.to_string())
}

/// What a body that is to be sent reads as, written again.
#[cfg(test)]
pub(crate) fn recode<T: Exact + Serialize>(body: &str) -> Result<serde_json::Value, String> {
    let value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let read = T::exact(value).map_err(|fault| fault.to_string())?;
    serde_json::to_value(read).map_err(|error| error.to_string())
}

/// Calls an operation; what it answers is no matter.
#[cfg(test)]
pub(crate) type Caller = for<'a> fn(&'a crate::Client, &str) -> Called<'a>;
#[cfg(test)]
pub(crate) type Called<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), crate::Error>> + 'a>>;

#[cfg(test)]
pub(crate) fn called<'a, T>(
    call: impl Future<Output = Result<progenitor_client::ResponseValue<T>, crate::Error>> + 'a,
) -> Called<'a> {
    Box::pin(async { call.await.map(drop) })
}

/// The same, to the end of a download.
#[cfg(test)]
pub(crate) fn downloaded<'a>(
    call: impl Future<Output = Result<progenitor_client::ResponseValue<ByteStream>, crate::Error>> + 'a,
) -> Called<'a> {
    Box::pin(async { call.await?.into_inner().bytes().await.map(drop) })
}

/// A body that a test has made up.
#[cfg(test)]
pub(crate) fn exactly<T: Exact>(body: &str) -> T {
    T::exact(serde_json::from_str(body).unwrap()).unwrap()
}

/// Writes a member unless it is absent.
pub(crate) fn write_member<M, T>(members: &mut M, name: &'static str, value: &T) -> Result<(), M::Error>
where
    M: SerializeMap,
    T: Presence + Serialize,
{
    if value.is_absent() {
        return Ok(());
    }
    members.serialize_entry(name, value)
}
