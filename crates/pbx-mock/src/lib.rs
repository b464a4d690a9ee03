//! A mock of the PortSIP PBX administration API, for the tests of programs that use [`pbx_client`].
//!
//! [`MockServer`] is an HTTP server of a test's own. Each operation is a method of it, of the same name as the client's, that
//! takes what a request must be ([`When`]) and what is answered then ([`Then`]):
//!
//! ```
//! use pbx_client::types;
//! use pbx_mock::MockServer;
//! use serde_json::json;
//!
//! /// What is tested: makes a tenant unless there is one of that name.
//! async fn ensure_tenant(client: &pbx_client::Client, name: &str) -> Result<String, Box<dyn std::error::Error>> {
//!     let found = client.list_tenants().filter(format!("name eq '{name}'")).send().await?.into_inner();
//!     if let Some(id) = found.items.into_iter().find_map(|tenant| tenant.id) {
//!         return Ok(id);
//!     }
//!     let tenant = types::CreateTenant::new(name, "acme.example.com", "Europe/Berlin", "EUR", "DEU");
//!     let created = client.create_tenant().body(tenant).send().await?.into_inner();
//!     Ok(created.id.ok_or("no id")?)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = MockServer::start();
//! let list = server.list_tenants(|when, then| {
//!     when.filter("name eq 'Acme'").top(None);
//!     then.ok(types::TenantList::default());
//! });
//! let create = server.create_tenant(|when, then| {
//!     when.body_includes(json!({"name": "Acme", "region": "DEU"})).authenticated("T0K3N");
//!     then.created(types::Created::default().id("7"));
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
//! - **Conditions** are typed: `when.id("7")`, `when.top(10)`, `when.filter(None)` (must not be there), `when.body(..)` whole,
//!   `when.body_includes(json!(..))` in part, `when.body_matches(|body| ..)` by a rule.
//! - **Answers** are typed as well: a method for every documented success, [`Then::items`] for all pages of a list,
//!   [`Then::file`] for downloads, and every failure in the API's envelope: `then.not_found()`, `then.validation(..)`,
//!   `then.rate_limited(..)`, `then.error(409, "LICENSE_LIMITED", "..")`. [`Then::raw`] answers what no server should.
//! - **Order** is that in which mocks were made: the first that matches answers. `then.up_to_n_times(1)` leaves the next
//!   request to the next mock, which is how a server fails once.
//! - **Sessions**: [`MockServer::accept_sign_in`] lets a client sign in, renew its session and sign out.
//! - **A request that no mock answers** gets a 501 that says what differed from each mock of its operation, and fails the
//!   test when the server is dropped:
//!
//! ```text
//! POST /api/tenants (createTenant): no mock of this operation answers it
//!   the one at tests/tenants.rs:31
//!     body /region: expected "DEU", was "AUT"
//!     header Authorization: expected "Bearer T0K3N", was absent
//! ```
//!
//! `generated/` is written by `cargo xtask codegen`; everything else by hand.

#[cfg(feature = "sign-in")]
mod account;
#[cfg(test)]
mod contract_tests;
mod differ;
mod expect;
mod expectation;
// Its texts are the vendor's.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags, rustdoc::bare_urls)]
#[rustfmt::skip]
mod generated;
mod mock;
mod operation;
mod request;
mod route;
mod server;
mod then;
mod when;

pub use httpmock;
pub use pbx_client::{Secret, Timestamp};

#[cfg(feature = "sign-in")]
pub use account::Account;
pub use expect::{Argument, Expect};
pub use generated::operations;
pub use mock::Mock;
pub use operation::{
    BodyEncoding, BytesBody, FileResponse, ListResponse, Operation, OperationInfo, OptionalBody, TypedBody,
};
pub use request::Request;
pub use server::MockServer;
pub use then::{Response, Then};
pub use when::When;
