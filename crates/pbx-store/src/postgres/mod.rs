//! The engine for several nodes.
//!
//! Every transaction runs on a blocking thread with a connection of its own. Writes are serializable: what conflicts is run
//! again, so that a rule which reads before it writes holds between the nodes as it does within one. Reads see one state of
//! the database throughout.

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

/// Transactions of one server that run at a time, each on its connection, unless the operator says otherwise; a PostgreSQL as it
/// is installed allows 100 in all.
pub const CONNECTIONS: NonZeroU16 = NonZeroU16::MIN.saturating_add(15);

/// One connection in so many may be busy with a scan; further scans wait.
const SCANS: u16 = 4;

/// How often a transaction that is in conflict with others is tried in all.
const ATTEMPTS: u32 = 16;

/// From this attempt on a transaction runs while no other of this server writes, so that it is not overtaken for ever.
const ALONE_FROM: u32 = 1;

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";

/// An open PostgreSQL database.
pub(super) struct Postgres {
    shared: Arc<Shared>,
    connections: u32,
    turns: Arc<Semaphore>,
    scans: Arc<Semaphore>,
    location: String,
}

struct Shared {
    pool: Pool,
    counts: Arc<CountCache>,
    counters: Arc<WriteCounters>,
    /// Held for writing by a transaction that runs alone, for reading by every other that writes.
    writers: RwLock<()>,
}

impl Postgres {
    /// Connects and brings the schema up to date; see [`OpenPostgresError`] for everything that is refused.
    pub(super) fn open(
        url: &str,
        connections: NonZeroU16,
        counters: Arc<WriteCounters>,
    ) -> Result<Self, OpenPostgresError> {
        let (pool, location) = open::open(url)?;
        let connections = connections.get();
        let scans = connections.div_ceil(SCANS);
        Ok(Self {
            shared: Arc::new(Shared {
                pool,
                counts: Arc::default(),
                counters,
                writers: RwLock::new(()),
            }),
            connections: connections.into(),
            turns: Arc::new(Semaphore::new(connections.into())),
            scans: Arc::new(Semaphore::new(scans.into())),
            location,
        })
    }

    /// The job goes on even if nobody waits for it any more, and keeps its turn as long as it does.
    async fn run(&self, access: Access, work: Work) -> Result<(), Failure> {
        let scan = match access {
            Access::Scan => Some(Arc::clone(&self.scans).acquire_owned().await.map_err(closed)?),
            Access::Read | Access::Write => None,
        };
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(closed)?;
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || {
            let _turns = (scan, turn);
            match access {
                Access::Read | Access::Scan => shared.read(&work),
                Access::Write => shared.write(&work),
            }
        })
        .await
        .unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    /// Lets what runs and what waits finish, then closes every connection.
    async fn close(&self) {
        self.scans.close();
        // Turns are given in the order in which they are asked for: all of them are free when nothing is left.
        if let Ok(_all) = self.turns.acquire_many(self.connections).await {
            self.turns.close();
            let shared = Arc::clone(&self.shared);
            // Closing says goodbye to the server.
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

/// Opens a database that servers may be using, for reading; closing the connection ends its transaction. Not on a thread that
/// runs asynchronous tasks.
pub(super) fn inspector(url: &str) -> Result<Session, OpenError> {
    let mut session = open::inspector(url)?;
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
        self.until_settled(|_| self.attempt(BEGIN_READ, work))
    }

    fn write(&self, work: &Work) -> Result<(), Failure> {
        self.until_settled(|attempt| {
            // A panic of a closure leaves nothing behind that could be broken.
            if attempt < ALONE_FROM {
                let _with_others = self.writers.read().unwrap_or_else(PoisonError::into_inner);
                self.attempt(BEGIN_WRITE, work)
            } else {
                let _alone = self.writers.write().unwrap_or_else(PoisonError::into_inner);
                self.attempt(BEGIN_WRITE, work)
            }
        })
    }

    fn until_settled(&self, run: impl Fn(u32) -> Attempt) -> Result<(), Failure> {
        let mut attempt = 0;
        loop {
            match run(attempt) {
                Attempt::Settled(outcome) => return outcome,
                Attempt::Again(failure) => {
                    attempt += 1;
                    if attempt == ATTEMPTS {
                        return Err(failure.error.into());
                    }
                    tracing::debug!(attempt, error = %failure.error, "a transaction is run again");
                    // The first time it only waits for its turn alone: whom it met was most likely of this server.
                    if attempt > ALONE_FROM {
                        pause(attempt);
                    }
                }
            }
        }
    }

    fn attempt(&self, begin: &str, work: &Work) -> Attempt {
        let mut connection = match self.pool.take() {
            Ok(connection) => connection,
            Err(error) => return Attempt::Settled(Err(error.into())),
        };
        if let Err(failure) = connection.control(begin) {
            // It was idle while the server restarted, and so were the others.
            self.pool.forget_idle();
            return Attempt::Again(failure);
        }
        let mut tx = Tx::new(&mut connection);
        if begin == BEGIN_READ {
            tx = tx.with_counts(&self.counts);
        }
        let outcome = work(&mut tx);
        let written = tx.into_written();
        let settled = match (outcome, connection.take_failure()) {
            (Ok(()), None) => match connection.control("COMMIT") {
                Ok(()) => {
                    self.counters.count(&written);
                    self.pool.put_back(connection);
                    return Attempt::Settled(Ok(()));
                }
                Err(failure) if failure.kind == FailureKind::Conflict => {
                    self.pool.put_back(connection);
                    return Attempt::Again(failure);
                }
                // Whether it took effect is not known: it must not be run again.
                Err(failure) => {
                    self.counters.count(&written);
                    return Attempt::Settled(Err(failure.error.into()));
                }
            },
            (_, Some(failure)) if failure.kind == FailureKind::Lost => return Attempt::Again(failure),
            (_, Some(failure)) if failure.kind == FailureKind::Conflict => Attempt::Again(failure),
            (Ok(()), Some(failure)) => Attempt::Settled(Err(Failure::Store(StoreError::Engine(format!(
                "a transaction went on after a statement of it had failed, which undoes it all ({})",
                failure.error
            ))))),
            (Err(rolled_back), _) => Attempt::Settled(Err(rolled_back.into())),
        };
        // A connection that cannot even do this is closed, which undoes everything as well.
        if connection.control("ROLLBACK").is_ok() {
            self.pool.put_back(connection);
        }
        settled
    }
}

/// How one attempt ended.
enum Attempt {
    /// For good.
    Settled(Result<(), Failure>),
    /// Undone, and worth another.
    Again(statement::Failure),
}

/// Longer from attempt to attempt, and never the same for two that are in each other's way.
fn pause(attempt: u32) {
    let most = 1u64 << attempt.min(6);
    std::thread::sleep(Duration::from_micros(rand::rng().random_range(0..most * 1000)));
}
