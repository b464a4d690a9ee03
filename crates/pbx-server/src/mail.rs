//! Sending mail over SMTP.

use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

/// For how long the mail server may keep us waiting at each step.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A server that takes our mail.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Its name or address; what its certificate must be for.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// Who we are there; `None` where it trusts our address.
    pub account: Option<Account>,
    /// The address that our mail comes from.
    pub sender: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// TLS before the first word.
    FromTheStart,
    /// STARTTLS, or nothing is sent.
    Starttls,
    /// STARTTLS where the server has it.
    StarttlsIfOffered,
}

/// An account at a mail server.
#[derive(Clone)]
pub struct Account {
    /// How the password is told.
    pub authentication: Authentication,
    /// The account's name.
    pub username: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Account({:?}, ..)", self.authentication)
    }
}

/// The mechanisms that are in use everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// The first that the server offers.
    Any,
    /// AUTH LOGIN only.
    Login,
    /// AUTH PLAIN only.
    Plain,
}

/// Something to tell somebody.
#[derive(Debug, Clone)]
pub struct Email {
    /// Their addresses.
    pub recipients: Vec<String>,
    /// What it is about.
    pub subject: String,
    /// Plain text.
    pub content: String,
}

/// Whether mail can be sent there at all.
pub fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

/// What stands after the @ of an address at that host.
pub fn domain_of(host: &str) -> String {
    match host.parse() {
        Ok(IpAddr::V4(address)) => format!("[{address}]"),
        Ok(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        Err(_) => host.to_owned(),
    }
}

/// Hands an email to the server; what went wrong otherwise, in the server's words where it had any.
pub async fn send(server: &MailServer, email: &Email) -> Result<(), String> {
    let message = message(server, email)?;
    let transport = transport(server)?;
    match transport.send(message).await {
        Ok(_) => Ok(()),
        Err(error) => Err(causes(&error)),
    }
}

fn message(server: &MailServer, email: &Email) -> Result<Message, String> {
    let mailbox = |text: &str| -> Result<Mailbox, String> {
        let address: Address = text.parse().map_err(|error| format!("the address {text:?}: {error}"))?;
        Ok(Mailbox::new(None, address))
    };
    let mut message = Message::builder()
        .from(mailbox(&server.sender)?)
        .subject(email.subject.as_str())
        .header(ContentType::TEXT_PLAIN);
    if let Some(reply_to) = &server.reply_to {
        message = message.reply_to(mailbox(reply_to)?);
    }
    for recipient in &email.recipients {
        message = message.to(mailbox(recipient)?);
    }
    message
        .body(email.content.clone())
        .map_err(|error| format!("the mail cannot be written: {error}"))
}

fn transport(server: &MailServer) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = || TlsParameters::new(server.host.clone()).map_err(|error| causes(&error));
    let tls = match server.encryption {
        Encryption::None => Tls::None,
        Encryption::FromTheStart => Tls::Wrapper(tls()?),
        Encryption::Starttls => Tls::Required(tls()?),
        Encryption::StarttlsIfOffered => Tls::Opportunistic(tls()?),
    };
    // Dangerous only in that it chooses no TLS by itself, which is chosen here.
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.as_str())
        .port(server.port)
        .tls(tls)
        .timeout(Some(TIMEOUT));
    if let Some(account) = &server.account {
        let mechanisms = match account.authentication {
            Authentication::Any => vec![Mechanism::Plain, Mechanism::Login],
            Authentication::Login => vec![Mechanism::Login],
            Authentication::Plain => vec![Mechanism::Plain],
        };
        transport = transport
            .credentials(Credentials::new(account.username.clone(), account.password.clone()))
            .authentication(mechanisms);
    }
    Ok(transport.build())
}

/// An error with everything that it says is behind it.
fn causes(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert!(is_address("alice@example.com"));
        assert!(is_address("alice@[192.0.2.1]"));
        for bad in ["", "alice", "@example.com", "a b@example.com", "a@x\r\nRCPT TO:<b@x>"] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(is_address(&format!("pbx@{}", domain_of("2001:db8::1"))));
        assert!(is_address(&format!("pbx@{}", domain_of("mail.example.com"))));
    }

    #[test]
    fn debug_shows_no_password() {
        let account = Account {
            authentication: Authentication::Any,
            username: "pbx".to_owned(),
            password: "hunter2".to_owned(),
        };
        assert!(!format!("{account:?}").contains("hunter2"));
    }
}
