//! The one clock of the rules: whatever ends (a token, a rule, a lock-out) ends by it.

use std::sync::OnceLock;

use jiff::Timestamp;

/// A clock that is not the system's.
type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

static CLOCK: OnceLock<Clock> = OnceLock::new();

/// What time it is.
pub fn now() -> Timestamp {
    CLOCK.get().map_or_else(Timestamp::now, |clock| clock())
}

/// Goes by another clock from now on, which a test moves. Once in a process, before it serves; the program never does.
pub fn replace(clock: impl Fn() -> Timestamp + Send + Sync + 'static) {
    if CLOCK.set(Box::new(clock)).is_err() {
        tracing::error!("the clock was replaced before");
    }
}
