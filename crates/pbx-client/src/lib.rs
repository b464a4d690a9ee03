//! A client for the PortSIP PBX administration API.
//!
//! [`Client::builder`] makes a [`Client`]. Every operation of the API is a method of it that returns a builder of the request,
//! and every body is a type of [`types`]:
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
//! let id = client.create_ip_rule().body(rule).send().await?.into_inner().id.unwrap_or_default();
//!
//! // An update sends only what is set.
//! let update = types::UpdateIpRule::default().expire_at(Field::Null);
//! client.update_ip_rule().id(id).body(update).send().await?;
//! # Ok(())
//! # }
//! ```
//!
//! - The **session** keeps itself: tokens are renewed before their end and after a 401, once for all clones of a client.
//!   [`Client::session`] signs in and out, switches into a tenant, and gives the tokens to keep.
//! - Errors are one enum, [`Error`], that says what to do next, with the server's reasons ([`Error::problems`]) and the answer.
//! - What is **read** is lenient: any field may be missing, null or empty, a value may be new, and the rest still arrives.
//! - What is **written** is what was set: an update sends only its [`Field`]s that are not [`Field::Absent`].
//! - Lists are **streams** of their items, page after page, with [`field`] and [`OrderBy`] for what they are asked.
//! - What failed for the moment and cannot be done twice is tried again; see [`RetryPolicy`].
//!
//! # Features
//!
//! All are on unless `default-features = false`: `retry`, `stream` (lists as streams), `tracing` (a span for every call:
//! operation, method, path template, status, attempts, duration; nothing that a caller or a server sent), `upload`.
//!
//! It builds for `wasm32-unknown-unknown` as well, where the browser has its own connections: timeouts of connections,
//! certificates and proxies cannot be set there, and redirects are followed.
//!
//! `generated/` is written by `cargo xtask codegen`; everything else by hand.

#![deny(missing_docs)]

mod call;
// The server of the tests on the wire serves those in here as well.
#[cfg(test)]
extern crate self as pbx_client;

mod client;
#[cfg(test)]
mod contract_tests;
mod error;
mod filter;
#[cfg(test)]
mod hostile_tests;
// Its texts are the vendor's.
#[allow(missing_docs, rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags, rustdoc::bare_urls)]
#[rustfmt::skip]
mod generated;
mod retry;
mod session;
mod support;
mod trace;
#[cfg(feature = "upload")]
mod upload;

pub use progenitor_client::ResponseValue;
pub use reqwest;

pub use call::Call;
pub use client::{Client, ClientBuilder, ConfigurationError, Scheme};
pub use error::{Attempt, Error, ErrorResponse, Location, Problem, TransportError, Violation};
pub use filter::{Filter, FilterError, FilterField, Literal, OrderBy, field};
pub use generated::{builder, types};
#[cfg(feature = "retry")]
pub use retry::RetryPolicy;
pub use session::{Credentials, SecondFactor, Session, SessionHandle, SignInMethod};
#[cfg(feature = "stream")]
pub use support::ItemStream;
pub use support::{ByteStream, Field, Raw, Secret, Timestamp};
#[cfg(feature = "upload")]
pub use upload::upload;
