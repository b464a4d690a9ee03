//! A proxy in front of PostgreSQL that can stop forwarding, as a network or a server does that is stalled.

use std::io::{Read, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use crate::{DEFAULT_PORT, Database, OWNER};

/// A proxy for one database. Connections stay open while it forwards nothing.
pub struct Proxy {
    directory: TempDir,
    database: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    frozen: bool,
    /// Selects the transaction whose COMMIT stalls.
    marker: Option<Vec<u8>>,
    /// The number of stalled connections.
    stalled: usize,
    ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Request,
    Response,
}

/// One connection of a client.
#[derive(Default)]
struct Connection {
    marked: bool,
    stalled: bool,
    closed: bool,
}

impl Proxy {
    /// Starts a proxy.
    pub fn start(database: &Database) -> Self {
        let directory = tempfile::Builder::new().prefix("pbx-proxy-").tempdir();
        let directory = directory.expect("a temporary directory");
        let name = format!(".s.PGSQL.{DEFAULT_PORT}");
        let listener = UnixListener::bind(directory.path().join(&name)).expect("a socket");
        let upstream = database.directory.join(format!(".s.PGSQL.{}", database.port));
        let shared = Arc::<Shared>::default();
        let of_listener = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if of_listener.lock().ended {
                    return;
                }
                let Ok(server) = UnixStream::connect(&upstream) else {
                    continue;
                };
                let connection = Arc::<Mutex<Connection>>::default();
                for direction in [Direction::Request, Direction::Response] {
                    let clone = |stream: &UnixStream| stream.try_clone().expect("a descriptor");
                    let (from, to) = match direction {
                        Direction::Request => (clone(&client), clone(&server)),
                        Direction::Response => (clone(&server), clone(&client)),
                    };
                    let (shared, connection) = (Arc::clone(&of_listener), Arc::clone(&connection));
                    std::thread::spawn(move || shared.forward(direction, &connection, from, to));
                }
            }
        });
        Self {
            directory,
            database: database.name.clone(),
            shared,
        }
    }

    /// Returns the URL for `--database`.
    pub fn url(&self) -> String {
        let directory = self.directory.path().to_str().expect("a path in UTF-8");
        format!("postgres://{OWNER}@{}/{}", directory.replace('/', "%2F"), self.database)
    }

    /// Stops forwarding, in all connections.
    pub fn freeze(&self) {
        self.shared.lock().frozen = true;
    }

    /// Forwards again.
    pub fn thaw(&self) {
        self.shared.lock().frozen = false;
        self.shared.changed.notify_all();
    }

    /// Stalls the next transaction that sends this text: its COMMIT reaches the server, and the response does not come back.
    pub fn stall_commit_of(&self, text: &str) {
        self.shared.lock().marker = Some(text.as_bytes().to_vec());
    }

    /// Blocks until this number of connections are stalled.
    pub fn wait_for_stalled(&self, number: usize) {
        let state = self.shared.lock();
        let pending = |state: &mut State| state.stalled < number;
        drop(self.shared.changed.wait_while(state, pending));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        // Wakes the listener up.
        let _ = UnixStream::connect(self.directory.path().join(format!(".s.PGSQL.{DEFAULT_PORT}")));
    }
}

impl Shared {
    fn forward(&self, direction: Direction, connection: &Mutex<Connection>, mut from: UnixStream, mut to: UnixStream) {
        let mut buffer = [0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let chunk = &buffer[..length];
            if direction == Direction::Request {
                self.mark(connection, chunk);
            }
            let state = self.lock();
            let held = |state: &mut State| {
                let connection = lock(connection);
                let stalled = direction == Direction::Response && connection.stalled;
                (state.frozen || stalled) && !connection.closed && !state.ended
            };
            drop(self.changed.wait_while(state, held));
            if to.write_all(chunk).is_err() {
                break;
            }
        }
        lock(connection).closed = true;
        // Under the lock, so that a thread that is about to wait sees it.
        drop(self.lock());
        self.changed.notify_all();
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    fn mark(&self, connection: &Mutex<Connection>, chunk: &[u8]) {
        let contains = |text: &[u8]| chunk.windows(text.len()).any(|part| part == text);
        let mut state = self.lock();
        let mut connection = lock(connection);
        if state.marker.as_ref().is_some_and(|marker| contains(marker)) {
            connection.marked = true;
        }
        if connection.marked && contains(b"COMMIT") {
            connection.marked = false;
            connection.stalled = true;
            state.marker = None;
            state.stalled += 1;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
