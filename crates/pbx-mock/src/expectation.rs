//! The conditions of a mock, and the requests that met them.

use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::operation::OperationInfo;
use crate::request::Request;

/// A condition on requests of the operation. Returns how a request differs from it.
pub(crate) type Condition = Box<dyn Fn(&Request) -> Vec<String> + Send + Sync>;

/// The expectation of a mock.
pub(crate) struct Expectation {
    pub(crate) info: &'static OperationInfo,
    /// The source location that creates the mock.
    pub(crate) location: &'static Location<'static>,
    pub(crate) conditions: Vec<Condition>,
    /// httpmock has further conditions, which it does not reveal.
    pub(crate) has_httpmock_conditions: bool,
    /// The maximum number of requests that the mock answers.
    pub(crate) limit: Option<usize>,
    /// The requests that the mock answered.
    pub(crate) matched: Mutex<Vec<Request>>,
}

impl Expectation {
    /// Returns how a request of the operation differs from the conditions.
    pub(crate) fn differences(&self, request: &Request) -> Vec<String> {
        self.conditions
            .iter()
            .flat_map(|condition| condition(request))
            .collect()
    }

    /// Returns the reasons why a request of the operation did not match.
    pub(crate) fn mismatch(&self, request: &Request) -> Vec<String> {
        let differences = self.differences(request);
        if !differences.is_empty() {
            return differences;
        }
        match self.limit {
            Some(limit) if lock(&self.matched).len() >= limit => {
                vec![format!("has answered its limit of {}", requests(limit))]
            }
            _ if self.has_httpmock_conditions => vec!["a condition of httpmock is not met".to_owned()],
            _ => vec!["was created after the request".to_owned()],
        }
    }

    /// Names the mock: `createTenant at tests/tenants.rs:12`.
    pub(crate) fn title(&self) -> String {
        format!("{} at {}:{}", self.info.id, self.location.file(), self.location.line())
    }
}

/// `1 request`, `3 requests`
pub(crate) fn requests(count: usize) -> String {
    match count {
        1 => "1 request".to_owned(),
        count => format!("{count} requests"),
    }
}

/// Locks a mutex and ignores poisoning: after a panic in a test, the data is still valid for its messages.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
