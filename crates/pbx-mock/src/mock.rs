//! A mock and the requests that it matched.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::backend::Backend;
use crate::expectation::{Expectation, lock, requests};
use crate::operation::{Operation, TypedBody};
use crate::request::Request;
use crate::when;

/// A mock of the operation `O`.
pub struct Mock<'a, O> {
    backend: &'a Backend,
    id: usize,
    expectation: Arc<Expectation>,
    operation: PhantomData<fn() -> O>,
}

impl<'a, O: Operation> Mock<'a, O> {
    pub(crate) fn new(backend: &'a Backend, id: usize, expectation: Arc<Expectation>) -> Self {
        Self {
            backend,
            id,
            expectation,
            operation: PhantomData,
        }
    }

    /// Asserts that the mock matched exactly one request.
    ///
    /// # Panics
    ///
    /// Panics if it did not, with the reasons why other requests did not match.
    #[track_caller]
    pub fn assert(&self) {
        self.assert_calls(1);
    }

    /// Asserts that the mock matched this number of requests.
    ///
    /// # Panics
    ///
    /// Panics if it did not, with the reasons why other requests did not match.
    #[track_caller]
    #[expect(clippy::panic, reason = "a panic is how a test fails")]
    pub fn assert_calls(&self, expected: usize) {
        let calls = self.calls();
        if calls != expected {
            let unmatched = self.backend.take_unmatched();
            let unmatched: String = unmatched.iter().map(|message| format!("\n\n{message}")).collect();
            panic!(
                "the mock of {} matched {}, expected {expected}{unmatched}",
                self.expectation.title(),
                requests(calls),
            );
        }
    }

    /// Returns the number of requests that matched.
    pub fn calls(&self) -> usize {
        lock(&self.expectation.matched).len()
    }

    /// Returns the requests that matched, in their order.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.expectation.matched).clone()
    }

    /// Removes the mock from the server.
    pub fn delete(self) {
        self.backend.delete(self.id, &self.expectation);
    }
}

impl<O: TypedBody> Mock<'_, O> {
    /// Returns the bodies of the requests that matched, in their order.
    ///
    /// # Panics
    ///
    /// Panics if a body cannot be read as `O::Body`.
    #[track_caller]
    #[expect(clippy::panic, reason = "a panic is how a test fails")]
    pub fn bodies(&self) -> Vec<O::Body>
    where
        O::Body: DeserializeOwned,
    {
        let read = |request| when::read::<O, O::Body>(request).unwrap_or_else(|problem| panic!("{problem}"));
        self.requests().iter().map(read).collect()
    }
}

impl<O: Operation> fmt::Debug for Mock<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mock")
            .field("of", &self.expectation.title())
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}
