//! The SMTP client.

mod message;

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use pbx_domain::Error;
use pbx_domain::mail::{AuthMechanism, Email, Encryption, MailServer, not_sent};
use pbx_domain::setting::Owner;

use self::message::{message, parse_address};
use super::resolver::Resolver;

/// Timeout of a connection to one address of the mail server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Timeout of a whole mail, from the connection to the server's receipt. Less than that of a request, which may wait for it.
const SEND_TIMEOUT: Duration = Duration::from_secs(45);

/// Timeout of the end of the session, once the mail server has taken the mail.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The reason why an address with other characters than ASCII is refused (RFC 6531).
const NO_UTF8: &str = "the mail server does not support SMTPUTF8";

/// Sends mail.
#[derive(Clone)]
pub struct Mailer {
    resolver: Resolver,
}

/// A recipient that the mail server refused, while it took the mail for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecipient {
    /// The recipient's address.
    pub address: String,
    /// The mail server's reply.
    pub reply: String,
}

impl Mailer {
    /// Creates a mailer that resolves the names of mail servers with `resolver`.
    pub fn new(resolver: Resolver) -> Self {
        Self { resolver }
    }

    /// Sends a message. Returns the recipients that the mail server refused.
    ///
    /// # Errors
    ///
    /// [`Error::ExternalFailure`] with the server's reply if it took the message for no recipient, or the reason why it could not be
    /// reached.
    pub async fn send(&self, server: &MailServer, email: &Email) -> Result<Vec<RefusedRecipient>, Error> {
        let sent = async {
            let addresses = self.resolver.resolve(Owner::System, &server.host).await;
            let addresses = addresses.map_err(|error| error.to_string())?;
            let addresses: Vec<SocketAddr> = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, server.port))
                .collect();
            deliver(server, email, &addresses).await
        };
        let in_time = tokio::time::timeout(SEND_TIMEOUT, sent).await;
        let sent = in_time.unwrap_or_else(|_| {
            let seconds = SEND_TIMEOUT.as_secs();
            Err(format!(
                "the mail server did not take the mail within {seconds} seconds"
            ))
        });
        let (mut connection, refused) = sent.map_err(not_sent)?;
        // The mail is delivered, whatever the server says now.
        let _ = tokio::time::timeout(QUIT_TIMEOUT, connection.quit()).await;
        Ok(refused)
    }
}

/// Delivers a message to the first of the addresses that accepts a connection.
async fn deliver(
    server: &MailServer,
    email: &Email,
    addresses: &[SocketAddr],
) -> Result<(AsyncSmtpConnection, Vec<RefusedRecipient>), String> {
    let mut connection = connect(server, addresses).await.map_err(|error| causes(&error))?;
    let sender = parse_address(&server.sender)?;
    let utf8 = connection.server_info().supports_feature(Extension::SmtpUtfEight);
    if !utf8 && !server.sender.is_ascii() {
        return Err(format!("{NO_UTF8}, which the address of the sender needs"));
    }
    // Only where it is needed: servers behind this one may not support it.
    let mut addresses = email.recipients.iter().chain([&server.sender]).chain(&server.reply_to);
    let options = match addresses.all(|address| address.is_ascii()) {
        false if utf8 => vec![MailParameter::SmtpUtfEight],
        _ => Vec::new(),
    };
    let mail = connection.command(Mail::new(Some(sender), options)).await;
    mail.map_err(|error| causes(&error))?;

    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for text in &email.recipients {
        let reply = match parse_address(text) {
            Err(reply) => reply,
            Ok(_) if !utf8 && !text.is_ascii() => NO_UTF8.to_owned(),
            Ok(address) => match connection.command(Rcpt::new(address, Vec::new())).await {
                Ok(_) => {
                    accepted.push(text.as_str());
                    continue;
                }
                // A reply, which leaves the session as it was.
                Err(error) if error.status().is_some() => causes(&error),
                Err(error) => return Err(causes(&error)),
            },
        };
        let address = text.clone();
        refused.push(RefusedRecipient { address, reply });
    }
    if accepted.is_empty() {
        let first = refused.into_iter().next();
        return Err(first.map_or_else(|| "there is no recipient".to_owned(), |refused| refused.reply));
    }
    let reply_to = server.reply_to.as_deref().filter(|address| utf8 || address.is_ascii());
    let message = message(&server.sender, reply_to, &accepted, email);
    connection.command(Data).await.map_err(|error| causes(&error))?;
    connection.message(&message).await.map_err(|error| causes(&error))?;
    Ok((connection, refused))
}

/// Opens a session: the connection, TLS, authentication.
async fn connect(
    server: &MailServer,
    addresses: &[SocketAddr],
) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
    let tls = || TlsParameters::new(server.host.clone());
    let implicit = (server.encryption == Encryption::Tls).then(tls).transpose()?;
    let hello = client_id(addresses);
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(addresses, Some(CONNECT_TIMEOUT), &hello, implicit, None).await?;
    let upgrades = match server.encryption {
        Encryption::None | Encryption::Tls => false,
        Encryption::StartTls => true,
        Encryption::OpportunisticStartTls => connection.can_starttls(),
    };
    if upgrades {
        connection.starttls(tls()?, &hello).await?;
    }
    if let Some(account) = &server.account {
        let mechanisms: &[Mechanism] = match account.mechanism {
            AuthMechanism::Any => &[Mechanism::Plain, Mechanism::Login],
            AuthMechanism::Login => &[Mechanism::Login],
            AuthMechanism::Plain => &[Mechanism::Plain],
        };
        let credentials = Credentials::new(account.username.clone(), account.password.clone());
        connection.auth(mechanisms, &credentials).await?;
    }
    Ok(connection)
}

/// Returns the name of this machine for EHLO: the address literal of the interface that leads to the mail server (RFC 5321, section
/// 4.1.4). The names of many machines are none that a mail server accepts.
fn client_id(addresses: &[SocketAddr]) -> ClientId {
    let local = |to: &SocketAddr| {
        let any: IpAddr = match to {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        // To connect a UDP socket chooses a route, and sends nothing.
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    match addresses.iter().find_map(local) {
        Some(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Some(IpAddr::V6(address)) => ClientId::Ipv6(address),
        None => ClientId::default(),
    }
}

/// Returns the message of an error with those of its sources.
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

    #[tokio::test(start_paused = true)]
    async fn silent_mail_server_is_given_up() {
        // The system accepts the connection; nobody greets.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let server = MailServer {
            host: "127.0.0.1".to_owned(),
            port: silent.local_addr().unwrap().port(),
            encryption: Encryption::None,
            account: None,
            sender: "pbx@example.com".to_owned(),
            reply_to: None,
        };
        let email = Email {
            recipients: vec!["ops@example.com".to_owned()],
            subject: String::new(),
            content: String::new(),
        };
        // The clock is not real: it jumps to the timeout.
        let sent = Mailer::new(Resolver::new(1, 1)).send(&server, &email).await;
        assert!(matches!(sent, Err(Error::ExternalFailure { .. })), "{sent:?}");
    }
}
