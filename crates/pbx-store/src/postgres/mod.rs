//! The engine for several nodes, PostgreSQL.
//!
//! Every transaction runs on a blocking thread with its own connection. Writes are serializable, and run again after a conflict,
//! so that a rule that reads before it writes holds across all nodes. Reads see one snapshot of the database.

mod connect;
mod open;
mod pool;
mod statement;
mod tls;

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::RngExt as _;
use tokio::sync::{AcquireError, Semaphore};

use self::pool::Pool;
use self::statement::{FailureKind, Session};
use crate::count_cache::CountCache;
use crate::engine::{Access, Engine, Failure, Work};
use crate::error::{OpenError, OpenPostgresError, StoreError};
use crate::tx::Tx;
use crate::write_counters::WriteCounters;

/// The default for the maximum number of connections of one node, each with one transaction at a time. By default PostgreSQL allows
/// 100 connections in total.
pub(super) const DEFAULT_CONNECTIONS: NonZeroU16 = NonZeroU16::MIN.saturating_add(15);

/// One in this many connections may run a scan; further scans wait.
const CONNECTIONS_PER_SCAN: u16 = 4;

/// The maximum number of attempts of a transaction that conflicts with others.
const MAX_ATTEMPTS: u32 = 16;

/// From this attempt on, no other transaction of this node writes at the same time, so that the transaction is not starved.
const EXCLUSIVE_FROM_ATTEMPT: u32 = 1;

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";

/// An open PostgreSQL database.
pub(super) struct Postgres {
    shared: Arc<Shared>,
    connections: u32,
    /// One permit per connection.
    permits: Arc<Semaphore>,
    /// One permit per concurrent scan.
    scan_permits: Arc<Semaphore>,
    location: String,
}

struct Shared {
    pool: Pool,
    counts: Arc<CountCache>,
    counters: Arc<WriteCounters>,
    /// Locked exclusively by a writing transaction that must run alone, and shared by all others that write.
    writers: RwLock<()>,
}

impl Postgres {
    /// Connects, and migrates the schema.
    ///
    /// # Errors
    ///
    /// See [`OpenPostgresError`].
    pub(super) fn open(
        url: &str,
        connections: NonZeroU16,
        counters: Arc<WriteCounters>,
    ) -> Result<Self, OpenPostgresError> {
        let (pool, location) = open::open(url)?;
        let connections = connections.get();
        let scans = connections.div_ceil(CONNECTIONS_PER_SCAN);
        Ok(Self {
            shared: Arc::new(Shared {
                pool,
                counts: Arc::default(),
                counters,
                writers: RwLock::new(()),
            }),
            connections: connections.into(),
            permits: Arc::new(Semaphore::new(connections.into())),
            scan_permits: Arc::new(Semaphore::new(scans.into())),
            location,
        })
    }

    /// Runs a transaction on a blocking thread. If the caller is dropped, the transaction goes on and keeps its permits.
    async fn run(&self, access: Access, work: Work) -> Result<(), Failure> {
        let scan_permit = match access {
            Access::Scan => Some(Arc::clone(&self.scan_permits).acquire_owned().await.map_err(closed)?),
            Access::Read | Access::Write => None,
        };
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(closed)?;
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || {
            let _permits = (scan_permit, permit);
            match access {
                Access::Read | Access::Scan => shared.read(&work),
                Access::Write => shared.write(&work),
            }
        })
        .await
        .unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    /// Waits for running and waiting transactions, then closes every connection.
    async fn close(&self) {
        self.scan_permits.close();
        // Permits are granted in order of request, so all of them are free only after every earlier transaction.
        if let Ok(_all) = self.permits.acquire_many(self.connections).await {
            self.permits.close();
            let shared = Arc::clone(&self.shared);
            // On a blocking thread, because closing a connection sends a message to the server.
            let _ = tokio::task::spawn_blocking(move || shared.pool.close()).await;
        }
    }
}

impl Engine for Postgres {
    fn run(&self, access: Access, work: Work) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(self.run(access, work))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.close())
    }

    fn location(&self) -> String {
        self.location.clone()
    }

    fn directory(&self) -> Option<PathBuf> {
        None
    }
}

