//! A connection to the server, and a deadline for each request on it.
//!
//! The driver is asynchronous, and a transaction is a closure that blocks. So each connection has its own runtime, which runs on the
//! thread that waits for a response: no other thread has to be woken for a statement.

use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::{self, Runtime};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::tls::Tls;
use crate::engine::Failure;

/// A transaction that waits longer than this for one response lets others take its turn.
const PATIENCE: Duration = Duration::from_millis(250);

/// Sends the outcome of a transaction to its caller.
pub(super) type Reply = oneshot::Sender<Result<(), Failure>>;

/// The part of the driver that reads and writes the socket.
type Connection = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// An open connection. Dropping it closes the socket at once, whatever the server does.
pub(super) struct Link {
    client: Client,
    /// `None` after its end.
    connection: Option<Connection>,
    runtime: OwnRuntime,
    tls: Tls,
    terms: Terms,
}

/// The bounds of a transaction, which hold for each of its statements.
#[derive(Default)]
pub(super) struct Terms {
    /// The end of the whole transaction, if it has a deadline.
    pub(super) end: Option<Instant>,
    /// The caller of the transaction.
    pub(super) reply: Option<Reply>,
    /// The statements are of no use without the caller, so they end when it is gone.
    pub(super) ends_with_caller: bool,
    /// The turn of a transaction that writes; given up during a long wait. See [`PATIENCE`].
    pub(super) turn: Option<OwnedSemaphorePermit>,
}

/// The reason why a request has no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("{}", message(.0))]
    Driver(#[from] Error),
    /// The system has no descriptors or threads left.
    #[error("{0}")]
    System(io::Error),
    #[error("no response from the PostgreSQL server within {} ms", .0.as_millis())]
    Deadline(Duration),
    #[error("the transaction takes too long")]
    TooLong,
    #[error("the caller is gone")]
    CallerGone,
    #[error("the connection is closed")]
    Closed,
}

impl Link {
    /// Opens a connection within this time.
    pub(super) fn open(config: &Config, tls: &Tls, within: Duration) -> Result<Self, LinkError> {
        let runtime = OwnRuntime::new().map_err(LinkError::System)?;
        let opened = runtime.block_on_within(within, async {
            Ok::<_, Error>(match tls {
                Some(tls) => {
                    let (client, connection) = config.connect(tls.clone()).await?;
                    (client, Box::pin(connection) as Connection)
                }
                None => {
                    let (client, connection) = config.connect(NoTls).await?;
                    (client, Box::pin(connection) as Connection)
                }
            })
        })?;
        let (client, connection) = opened.ok_or(LinkError::Deadline(within))??;
        Ok(Self {
            client,
            connection: Some(connection),
            runtime,
            tls: tls.clone(),
            terms: Terms::default(),
        })
    }

    /// Exchanges the bounds of the statements.
    pub(super) fn swap_terms(&mut self, terms: &mut Terms) {
        std::mem::swap(&mut self.terms, terms);
    }

    /// Sets the turn of the transaction.
    pub(super) fn set_turn(&mut self, turn: Option<OwnedSemaphorePermit>) {
        self.terms.turn = turn;
    }

