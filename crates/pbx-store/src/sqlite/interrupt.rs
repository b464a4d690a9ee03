//! Interruption of statements: a statement ends early when its deadline is over, or when nobody waits for it.
//!
//! SQLite checks the condition while it runs a statement. Its other interface, `sqlite3_interrupt`, has no effect between two statements of a
//! transaction.

use std::cell::RefCell;
use std::ffi::c_int;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::error::StoreError;

/// SQLite checks after about this many of its virtual machine's instructions, which take well below a millisecond.
const INSTRUCTIONS: c_int = 4_000;

/// Returns `true` if the statements of a thread have to end.
type Condition = Box<dyn Fn() -> bool>;

thread_local! {
    /// The condition of the transaction that runs on this thread, if it has one.
    static CONDITION: RefCell<Option<Condition>> = const { RefCell::new(None) };
}

/// Makes the statements of a connection interruptible.
pub(super) fn install(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.progress_handler(INSTRUCTIONS, Some(is_due))
}

/// Returns a condition that holds from this time on. The clock of the rules, which tests set ahead, would end what has just begun.
#[expect(
    clippy::disallowed_methods,
    reason = "a deadline of this machine, which no rule depends on"
)]
pub(super) fn after(time: Duration) -> impl Fn() -> bool + Clone + 'static {
    let end = Instant::now().checked_add(time);
    move || end.is_some_and(|end| Instant::now() >= end)
}

/// Runs `work`, whose statements fail from the time on at which `condition` holds.
pub(super) fn interrupting<T>(condition: impl Fn() -> bool + 'static, work: impl FnOnce() -> T) -> T {
    /// Ends the effect of the condition, also after a panic.
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            CONDITION.set(None);
        }
    }
    CONDITION.set(Some(Box::new(condition)));
    let _reset = Reset;
    work()
}

/// Fails if the statements of this thread have to end.
pub(super) fn check() -> Result<(), StoreError> {
    if is_due() { Err(StoreError::Interrupted) } else { Ok(()) }
}

fn is_due() -> bool {
    CONDITION.with_borrow(|condition| condition.as_ref().is_some_and(|condition| condition()))
}