/// Opens a database that servers may be using, in a read-only transaction, which ends with the connection. Blocks: not to be called
/// on a thread that runs asynchronous tasks.
pub(super) fn open_read_only(url: &str) -> Result<Session, OpenError> {
    let mut session = open::open_read_only(url)?;
    let begun = session.control(BEGIN_READ);
    begun.map_err(|failure| OpenPostgresError::Other {
        location: "named by --database".to_owned(),
        reason: failure.error.to_string(),
    })?;
    Ok(session)
}

fn closed(_: AcquireError) -> Failure {
    StoreError::Closed.into()
}

impl Shared {
    fn read(&self, work: &Work) -> Result<(), Failure> {
        self.retry_conflicts(|_| self.attempt(BEGIN_READ, work))
    }

    fn write(&self, work: &Work) -> Result<(), Failure> {
        self.retry_conflicts(|attempt| {
            // Poisoning is ignored: the lock guards no data.
            if attempt < EXCLUSIVE_FROM_ATTEMPT {
                let _shared = self.writers.read().unwrap_or_else(PoisonError::into_inner);
                self.attempt(BEGIN_WRITE, work)
            } else {
                let _exclusive = self.writers.write().unwrap_or_else(PoisonError::into_inner);
                self.attempt(BEGIN_WRITE, work)
            }
        })
    }

    /// Runs attempts of a transaction until one is final, up to [`MAX_ATTEMPTS`].
    fn retry_conflicts(&self, run: impl Fn(u32) -> Attempt) -> Result<(), Failure> {
        let mut attempt = 0;
        loop {
            match run(attempt) {
                Attempt::Final(outcome) => return outcome,
                Attempt::Retry(failure) => {
                    attempt += 1;
                    if attempt == MAX_ATTEMPTS {
                        return Err(failure.error.into());
                    }
                    tracing::debug!(target: crate::LOG_TARGET, attempt, error = %failure.error, "retrying a transaction");
                    // The first retry has no delay: the conflict was most likely with a transaction of this node, which the exclusive
                    // lock waits for.
                    if attempt > EXCLUSIVE_FROM_ATTEMPT {
                        back_off(attempt);
                    }
                }
            }
        }
    }

    fn attempt(&self, begin: &str, work: &Work) -> Attempt {
        let mut connection = match self.pool.take() {
            Ok(connection) => connection,
            Err(error) => return Attempt::Final(Err(error.into())),
        };
        if let Err(failure) = connection.control(begin) {
            // The server has most likely restarted, which also breaks the other idle connections.
            self.pool.drop_idle();
            return Attempt::Retry(failure);
        }
        let mut tx = Tx::new(&mut connection);
        if begin == BEGIN_READ {
            tx = tx.with_counts(&self.counts);
        }
        let outcome = work(&mut tx);
        let written = tx.into_written();
        let result = match (outcome, connection.take_failure()) {
            (Ok(()), None) => match connection.control("COMMIT") {
                Ok(()) => {
                    self.counters.count(&written);
                    self.pool.put_back(connection);
                    return Attempt::Final(Ok(()));
                }
                Err(failure) if failure.kind == FailureKind::Conflict => {
                    self.pool.put_back(connection);
                    return Attempt::Retry(failure);
                }
                // It may have taken effect, so it must not be run again.
                Err(failure) => {
                    self.counters.count(&written);
                    return Attempt::Final(Err(failure.error.into()));
                }
            },
            (_, Some(failure)) if failure.kind == FailureKind::Lost => return Attempt::Retry(failure),
            (_, Some(failure)) if failure.kind == FailureKind::Conflict => Attempt::Retry(failure),
            (Ok(()), Some(failure)) => Attempt::Final(Err(Failure::Store(StoreError::Engine(format!(
                "a transaction continued after a failed statement, so it was rolled back ({})",
                failure.error
            ))))),
            (Err(rolled_back), _) => Attempt::Final(Err(rolled_back.into())),
        };
        // If this fails, the connection is closed, which rolls back as well.
        if connection.control("ROLLBACK").is_ok() {
            self.pool.put_back(connection);
        }
        result
    }
}

/// The outcome of one attempt of a transaction.
enum Attempt {
    /// The result of the transaction.
    Final(Result<(), Failure>),
    /// Rolled back; another attempt may succeed.
    Retry(statement::Failure),
}

/// Sleeps before another attempt: exponential backoff with full jitter, at most 64 ms.
fn back_off(attempt: u32) {
    let max_millis = 1u64 << attempt.min(6);
    std::thread::sleep(Duration::from_micros(rand::rng().random_range(0..max_millis * 1000)));
}
