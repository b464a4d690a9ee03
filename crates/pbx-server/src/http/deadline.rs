//! Deadlines by progress: a transfer goes on for as long as the peer takes or sends bytes at a minimum rate.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// The number of bytes that a peer must take or send in each period of a transfer that waits for it. One byte from time to time
/// would hold a connection for ever.
pub(super) const MIN_PROGRESS: usize = 8 * 1024;

/// The deadline of a transfer, which begins when the transfer first waits for the peer, and moves with its progress.
pub(super) struct Deadline {
    period: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    moved: usize,
}

impl Deadline {
    /// Creates a deadline that requires [`MIN_PROGRESS`] in each period.
    pub(super) fn new(period: Duration) -> Self {
        Self {
            period,
            timer: None,
            moved: 0,
        }
    }

    /// Counts bytes that the peer took or sent.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved = self.moved.saturating_add(bytes);
    }

    /// Ends the transfer: nothing is waited for.
    pub(super) fn clear(&mut self) {
        self.timer = None;
    }

    /// Begins or checks the period of a transfer that waits. Wakes the task at its end.
    ///
    /// # Errors
    ///
    /// `TimedOut` if the peer made too little progress.
    pub(super) fn poll_waiting(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        loop {
            let timer = self.timer.get_or_insert_with(|| {
                self.moved = 0;
                Box::pin(sleep(self.period))
            });
            if timer.as_mut().poll(context).is_pending() {
                return Ok(());
            }
            if self.moved < MIN_PROGRESS {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.timer = None;
        }
    }
}
