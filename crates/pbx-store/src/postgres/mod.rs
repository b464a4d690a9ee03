//! The engine for several nodes, PostgreSQL.
//!
//! Every transaction runs on a thread of [`threads`] with its own connection. Writes are serializable, and run again after a conflict,
//! so that a rule that reads before it writes holds across all nodes. Reads see one snapshot of the database.
//!
//! Nothing waits without a deadline: a transaction for its connection, a statement for its result ([`link`]). When one passes, the
//! connection is closed, and only what ran on it fails. When several pass in a row, the [`breaker`] refuses further transactions.

mod breaker;
mod connect;
mod link;
mod open;
mod options;
mod pool;
mod statement;
mod threads;
mod tls;

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::RngExt as _;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use self::breaker::Breaker;
use self::link::{Reply, Terms, now};
pub use self::options::PostgresOptions;
use self::pool::Pool;
use self::statement::{FailureKind, Session};
use self::threads::Threads;
use crate::count_cache::CountCache;
use crate::engine::{Access, Engine, Failure, Work};
use crate::error::{OpenError, OpenPostgresError, StoreError};
use crate::tx::Tx;
use crate::write_counters::{WriteCounters, WrittenTables};

/// One in this many connections may run a scan; further scans wait.
const CONNECTIONS_PER_SCAN: u16 = 4;

/// The maximum number of attempts of a transaction that conflicts with others.
const MAX_ATTEMPTS: u32 = 16;

/// From this attempt on, no other transaction of this node writes at the same time, so that the transaction is not starved.
const EXCLUSIVE_FROM_ATTEMPT: u32 = 1;

/// The maximum number of times that a transaction waits for a connection while others get one.
const MAX_WAITS: u32 = 5;

/// The longest wait for the other writing transactions of this node. After that, they run at the same time all the same.
const TURN_DEADLINE: Duration = Duration::from_secs(1);

/// The deadline for a canceled statement to end, so that its connection can be used again.
const CANCEL_DEADLINE: Duration = Duration::from_secs(1);

/// The deadline for running transactions when the store is closed, and then for closing the idle connections.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";

/// An open PostgreSQL database.
pub(super) struct Postgres {
    shared: Arc<Shared>,
    threads: Threads,
    /// One permit per connection.
    connections: Arc<Semaphore>,
    /// One permit per concurrent transaction that writes: a lane. So those that write cannot use up the connections, and one that
    /// is stalled blocks its own lane only.
    writers: Arc<Semaphore>,
    location: String,
}

struct Shared {
    pool: Pool,
    breaker: Arc<Breaker>,
    options: PostgresOptions,
    counts: Arc<CountCache>,
    counters: Arc<WriteCounters>,
    /// A writing transaction takes one permit, or all of them if it must run alone. Unlike a lane, this is given up while the server
    /// takes long, so that nobody waits for a transaction that is stalled.
    turns: Arc<Semaphore>,
}

impl Postgres {
    /// Connects, and migrates the schema.
    ///
    /// # Errors
    ///
    /// See [`OpenPostgresError`].
    pub(super) fn open(
        url: &str,
        options: PostgresOptions,
        counters: Arc<WriteCounters>,
    ) -> Result<Self, OpenPostgresError> {
        let (pool, location) = open::open(url, &options)?;
        let semaphore = |permits: u16| Arc::new(Semaphore::new(permits.into()));
        Ok(Self {
            connections: semaphore(options.connections.get()),
            writers: semaphore(options.writers.get()),
            threads: Threads::new(),
            location,
            shared: Arc::new(Shared {
                pool,
                breaker: Arc::default(),
                counts: Arc::default(),
                counters,
                turns: semaphore(options.writers.get()),
                options,
            }),
        })
    }

