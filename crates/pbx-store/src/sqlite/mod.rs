//! The embedded engine, SQLite.
//!
//! Short reads by key run on the caller's thread: a thread switch costs more than such a read. Scans run on blocking threads, only a
//! few at a time, so that a large list does not delay sign-ins. Writes run on the [`writer`] thread.

mod open;
mod pool;
mod statement;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use self::pool::Pool;
use self::statement::control;
use self::writer::Writer;
use crate::count_cache::CountCache;
use crate::engine::{Access, Engine, Failure, Work};
use crate::error::{OpenError, StoreError};
use crate::tx::Tx;
use crate::write_counters::WriteCounters;

/// The maximum number of concurrent scans: more would only compete for the processor and the page cache.
const CONCURRENT_SCANS: usize = 4;

/// An open SQLite database.
pub(super) struct Sqlite {
    writer: Writer,
    writer_thread: Mutex<Option<JoinHandle<()>>>,
    readers: Arc<Pool>,
    counts: Arc<CountCache>,
    scans: Semaphore,
    path: PathBuf,
    /// The file whose lock keeps a second server process from opening the database.
    _lock: File,
}

impl Sqlite {
    /// Opens or creates the database.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub(super) fn open(path: &Path, counters: Arc<WriteCounters>) -> Result<Self, OpenError> {
        let (connection, lock) = open::open(path)?;
        let counts = Arc::default();
        let (writer, writer_thread) = Writer::start(connection, counters).map_err(|error| OpenError::Other {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            writer,
            writer_thread: Mutex::new(Some(writer_thread)),
            readers: Arc::new(Pool::new(path.to_owned())),
            counts,
            scans: Semaphore::new(CONCURRENT_SCANS),
            path: path.to_owned(),
            _lock: lock,
        })
    }

    async fn scan(&self, work: Work) -> Result<(), Failure> {
        let _permit = self.scans.acquire().await.map_err(|_| StoreError::Closed)?;
        let (readers, counts) = (Arc::clone(&self.readers), Arc::clone(&self.counts));
        tokio::task::spawn_blocking(move || read_with(&readers, &counts, &work))
            .await
            .unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    async fn close(&self) {
        self.scans.close();
        // Readers are closed first: the write-ahead log can only be emptied while no connection reads from it.
        self.readers.close();
        self.writer.close().await;
        let thread = self.writer_thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && tokio::task::spawn_blocking(move || thread.join().is_err())
                .await
                .unwrap_or(true)
        {
            tracing::error!(target: crate::LOG_TARGET, "the store's writing thread panicked");
        }
    }
}

impl Engine for Sqlite {
    fn run(&self, access: Access, work: Work) -> BoxFuture<'_, Result<(), Failure>> {
        match access {
            Access::Read => Box::pin(async move { read_with(&self.readers, &self.counts, &work) }),
            Access::Scan => Box::pin(self.scan(work)),
            Access::Write => Box::pin(self.writer.write(work)),
        }
    }

    /// Finishes the queued writes, empties the write-ahead log and closes every connection.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.close())
    }

    fn location(&self) -> String {
        self.path.display().to_string()
    }

    fn directory(&self) -> Option<PathBuf> {
        match self.path.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => Some(directory.to_owned()),
            _ => Some(PathBuf::from(".")),
        }
    }
}

/// Opens a database that a server may be using, for reading only.
pub(super) fn open_read_only(path: &Path) -> Result<rusqlite::Connection, OpenError> {
    open::open_read_only(path)
}

/// Runs a closure in a read transaction, so that all its statements see the same state of the database.
fn read_with(pool: &Pool, counts: &Arc<CountCache>, work: &Work) -> Result<(), Failure> {
    let connection = pool.take()?;
    control(&connection, "BEGIN")?;
    let outcome = work(&mut Tx::new(&mut &connection).with_counts(counts));
    // A panic of the closure drops the connection instead of returning it to the pool.
    control(&connection, "ROLLBACK")?;
    pool.put_back(connection);
    Ok(outcome?)
}
