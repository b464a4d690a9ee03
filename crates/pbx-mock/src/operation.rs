//! The traits of operations, which generated types implement.

use serde::Serialize;

/// An operation of the API as a type: the parameter of [`When`](crate::When), [`Then`](crate::Then) and [`Mock`](crate::Mock).
pub trait Operation: 'static {
    /// The ID, method and path.
    const INFO: &'static OperationInfo;
}

/// The ID, method and path of an operation.
#[derive(Debug, PartialEq, Eq)]
pub struct OperationInfo {
    /// The `operationId`, such as `createTenant`.
    pub id: &'static str,
    /// The HTTP method in upper case.
    pub method: &'static str,
    /// The path template below the base URL, such as `/tenants/{id}`.
    pub path: &'static str,
}

/// An operation with a typed request body.
pub trait TypedBody: Operation {
    /// The type of the body.
    type Body: Serialize;
    /// The encoding of the body.
    const ENCODING: BodyEncoding;
}

/// The encoding of a typed body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEncoding {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
}

/// An operation with a binary request body.
pub trait BytesBody: Operation {}

/// An operation whose request body is optional.
pub trait OptionalBody: Operation {}

/// An operation that responds with a page of a list.
pub trait ListResponse: Operation {
    /// The type of the items.
    type Item: Serialize;
    /// The success status.
    const STATUS: u16;
    /// The number of items per page unless the request sets `top`.
    const DEFAULT_PAGE_SIZE: Option<u64>;
}

/// An operation that responds with the content of a file.
pub trait FileResponse: Operation {
    /// The success status.
    const STATUS: u16;
    /// The media type of the response.
    const MEDIA_TYPE: &'static str;
}
