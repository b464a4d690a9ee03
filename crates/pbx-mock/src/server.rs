//! The mock server.

use std::fmt;
use std::panic::Location;

use pbx_client::Client;

use crate::backend::Backend;
use crate::mock::Mock;
use crate::operation::Operation;
use crate::then::Then;
use crate::when::When;

/// An HTTP server on a free port, which answers requests from its mocks.
///
/// Every operation of the API is a method that creates a mock of it. Mocks are tried in the order of their creation. A request
/// that matches no mock gets a 501 with the reason, and fails the test when the server is dropped; see
/// [`MockServer::take_unmatched`].
pub struct MockServer {
    backend: Backend,
}

impl MockServer {
    /// Starts a server. Each test can start its own.
    pub fn start() -> Self {
        Self {
            backend: Backend::start(),
        }
    }

    /// Returns the base URL for [`Client::new`], such as `http://127.0.0.1:40123/api`.
    pub fn url(&self) -> String {
        self.backend.url()
    }

    /// Returns a client of this server without a session.
    #[expect(clippy::expect_used, reason = "the URL is our own")]
    pub fn client(&self) -> Client {
        Client::new(&self.url()).expect("a URL of this form")
    }

    /// Returns a client of this server that sends this access token.
    #[expect(clippy::expect_used, reason = "a panic is how a test fails")]
    pub fn client_with_token(&self, token: &str) -> Client {
        let client = Client::builder().url(self.url()).token(token);
        client.build().expect("a token that can be sent")
    }

    /// Takes the messages about requests that matched no mock, so that they do not fail the test.
    pub fn take_unmatched(&self) -> Vec<String> {
        self.backend.take_unmatched()
    }

    /// Revokes an access token: from now on, requests with it get a 401, whatever the mocks are. Simulates an expired token.
    pub fn revoke_token(&self, token: impl Into<String>) {
        self.backend.revoke_token(token.into());
    }

    /// Creates a mock with the interface of httpmock, for requests outside of the API.
    pub fn httpmock(&self, configure: impl FnOnce(httpmock::When, httpmock::Then)) -> httpmock::Mock<'_> {
        self.backend.httpmock(configure)
    }

    /// Creates a mock of an operation. Called by the generated methods.
    #[track_caller]
    pub(crate) fn operation<O: Operation>(&self, configure: impl FnOnce(&mut When<O>, &mut Then<O>)) -> Mock<'_, O> {
        let (id, expectation) = self.backend.add(Location::caller(), configure);
        Mock::new(&self.backend, id, expectation)
    }
}

impl Drop for MockServer {
    #[expect(clippy::panic, reason = "a panic is how a test fails")]
    fn drop(&mut self) {
        let unmatched = self.take_unmatched();
        if !unmatched.is_empty() && !std::thread::panicking() {
            panic!(
                "{} request(s) matched no mock; if that is intended, call `MockServer::take_unmatched`:\n\n{}",
                unmatched.len(),
                unmatched.join("\n\n")
            );
        }
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}
