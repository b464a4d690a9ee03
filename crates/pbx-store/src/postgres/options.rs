//! Limits on the use of a PostgreSQL server, and the deadlines of requests to it.

use std::num::NonZeroU16;
use std::time::Duration;

/// The default for the maximum number of connections of one node, each with one transaction at a time. By default PostgreSQL allows
/// 100 connections in total.
const DEFAULT_CONNECTIONS: NonZeroU16 = NonZeroU16::MIN.saturating_add(15);

/// The default for the number of transactions of one node that write at the same time.
const DEFAULT_WRITERS: NonZeroU16 = NonZeroU16::MIN.saturating_add(3);

/// Limits on the use of a PostgreSQL server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostgresOptions {
    /// Maximum number of connections, each with one transaction at a time. Default: 16.
    pub connections: NonZeroU16,
    /// Maximum number of transactions that write at the same time. Default: 4.
    pub writers: NonZeroU16,
    /// Deadline of a statement. A statement of a scan has twice this time, a transaction three times. Default: 10 s.
    pub statement: Duration,
    /// Deadline of BEGIN, COMMIT and ROLLBACK. Default: 5 s.
    pub commit: Duration,
    /// Longest wait for a connection while no other transaction begins; in all, five times that. Default: 2 s.
    pub wait: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: DEFAULT_CONNECTIONS,
            writers: DEFAULT_WRITERS,
            statement: Duration::from_secs(10),
            commit: Duration::from_secs(5),
            wait: Duration::from_secs(2),
        }
    }
}

impl PostgresOptions {
    /// Returns the deadline of a statement of a scan.
    pub(super) fn scan_statement(&self) -> Duration {
        self.statement * 2
    }

    /// Returns the deadline of a transaction, with all its attempts.
    pub(super) fn transaction(&self) -> Duration {
        self.statement * 3
    }
}