    /// Runs a transaction on a thread. If the caller is dropped, a transaction that writes goes on and keeps its permits, and one
    /// that reads is canceled.
    async fn run(&self, access: Access, work: Work) -> Result<(), Failure> {
        if self.shared.breaker.is_open() {
            self.probe();
            return Err(unavailable("the PostgreSQL server does not respond"));
        }
        let permits = self.admit(access).await?;
        let (reply, outcome) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let job = move || {
            shared.transact(access, &work, reply);
            drop(permits);
        };
        let started = self.threads.run(Box::new(job));
        started.map_err(|error| unavailable(&format!("no thread for a transaction can be started: {error}")))?;
        outcome.await.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    /// Waits for the permits of a transaction: for as long as the wait is for others that are served, but not for a server that serves
    /// nobody.
    async fn admit(&self, access: Access) -> Result<(Option<OwnedSemaphorePermit>, OwnedSemaphorePermit), Failure> {
        let class = match access {
            // Scans are admitted by the store.
            Access::Read | Access::Refresh | Access::Scan => None,
            Access::Write => Some(&self.writers),
        };
        let acquire = async {
            let class = match class {
                Some(class) => Some(Arc::clone(class).acquire_owned().await?),
                None => None,
            };
            Ok::<_, AcquireError>((class, Arc::clone(&self.connections).acquire_owned().await?))
        };
        let mut acquire = pin!(acquire);
        for _ in 0..MAX_WAITS {
            let begun = self.shared.breaker.responses();
            match timeout(self.shared.options.wait, &mut acquire).await {
                Ok(permits) => return permits.map_err(|_| StoreError::Closed.into()),
                Err(_) if self.shared.breaker.responses() == begun => break,
                Err(_) => {}
            }
        }
        Err(unavailable("no connection to the PostgreSQL server is free"))
    }

    /// Examines whether the server responds again, on a thread. Only one of these runs at a time.
    fn probe(&self) {
        let Ok(permit) = Arc::clone(&self.connections).try_acquire_owned() else {
            // The transactions that have the connections find out.
            return;
        };
        if let Some(probe) = self.shared.breaker.start_probe() {
            let shared = Arc::clone(&self.shared);
            let job = move || {
                let options = &shared.options;
                let _ = shared.pool.with(|session| {
                    if session.begin(BEGIN_READ, options.commit, options.statement).is_ok() {
                        shared.breaker.record_response();
                        let _ = session.end("ROLLBACK", options.commit);
                    }
                });
                drop((probe, permit));
            };
            // Without a thread, another call tries again.
            let _ = self.threads.run(Box::new(job));
        }
    }

    /// Waits for running and waiting transactions, then closes every connection. What does not end within the deadline ends by its
    /// own deadlines.
    async fn close(&self) {
        let drain = async {
            // Permits are granted in order of request, so all of them are free only after every earlier transaction.
            let options = &self.shared.options;
            for (semaphore, permits) in [
                (&self.writers, options.writers),
                (&self.connections, options.connections),
            ] {
                if let Ok(all) = semaphore.acquire_many(permits.get().into()).await {
                    all.forget();
                }
            }
        };
        if timeout(CLOSE_DEADLINE, drain).await.is_err() {
            tracing::warn!(target: crate::LOG_TARGET, "transactions are pending at shutdown: the PostgreSQL server does not respond");
        }
        self.writers.close();
        self.connections.close();
        let (closed, done) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let job = move || {
            shared.pool.close(CLOSE_DEADLINE);
            let _ = closed.send(());
        };
        // Without a thread, the sockets are closed with the process.
        if self.threads.run(Box::new(job)).is_ok() {
            let _ = timeout(CLOSE_DEADLINE, done).await;
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

/// Returns the maximum number of concurrent scans with this many connections.
pub(super) fn concurrent_scans(connections: NonZeroU16) -> u16 {
    connections.get().div_ceil(CONNECTIONS_PER_SCAN)
}

/// Opens a database that servers may be using, in a read-only transaction, which ends with the connection. Blocks: not to be called
/// on a thread that runs asynchronous tasks.
pub(super) fn open_read_only(url: &str) -> Result<Session, OpenError> {
    let options = PostgresOptions::default();
    let mut session = open::open_read_only(url, &options)?;
    let begun = session.begin(BEGIN_READ, options.commit, options.scan_statement());
    begun.map_err(|failure| OpenPostgresError::Other {
        location: "named by --database".to_owned(),
        reason: failure.error.to_string(),
    })?;
    Ok(session)
}

fn unavailable(reason: &str) -> Failure {
    StoreError::Unavailable(reason.to_owned()).into()
}

impl Shared {
    /// Runs a transaction to its end, and replies to its caller.
    fn transact(&self, access: Access, work: &Work, reply: Reply) {
        let mut terms = Terms {
            end: Some(now() + self.options.transaction()),
            reply: Some(reply),
            ends_with_caller: access != Access::Write,
            turn: None,
        };
        let outcome = self.retry_conflicts(access, work, &mut terms);
        if let Some(reply) = terms.reply {
            // A caller that was dropped needs no result.
            let _ = reply.send(outcome);
        }
    }

    /// Runs attempts of a transaction until one is final, up to [`MAX_ATTEMPTS`] and its deadline.
    fn retry_conflicts(&self, access: Access, work: &Work, terms: &mut Terms) -> Result<(), Failure> {
        let mut attempt = 0;
        loop {
            let outcome = self.attempt(access, attempt, work, terms);
            terms.turn = None;
            match outcome {
                Attempt::Final(outcome) => return outcome,
                Attempt::Retry(failure) => {
                    attempt += 1;
                    if attempt == MAX_ATTEMPTS || terms.end.is_some_and(|end| now() >= end) {
                        return Err(failure.error.into());
                    }
                    tracing::debug!(target: crate::LOG_TARGET, attempt, error = %failure.error, "retrying a transaction");
                    // The first retry has no delay: the conflict was most likely with a transaction of this node, which the exclusive
                    // turn waits for.
                    if attempt > EXCLUSIVE_FROM_ATTEMPT {
                        back_off(attempt);
                    }
                }
            }
        }
    }

    fn attempt(&self, access: Access, attempt: u32, work: &Work, terms: &mut Terms) -> Attempt {
        // A restart of the server breaks all idle connections, which only using them shows.
        for _ in 0..=self.options.connections.get() {
            let attempted = self.pool.with(|session| {
                session.link.swap_terms(terms);
                let attempted = self
                    .begin(session, access, attempt)
                    .map(|()| self.finish(session, access, work));
                session.link.swap_terms(terms);
                attempted
            });
            let failure = match attempted {
                Ok(Ok(attempt)) => return attempt,
                Ok(Err(failure)) | Err(failure) => failure,
            };
            match failure.kind {
                FailureKind::Lost => {}
                FailureKind::Stalled => {
                    self.breaker.record_stall();
                    return Attempt::Final(Err(failure.error.into()));
                }
                _ => return Attempt::Final(Err(failure.error.into())),
            }
        }
        Attempt::Final(Err(unavailable("the PostgreSQL server closes every connection")))
    }

    fn begin(&self, session: &mut Session, access: Access, attempt: u32) -> Result<(), statement::Failure> {
        let options = &self.options;
        match access {
            Access::Read | Access::Refresh => {
                session.begin(BEGIN_READ, options.commit, client_side(options.statement))?
            }
            Access::Scan => {
                let statement = options.scan_statement();
                let begin = format!("{BEGIN_READ}; SET LOCAL statement_timeout = {}", statement.as_millis());
                session.begin(&begin, options.commit, client_side(statement))?;
            }
            Access::Write => {
                let permits = if attempt < EXCLUSIVE_FROM_ATTEMPT {
                    1
                } else {
                    options.writers.get()
                };
                let turn = Arc::clone(&self.turns).acquire_many_owned(permits.into());
                let turn = session.link.wait(TURN_DEADLINE, turn).and_then(Result::ok);
                session.link.set_turn(turn);
                session.begin(BEGIN_WRITE, options.commit, client_side(options.statement))?;
            }
        }
        self.breaker.record_response();
        Ok(())
    }

    /// Runs the closure in the open transaction, and commits it.
    fn finish(&self, session: &mut Session, access: Access, work: &Work) -> Attempt {
        let mut tx = Tx::new(session);
        if access != Access::Write {
            tx = tx.with_counts(&self.counts);
        }
        let outcome = work(&mut tx);
        let written = tx.into_written();
        let result = match (session.take_failure(), outcome) {
            (None, Ok(())) => match session.end("COMMIT", self.options.commit) {
                Ok(()) => {
                    self.counters.count(&written);
                    return Attempt::Final(Ok(()));
                }
                Err(failure) => return self.not_committed(access, failure, &written),
            },
            (None, Err(rolled_back)) => Attempt::Final(Err(rolled_back.into())),
            (Some(failure), outcome) => match failure.kind {
                FailureKind::Lost => return Attempt::Retry(failure),
                FailureKind::Stalled => {
                    self.breaker.record_stall();
                    return Attempt::Final(Err(failure.error.into()));
                }
                FailureKind::Abandoned => {
                    session.link.cancel(CANCEL_DEADLINE);
                    let _ = session.end("ROLLBACK", CANCEL_DEADLINE);
                    return Attempt::Final(Err(failure.error.into()));
                }
                FailureKind::Conflict => Attempt::Retry(failure),
                FailureKind::Refused => Attempt::Final(Err(match outcome {
                    Err(rolled_back) => rolled_back.into(),
                    Ok(()) => Failure::Store(StoreError::Engine(format!(
                        "a transaction continued after a failed statement, so it was rolled back ({})",
                        failure.error
                    ))),
                })),
            },
        };
        // If this fails, the connection is closed, which rolls back as well.
        let _ = session.end("ROLLBACK", self.options.commit);
        result
    }

    /// Decides about a transaction whose COMMIT has failed.
    fn not_committed(&self, access: Access, failure: statement::Failure, written: &WrittenTables) -> Attempt {
        match failure.kind {
            FailureKind::Conflict => return Attempt::Retry(failure),
            FailureKind::Refused => return Attempt::Final(Err(failure.error.into())),
            FailureKind::Stalled => self.breaker.record_stall(),
            FailureKind::Lost | FailureKind::Abandoned => {}
        }
        if access != Access::Write {
            // The closure has read everything from one snapshot, and there is nothing to commit.
            return Attempt::Final(Ok(()));
        }
        // It may have taken effect, so it must not be run again.
        self.counters.count(written);
        let reason = failure.error.to_string();
        tracing::error!(target: crate::LOG_TARGET, reason, "the PostgreSQL server did not confirm a COMMIT: its outcome is unknown");
        Attempt::Final(Err(StoreError::OutcomeUnknown(reason).into()))
    }
}

/// Returns the deadline of a statement on this side, later than the server's own, whose message is more specific.
fn client_side(statement: Duration) -> Duration {
    statement + Duration::from_secs(1)
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
