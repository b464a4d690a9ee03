//! Limits on what one client, one tenant, or all of them together may use, as settings.
//!
//! A limit is one entry of [`limits!`]: its documentation, name, type and default, its unit in messages, and its environment variable.
//! The flag is the name in kebab case, and the key of the configuration file is the name in the table `[limits]`. SECURITY.md has a row
//! for each limit, and docs/architecture.md says how to add one.

use serde::Deserialize;

use super::number;

/// Declares the flags, the keys of the configuration file and the resolved values.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:literal $unit:literal, $variable:literal;)+) => {
        /// Flags and environment variables of the limits.
        #[derive(Debug, Default, clap::Args)]
        #[command(next_help_heading = "Limits")]
        pub struct LimitOptions {
            $(
                #[arg(
                    long,
                    env = $variable,
                    value_name = "NUMBER",
                    help = concat!($($doc,)+ " [default: ", $default, "]").trim_start()
                )]
                $name: Option<String>,
            )+
        }

        /// The table `[limits]` of the configuration file.
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct LimitFile {
            $($name: Option<$type>,)+
        }

        /// The resolved limits.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl LimitOptions {
            /// Resolves each limit: flag, environment variable, file, default.
            pub(super) fn resolve(self, file: LimitFile) -> anyhow::Result<Limits> {
                let default = Limits::default();
                Ok(Limits {
                    $($name: number(self.$name, file.$name, default.$name, stringify!($name), $unit)?,)+
                })
            }
        }
    };
}

limits! {
    // Connections and requests.

    /// Connections in all, by HTTP and HTTPS together
    connections: u32 = 4096 "connections", "PBX_CONNECTIONS";

    /// Connections of one client address (IPv6: /64); behind a trusted proxy, requests in flight of one client
    connections_per_source: u32 = 256 "connections", "PBX_CONNECTIONS_PER_SOURCE";

    /// Connections of all denied addresses together, beside the others
    denied_connections: u32 = 64 "connections", "PBX_DENIED_CONNECTIONS";

    /// Seconds from the headers of a request to those of its response
    request_timeout: u32 = 60 "seconds", "PBX_REQUEST_TIMEOUT";

    /// Seconds in which a peer must take or send 8 KiB of a message that is not complete
    stall_timeout: u32 = 30 "seconds", "PBX_STALL_TIMEOUT";

    /// Largest body of a request that needs no session, in bytes
    public_body_limit: u32 = 16384 "bytes", "PBX_PUBLIC_BODY_LIMIT";

    /// Bytes of all bodies together whose requests need no session; the first 4 KiB of each do not count
    public_body_budget: u32 = 16777216 "bytes", "PBX_PUBLIC_BODY_BUDGET";

    /// Bytes of the bodies of one tenant, dealer or system administrator together; the first 4 KiB of each do not count
    tenant_body_budget: u32 = 16777216 "bytes", "PBX_TENANT_BODY_BUDGET";

    /// Bytes of all bodies together whose requests have a session; the first 4 KiB of each do not count
    body_budget: u32 = 67108864 "bytes", "PBX_BODY_BUDGET";

    // Sign-ins.

    /// Password hashes that may wait for one client address, one tenant or dealer, or the system administrators; further requests get
    /// 429
    hashes_per_source: u32 = 32 "hashes", "PBX_HASHES_PER_SOURCE";

    /// Password hashes that may wait for all clients without a recent sign-in together, and for all others together; further
    /// requests get 503
    hashes: u32 = 512 "hashes", "PBX_HASHES";

    /// Failed sign-ins a minute with one account, from all addresses together that did not sign in to it within the last 30 days;
    /// further ones get 429; 0 means no limit
    account_failures: u32 = 10 "failed sign-ins", "PBX_ACCOUNT_FAILURES";

    /// Sessions of one account; a further sign-in ends the session that was not used for the longest time
    account_sessions: u32 = 1000 "sessions", "PBX_ACCOUNT_SESSIONS";

    /// Failed sign-ins an hour in the audit log; further ones are in the log only
    audited_failures: u32 = 1000 "failed sign-ins", "PBX_AUDITED_FAILURES";

    // Database.

    /// Transactions that write to PostgreSQL at the same time, of this server
    database_writers: u16 = 4 "transactions", "PBX_DATABASE_WRITERS";
    /// Longest wait for a connection to PostgreSQL while no other transaction gets one, in seconds; five times that in all
    database_wait: u32 = 2 "seconds", "PBX_DATABASE_WAIT";
    /// Deadline of a statement on PostgreSQL, in seconds; twice that for a list, and three times that for a transaction
    database_statement: u32 = 10 "seconds", "PBX_DATABASE_STATEMENT";
    /// Deadline of a COMMIT on PostgreSQL, in seconds; beyond it, it is unknown whether the change was saved
    database_commit: u32 = 5 "seconds", "PBX_DATABASE_COMMIT";

    /// Lists and exports that one tenant, or one dealer, may run at a time
    scans_per_tenant: u32 = 1 "lists", "PBX_SCANS_PER_TENANT";

    /// Lists and exports of one tenant, or one dealer, that may wait; further ones get 503 at once
    waiting_scans_per_tenant: u32 = 32 "lists", "PBX_WAITING_SCANS_PER_TENANT";

    /// Longest time of a list or an export once it runs, in seconds
    scan_timeout: u32 = 10 "seconds", "PBX_SCAN_TIMEOUT";

    /// Changes of one tenant, or one dealer, that may wait; further ones get 503 at once
    waiting_writes_per_tenant: u32 = 512 "changes", "PBX_WAITING_WRITES_PER_TENANT";

    // Outgoing requests.

    /// Test events in progress, of all tenants together; one more is refused with 503
    outgoing: u16 = 64 "requests", "PBX_OUTGOING";
    /// Test events in progress of one tenant, and test mails of the system; one more is refused with 429
    outgoing_per_tenant: u16 = 4 "requests", "PBX_OUTGOING_PER_TENANT";
    /// Threads that resolve host names for the events of all tenants together
    lookup_threads: u16 = 16 "threads", "PBX_LOOKUP_THREADS";
    /// Threads that resolve host names for the events of one tenant, and for the mail of the system
    lookup_threads_per_tenant: u16 = 2 "threads", "PBX_LOOKUP_THREADS_PER_TENANT";
}
