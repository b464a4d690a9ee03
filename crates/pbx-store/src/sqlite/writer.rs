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

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::statement::control;
use crate::engine::{Failure, Work};
use crate::error::StoreError;
use crate::tx::Tx;
use crate::write_counters::{WriteCounters, WrittenTables};

/// The maximum number of transactions in one COMMIT, which bounds the latency of the first.
const MAX_BATCH_SIZE: usize = 256;

/// The capacity of the queue. Further writers wait until there is space.
const QUEUE_CAPACITY: usize = 1024;

/// Runs within the batch, or is given the error that has ended the batch. Returns the reply to send after the COMMIT.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Reply + Send>;

/// Sends the caller the result, given the outcome of the COMMIT.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

enum Message {
    Work(Job),
    Close,
}

/// Sends transactions to the writer thread.
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    counters: Arc<WriteCounters>,
}

impl Writer {
    /// Starts the thread. It ends after [`Writer::close`], or when the writer is dropped.
    pub(super) fn start(
        connection: Connection,
        counters: Arc<WriteCounters>,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, inbox) = mpsc::channel(QUEUE_CAPACITY);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_until_closed(connection, inbox))?;
        Ok((Self { queue, counters }, thread))
    }

    /// Runs a closure in a transaction and waits until the transaction is durable.
    pub(super) async fn write(&self, work: Work) -> Result<(), Failure> {
        let (reply, outcome) = oneshot::channel();
        let counters = Arc::clone(&self.counters);
        let job: Job = Box::new(move |connection| {
            let written = connection
                .map_err(Failure::Store)
                .and_then(|connection| run(connection, &work));
            Box::new(move |commit| {
                let outcome = written.and_then(|written| {
                    counters.count(&written);
                    Ok(commit?)
                });
                // A caller that was dropped needs no result; its transaction is committed all the same.
                let _ = reply.send(outcome);
            })
        });
        let sent = self.queue.send(Message::Work(job)).await;
        sent.map_err(|_| StoreError::Closed)?;
        outcome.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Ends the thread after all queued transactions.
    pub(super) async fn close(&self) {
        // An error means that it has ended already.
        let _ = self.queue.send(Message::Close).await;
    }
}

fn write_until_closed(connection: Connection, mut inbox: mpsc::Receiver<Message>) {
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
        commit_together(&connection, batch);
    }
    // Copies the write-ahead log into the database file, so that this is the only file after a clean stop.
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!(target: crate::LOG_TARGET, %error, "the write-ahead log was not emptied at shutdown; the next start reads it");
    }
}

fn commit_together(connection: &Connection, batch: Vec<Job>) {
    let mut replies = Vec::with_capacity(batch.len());
    let mut lost = control(connection, "BEGIN IMMEDIATE").err();
    for job in batch {
        if let Some(error) = &lost {
            replies.push(job(Err(error.clone())));
            continue;
        }
        replies.push(job(Ok(connection)));
        // On a full or failing disk SQLite rolls back the whole transaction, with all earlier savepoints.
        if connection.is_autocommit() {
            lost = Some(StoreError::Unavailable(
                "the transaction was rolled back by the engine".to_owned(),
            ));
        }
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
    if let Err(error) = &outcome {
        tracing::error!(target: crate::LOG_TARGET, %error, "a batch of transactions was not committed");
    }
    for reply in replies {
        reply(outcome.clone());
    }
}

/// Runs one transaction of a batch under its savepoint. Returns the tables that it wrote to.
fn run(connection: &Connection, work: &Work) -> Result<WrittenTables, Failure> {
    control(connection, "SAVEPOINT work")?;
    let mut connection_of_tx = connection;
    let mut tx = Tx::new(&mut connection_of_tx);
    let outcome = match catch_unwind(AssertUnwindSafe(|| work(&mut tx))) {
        Ok(outcome) => outcome.map_err(Failure::from),
        Err(_) => Err(StoreError::Panicked.into()),
    };
    match outcome {
        Ok(()) => {
            let written = tx.into_written();
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
