//! Stub servers with canned responses, and an address that refuses connections.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use tokio::net::TcpSocket;

/// Formats an HTTP response.
pub fn http_response(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

/// Starts a server that sends this status and body to every request, or never responds. Returns its URL and the request lines.
pub fn stub_server(response: Option<(&str, &str)>) -> (String, mpsc::Receiver<String>) {
    let response = response.map(|(status, body)| http_response(status, body));
    stub_server_with(move |_| response.clone())
}

/// Starts a server that responds by request line. Returns its URL and the request lines.
pub fn stub_server_with(respond: impl Fn(&str) -> Option<String> + Send + 'static) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::channel();
    std::thread::spawn(move || {
        let mut pending: Vec<TcpStream> = Vec::new();
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 4096];
            let length = connection.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]);
            let line = request.lines().next().unwrap_or_default();
            // Sent before the response, so that a test that has the response finds the line. Most tests drop the receiver.
            let _ = sender.send(line.to_owned());
            match respond(line) {
                Some(response) => drop(connection.write_all(response.as_bytes())),
                None => pending.push(connection),
            }
        }
    });
    (url, requests)
}

/// An address that is bound without listening: connections are refused.
pub struct RefusedAddress(TcpSocket);

impl RefusedAddress {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.local_addr().unwrap())
    }
}
