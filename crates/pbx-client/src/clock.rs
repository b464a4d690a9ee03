//! The clock, which tests replace.

use std::sync::Arc;

use jiff::Timestamp;

/// Returns the present time.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub(crate) fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(clock))
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Clock {
    #[expect(clippy::disallowed_methods, reason = "the client's clock, which tests replace")]
    fn default() -> Self {
        Self::new(Timestamp::now)
    }
}
