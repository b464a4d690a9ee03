//! The embedded engine, SQLite.
//!
//! Short reads by key run on the caller's thread: a thread switch costs more than such a read. Scans run on the threads of the
//! [`scanner`], only a few at a time, so that a large list does not delay sign-ins. Writes run on the [`writer`] thread.

mod integrity;
mod interrupt;
mod lock;
mod open;
mod pool;
mod reserve;
mod scanner;
mod statement;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use self::pool::Pool;
use self::reserve::Reserve;
use self::scanner::Scanner;
use self::statement::control;
use self::writer::Writer;
use crate::count_cache::CountCache;
use crate::engine::{Access, Engine, Failure, Work};
use crate::error::{OpenError, StoreError};
use crate::tx::Tx;
use crate::write_counters::WriteCounters;

/// The maximum number of concurrent scans: more would only compete for the processor and the page cache.
pub(super) const CONCURRENT_SCANS: usize = 4;

/// An open SQLite database.
pub(super) struct Sqlite {
    writer: Writer,
    writer_thread: Mutex<Option<JoinHandle<()>>>,
    readers: Arc<Pool>,
    counts: Arc<CountCache>,
    scanner: Arc<Scanner>,
    reserve: Arc<Reserve>,
    path: PathBuf,
}

impl Sqlite {
    /// Opens or creates the database.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub(super) fn open(path: &Path, counters: Arc<WriteCounters>) -> Result<Self, OpenError> {
        // SQLite keeps its log beside the file that a link leads to.
        let target = path.is_symlink().then(|| path.canonicalize().ok()).flatten();
        let path = target.as_deref().unwrap_or(path);
        let (connection, lock, reserve) = open::open(path)?;
        reserve.keep();
        let (lock, reserve) = (Arc::new(lock), Arc::new(reserve));
        let readers = Arc::new(Pool::new(path.to_owned(), Arc::clone(&lock)));
        let counts = Arc::default();
        let no_thread = |error: std::io::Error| OpenError::Other {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let (writer, writer_thread) =
            Writer::start(connection, counters, Arc::clone(&reserve), lock).map_err(no_thread)?;
        let scan = {
            let (readers, counts) = (Arc::clone(&readers), Arc::clone(&counts));
            move |work: &Work| read_with(&readers, &counts, work)
        };
        Ok(Self {
            writer,
            writer_thread: Mutex::new(Some(writer_thread)),
            readers,
            counts,
            scanner: Arc::new(Scanner::start(CONCURRENT_SCANS, scan).map_err(no_thread)?),
            reserve,
            path: path.to_owned(),
        })
    }

    /// Reads on a thread that this read alone uses: it may take too long for the caller's, and the threads of scans may be in use.
    async fn refresh(&self, work: Work) -> Result<(), Failure> {
        let (readers, counts) = (Arc::clone(&self.readers), Arc::clone(&self.counts));
        let (sender, outcome) = oneshot::channel();
        let read = move || drop(sender.send(read_with(&readers, &counts, &work)));
        std::thread::Builder::new()
            .name("store-refresh".to_owned())
            .spawn(read)
            .map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))?;
        outcome.await.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    async fn close(&self) {
        let scanner = Arc::clone(&self.scanner);
        if tokio::task::spawn_blocking(move || scanner.close()).await.is_err() {
            tracing::error!(target: crate::LOG_TARGET, "the store's scanning threads were not ended");
        }
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
            Access::Scan => Box::pin(self.scanner.run(work)),
            Access::Refresh => Box::pin(self.refresh(work)),
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
        Some(lock::directory(&self.path))
    }

    fn is_storage_full(&self) -> bool {
        self.reserve.is_released()
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
