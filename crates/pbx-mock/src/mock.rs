//! A mock, to be asked what it answered.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::expectation::{Expectation, locked, times};
use crate::operation::{Operation, TypedBody};
use crate::{MockServer, Request, when};

/// A mock of the operation `O`.
pub struct Mock<'a, O> {
    pub(crate) server: &'a MockServer,
    pub(crate) id: usize,
    pub(crate) expectation: Arc<Expectation>,
    pub(crate) operation: PhantomData<fn() -> O>,
}

impl<O: Operation> Mock<'_, O> {
    /// Fails the test unless exactly one request was answered.
    #[track_caller]
    pub fn assert(&self) {
        self.assert_calls(1);
    }

    /// Fails the test unless exactly so many requests were answered.
    #[track_caller]
    #[expect(clippy::panic, reason = "a panic is how a test fails")]
    pub fn assert_calls(&self, expected: usize) {
        let calls = self.calls();
        if calls != expected {
            let told = self.server.unmatched_messages();
            panic!(
                "the mock of {} answered {}, and should have {}{told}",
                self.expectation.title(),
                times(calls),
                times(expected)
            );
        }
    }

    /// How many requests were answered.
    pub fn calls(&self) -> usize {
        locked(&self.expectation.answered).len()
    }

    /// The requests that were answered, in their order.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.expectation.answered).clone()
    }

    /// The mock answers no more.
    pub fn delete(self) {
        self.server.delete(self.id, &self.expectation);
    }
}

impl<O: TypedBody> Mock<'_, O> {
    /// The bodies of the requests that were answered, in their order.
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
