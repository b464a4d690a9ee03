//! The functions that generated tables for tests refer to.

use std::pin::Pin;

use progenitor_client::ResponseValue;
use serde::Serialize;
use serde_json::Value;

use crate::call::byte_stream::ByteStream;
use crate::client::Client;
use crate::error::Error;
use crate::wire::lenient::ReadLenient;
use crate::wire::strict::ReadStrict;

/// Reads a body and writes it again.
pub(crate) type Decoder = fn(&str) -> Result<Value, String>;

/// Reads the body of a response and writes it again.
pub(crate) fn decode<T: ReadLenient + Serialize>(body: &str) -> Result<Value, String> {
    let value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let read = T::read(value).ok_or("it has another type")?;
    serde_json::to_value(read).map_err(|error| error.to_string())
}

/// Reads the body of a request and writes it again.
pub(crate) fn recode<T: ReadStrict + Serialize>(body: &str) -> Result<Value, String> {
    let value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let read = T::read_strict(value).map_err(|error| error.to_string())?;
    serde_json::to_value(read).map_err(|error| error.to_string())
}

/// Calls an operation with a JSON body and discards the response.
pub(crate) type Caller = for<'a> fn(&'a Client, &str) -> Outcome<'a>;
pub(crate) type Outcome<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

pub(crate) fn await_response<'a, T>(call: impl Future<Output = Result<ResponseValue<T>, Error>> + 'a) -> Outcome<'a> {
    Box::pin(async { call.await.map(drop) })
}

/// Reads a download to its end.
pub(crate) fn await_download<'a>(
    call: impl Future<Output = Result<ResponseValue<ByteStream>, Error>> + 'a,
) -> Outcome<'a> {
    Box::pin(async { call.await?.into_inner().bytes().await.map(drop) })
}

/// Parses the body of a request.
pub(crate) fn parse_body<T: ReadStrict>(body: &str) -> T {
    T::read_strict(serde_json::from_str(body).unwrap()).unwrap()
}
