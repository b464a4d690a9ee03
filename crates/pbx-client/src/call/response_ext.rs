//! The entity tag of a response.

use progenitor_client::ResponseValue;
use reqwest::header::ETAG;

/// The parts of a response besides its body.
pub trait ResponseExt {
    /// Returns the entity tag (`ETag`) of what the response shows, with its quotes: for `if_match` of an update, which the server then
    /// refuses with [`Error::PreconditionFailed`](crate::Error::PreconditionFailed) if the object has changed. `None` if the server sent
    /// none.
    ///
    /// ```no_run
    /// # async fn example(client: pbx_client::Client) -> Result<(), pbx_client::Error> {
    /// use pbx_client::{ResponseExt as _, types::UpdateNetwork};
    ///
    /// let network = client.retrieve_network_configurations().send().await?;
    /// let update = UpdateNetwork::default();
    /// let mut request = client.update_network_configurations().body(update);
    /// if let Some(etag) = network.etag() {
    ///     request = request.if_match(etag);
    /// }
    /// request.send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn etag(&self) -> Option<&str>;
}

impl<T> ResponseExt for ResponseValue<T> {
    fn etag(&self) -> Option<&str> {
        self.headers().get(ETAG)?.to_str().ok()
    }
}
