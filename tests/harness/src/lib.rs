//! The harness of the tests: a server process on a free port with its own database, the generated client signed in to it, and a
//! plain HTTP client whose exchanges print like a terminal session.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness that cannot go on fails its test"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests have the time of the machine, from which they put the server's ahead"
)]

mod certificates;
mod clock;
mod contract;
mod engine;
pub mod programs;
mod raw;
mod receiver;
mod server;
pub mod smtp;
mod tenants;

pub use certificates::{Authority, Identity, connect_tls, der, handshake};
pub use clock::Clock;
pub use contract::{
    Operation, initial, operations, properties_with_empty_value, request_schemas, unimplemented_operations,
};
pub use engine::{Engine, select, selected};
pub use pbx_test_macros::on_each_engine;
#[cfg(unix)]
pub use pbx_test_postgres::Proxy;
pub use pbx_test_postgres::{Cluster, Database, PASSWORD_ROLE, ROLE_PASSWORD};
pub use raw::{Exchange, Raw, Redactions};
pub use receiver::receiver;
pub use server::{ADMINISTRATOR, Output, PASSWORD, Server, Start, sign_in};
