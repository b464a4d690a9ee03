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
use crate::store::error::StoreError;
use crate::store::tx::Tx;
use crate::store::write_counters::{WriteCounters, WrittenTables};

/// More transactions than this are never in one COMMIT, so that the first does not wait for ever.
const LARGEST_BATCH: usize = 256;

/// Writers beyond this number wait before they are queued.
const QUEUE: usize = 1024;

/// Runs inside the batch, or learns why it cannot, and says what to answer once it is known whether the batch was committed.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Answer + Send>;

/// Answers the caller.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

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

    /// Runs the closure in a transaction of its own and waits until that is durable.
    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let counters = Arc::clone(&self.counters);
        let job: Job = Box::new(move |connection| {
            let outcome = connection.map_err(E::from).and_then(|connection| run(connection, work));
            Box::new(move |commit| {
                let answer = match outcome {
                    Ok((value, written)) => {
                        counters.count(&written);
                        commit.map(|()| value).map_err(E::from)
                    }
                    Err(error) => Err(error),
                };
                // A caller that went away needs no answer; its write holds all the same.
                let _ = reply.send(answer);
            })
        });
        self.queue
            .send(Message::Work(job))
            .await
            .map_err(|_| E::from(StoreError::Closed))?;
        answer.await.unwrap_or_else(|_| Err(E::from(StoreError::Closed)))
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
    let mut answers = Vec::with_capacity(batch.len());
    let mut lost = control(connection, "BEGIN IMMEDIATE").err();
    for job in batch {
        if let Some(error) = &lost {
            answers.push(job(Err(error.clone())));
            continue;
        }
        answers.push(job(Ok(connection)));
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
    for answer in answers {
        answer(outcome.clone());
    }
}

/// One transaction of a batch, under its savepoint.
fn run<T, E, F>(connection: &Connection, work: F) -> Result<(T, WrittenTables), E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E>,
    E: From<StoreError>,
{
    control(connection, "SAVEPOINT work")?;
    let mut tx = Tx::sqlite(connection);
    let outcome =
        catch_unwind(AssertUnwindSafe(|| work(&mut tx))).unwrap_or_else(|_| Err(E::from(StoreError::Panicked)));
    match outcome {
        Ok(value) => {
            control(connection, "RELEASE work")?;
            Ok((value, tx.into_written()))
        }
        Err(error) => {
            if !connection.is_autocommit()
                && control(connection, "ROLLBACK TO work")
                    .and_then(|()| control(connection, "RELEASE work"))
                    .is_err()
            {
                // What this transaction did must not be committed with the others: give up the whole batch.
                control(connection, "ROLLBACK")?;
            }
            Err(error)
        }
    }
}
