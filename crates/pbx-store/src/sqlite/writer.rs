//! The only thread that writes.
//!
//! Queued transactions are committed in batches: an fsync costs the same for one as for fifty, which under load makes writing four
//! times as fast. Each transaction runs under its own savepoint, so that a failure rolls back its changes only. Its caller gets
//! the result after the COMMIT of the batch, so that an acknowledged write is durable.
//!
//! The schema has no deferred constraints, because these are checked at COMMIT and would fail the whole batch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::interrupt::{after, interrupting};
use super::lock::FileLock;
use super::reserve::Reserve;
use super::statement::{control, take_storage_failure};
use crate::engine::{Failure, Work};
use crate::error::StoreError;
use crate::tx::Tx;
use crate::write_counters::{WriteCounters, WrittenTables};

/// The maximum number of transactions in one COMMIT, which bounds the latency of the first.
const MAX_BATCH_SIZE: usize = 256;

/// The capacity of the queue. The admission of transactions lets no more of them in.
const QUEUE_CAPACITY: usize = 1024;

/// The longest time that one transaction may take on the thread, not counting its COMMIT: others wait for it, and so does SIGTERM.
const LONGEST_TRANSACTION: Duration = if cfg!(test) {
    Duration::from_secs(3)
} else {
    Duration::from_secs(10)
};

/// A queued transaction.
struct Job {
    work: Work,
    /// Receives the result after the COMMIT. A caller that was dropped needs none; its transaction is committed all the same.
    reply: oneshot::Sender<Result<(), Failure>>,
}

enum Message {
    Work(Job),
    Close,
}

/// Sends transactions to the writer thread.
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    /// Starts the thread. It ends after [`Writer::close`], or when the writer is dropped.
    pub(super) fn start(
        connection: Connection,
        counters: Arc<WriteCounters>,
        reserve: Arc<Reserve>,
        lock: Arc<FileLock>,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, inbox) = mpsc::channel(QUEUE_CAPACITY);
        let thread = WriterThread {
            connection,
            counters,
            reserve,
            _lock: lock,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.write_until_closed(inbox))?;
        Ok((Self { queue }, thread))
    }

    /// Runs a closure in a transaction and waits until the transaction is durable.
    pub(super) async fn write(&self, work: Work) -> Result<(), Failure> {
        let (reply, outcome) = oneshot::channel();
        let sent = self.queue.send(Message::Work(Job { work, reply })).await;
        sent.map_err(|_| StoreError::Closed)?;
        outcome.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Ends the thread after all queued transactions.
    pub(super) async fn close(&self) {
        // An error means that it has ended already.
        let _ = self.queue.send(Message::Close).await;
    }
}

/// The state of the thread.
struct WriterThread {
    connection: Connection,
    counters: Arc<WriteCounters>,
    reserve: Arc<Reserve>,
    /// Outlives the connection.
    _lock: Arc<FileLock>,
}

impl WriterThread {
    fn write_until_closed(self, mut inbox: mpsc::Receiver<Message>) {
        let mut open = true;
        while open {
            let mut batch = Vec::new();
            match inbox.blocking_recv() {
                Some(Message::Work(job)) => batch.push(job),
                Some(Message::Close) | None => break,
            }
            while batch.len() < MAX_BATCH_SIZE {
                match inbox.try_recv() {
                    Ok(Message::Work(job)) => batch.push(job),
                    Ok(Message::Close) => {
                        open = false;
                        break;
                    }
                    Err(_) => break,
                }
            }
            // Each round ends at least one transaction, except for the one that releases the reserve.
            while !batch.is_empty() {
                batch = self.commit_together(batch);
            }
        }
        // Copies the write-ahead log into the database file, so that this is the only file after a clean stop.
        let emptied = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = emptied {
            tracing::warn!(target: crate::LOG_TARGET, %error, "the write-ahead log was not emptied at shutdown; the next start reads it");
        }
    }

