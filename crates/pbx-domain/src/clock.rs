//! The one clock of the rules: expiry of tokens, of IP rules and of lockouts is decided by it.

#![expect(
    clippy::disallowed_methods,
    reason = "here the clocks of the system are read, and nowhere else"
)]

use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The offset of this clock from the system's.
type Shift = Box<dyn Fn() -> SignedDuration + Send + Sync>;

static SHIFT: OnceLock<Shift> = OnceLock::new();

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Returns the current time.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    SHIFT.get().map_or(now, |shift| after(now, shift()))
}

/// Returns the time after a duration: at most the latest that there is.
pub fn after(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// Returns the time since a fixed moment of this process. Monotonic: it never goes back when the time of day is set back.
pub fn elapsed() -> Duration {
    let elapsed = START.elapsed();
    match SHIFT.get().map(|shift| shift()) {
        None => elapsed,
        Some(shift) => elapsed.saturating_add(shift.try_into().unwrap_or_default()),
    }
}

/// Puts the clock ahead from now on, by an amount that a test chooses and lets grow. The program itself never does.
pub fn shift(by: impl Fn() -> SignedDuration + Send + Sync + 'static) {
    if SHIFT.set(Box::new(by)).is_err() {
        tracing::error!(target: crate::LOG_TARGET, "the clock is shifted already");
    }
}

/// Returns `true` after [`shift`], when timers cannot rely on the system's clock.
pub fn is_shifted() -> bool {
    SHIFT.get().is_some()
}
