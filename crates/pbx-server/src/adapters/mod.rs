//! Adapters: external systems in the terms of the domain. They know the domain and, where they must, the store; never use cases,
//! resources or HTTP.

pub mod blob_store;
pub mod key_file;
pub mod machine;
pub mod mail;
pub mod outgoing;
pub mod resolver;
pub mod sip;
pub mod tls;
pub mod webhook;
