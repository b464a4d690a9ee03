//! Response bodies that are read in chunks.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use reqwest::Response;

use crate::error::Error;
use crate::error::response::ErrorResponse;

#[cfg(not(target_arch = "wasm32"))]
type Inner = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;
#[cfg(target_arch = "wasm32")]
type Inner = Pin<Box<dyn Stream<Item = Result<Bytes, Error>>>>;

/// The body of a download, as a stream of chunks.
pub struct ByteStream(Inner);

impl ByteStream {
    pub(crate) fn new(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self(Box::pin(response.bytes_stream().map(move |chunk| {
            // The caller already has the chunks before the failure.
            chunk.map_err(|error| Error::from_read(error, ErrorResponse::new(status, headers.clone(), Bytes::new())))
        })))
    }

    /// Creates a stream of a body that was already read.
    pub(crate) fn from_bytes(body: Bytes) -> Self {
        Self(Box::pin(futures_util::stream::iter([Ok(body)])))
    }

    /// Returns the next chunk, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        self.0.next().await
    }

    /// Reads the rest of the body.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.next().await {
            all.extend_from_slice(&chunk?);
        }
        Ok(all.freeze())
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl std::fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByteStream(..)")
    }
}
