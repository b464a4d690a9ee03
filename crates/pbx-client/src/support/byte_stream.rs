//! A body that is read as it comes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use reqwest::Response;

use crate::Error;
use crate::error::ErrorResponse;

#[cfg(not(target_arch = "wasm32"))]
type Inner = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;
#[cfg(target_arch = "wasm32")]
type Inner = Pin<Box<dyn Stream<Item = Result<Bytes, Error>>>>;

/// The bytes of a download, piece by piece.
pub struct ByteStream(Inner);

impl ByteStream {
    pub(crate) fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self(Box::pin(response.bytes_stream().map(move |chunk| {
            // What had arrived is with the caller already.
            chunk.map_err(|error| Error::of_reading(error, ErrorResponse::new(status, headers.clone(), Bytes::new())))
        })))
    }

    /// What has arrived already.
    pub(crate) fn whole(body: Bytes) -> Self {
        Self(Box::pin(futures_util::stream::iter([Ok(body)])))
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        self.0.next().await
    }

    /// All that is left, at once.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut all = BytesMut::new();
        while let Some(piece) = self.next().await {
            all.extend_from_slice(&piece?);
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
