//! One mock as the server keeps it: what a request must be, and which ones were.

use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Request;
use crate::operation::OperationInfo;

/// What a request must be beyond its operation; says what differs.
pub(crate) type Condition = Box<dyn Fn(&Request) -> Vec<String> + Send + Sync>;

/// A mock and the requests it answered.
pub(crate) struct Expectation {
    pub(crate) info: &'static OperationInfo,
    /// Where the test made it.
    pub(crate) place: &'static Location<'static>,
    pub(crate) conditions: Vec<Condition>,
    /// Whether httpmock was given further conditions, which it keeps to itself.
    pub(crate) more: bool,
    pub(crate) limit: Option<usize>,
    pub(crate) answered: Mutex<Vec<Request>>,
}

impl Expectation {
    /// How a request of the operation differs from what is expected.
    pub(crate) fn differences(&self, request: &Request) -> Vec<String> {
        self.conditions
            .iter()
            .flat_map(|condition| condition(request))
            .collect()
    }

    /// Why a request of the operation was not answered, for a person.
    pub(crate) fn reasons(&self, request: &Request) -> Vec<String> {
        let differences = self.differences(request);
        if !differences.is_empty() {
            return differences;
        }
        match self.limit {
            Some(limit) if locked(&self.answered).len() >= limit => vec![format!("answers {}", times(limit))],
            _ if self.more => vec!["a condition that httpmock was given does not hold".to_owned()],
            _ => vec!["was made after the request came".to_owned()],
        }
    }

    /// `createTenant, tests/tenants.rs:12`
    pub(crate) fn title(&self) -> String {
        format!("{}, {}:{}", self.info.id, self.place.file(), self.place.line())
    }
}

/// "once", "3 times"
pub(crate) fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// What a panic elsewhere left is still of use.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
