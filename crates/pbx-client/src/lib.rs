//! A client for the PortSIP PBX administration API.
//!
//! [`Client::builder`] gives a [`Client`]; every operation of the API is a method of it that returns a builder, and every body
//! is a type of [`types`]:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use pbx_client::{Client, Credentials, Field, types};
//!
//! let client = Client::builder()
//!     .host("pbx.example.com")
//!     .credentials(Credentials::system("admin", "secret"))
//!     .connect()
//!     .await?;
//!
//! let rules = client.list_ip_rules().filter("target eq 'DENY'").top(10).send().await?;
//! for rule in &rules.items {
//!     println!("{:?} until {:?}", rule.cidr, rule.expire_at);
//! }
//!
//! let rule = types::CreateIpRule::new("192.0.2.0/24", types::IpRuleTarget::Deny).description("test network");
//! let created = client.create_ip_rule().body(rule).send().await?;
//!
//! // Only these two are sent; the rest keeps its values.
//! let change = types::UpdateIpRule::default().description("documentation").expire_at(Field::Null);
//! client.update_ip_rule().id(created.id.clone().unwrap_or_default()).body(change).send().await?;
//! # Ok(())
//! # }
//! ```
//!
//! - What is **read** is lenient: any field may be missing, null or empty, a value may be new, and the rest still arrives.
//! - What is **written** is what was set: an update sends only its [`Field`]s that are not [`Field::Absent`].
//! - There is one [`Error`], which says what to do next, with the server's reasons ([`Error::problems`]) and the whole answer.
//!
//! `generated/` is written by `cargo xtask codegen`; everything else by hand.

#![deny(missing_docs)]

mod call;
mod client;
#[cfg(test)]
mod contract_tests;
mod error;
mod filter;
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
pub use error::{Attempt, Error, ErrorResponse, Place, Problem, TransportError, Violation};
pub use filter::{Filter, FilterError, FilterField, Literal, OrderBy, field};
pub use generated::{builder, types};
#[cfg(feature = "retry")]
pub use retry::RetryPolicy;
pub use session::{Credentials, SecondFactor, Session, SessionHandle, SignInForm};
#[cfg(feature = "stream")]
pub use support::ItemStream;
pub use support::{ByteStream, Field, Raw, Secret, Timestamp};
#[cfg(feature = "upload")]
pub use upload::upload;