    /// Runs and commits a batch. Returns those of its transactions that must run again, because one that took too long, or the full
    /// disk, has rolled back the changes of all.
    fn commit_together(&self, batch: Vec<Job>) -> Vec<Job> {
        let connection = &self.connection;
        let mut done = Vec::with_capacity(batch.len());
        let mut lost = control(connection, "BEGIN IMMEDIATE").err();
        let mut jobs = batch.into_iter();
        while let Some(job) = jobs.next() {
            if let Some(error) = &lost {
                done.push((job, Err(error.clone().into())));
                continue;
            }
            let (outcome, took_too_long) = run(connection, &job.work);
            // SQLite rolls back the whole transaction, with all earlier savepoints, when it interrupts a statement that writes, and
            // when the disk is full or fails.
            if connection.is_autocommit() {
                let storage_failed = take_storage_failure();
                if storage_failed && self.reserve.release() {
                    // Now there is space for them.
                    done.push((job, outcome));
                    return done.into_iter().map(|(job, _)| job).chain(jobs).collect();
                }
                if took_too_long || storage_failed {
                    // It has failed alone: the others may need less space.
                    let _ = job.reply.send(outcome.map(drop));
                    return done.into_iter().map(|(job, _)| job).chain(jobs).collect();
                }
                lost = Some(StoreError::Unavailable(
                    "the transaction was rolled back by the engine".to_owned(),
                ));
            }
            done.push((job, outcome));
        }
        let outcome = match lost {
            Some(error) => Err(error),
            None => control(connection, "COMMIT").inspect_err(|_| {
                if !connection.is_autocommit() {
                    // The failed COMMIT has left the transaction open, and the next batch begins its own.
                    if let Err(error) = control(connection, "ROLLBACK") {
                        tracing::error!(target: crate::LOG_TARGET, %error, "rolling back a failed commit failed");
                    }
                }
            }),
        };
        let storage_failed = take_storage_failure();
        // A statement that failed alone rolls back nothing else: what is committed must not run again.
        if storage_failed && self.reserve.release() && outcome.is_err() {
            // Now there is space for them.
            return done.into_iter().map(|(job, _)| job).collect();
        }
        let outcome = outcome.map_err(|error| {
            if storage_failed {
                // The reserve is logged.
                StoreError::StorageFull(error.to_string())
            } else {
                tracing::error!(target: crate::LOG_TARGET, %error, "a batch of transactions was not committed");
                error
            }
        });
        for (Job { work, reply }, written) in done {
            let outcome = written.and_then(|written| {
                self.counters.count(&written);
                Ok(outcome.clone()?)
            });
            // Its slot is free again before its caller has the result.
            drop(work);
            let _ = reply.send(outcome);
        }
        Vec::new()
    }
}

/// Runs one transaction of a batch under its savepoint. Returns the tables that it wrote to, and `true` if it took too long.
fn run(connection: &Connection, work: &Work) -> (Result<WrittenTables, Failure>, bool) {
    let is_over = after(LONGEST_TRANSACTION);
    let outcome = interrupting(is_over.clone(), || {
        control(connection, "SAVEPOINT work")?;
        let mut connection_of_tx = connection;
        let mut tx = Tx::new(&mut connection_of_tx);
        match catch_unwind(AssertUnwindSafe(|| work(&mut tx))) {
            Ok(Ok(())) => Ok(tx.into_written()),
            Ok(Err(rolled_back)) => Err(Failure::from(rolled_back)),
            Err(_) => Err(StoreError::Panicked.into()),
        }
    });
    let took_too_long = is_over();
    (end(connection, outcome), took_too_long)
}

/// Ends the savepoint of a transaction.
fn end(connection: &Connection, outcome: Result<WrittenTables, Failure>) -> Result<WrittenTables, Failure> {
    match outcome {
        Ok(written) => {
            control(connection, "RELEASE work")?;
            Ok(written)
        }
        Err(failure) => {
            if !connection.is_autocommit()
                && control(connection, "ROLLBACK TO work")
                    .and_then(|()| control(connection, "RELEASE work"))
                    .is_err()
            {
                // These changes must not be committed with the others: roll back the whole batch.
                control(connection, "ROLLBACK")?;
            }
            Err(failure)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rusqlite::ffi;

    use super::super::Sqlite;
    use super::super::statement::translate;
    use super::*;
    use crate::engine::{Access, Engine};

    #[tokio::test]
    async fn committed_batch_is_not_run_again_when_a_statement_fails_on_a_full_disk() {
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&directory.path().join("pbx.db"), Arc::default()).unwrap();
        let runs = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&runs);
        let work: Work = Box::new(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            let full = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None);
            assert!(matches!(translate(full), StoreError::StorageFull(_)));
            Ok(())
        });
        Engine::run(&store, Access::Write, work).await.unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        Engine::close(&store).await;
    }
}
