//! A client for the PortSIP PBX administration API.
//!
//! [`Client::builder`] creates a [`Client`]. Every operation of the API is a method of it that returns a builder of the request,
//! and every body is a type in [`types`]:
//!
//! ```
//! # // A server that answers this example.
//! # fn server() -> String {
//! #     use std::io::{BufRead, BufReader, Read, Write};
//! #     let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
//! #     let url = format!("http://{}/api", listener.local_addr().unwrap());
//! #     std::thread::spawn(move || for socket in listener.incoming() {
//! #         let mut reader = BufReader::new(socket.unwrap());
//! #         let (mut head, mut length) = (String::new(), 0);
//! #         while !head.ends_with("\r\n\r\n") {
//! #             let start = head.len();
//! #             reader.read_line(&mut head).unwrap();
//! #             if let Some(value) = head[start..].to_lowercase().strip_prefix("content-length: ") {
//! #                 length = value.trim().parse().unwrap();
//! #             }
//! #         }
//! #         reader.read_exact(&mut vec![0; length]).unwrap();
//! #         let body = match head.split_whitespace().nth(1).unwrap() {
//! #             "/api/auth/sign_in" => r#"{"access_token":"A","refresh_token":"R","expires_in":1800}"#,
//! #             "/api/ip_filters" => r#"{"id":"7"}"#,
//! #             _ => r#"{"count":1,"items":[{"cidr":"192.0.2.0/24","expire_at":""}]}"#,
//! #         };
//! #         let length = body.len();
//! #         write!(reader.get_mut(), "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
//! #     });
//! #     url
//! # }
//! use pbx_client::{Client, Credentials, Field, field, types};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), pbx_client::Error> {
//! let url = "https://pbx.example.com:8887/api";
//! # let url = &*server();
//! let client = Client::builder()
//!     .url(url)
//!     .credentials(Credentials::system("admin", "secret"))
//!     .connect()
//!     .await?;
//!
//! let rules = client.list_ip_rules().filter(field("target").eq("DENY")).top(10).send().await?;
//! for rule in &rules.items {
//!     println!("{:?} until {:?}", rule.cidr, rule.expire_at);
//! }
//!
//! let rule = types::CreateIpRule::new("192.0.2.0/24", types::IpRuleTarget::Deny).description("test network");
//! let created = client.create_ip_rule().body(rule).send().await?;
//!
//! // An update sends only the fields that are set.
//! let update = types::UpdateIpRule::default().expire_at(Field::Null);
//! client.update_ip_rule().id(&created.id).body(update).send().await?;
//!
//! // A list owns its client, so a task can stream it.
//! let denied = client.list_ip_rules().filter(field("target").eq("DENY"));
//! let task = tokio::spawn(async move {
//!     let mut rules = denied.stream();
//!     while let Some(rule) = rules.next().await {
//!         println!("{:?}", rule?.cidr);
//!     }
//!     Ok::<_, pbx_client::Error>(())
//! });
//! task.await.expect("the task does not panic")?;
//! # Ok(())
//! # }
//! ```
//!
//! - **Sessions** renew themselves: access tokens are renewed before they expire and after a 401, once for all clones of a
//!   client. [`Client::session`] signs in and out, switches into a tenant, and returns the tokens for storage. An account that
//!   needs a code fails to sign in with [`Error::SecondFactor`]; [`SecondFactor`] shows the rest.
//! - **Errors** are one enum, [`Error`], whose variants call for different reactions. It has the reasons that the server reported
//!   ([`Error::problems`]) and the response.
//! - **Reading** is lenient: any property of a response may be missing, null or empty, an enum value may be undocumented, and the
//!   rest is still read. So a property is an [`Option`], also an ID and the count of a [`Page`], or a
//!   [`Vec`], which is empty if the array is missing.
//! - **Writing** is exact: an update sends only its [`Field`]s that are not [`Field::Absent`]. With `if_match` and the tag of
//!   [`ResponseExt::etag`], it is refused if the object has changed since.
//! - **Lists** are a [`List`] each: filtered with [`field`], sorted with [`OrderBy::ascending`] or [`OrderBy::descending`], and read as
//!   one [`Page`] (`send`) or as a stream of all items (`stream`).
//! - **Retries**: transient failures of idempotent requests are retried with exponential backoff and jitter. [`RetryPolicy`]
//!   defines which failures and requests these are.
//!
//! # IDs
//!
//! Each kind of object has a type for its IDs, such as [`types::TenantId`]. A setter takes an ID as a response has it, or a string, but
//! not the ID of another kind of object. If the server sent no ID, the request is not sent and fails with [`Error::InvalidRequest`]:
//!
//! ```
//! # fn example(client: &pbx_client::Client, tenant: pbx_client::types::Tenant) {
//! let request = client.show_tenant().id(&tenant.id);
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # fn example(client: &pbx_client::Client, dealer: pbx_client::types::Dealer) {
//! let request = client.show_tenant().id(&dealer.id);
//! # }
//! ```
//!
//! # Features
//!
//! All are enabled by default: `retry` (the retry policy), `stream` (lists as streams), `tracing` (a span for each call with
//! operation, method, path template, status, attempts and duration; no values of the caller or the server), and `upload` (files).
//!
//! The crate also builds for `wasm32-unknown-unknown`. The browser manages connections there: timeouts of connections, certificates
//! and proxies cannot be set, and redirects are followed.
//!
//! # Layers
//!
//! Each module imports only from modules above it in this list:
//!
//! - `wire` (JSON and its types), `clock`
//! - `filter` (filter and sort expressions), `error`
//! - `macros` (implementations for generated types), `retry` (the policy), `session` (credentials, tokens, one renewal at a time)
//! - `client` (connection and session)
//! - `call` (authorization, sending, retries, pagination)
//! - `support` and `generated`; `auth` (signing in and out, renewing tokens)
//! - `client_builder`, `upload`
//!
//! `generated/` is written by `cargo xtask codegen`; everything else by hand.

