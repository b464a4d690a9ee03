//! A server on a real socket, which says what it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use pbx_client::{Client, ClientBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Answers every request on a connection of its own, and keeps what was asked.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// An address that is taken and where nobody listens: every connection is refused.
pub struct Nobody {
    pub url: String,
    socket: TcpSocket,
}

impl Nobody {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}/api", socket.local_addr().unwrap());
        Self { url, socket }
    }

    /// Somebody does from here on.
    pub fn listen(self, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        Server::on(self.socket.listen(16).unwrap(), handler)
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// Such as `POST /api/auth/sign_in`, with the query.
    pub line: String,
    /// By name in lower case.
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// These bytes; the connection ends with them.
    Bytes(Vec<u8>),
    /// The connection ends.
    Nothing,
    /// The bytes, and silence as long as the client waits.
    Silence(Vec<u8>),
}

impl Reply {
    /// A whole answer of JSON.
    pub fn json(status: u16, body: &str) -> Self {
        Self::with(status, "content-type: application/json\r\n", body.as_bytes())
    }

    /// A whole answer; each header ends with a line break.
    pub fn with(status: u16, headers: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
        Self::Bytes([head.as_bytes(), body].concat())
    }

    /// The bytes as they are.
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
    /// Gives every request the same answer.
    pub async fn answering(reply: Reply) -> Self {
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

    /// A client with a token.
    pub fn client(&self) -> Client {
        self.builder().token("T0K3N").build().unwrap()
    }

    /// Whatever fails, fails at once: the tests of retries say otherwise.
    pub fn builder(&self) -> ClientBuilder {
        let builder = Client::builder().url(&self.url).no_proxy();
        #[cfg(feature = "retry")]
        let builder = builder.retry(pbx_client::RetryPolicy::none());
        builder
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// How often a request line began so.
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
            // A client that has seen enough hangs up.
            let _ = socket.write_all(&bytes).await;
            let _ = socket.shutdown().await;
        }
        Reply::Silence(bytes) => {
            let _ = socket.write_all(&bytes).await;
            let _ = socket.read(&mut buffer).await;
        }
    }
}

/// The request, once all of it is there.
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
