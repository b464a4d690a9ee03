//! Responses to requests that hyper cannot read, in the envelope of the API.
//!
//! hyper responds to a malformed or too large head without calling the service, with a status and no body. The stream of the connection
//! recognizes such a response, because no request is in flight, and sends another one in its place. It contains nothing of the request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use pbx_api::{Problem, RequestId};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::{MAX_BUFFER, MAX_HEADERS};
use crate::slots::State;

/// The time for which the rest of a malformed request is read and dropped. If it were left unread, the system would reset the
/// connection, and the client would not see the response.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The maximum number of bytes that are dropped.
const MAX_DRAINED: usize = 1 << 20;

/// The first byte of a TLS connection: a handshake record (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// The beginning of the preface of HTTP/2 (RFC 9113, section 3.4).
const HTTP_2_PREFACE: &[u8] = b"PRI * HTTP/2";

/// The stream of a connection, on which every response is in the envelope of the API.
pub(super) struct Enveloped<S> {
    inner: S,
    state: Arc<State>,
    line: RequestLine,
    /// The response that is sent in place of hyper's, and how much of it is sent.
    response: Option<(Vec<u8>, usize)>,
    drain: Option<(Pin<Box<Sleep>>, usize)>,
}

/// The part of a request line that shows what is wrong with it.
#[derive(Default)]
struct RequestLine {
    first: Option<u8>,
    /// The last bytes.
    end: Vec<u8>,
    is_complete: bool,
}

impl RequestLine {
    /// The number of the last bytes that are kept: the version.
    const END: usize = 16;

    fn read(&mut self, bytes: &[u8]) {
        if self.is_complete {
            return;
        }
        let bytes = match self.first {
            Some(_) => bytes,
            // Empty lines before a request are skipped (RFC 9112, section 2.2).
            None => &bytes[bytes.iter().take_while(|byte| b"\r\n".contains(byte)).count()..],
        };
        self.first = self.first.or(bytes.first().copied());
        let end = bytes.iter().position(|byte| *byte == b'\n');
        self.is_complete = end.is_some();
        let line = &bytes[..end.unwrap_or(bytes.len())];
        self.end
            .extend_from_slice(&line[line.len().saturating_sub(Self::END)..]);
        let surplus = self.end.len().saturating_sub(Self::END);
        self.end.drain(..surplus);
    }

    /// Returns `true` if the line ends with a version that is not supported.
    fn has_other_version(&self) -> bool {
        let version = self.end.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
        self.is_complete && version.starts_with(b"HTTP/") && !version.starts_with(b"HTTP/1.")
    }

    /// Returns the response in place of hyper's with this status.
    fn problem(&self, status: &[u8]) -> Problem {
        let (status, code, message) = match status {
            b"414" => Self::too_long(),
            b"431" if self.first.is_some() && !self.is_complete => Self::too_long(),
            b"431" => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "HEADERS_TOO_LARGE",
                format!("The request has more than {MAX_HEADERS} headers, or more than {MAX_BUFFER} bytes of them."),
            ),
            _ if self.first == Some(TLS_HANDSHAKE) => (
                StatusCode::BAD_REQUEST,
                "BAD_REQUEST",
                "This port serves HTTP without TLS: use http:// here, or the port for https://.".to_owned(),
            ),
            _ if self.has_other_version() => (
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                "HTTP_VERSION_NOT_SUPPORTED",
                "The supported versions of HTTP are 1.1 and 1.0.".to_owned(),
            ),
            _ => (
                StatusCode::BAD_REQUEST,
                "BAD_REQUEST",
                "The request is not valid HTTP/1.1: check the request line (method, path, version), the names and values of the \
                 headers, and Content-Length."
                    .to_owned(),
            ),
        };
        Problem::new(status, code, message)
    }

    fn too_long() -> (StatusCode, &'static str, String) {
        let message = format!("The path and query of the request are longer than {MAX_BUFFER} bytes.");
        (StatusCode::URI_TOO_LONG, "URI_TOO_LONG", message)
    }
}

impl<S> Enveloped<S> {
    /// Wraps the stream of the connection with that state.
    pub(super) fn new(inner: S, state: Arc<State>) -> Self {
        Self {
            inner,
            state,
            line: RequestLine::default(),
            response: None,
            drain: None,
        }
    }

    /// Returns `true` if `bytes` are a response to a request that has not reached the service.
    fn is_of_hyper(&self, bytes: &[u8]) -> bool {
        self.state.is_idle() && bytes.starts_with(b"HTTP/1.")
    }
}

