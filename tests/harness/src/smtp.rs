//! A mail server for the tests: SMTP as RFC 5321 and 4954 have it, as far as a client needs it, with a certificate of its own.

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

use crate::Start;

/// Whom it lets in.
pub const USERNAME: &str = "pbx@example.com";

/// With which password.
pub const PASSWORD: &str = "m4il-Secret";

/// The host that its certificate is for.
pub const HOST: &str = "localhost";

/// When it speaks TLS.
#[derive(Clone, Copy, PartialEq)]
pub enum Tls {
    /// Not at all.
    Never,
    /// After STARTTLS.
    OnRequest,
    /// Before the first word.
    FromTheStart,
}

/// A mail as it came in.
#[derive(Debug)]
pub struct Received {
    /// Whether it came through TLS.
    pub encrypted: bool,
    /// The mechanism by which the client said who it is.
    pub authenticated: Option<String>,
    /// What followed MAIL.
    pub from: String,
    /// What followed each RCPT.
    pub to: Vec<String>,
    /// Headers and text.
    pub data: String,
}

impl Received {
    /// What follows that header's name.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.data.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.expect("the header")
    }

    /// The text, as it is read; lines that were broken on the way are whole.
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
    /// Where it listens.
    pub port: u16,
    certificate: String,
    received: UnboundedReceiver<Received>,
}

impl Smtp {
    /// On a free port. Who gets in must use one of the mechanisms; without any, everybody does.
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
        let listener = TcpListener::bind((HOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (inbox, received) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, inbox) = (acceptor.clone(), inbox.clone());
                // A client that goes away in the middle is none of the server's business.
                tokio::spawn(async move { converse(stream, &acceptor, tls, mechanisms, &inbox).await });
            }
        });
        Self {
            port,
            certificate: pair.cert.pem(),
            received,
        }
    }

    /// Lets the PBX trust this server's certificate, as an operator would.
    pub fn trusted_by(&self, start: Start) -> Start {
        let path: PathBuf = start.folder().join("mail-ca.pem");
        std::fs::write(&path, &self.certificate).unwrap();
        start.with_variable("SSL_CERT_FILE", path.to_str().unwrap())
    }

    /// The next mail.
    pub async fn received(&mut self) -> Received {
        self.received.recv().await.unwrap()
    }

    /// Whether no mail came in.
    pub fn is_empty(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

async fn converse(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    tls: Tls,
    mechanisms: &[&str],
    inbox: &UnboundedSender<Received>,
) -> std::io::Result<()> {
    if tls == Tls::FromTheStart {
        let mut stream = BufStream::new(acceptor.accept(stream).await?);
        say(&mut stream, "220 mail").await?;
        return talk(&mut stream, false, true, mechanisms, inbox).await.map(drop);
    }
    let mut stream = BufStream::new(stream);
    say(&mut stream, "220 mail").await?;
    if talk(&mut stream, tls == Tls::OnRequest, false, mechanisms, inbox).await? {
        let mut stream = BufStream::new(acceptor.accept(stream.into_inner()).await?);
        talk(&mut stream, false, true, mechanisms, inbox).await?;
    }
    Ok(())
}

/// Until the client goes; whether it goes on with TLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufStream<S>,
    starttls: bool,
    encrypted: bool,
    mechanisms: &[&str],
    inbox: &UnboundedSender<Received>,
) -> std::io::Result<bool> {
    let (mut authenticated, mut from, mut to) = (None, String::new(), Vec::new());
    loop {
        let Some(line) = hear(stream).await? else {
            return Ok(false);
        };
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                say(stream, "250-mail").await?;
                if starttls {
                    say(stream, "250-STARTTLS").await?;
                }
                if !mechanisms.is_empty() {
                    say(stream, &format!("250-AUTH {}", mechanisms.join(" "))).await?;
                }
                say(stream, "250 8BITMIME").await?;
            }
            "STARTTLS" if starttls => {
                say(stream, "220 go on").await?;
                return Ok(true);
            }
            "AUTH" => {
                let mechanism = rest.split(' ').next().unwrap_or_default().to_owned();
                if !mechanisms.contains(&mechanism.as_str()) {
                    say(stream, "504 5.5.4 no such mechanism").await?;
                } else if credentials(stream, rest).await? == (USERNAME.to_owned(), PASSWORD.to_owned()) {
                    authenticated = Some(mechanism);
                    say(stream, "235 welcome").await?;
                } else {
                    say(stream, "535 5.7.8 bad credentials").await?;
                }
            }
            "MAIL" if authenticated.is_none() && !mechanisms.is_empty() => {
                say(stream, "530 5.7.0 who are you?").await?;
            }
            "MAIL" => {
                from = rest.to_owned();
                say(stream, "250 ok").await?;
            }
            "RCPT" if rest.contains("nobody@") => say(stream, "550 5.1.1 no such mailbox").await?,
            "RCPT" => {
                to.push(rest.to_owned());
                say(stream, "250 ok").await?;
            }
            "DATA" => {
                say(stream, "354 go on").await?;
                let mut data = String::new();
                while let Some(line) = hear(stream).await? {
                    if line == "." {
                        break;
                    }
                    data.push_str(&line);
                    data.push('\n');
                }
                let received = Received {
                    encrypted,
                    authenticated: authenticated.clone(),
                    from: std::mem::take(&mut from),
                    to: std::mem::take(&mut to),
                    data,
                };
                let _ = inbox.send(received);
                say(stream, "250 thanks").await?;
            }
            "QUIT" => {
                say(stream, "221 bye").await?;
                return Ok(false);
            }
            _ => say(stream, "500 5.5.1 what?").await?,
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
    say(stream, &format!("334 {}", BASE64.encode("Username:"))).await?;
    let username = decoded(&hear(stream).await?.unwrap_or_default());
    say(stream, &format!("334 {}", BASE64.encode("Password:"))).await?;
    let password = decoded(&hear(stream).await?.unwrap_or_default());
    Ok((username, password))
}

async fn hear<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await?;
    Ok((length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await?;
    stream.flush().await
}
