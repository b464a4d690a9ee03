//! The SMTP client.

use std::error::Error as _;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use pbx_domain::Error;
use pbx_domain::mail::{AuthMechanism, Email, Encryption, MailServer, not_sent};

/// Timeout of each step of the SMTP conversation.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Sends a message.
///
/// # Errors
///
/// [`Error::ExternalFailure`] with the server's reply, or the reason why it could not be reached.
pub async fn send(server: &MailServer, email: &Email) -> Result<(), Error> {
    try_send(server, email).await.map_err(not_sent)
}

async fn try_send(server: &MailServer, email: &Email) -> Result<(), String> {
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
        .map_err(|error| format!("the message cannot be built: {error}"))
}

fn transport(server: &MailServer) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = || TlsParameters::new(server.host.clone()).map_err(|error| causes(&error));
    let tls = match server.encryption {
        Encryption::None => Tls::None,
        Encryption::Tls => Tls::Wrapper(tls()?),
        Encryption::StartTls => Tls::Required(tls()?),
        Encryption::OpportunisticStartTls => Tls::Opportunistic(tls()?),
    };
    // Dangerous only in that its default is no TLS; TLS is set here.
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.as_str())
        .port(server.port)
        .tls(tls)
        .timeout(Some(TIMEOUT));
    if let Some(account) = &server.account {
        let mechanisms = match account.mechanism {
            AuthMechanism::Any => vec![Mechanism::Plain, Mechanism::Login],
            AuthMechanism::Login => vec![Mechanism::Login],
            AuthMechanism::Plain => vec![Mechanism::Plain],
        };
        transport = transport
            .credentials(Credentials::new(account.username.clone(), account.password.clone()))
            .authentication(mechanisms);
    }
    Ok(transport.build())
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
    use pbx_domain::mail::is_address;

    use super::*;

    /// The domain accepts an address before it is stored, lettre parses it when it is used.
    #[test]
    fn the_domain_accepts_exactly_the_addresses_that_can_be_sent_to() {
        let locals = [
            "a",
            "a.b",
            "a b",
            "a..b",
            "\"a b\"",
            "ä",
            "",
            "a@b",
            "a\r\nb",
            ".a",
            &"a".repeat(65),
        ];
        let domains = [
            "example.com",
            "localhost",
            "bücher.example",
            "xn--bcher-kva.example",
            "192.0.2.1",
            "[192.0.2.1]",
            "2001:db8::1",
            "[2001:db8::1]",
            "[IPv6:2001:db8::1]",
            "[nothing]",
            "-a.example",
            "a_b.example",
            "a..b",
            "a b",
            "x\r\ny",
            ".",
            "",
        ];
        let mut accepted = 0;
        for text in locals
            .iter()
            .flat_map(|local| domains.map(|domain| format!("{local}@{domain}")))
        {
            let parses = text.parse::<Address>().is_ok();
            assert_eq!(is_address(&text), parses, "{text:?}");
            accepted += usize::from(parses);
        }
        assert!(accepted > 20, "{accepted}");
        assert!(!is_address("example.com") && "example.com".parse::<Address>().is_err());
    }
}
