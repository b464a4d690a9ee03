//! A mock of the PortSIP PBX administration API, for the tests of programs that use [`pbx_client`].
//!
//! [`MockServer`] is an HTTP server that a test starts. Each operation is a method of it with the same name as the client's. It
//! takes a closure with the conditions on the request ([`When`]) and the response ([`Then`]):
//!
//! ```
//! use pbx_client::types;
//! use pbx_mock::{MockServer, Page};
//! use serde_json::json;
//!
//! /// The function under test: creates a tenant unless there is one with that name.
//! async fn ensure_tenant(client: &pbx_client::Client, name: &str) -> Result<types::TenantId, Box<dyn std::error::Error>> {
//!     let found = client.list_tenants().filter(format!("name eq '{name}'")).send().await?.into_inner();
//!     if let Some(id) = found.items.into_iter().find_map(|tenant| tenant.id) {
//!         return Ok(id);
//!     }
//!     let tenant = types::CreateTenant::new(name, "acme.example.com", "Europe/Berlin", "EUR", "DEU");
//!     let created = client.create_tenant().body(tenant).send().await?.into_inner();
//!     Ok(created.id.try_into()?)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = MockServer::start();
//! let list = server.list_tenants(|when, then| {
//!     when.filter("name eq 'Acme'").top(None);
//!     then.ok(Page::default());
//! });
//! let create = server.create_tenant(|when, then| {
//!     when.body_includes(json!({"name": "Acme", "region": "DEU"})).authenticated("T0K3N");
//!     then.created(types::CreatedTenant::default().id("7"));
//! });
//!
//! let client = server.client_with_token("T0K3N");
//! assert_eq!(ensure_tenant(&client, "Acme").await?, "7");
//!
//! list.assert();
//! create.assert();
//! # Ok(())
//! # }
//! ```
//!
//! - **Conditions** are typed: `when.id("7")`, `when.top(10)`, `when.filter(None)` (must be absent), `when.body(..)` for the whole
//!   body, `when.body_includes(json!(..))` for a part of it, `when.body_matches(|body| ..)` for a predicate.
//! - **Responses** are typed as well: a method for each documented success status, [`Then::items`] for paginated lists,
//!   [`Then::file`] for downloads, and errors in the envelope of the API: `then.not_found()`, `then.validation(..)`,
//!   `then.rate_limited(..)`, `then.error(409, "LICENSE_LIMITED", "..")`. [`Then::raw`] sends undocumented responses.
//! - **Order**: mocks are tried in the order of their creation, and the first match answers. `then.up_to_n_times(1)` leaves
//!   further requests to the next mock, which simulates a server that fails once.
//! - **Sessions**: [`MockServer::accept_sign_in`] lets a client sign in, refresh its tokens and sign out.
//! - **Unmatched requests** get a 501 that lists the differences from each mock of the operation, and fail the test when the server
//!   is dropped:
//!
//! ```text
//! POST /api/tenants (createTenant): no mock of this operation matches
//!   mock at tests/tenants.rs:31
//!     body /region: expected "DEU", was "AUT"
//!     header Authorization: expected "Bearer T0K3N", was absent
//! ```
//!
//! # Layers
//!
//! Each module imports only from modules to the left of it: `operation`, `request`, `response`, `argument`, `json_diff` ←
//! `expectation`, `router` ← `when`, `then` ← `backend` ← `mock` ← `server` ← `account`. `generated` implements `operation` for
//! `router` and adds methods to `when`, `then` and `server`.
//!
//! `generated/` is written by `cargo xtask codegen`; everything else by hand.

#[cfg(feature = "sign-in")]
mod account;
mod argument;
mod backend;
#[cfg(test)]
mod contract_tests;
mod expectation;
// Its documentation is the vendor's.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags, rustdoc::bare_urls)]
#[rustfmt::skip]
mod generated;
mod json_diff;
mod mock;
mod operation;
mod request;
mod response;
mod router;
mod server;
mod then;
mod when;

pub use httpmock;
pub use pbx_client::{Page, Secret, Timestamp};

#[cfg(feature = "sign-in")]
pub use account::Account;
pub use argument::{Argument, Expect};
pub use generated::operations;
pub use mock::Mock;
pub use operation::{
    BodyEncoding, BytesBody, FileResponse, ListResponse, Operation, OperationInfo, OptionalBody, TypedBody,
};
pub use request::Request;
pub use response::Response;
pub use server::MockServer;
pub use then::Then;
pub use when::When;
