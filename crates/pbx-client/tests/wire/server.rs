//! A server on a real socket that sends prepared replies.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use pbx_client::{Client, ClientBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Serves each request on a separate connection and records it.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A bound port without a listener: connections are refused until [`ReservedPort::listen`].
pub struct ReservedPort {
    pub url: String,
    socket: TcpSocket,
}

impl ReservedPort {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}/api", socket.local_addr().unwrap());
        Self { url, socket }
    }

    /// Starts to listen.
    pub fn listen(self, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        Server::on(self.socket.listen(16).unwrap(), handler)
    }
}

/// A recorded request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method and target, such as `POST /api/auth/sign_in`.
    pub line: String,
    /// The values by lower-case name.
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// The reply to a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Sends these bytes and closes the connection.
    Bytes(Vec<u8>),
    /// Closes the connection.
    Nothing,
    /// Sends these bytes and keeps the connection open.
    Silence(Vec<u8>),
}

impl Reply {
    /// A complete JSON response.
    pub fn json(status: u16, body: &str) -> Self {
        Self::with(status, "content-type: application/json\r\n", body.as_bytes())
    }

    /// A complete response. Each header ends with a line break.
    pub fn with(status: u16, headers: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
        Self::Bytes([head.as_bytes(), body].concat())
    }

    /// Raw bytes.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bytes(bytes.as_ref().to_vec())
    }
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Server {
    /// Sends every request the same reply.
    pub async fn replying(reply: Reply) -> Self {
        Self::start(move |_| reply.clone()).await
    }

    pub async fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), handler)
    }

    pub fn on(listener: TcpListener, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let handler = Arc::new(handler);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
                tokio::spawn(async move {
                    serve(socket, &seen, &*handler).await;
                });
            }
        });
        Self { url, requests }
    }

    /// Returns a client with a token.
    pub fn client(&self) -> Client {
        self.builder().token("T0K3N").build().unwrap()
    }

    /// Returns a builder without retries.
    pub fn builder(&self) -> ClientBuilder {
        let builder = Client::builder().url(&self.url).no_proxy();
        #[cfg(feature = "retry")]
        let builder = builder.retry(pbx_client::RetryPolicy::none());
        builder
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Counts the requests whose line begins with `line`.
    pub fn count(&self, line: &str) -> usize {
        let requests = self.requests();
        requests.iter().filter(|request| request.line.starts_with(line)).count()
    }

    pub fn last(&self) -> Request {
        self.requests().pop().unwrap()
    }
}

async fn serve(mut socket: TcpStream, seen: &Mutex<Vec<Request>>, handler: &(dyn Fn(&Request) -> Reply + Send + Sync)) {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    let request = loop {
        if let Some(request) = parse(&text) {
            break request;
        }
        match socket.read(&mut buffer).await {
            Ok(n) if n > 0 => text.extend_from_slice(&buffer[..n]),
            _ => return,
        }
    };
    seen.lock().unwrap().push(request.clone());
    match handler(&request) {
        Reply::Nothing => {}
        Reply::Bytes(bytes) => {
            // A client that has received enough closes the connection.
            let _ = socket.write_all(&bytes).await;
            let _ = socket.shutdown().await;
        }
        Reply::Silence(bytes) => {
            let _ = socket.write_all(&bytes).await;
            let _ = socket.read(&mut buffer).await;
        }
    }
}

/// Parses a request. Returns `None` until it is complete.
fn parse(text: &[u8]) -> Option<Request> {
    let text = String::from_utf8_lossy(text);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let line = lines.next()?.strip_suffix(" HTTP/1.1")?.to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let is_whole = match headers.get("content-length") {
        Some(length) => body.len() >= length.parse().ok()?,
        None if headers.contains_key("transfer-encoding") => body.ends_with("0\r\n\r\n"),
        None => true,
    };
    is_whole.then(|| Request {
        line,
        headers,
        body: body.to_owned(),
    })
}
