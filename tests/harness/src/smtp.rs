//! A mail server: SMTP (RFC 5321, RFC 4954) as far as a client needs it, with its own certificate.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

use crate::server::Start;

/// The username that it accepts.
pub const USERNAME: &str = "pbx@example.com";

/// The password that it accepts.
pub const PASSWORD: &str = "m4il-Secret";

/// Its address.
pub const ADDRESS: &str = "127.0.0.1";

/// The host name of its certificate.
pub const HOST: &str = "localhost";

/// When TLS begins.
#[derive(Clone, Copy, PartialEq)]
pub enum Tls {
    /// Never.
    Off,
    /// After STARTTLS.
    StartTls,
    /// With the connection.
    Implicit,
}

/// A received mail.
#[derive(Debug)]
pub struct Mail {
    /// The argument of EHLO.
    pub hello: String,
    /// `true` if it was sent over TLS.
    pub encrypted: bool,
    /// The mechanism with which the client authenticated.
    pub authenticated: Option<String>,
    /// The argument of MAIL.
    pub from: String,
    /// The argument of each RCPT.
    pub to: Vec<String>,
    /// Headers and body.
    pub data: String,
}

impl Mail {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.data.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.expect("the header")
    }

    /// Returns the decoded body.
    pub fn text(&self) -> String {
        let (_, body) = self.data.split_once("\n\n").expect("a text");
        match self.header("Content-Transfer-Encoding") {
            "quoted-printable" => body.replace("=\n", "").replace("=3D", "="),
            _ => body.to_owned(),
        }
    }
}

/// A running server; it ends with the test.
pub struct Smtp {
    /// The port on which it listens.
    pub port: u16,
    certificate: String,
    mails: UnboundedReceiver<Mail>,
}

impl Smtp {
    /// Starts a server on a free port. Clients must authenticate with one of the mechanisms, if there are any.
    pub async fn start(tls: Tls, mechanisms: &'static [&'static str]) -> Self {
        let pair = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(pair.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![pair.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((ADDRESS, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (inbox, mails) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, inbox) = (acceptor.clone(), inbox.clone());
                // A client may disconnect at any time.
                tokio::spawn(async move { serve_connection(stream, &acceptor, tls, mechanisms, &inbox).await });
            }
        });
        Self {
            port,
            certificate: pair.cert.pem(),
            mails,
        }
    }

    /// Lets the PBX trust this server's certificate, as an operator would.
    pub fn trusted_by(&self, start: Start) -> Start {
        let path: PathBuf = start.directory().join("mail-ca.pem");
        std::fs::write(&path, &self.certificate).unwrap();
        start.with_variable("SSL_CERT_FILE", path.to_str().unwrap())
    }

    /// Waits for the next mail.
    pub async fn next_mail(&mut self) -> Mail {
        self.mails.recv().await.unwrap()
    }

    /// Returns `true` if no mail is waiting.
    pub fn is_empty(&mut self) -> bool {
        self.mails.try_recv().is_err()
    }
}

async fn serve_connection(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    tls: Tls,
    mechanisms: &[&str],
    inbox: &UnboundedSender<Mail>,
) -> std::io::Result<()> {
    if tls == Tls::Implicit {
        let mut stream = BufStream::new(acceptor.accept(stream).await?);
        write_line(&mut stream, "220 mail").await?;
        return serve_session(&mut stream, false, true, mechanisms, inbox)
            .await
            .map(drop);
    }
    let mut stream = BufStream::new(stream);
    write_line(&mut stream, "220 mail").await?;
    if serve_session(&mut stream, tls == Tls::StartTls, false, mechanisms, inbox).await? {
        let mut stream = BufStream::new(acceptor.accept(stream.into_inner()).await?);
        serve_session(&mut stream, false, true, mechanisms, inbox).await?;
    }
    Ok(())
}

/// Serves a client until it disconnects; returns `true` if it goes on with TLS.
async fn serve_session<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufStream<S>,
    starttls: bool,
    encrypted: bool,
    mechanisms: &[&str],
    inbox: &UnboundedSender<Mail>,
) -> std::io::Result<bool> {
    let (mut hello, mut authenticated, mut from, mut to) = (String::new(), None, String::new(), Vec::new());
    loop {
        let Some(line) = read_line(stream).await? else {
            return Ok(false);
        };
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                hello = rest.to_owned();
                write_line(stream, "250-mail").await?;
                if starttls {
                    write_line(stream, "250-STARTTLS").await?;
                }
                if !mechanisms.is_empty() {
                    write_line(stream, &format!("250-AUTH {}", mechanisms.join(" "))).await?;
                }
                write_line(stream, "250 8BITMIME").await?;
            }
            "STARTTLS" if starttls => {
                write_line(stream, "220 go on").await?;
                return Ok(true);
            }
            "AUTH" => {
                let mechanism = rest.split(' ').next().unwrap_or_default().to_owned();
                if !mechanisms.contains(&mechanism.as_str()) {
                    write_line(stream, "504 5.5.4 no such mechanism").await?;
                } else if credentials(stream, rest).await? == (USERNAME.to_owned(), PASSWORD.to_owned()) {
                    authenticated = Some(mechanism);
                    write_line(stream, "235 welcome").await?;
                } else {
                    write_line(stream, "535 5.7.8 bad credentials").await?;
                }
            }
            "MAIL" if authenticated.is_none() && !mechanisms.is_empty() => {
                write_line(stream, "530 5.7.0 who are you?").await?;
            }
            "MAIL" => {
                from = rest.to_owned();
                write_line(stream, "250 ok").await?;
            }
            "RCPT" if rest.contains("nobody@") => write_line(stream, "550 5.1.1 no such mailbox").await?,
            "RCPT" => {
                to.push(rest.to_owned());
                write_line(stream, "250 ok").await?;
            }
            "DATA" => {
                write_line(stream, "354 go on").await?;
                let mut data = String::new();
                while let Some(line) = read_line(stream).await? {
                    if line == "." {
                        break;
                    }
                    data.push_str(&line);
                    data.push('\n');
                }
                let mail = Mail {
                    hello: hello.clone(),
                    encrypted,
                    authenticated: authenticated.clone(),
                    from: std::mem::take(&mut from),
                    to: std::mem::take(&mut to),
                    data,
                };
                let _ = inbox.send(mail);
                write_line(stream, "250 thanks").await?;
            }
            "QUIT" => {
                write_line(stream, "221 bye").await?;
                return Ok(false);
            }
            _ => write_line(stream, "500 5.5.1 what?").await?,
        }
    }
}

async fn credentials<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufStream<S>,
    command: &str,
) -> std::io::Result<(String, String)> {
    let decoded = |text: &str| String::from_utf8(BASE64.decode(text).unwrap_or_default()).unwrap_or_default();
    if let Some(response) = command.strip_prefix("PLAIN ") {
        let text = decoded(response);
        let mut parts = text.split('\0').skip(1).map(str::to_owned);
        return Ok((parts.next().unwrap_or_default(), parts.next().unwrap_or_default()));
    }
    write_line(stream, &format!("334 {}", BASE64.encode("Username:"))).await?;
    let username = decoded(&read_line(stream).await?.unwrap_or_default());
    write_line(stream, &format!("334 {}", BASE64.encode("Password:"))).await?;
    let password = decoded(&read_line(stream).await?.unwrap_or_default());
    Ok((username, password))
}

async fn read_line<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await?;
    Ok((length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn write_line<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await?;
    stream.flush().await
}
