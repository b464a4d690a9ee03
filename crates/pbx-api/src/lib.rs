//! The PBX administration API as Rust traits. An implementation of the traits is a server: this crate does everything about HTTP.
//!
//! One module per resource (`generated/`, written by `cargo xtask codegen` from the contract) has a trait with a method per
//! operation, a `router()`, and the types of the resource, which are those of [`pbx_types`]. What is written by hand (`runtime/`)
//! is the same for every operation:
//!
//! - [`Api`] is the part of an implementation that all resources share: it authenticates and authorizes callers, and
//!   [`Api::problem`] turns its errors into responses.
//! - [`Server`] mounts the resources and builds an [`axum::Router`]. Operations of resources that are not mounted respond with 501.
//! - [`Problem`] is an error response, with a status, codes and messages in the envelope of the contract.
//! - [`Call`] has the caller and the head of the request. Parameters and bodies are arguments of the methods; the body of an update
//!   is a [`Patch`].
//!
//! Before a method is called, the input was validated by the JSON Schema of the operation; requests that violate it get a
//! 400 with one error for each [`Violation`]. Rules that a schema cannot express are the implementation's:
//! [`Problem::invalid`] reports their violations in the same form. [`list`] has the parameters and pages of lists.
//! Nothing in this crate knows a store or a business rule.
//!
//! # Example
//!
//! A server with one resource, whose only access token is "secret":
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use pbx_api::voicemail::{UpdateVoicemailServer, VoicemailApi, VoicemailServer};
//! use pbx_api::{Api, Call, Operation, Patch, Problem, RequestInfo, Server};
//!
//! struct Pbx {
//!     voicemail: Mutex<VoicemailServer>,
//! }
//!
//! #[derive(Clone)]
//! struct Caller {
//!     role: &'static str,
//! }
//!
//! enum Error {
//!     InvalidToken,
//!     Forbidden,
//! }
//!
//! impl Api for Pbx {
//!     type Caller = Caller;
//!     type Error = Error;
//!
//!     fn problem(error: Error) -> Problem {
//!         match error {
//!             Error::InvalidToken => Problem::unauthorized("The access token is not valid."),
//!             Error::Forbidden => Problem::forbidden("Your role does not allow this operation."),
//!         }
//!     }
//!
//!     async fn authenticate(&self, token: &str, _: &RequestInfo<'_>) -> Result<Caller, Error> {
//!         match token {
//!             "secret" => Ok(Caller { role: "Admin" }),
//!             _ => Err(Error::InvalidToken),
//!         }
//!     }
//!
//!     fn authorize(&self, caller: &Caller, operation: &'static Operation) -> Result<(), Error> {
//!         match operation.allows(caller.role) {
//!             true => Ok(()),
//!             false => Err(Error::Forbidden),
//!         }
//!     }
//! }
//!
//! impl VoicemailApi for Pbx {
//!     async fn show_voicemail_server(&self, _: Call<Caller>) -> Result<VoicemailServer, Error> {
//!         Ok(self.voicemail.lock().unwrap().clone())
//!     }
//!
//!     async fn update_voicemail_server(&self, _: Call<Caller>, patch: Patch<UpdateVoicemailServer>) -> Result<(), Error> {
//!         let update = patch.into_fields();
//!         let mut voicemail = self.voicemail.lock().unwrap();
//!         update.extension_number.update(&mut voicemail.extension_number);
//!         update.retain_days.update(&mut voicemail.retain_days);
//!         update.min_seconds.update(&mut voicemail.min_seconds);
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! let voicemail = VoicemailServer {
//!     extension_number: Some("999".to_owned()),
//!     retain_days: Some(30),
//!     min_seconds: None,
//! };
//! let pbx = Pbx { voicemail: Mutex::new(voicemail) };
//! let router = Server::new(Arc::new(pbx))
//!     .base_path("/api")
//!     .mount(pbx_api::voicemail::router())
//!     .build();
//! # use axum::body::Body;
//! # use tower::ServiceExt;
//! # let request = http::Request::get("/api/voicemail").header("host", "pbx").body(Body::empty()).unwrap();
//! # assert_eq!(router.clone().oneshot(request).await.unwrap().status(), 401);
//! # let request = http::Request::post("/api/voicemail").header("host", "pbx").header("authorization", "Bearer secret");
//! # let request = request.header("content-type", "application/json").body(Body::from(r#"{"retain_days":null}"#)).unwrap();
//! # assert_eq!(router.clone().oneshot(request).await.unwrap().status(), 200);
//! # let request = http::Request::get("/api/voicemail").header("host", "pbx").header("authorization", "Bearer secret");
//! # let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
//! # let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
//! # assert_eq!(body, r#"{"extension_number":"999","retain_days":null,"min_seconds":null}"#);
//! # }
//! ```
//!
//! An HTTP server passes the address of the peer on to [`Api::admit`] and the methods if it is started with `ConnectInfo`:
//!
//! ```no_run
//! # async fn serve(router: axum::Router, listener: tokio::net::TcpListener) -> std::io::Result<()> {
//! use std::net::SocketAddr;
//!
//! axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
//! # }
//! ```
//!
//! # Lists and IDs
//!
//! A list takes [`ListParameters`](list::ListParameters), which [`ListQuery::parse`](list::ListQuery::parse) parses, and returns
//! a [`Page`](list::Page). IDs are opaque strings with a type for each kind of object ([`ids`]): their format is the
//! implementation's.
//!
//! ```
//! use pbx_api::files::{FileId, FileInfo, FilesApi};
//! use pbx_api::list::{FieldKind, ListField, ListParameters, ListQuery, Page};
//! # use pbx_api::{Api, Call, Operation, Problem, RequestInfo};
//!
//! static FIELDS: [ListField; 2] = [ListField::new("id", FieldKind::Id), ListField::new("name", FieldKind::Text)];
//!
//! struct Library {
//!     files: Vec<FileInfo>,
//! }
//!
//! # impl Api for Library {
//! #     type Caller = ();
//! #     type Error = Problem;
//! #     fn problem(problem: Problem) -> Problem { problem }
//! #     async fn authenticate(&self, _: &str, _: &RequestInfo<'_>) -> Result<(), Problem> { Ok(()) }
//! #     fn authorize(&self, _: &(), _: &'static Operation) -> Result<(), Problem> { Ok(()) }
//! # }
//! #
//! impl FilesApi for Library {
//!     async fn list_files(&self, _: Call<()>, query: ListParameters) -> Result<Page<FileInfo>, Problem> {
//!         let query = ListQuery::parse(&query, &FIELDS).map_err(Problem::invalid)?;
//!         if query.filter.is_some() || query.search.is_some() || !query.order.is_empty() {
//!             return Err(Problem::internal("a store evaluates these"));
//!         }
//!         let page = self.files.iter().skip(query.skip as usize).take(query.top as usize);
//!         Ok(Page { count: self.files.len() as i64, items: page.cloned().collect() })
//!     }
//!
//!     async fn retrieve_file_info(&self, _: Call<()>, id: FileId) -> Result<FileInfo, Problem> {
//!         let file = self.files.iter().find(|file| file.id == id);
//!         file.cloned().ok_or_else(|| Problem::not_found("There is no such file."))
//!     }
//!
//!     async fn delete_file(&self, _: Call<()>, id: FileId) -> Result<(), Problem> {
//!         Err(Problem::conflict("READ_ONLY", format!("The file {id} cannot be deleted.")))
//!     }
//! }
//! ```

// Lets generated code use the path `pbx_api::` wherever it is compiled: here, or as a fixture of the tests.
extern crate self as pbx_api;

// Formatted by its generator; its descriptions are the vendor's.
#[rustfmt::skip]
#[allow(clippy::all, rustdoc::all)]
mod generated;
mod runtime;

pub use generated::*;
pub use runtime::api::{Api, Call, RequestInfo};
pub use runtime::input::Input;
pub use runtime::operation::{Content, Echo, InputSchema, Operation, Parameter, ParameterType};
pub use runtime::precondition::{Precondition, Unmet};
pub use runtime::problem::{ErrorEntry, Problem};
pub use runtime::request_id::RequestId;
pub use runtime::response::{HandlerResult, bytes, empty, header, json, tagged_json};
pub use runtime::schemas::Schemas;
pub use runtime::server::{Resource, Server};

#[doc(inline)]
pub use pbx_types::{Field, Location, ParseTimestampError, Patch, Secret, Timestamp, UnknownValue, Violation, list};

// Re-exported for generated code, so that an implementation does not need the same versions of these crates.
pub use axum::response::Response;
pub use http::Method;
pub use pbx_types::{Bytes, Value};
#[doc(hidden)]
pub use pbx_types::{defaults, opaque_id, string_enum};
