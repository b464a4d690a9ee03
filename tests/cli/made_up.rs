//! Servers that answer what a test wants, and one that does not answer at all.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use tokio::net::TcpSocket;

/// An answer as it is sent.
pub fn whole(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

/// A server that answers everything with this status and body, or nothing at all: its URL, and the first lines of what it is
/// asked.
pub fn answering(answer: Option<(&str, &str)>) -> (String, mpsc::Receiver<String>) {
    let answer = answer.map(|(status, body)| whole(status, body));
    serving(move |_| answer.clone())
}

/// A server that answers by the first line of what it is asked.
pub fn serving(answer: impl Fn(&str) -> Option<String> + Send + 'static) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let (heard, asked) = mpsc::channel();
    std::thread::spawn(move || {
        let mut waiting: Vec<TcpStream> = Vec::new();
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 4096];
            let length = connection.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]);
            let line = request.lines().next().unwrap_or_default();
            // Before the answer: who has that finds it. Most tests do not ask.
            let _ = heard.send(line.to_owned());
            match answer(line) {
                Some(answer) => drop(connection.write_all(answer.as_bytes())),
                None => waiting.push(connection),
            }
        }
    });
    (url, asked)
}

/// An address that is taken and where nobody listens: every connection is refused.
pub struct Closed(TcpSocket);

impl Closed {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.local_addr().unwrap())
    }
}
