//! A client for the PortSIP PBX administration API.
//!
//! [`sign_in`] gives a [`Client`]; every operation of the API is a method of it that returns a builder, and every body is
//! a type of [`types`]:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use pbx_client::{Field, types};
//!
//! let client = pbx_client::sign_in("https://pbx.example.com:8887/api", "admin", "secret", None).await?;
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
//! - Errors carry the server's reasons ([`ErrorExt::problems`]), or the body when it was not the API that answered.
//!
//! `generated/` is written by `cargo xtask codegen`; everything else by hand.

mod client;
#[cfg(test)]
mod contract_tests;
mod error;
// Its texts are the vendor's.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags, rustdoc::bare_urls)]
#[rustfmt::skip]
mod generated;
#[cfg(feature = "sign-in")]
mod sign_in;
mod support;
#[cfg(feature = "upload")]
mod upload;

pub use progenitor_client::{ByteStream, Error, ResponseValue};
pub use reqwest;

pub use client::{Client, ClientError};
pub use error::{ErrorExt, Problem};
pub use generated::{builder, types};
#[cfg(feature = "sign-in")]
pub use sign_in::{SignInError, sign_in, sign_in_with};
pub use support::{Field, Raw, Secret, Timestamp};
#[cfg(feature = "upload")]
pub use upload::{UploadError, upload};
