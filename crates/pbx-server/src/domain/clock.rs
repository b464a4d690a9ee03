//! The one clock of the rules: whatever ends (a token, a rule, a lock-out) ends by it.

#![expect(
    clippy::disallowed_methods,
    reason = "here the clocks of the system are read, and nowhere else"
)]

use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// By how much this clock is ahead of the system's.
type Shift = Box<dyn Fn() -> SignedDuration + Send + Sync>;

static SHIFT: OnceLock<Shift> = OnceLock::new();

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What time it is.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    SHIFT
        .get()
        .map_or(now, |shift| now.saturating_add(shift()).unwrap_or(Timestamp::MAX))
}

/// How long it has been since some moment of this process. Never goes back, whatever is done to the time of day.
pub fn elapsed() -> Duration {
    let elapsed = START.elapsed();
    match SHIFT.get().map(|shift| shift()) {
        None => elapsed,
        Some(shift) => elapsed.saturating_add(shift.try_into().unwrap_or_default()),
    }
}

/// Completes when [`elapsed`] has come to that.
pub async fn reached(end: Duration) {
    /// How soon a clock that was put ahead is noticed.
    const GLANCE: Duration = Duration::from_millis(20);
    if SHIFT.get().is_none() {
        return tokio::time::sleep(end.saturating_sub(elapsed())).await;
    }
    while elapsed() < end {
        tokio::time::sleep(GLANCE).await;
    }
}

/// Puts the clock ahead from now on, by an amount that a test chooses and lets grow. The program itself never does.
pub fn shift(by: impl Fn() -> SignedDuration + Send + Sync + 'static) {
    if SHIFT.set(Box::new(by)).is_err() {
        tracing::error!("the clock is shifted already");
    }
}