/// Returns the bytes of a response in place of one of hyper, which has a date.
fn response(line: &RequestLine, replaced: &[u8]) -> Vec<u8> {
    let status = replaced.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let request_id = RequestId::from_header(None);
    let (head, body) = line.problem(status).into_response(&request_id).into_parts();
    let body = content(body);
    tracing::debug!(
        request_id = request_id.as_str(),
        status = head.status.as_u16(),
        "a request was malformed"
    );
    let mut response = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        response.extend_from_slice(name.as_str().as_bytes());
        response.extend_from_slice(b": ");
        response.extend_from_slice(value.as_bytes());
        response.extend_from_slice(b"\r\n");
    }
    for date in replaced
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"date: "))
    {
        response.extend_from_slice(date.trim_ascii_end());
        response.extend_from_slice(b"\r\n");
    }
    response.extend_from_slice(format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes());
    response.extend_from_slice(&body);
    response
}

/// Returns the content of the body of a problem, which has one chunk.
fn content(mut body: Body) -> Bytes {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(&mut body).poll_frame(&mut context) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => Bytes::new(),
    }
}

impl<S: AsyncWrite + Unpin> Enveloped<S> {
    /// Sends the response in place of hyper's, or returns `None` if the service responds.
    fn poll_replace(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<()>>> {
        if self.response.is_none() && self.is_of_hyper(bytes) {
            self.response = Some((response(&self.line, bytes), 0));
        }
        let Some((response, sent)) = &mut self.response else {
            // The next line is that of another request.
            self.line.first = None;
            self.line.end.clear();
            self.line.is_complete = false;
            return None;
        };
        while *sent < response.len() {
            match Pin::new(&mut self.inner).poll_write(context, &response[*sent..]) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(length)) => *sent += length,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(Poll::Pending),
            }
        }
        Some(Poll::Ready(Ok(())))
    }
}

impl<S: AsyncRead + Unpin> Enveloped<S> {
    /// Reads and drops the rest of a malformed request, for a bounded time.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (timer, drained) = self.drain.get_or_insert_with(|| (Box::pin(sleep(DRAIN_TIMEOUT)), 0));
        let mut space = [0; 4096];
        while *drained < MAX_DRAINED && timer.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => *drained += buffer.filled().len(),
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Enveloped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if self.state.is_idle() {
            let read = &mut buffer.filled_mut()[before..];
            if self.line.first.is_none() && read.starts_with(HTTP_2_PREFACE) {
                // hyper closes the connection when it sees the preface. Any other method of HTTP/2 is a malformed request.
                read[0] = b'p';
            }
            self.line.read(read);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Enveloped<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.poll_replace(context, bytes) {
            Some(replaced) => replaced.map_ok(|()| bytes.len()),
            None => Pin::new(&mut self.inner).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // hyper's head is one slice.
        let first = slices.iter().find(|slice| !slice.is_empty());
        match self.poll_replace(context, first.map_or(&[], |slice| slice)) {
            Some(replaced) => replaced.map_ok(|()| slices.iter().map(|slice| slice.len()).sum()),
            None => Pin::new(&mut self.inner).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.drain.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
        }
        if self.response.is_some() {
            ready!(self.poll_drain(context));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(chunks: &[&[u8]]) -> RequestLine {
        let mut line = RequestLine::default();
        for chunk in chunks {
            line.read(chunk);
        }
        line
    }

    #[test]
    fn what_is_wrong_follows_from_the_request_line() {
        let status = |chunks: &[&[u8]], status: &[u8]| line(chunks).problem(status).status().as_u16();
        assert_eq!(status(&[b"GET / HTTP/1.1\r\nbad header\r\n"], b"400"), 400);
        assert_eq!(status(&[b"\r\nGET / HT", b"TP/3", b".0\r", b"\nhost: x"], b"400"), 505);
        assert_eq!(status(&[b"GET / HTTP/1.1\r\nx: y HTTP/3.0\r\n"], b"400"), 400);
        assert_eq!(status(&[b"\x16\x03\x01"], b"400"), 400);
        assert_eq!(status(&[b"GET /", &[b'a'; 1000]], b"431"), 414);
        assert_eq!(status(&[b"GET / HTTP/1.1\r\nx: ", &[b'a'; 1000]], b"431"), 431);
        // A request that was read together with the one before it.
        assert_eq!(status(&[], b"431"), 431);
    }
}