    /// Sends a request to the server and waits for its result, at most for this time.
    pub(super) fn call<T>(
        &mut self,
        within: Duration,
        request: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, LinkError> {
        self.exchange(within, false, request)
    }

    /// [`call`](Self::call) for a statement, which ends with the transaction and, if that only reads, with its caller.
    pub(super) fn run<T>(
        &mut self,
        within: Duration,
        statement: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, LinkError> {
        let rest = self.terms.end.map(|end| end.saturating_duration_since(now()));
        if rest.is_some_and(|rest| rest.is_zero()) {
            return Err(LinkError::TooLong);
        }
        let reply = self.terms.reply.as_ref().filter(|_| self.terms.ends_with_caller);
        if reply.is_some_and(Reply::is_closed) {
            return Err(LinkError::CallerGone);
        }
        let within = rest.map_or(within, |rest| rest.min(within));
        self.exchange(within, self.terms.ends_with_caller, statement)
    }

    fn exchange<T>(
        &mut self,
        within: Duration,
        ends_with_caller: bool,
        request: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, LinkError> {
        let Self {
            client,
            connection,
            runtime,
            terms,
            ..
        } = self;
        runtime.block_on(async {
            let mut request = pin!(request(client));
            let mut exchange = poll_fn(|cx| {
                if let Poll::Ready(result) = request.as_mut().poll(cx) {
                    return Poll::Ready(Ok(result?));
                }
                let Some(socket) = connection else {
                    return Poll::Ready(Err(LinkError::Closed));
                };
                let ended = socket.as_mut().poll(cx);
                if ended.is_ready() {
                    *connection = None;
                }
                if let Poll::Ready(result) = request.as_mut().poll(cx) {
                    // The error that ended the connection has the reason; that of the request only reports the end.
                    return Poll::Ready(match (result, ended) {
                        (Err(_), Poll::Ready(Err(ended))) => Err(ended.into()),
                        (result, _) => result.map_err(LinkError::from),
                    });
                }
                if let Poll::Ready(ended) = ended {
                    return Poll::Ready(Err(ended.err().map_or(LinkError::Closed, LinkError::from)));
                }
                let reply = terms.reply.as_mut().filter(|_| ends_with_caller);
                if reply.is_some_and(|reply| reply.poll_closed(cx).is_ready()) {
                    return Poll::Ready(Err(LinkError::CallerGone));
                }
                Poll::Pending
            });
            let mut rest = within;
            if terms.turn.is_some() && within > PATIENCE {
                if let Ok(result) = timeout(PATIENCE, &mut exchange).await {
                    return result;
                }
                terms.turn = None;
                rest -= PATIENCE;
            }
            let result = timeout(rest, exchange).await;
            result.unwrap_or(Err(LinkError::Deadline(within)))
        })?
    }

    /// Waits on this thread, at most for this time.
    pub(super) fn wait<T>(&self, within: Duration, event: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on_within(within, event).ok()?
    }

    /// Asks the server to cancel the running statement. Waits until it has received that, at most for this time.
    pub(super) fn cancel(&self, within: Duration) {
        let token = self.client.cancel_token();
        // Without an effect, the server's own timeout ends the statement.
        let _ = self.wait(within, async {
            match &self.tls {
                Some(tls) => token.cancel_query(tls.clone()).await,
                None => token.cancel_query(NoTls).await,
            }
        });
    }

    /// Sends Terminate, and closes the connection within this time.
    pub(super) fn close(self, within: Duration) {
        let Self {
            client,
            connection,
            runtime,
            ..
        } = self;
        drop(client);
        if let Some(connection) = connection {
            let _ = runtime.block_on_within(within, connection);
        }
    }
}

/// Returns the present. A deadline of the network is in real time, also where a test sets the clock of the rules ahead.
#[expect(clippy::disallowed_methods, reason = "see above")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Returns the message of an error without the details, which contain values of the row.
pub(super) fn message(error: &Error) -> String {
    match error.as_db_error() {
        Some(database) => format!("{} (SQLSTATE {})", database.message(), database.code().code()),
        None => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

/// The runtime of a connection.
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn new() -> io::Result<Self> {
        runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T, LinkError> {
        let runtime = self.0.as_ref().ok_or(LinkError::Closed)?;
        Ok(runtime.block_on(future))
    }

    /// Returns `None` if the future is not ready within this time.
    fn block_on_within<T>(&self, within: Duration, future: impl Future<Output = T>) -> Result<Option<T>, LinkError> {
        self.block_on(async { timeout(within, future).await.ok() })
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Does not wait for a look-up of the server's name, and may be called on a thread that runs asynchronous tasks.
            runtime.shutdown_background();
        }
    }
}
