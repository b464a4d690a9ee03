//! What the generated types say of their operations.

use serde::Serialize;

/// An operation of the API as a type: what [`When`](crate::When), [`Then`](crate::Then) and [`Mock`](crate::Mock) are about.
pub trait Operation: 'static {
    /// Its name, method and path.
    const INFO: &'static OperationInfo;
}

/// The name, method and path of an operation.
#[derive(Debug, PartialEq, Eq)]
pub struct OperationInfo {
    /// As in the contract, such as `createTenant`.
    pub id: &'static str,
    /// `GET`, `POST`, ...
    pub method: &'static str,
    /// Below the base URL, such as `/tenants/{id}`.
    pub path: &'static str,
}

/// An operation that is sent a typed body.
pub trait TypedBody: Operation {
    /// What it is sent.
    type Body: Serialize;
    /// How.
    const ENCODING: BodyEncoding;
}

/// How a typed body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEncoding {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
}

/// An operation that is sent bytes.
pub trait BytesBody: Operation {}

/// An operation whose body may be left out.
pub trait OptionalBody: Operation {}

/// An operation that answers a page of a list.
pub trait ListResponse: Operation {
    /// What is listed.
    type Item: Serialize;
    /// The status of its answer.
    const STATUS: u16;
    /// How many items a page has when the request does not say.
    const DEFAULT_PAGE_SIZE: Option<u64>;
}

/// An operation that answers the content of a file.
pub trait FileResponse: Operation {
    /// The status of its answer.
    const STATUS: u16;
    /// What it answers.
    const MEDIA_TYPE: &'static str;
}
