//! The embedded engine.
//!
//! Short keyed reads run on the calling worker: a thread switch costs more than such a read does. Scans get a few threads of
//! their own, so that a large list holds up nobody's sign-in. Writes go to the one [`writer`] thread.

mod open;
mod pool;
pub(super) mod statement;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::Semaphore;

use self::pool::Pool;
use self::statement::control;
use self::writer::Writer;
use super::counts::Counts;
use super::error::{OpenError, StoreError};
use super::tx::Tx;
use super::write_counters::WriteCounters;

/// Scans beyond this number wait: more would only fight for the processor and the page cache.
const CONCURRENT_SCANS: usize = 4;

/// An open SQLite database.
pub(super) struct Sqlite {
    writer: Writer,
    writer_thread: Mutex<Option<JoinHandle<()>>>,
    readers: Arc<Pool>,
    counts: Arc<Counts>,
    scans: Semaphore,
    path: PathBuf,
    /// Holds the advisory lock that keeps a second server process out.
    _lock: File,
}

impl Sqlite {
    /// Opens or creates the database; see [`OpenError`] for everything that is refused.
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

    /// The file.
    pub(super) fn location(&self) -> String {
        self.path.display().to_string()
    }

    /// The folder with the file.
    pub(super) fn folder(&self) -> PathBuf {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    pub(super) fn read<T, E>(&self, work: impl Fn(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        read_with(&self.readers, &self.counts, work)
    }

    pub(super) async fn scan<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let _turn = self.scans.acquire().await.map_err(|_| E::from(StoreError::Closed))?;
        let (readers, counts) = (Arc::clone(&self.readers), Arc::clone(&self.counts));
        tokio::task::spawn_blocking(move || read_with(&readers, &counts, work))
            .await
            .unwrap_or_else(|_| Err(E::from(StoreError::Panicked)))
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.write(work).await
    }

    /// Finishes what was queued, empties the write-ahead log and closes every connection.
    pub(super) async fn close(&self) {
        self.scans.close();
        // Readers go first: the log is emptied only when nobody reads from it.
        self.readers.close();
        self.writer.close().await;
        let thread = self.writer_thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && tokio::task::spawn_blocking(move || thread.join().is_err())
                .await
                .unwrap_or(true)
        {
            tracing::error!("the store's writing thread panicked");
        }
    }
}

/// Reads from a file that a server may be using.
pub(super) fn inspect<T, E>(path: &Path, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
where
    E: From<OpenError> + From<StoreError>,
{
    let connection = open::visitor(path)?;
    work(&mut Tx::sqlite(&connection))
}

/// Every statement of the closure sees the same state of the database.
fn read_with<T, E>(pool: &Pool, counts: &Arc<Counts>, work: impl Fn(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
where
    E: From<StoreError>,
{
    let connection = pool.take()?;
    control(&connection, "BEGIN")?;
    let outcome = work(&mut Tx::sqlite(&connection).remembering(counts));
    // A panic above drops the connection, and with it whatever state it was in.
    control(&connection, "ROLLBACK")?;
    pool.put_back(connection);
    outcome
}