#![deny(missing_docs)]

// The server of the wire tests is used by tests in this crate as well.
#[cfg(test)]
extern crate self as pbx_client;

mod auth;
mod call;
mod client;
mod client_builder;
mod clock;
#[cfg(test)]
mod contract_tests;
mod error;
mod filter;
// Its documentation is the vendor's.
#[allow(missing_docs, rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags, rustdoc::bare_urls)]
#[rustfmt::skip]
mod generated;
#[cfg(test)]
mod hostile_response_tests;
// Which macros are used depends on the contract.
#[allow(unused_imports, unused_macros)]
mod macros;
mod retry;
mod session;
mod support;
#[cfg(feature = "upload")]
mod upload;
// Which types of properties are read and written depends on the contract.
#[allow(dead_code)]
mod wire;

pub use progenitor_client::ResponseValue;
pub use reqwest;

pub use auth::handle::SessionHandle;
pub use call::byte_stream::ByteStream;
pub use call::dynamic::Call;
pub use call::list::List;
#[cfg(feature = "stream")]
pub use call::pagination::ItemStream;
pub use call::response_ext::ResponseExt;
pub use client::Client;
pub use client_builder::{ClientBuilder, Scheme};
pub use error::configuration::ConfigurationError;
pub use error::response::{ErrorResponse, Location, Problem, Violation};
pub use error::second_factor::SecondFactor;
pub use error::transport::TransportError;
pub use error::{Attempt, Error};
pub use filter::{Filter, FilterError, FilterField, Literal, OrderBy, field};
pub use generated::{builder, types};
#[cfg(feature = "retry")]
pub use retry::RetryPolicy;
pub use session::credentials::{Credentials, SignInMethod};
pub use session::tokens::Session;
#[cfg(feature = "upload")]
pub use upload::upload;
pub use wire::field::Field;
pub use wire::page::Page;
pub use wire::raw::Raw;
pub use wire::secret::Secret;
pub use wire::timestamp::Timestamp;
