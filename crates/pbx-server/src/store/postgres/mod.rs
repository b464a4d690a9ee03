//! The engine for several nodes.
//!
//! Every transaction runs on a blocking thread with a connection of its own. Writes are serializable: what conflicts is run
//! again, so that a rule which reads before it writes holds between the nodes as it does within one. Reads see one state of
//! the database throughout.

mod open;
mod pool;
pub(super) mod statement;
mod tls;

use std::num::NonZeroU16;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::{AcquireError, Semaphore};

pub use self::open::OpenPostgresError;
use self::pool::Pool;
use self::statement::{Failure, FailureKind};
use super::counts::Counts;
use super::error::{OpenError, StoreError};
use super::tx::Tx;
use super::write_counters::WriteCounters;

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
    counts: Arc<Counts>,
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

    /// The server and the database, without the password.
    pub(super) fn location(&self) -> &str {
        &self.location
    }

    pub(super) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(move |shared| shared.read(&work)).await
    }

    pub(super) async fn scan<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let place = Arc::clone(&self.scans).acquire_owned().await.map_err(closed)?;
        self.run(move |shared| {
            let _place = place;
            shared.read(&work)
        })
        .await
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(move |shared| shared.write(&work)).await
    }

    /// The job goes on even if nobody waits for it any more, and keeps its turn as long as it does.
    async fn run<T, E>(&self, job: impl FnOnce(&Shared) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(closed)?;
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            job(&shared)
        })
        .await
        .unwrap_or_else(|_| Err(E::from(StoreError::Panicked)))
    }

    /// Lets what runs and what waits finish, then closes every connection.
    pub(super) async fn close(&self) {
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

/// Reads from a database that servers may be using. Not on a thread that runs asynchronous tasks.
pub(super) fn inspect<T, E>(url: &str, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
where
    E: From<OpenError> + From<StoreError>,
{
    let mut connection = open::visitor(url).map_err(OpenError::from)?;
    connection.control(BEGIN_READ).map_err(|failure| failure.error)?;
    // Closing the connection ends the transaction.
    work(&mut Tx::postgres(&mut connection))
}

fn closed<E: From<StoreError>>(_: AcquireError) -> E {
    E::from(StoreError::Closed)
}

impl Shared {
    fn read<T, E: From<StoreError>>(&self, work: impl Fn(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.until_settled(|_| self.attempt(BEGIN_READ, &work))
    }

    fn write<T, E: From<StoreError>>(&self, work: impl Fn(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.until_settled(|attempt| {
            // A panic of a closure leaves nothing behind that could be broken.
            if attempt < ALONE_FROM {
                let _with_others = self.writers.read().unwrap_or_else(PoisonError::into_inner);
                self.attempt(BEGIN_WRITE, &work)
            } else {
                let _alone = self.writers.write().unwrap_or_else(PoisonError::into_inner);
                self.attempt(BEGIN_WRITE, &work)
            }
        })
    }

    fn until_settled<T, E: From<StoreError>>(&self, run: impl Fn(u32) -> Attempt<T, E>) -> Result<T, E> {
        let mut attempt = 0;
        loop {
            match run(attempt) {
                Attempt::Settled(outcome) => return outcome,
                Attempt::Again(failure) => {
                    attempt += 1;
                    if attempt == ATTEMPTS {
                        return Err(E::from(failure.error));
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

    fn attempt<T, E: From<StoreError>>(
        &self,
        begin: &str,
        work: impl Fn(&mut Tx<'_>) -> Result<T, E>,
    ) -> Attempt<T, E> {
        let mut connection = match self.pool.take() {
            Ok(connection) => connection,
            Err(error) => return Attempt::Settled(Err(E::from(error))),
        };
        if let Err(failure) = connection.control(begin) {
            // It was idle while the server restarted, and so were the others.
            self.pool.forget_idle();
            return Attempt::Again(failure);
        }
        let mut tx = Tx::postgres(&mut connection);
        if begin == BEGIN_READ {
            tx = tx.remembering(&self.counts);
        }
        let outcome = work(&mut tx);
        let written = tx.into_written();
        let settled = match (outcome, connection.take_failure()) {
            (Ok(value), None) => match connection.control("COMMIT") {
                Ok(()) => {
                    self.counters.count(&written);
                    self.pool.put_back(connection);
                    return Attempt::Settled(Ok(value));
                }
                Err(failure) if failure.kind == FailureKind::Conflict => {
                    self.pool.put_back(connection);
                    return Attempt::Again(failure);
                }
                // Whether it took effect is not known: it must not be run again.
                Err(failure) => {
                    self.counters.count(&written);
                    return Attempt::Settled(Err(E::from(failure.error)));
                }
            },
            (_, Some(failure)) if failure.kind == FailureKind::Lost => return Attempt::Again(failure),
            (_, Some(failure)) if failure.kind == FailureKind::Conflict => Attempt::Again(failure),
            (Ok(_), Some(failure)) => Attempt::Settled(Err(E::from(StoreError::Engine(format!(
                "a transaction went on after a statement of it had failed, which undoes it all ({})",
                failure.error
            ))))),
            (Err(error), _) => Attempt::Settled(Err(error)),
        };
        // A connection that cannot even do this is closed, which undoes everything as well.
        if connection.control("ROLLBACK").is_ok() {
            self.pool.put_back(connection);
        }
        settled
    }
}

/// How one attempt ended.
enum Attempt<T, E> {
    /// For good.
    Settled(Result<T, E>),
    /// Undone, and worth another.
    Again(Failure),
}

/// Longer from attempt to attempt, and never the same for two that are in each other's way.
fn pause(attempt: u32) {
    let most = 1u64 << attempt.min(6);
    std::thread::sleep(Duration::from_micros(rand::rng().random_range(0..most * 1000)));
}
