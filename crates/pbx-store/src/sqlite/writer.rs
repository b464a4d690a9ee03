//! The one thread that writes.
//!
//! Waiting transactions are committed together: an fsync costs the same for one as for fifty, so under load this is worth a
//! factor of four. Each runs under its own savepoint, so that one that fails takes nothing but its own changes with it, and
//! each is answered after the COMMIT that holds it, so that an answered write is on the disk.
//!
//! For that the schema has no deferred constraints: they are checked at COMMIT and would fail the whole batch.

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

/// More transactions than this are never in one COMMIT, so that the first does not wait for ever.
const LARGEST_BATCH: usize = 256;

/// Writers beyond this number wait before they are queued.
const QUEUE: usize = 1024;

/// Runs inside the batch, or learns why it cannot. Returns what to tell the caller once the batch is committed or lost.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Reply + Send>;

/// Tells the caller the outcome.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

enum Message {
    Work(Job),
    Close,
}

/// Sends transactions to the writing thread.
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
        let (queue, inbox) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_until_closed(connection, inbox))?;
        Ok((Self { queue, counters }, thread))
    }

    /// Runs the closure in a transaction and waits until that is durable.
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
                // A caller that went away needs no response; its write holds all the same.
                let _ = reply.send(outcome);
            })
        });
        let sent = self.queue.send(Message::Work(job)).await;
        sent.map_err(|_| StoreError::Closed)?;
        outcome.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Ends the thread once everything queued before is done.
    pub(super) async fn close(&self) {
        // An error says that it has ended already.
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
        while batch.len() < LARGEST_BATCH {
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
    // What is in the log goes into the file, so that the file alone is the database after a clean stop.
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the write-ahead log was not emptied at shutdown; the next start reads it");
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
        // A full disk or a failing one makes SQLite roll back everything at once, earlier savepoints included.
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
                // The failed COMMIT may have left the transaction open; the next batch needs it gone.
                if let Err(error) = control(connection, "ROLLBACK") {
                    tracing::error!(%error, "rolling back a failed commit failed");
                }
            }
        }),
    };
    if let Err(error) = &outcome {
        tracing::error!(%error, "a batch of transactions was not committed");
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
                // What this transaction did must not be committed with the others: give up the whole batch.
                control(connection, "ROLLBACK")?;
            }
            Err(failure)
        }
    }
}
