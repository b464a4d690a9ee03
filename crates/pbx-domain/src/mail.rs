//! Mail: addresses, messages, and the SMTP server that takes them.

use std::fmt;
use std::net::IpAddr;

use email_address::EmailAddress;

use crate::error::Error;

/// An SMTP server for outgoing mail.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Its host name or address, for which its certificate must be valid.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The encryption of the connection.
    pub encryption: Encryption,
    /// The account to authenticate with; `None` if the server trusts the address of this system.
    pub account: Option<MailAccount>,
    /// The sender's address.
    pub sender: String,
    /// The address for replies, if not the sender's.
    pub reply_to: Option<String>,
}

/// The encryption of a connection to a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// No encryption.
    None,
    /// Implicit TLS.
    Tls,
    /// STARTTLS, or nothing is sent.
    StartTls,
    /// STARTTLS if the server offers it.
    OpportunisticStartTls,
}

/// An account on a mail server.
#[derive(Clone)]
pub struct MailAccount {
    /// The mechanism to authenticate with.
    pub mechanism: AuthMechanism,
    /// The account's name.
    pub username: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for MailAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MailAccount({:?}, ..)", self.mechanism)
    }
}

/// A widely supported SMTP authentication mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMechanism {
    /// The first one that the server offers.
    Any,
    /// AUTH LOGIN only.
    Login,
    /// AUTH PLAIN only.
    Plain,
}

/// A message in plain text.
#[derive(Debug, Clone)]
pub struct Email {
    /// The addresses of its recipients.
    pub recipients: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its body.
    pub content: String,
}

/// Returns `true` if mail can be sent to the address: the local part as in RFC 5321 and 6531, then `@` and a domain, which may be
/// internationalized, or an IP address, in brackets or not.
pub fn is_address(text: &str) -> bool {
    text.rsplit_once('@')
        .is_some_and(|(local, domain)| EmailAddress::is_valid_local_part(local) && is_domain(domain))
}

fn is_domain(domain: &str) -> bool {
    is_ascii_domain(domain) || idna::domain_to_ascii(domain).is_ok_and(|domain| is_ascii_domain(&domain))
}

fn is_ascii_domain(domain: &str) -> bool {
    let bracketed = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    EmailAddress::is_valid_domain(domain) || bracketed.unwrap_or(domain).parse::<IpAddr>().is_ok()
}

/// Returns the domain of mail addresses on that host: an IP address becomes an address literal (RFC 5321).
pub fn domain_of(host: &str) -> String {
    match host.parse() {
        Ok(IpAddr::V4(address)) => format!("[{address}]"),
        Ok(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        Err(_) => host.to_owned(),
    }
}

/// Returns the error for a message that was not sent, with the reason.
pub fn not_sent(detail: impl Into<String>) -> Error {
    Error::ExternalFailure {
        code: "UNKNOWN",
        message: "The mail could not be sent.",
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_without_a_valid_local_part_and_domain_are_refused() {
        assert!(is_address("alice@example.com"));
        assert!(is_address("alice@[192.0.2.1]"));
        for bad in ["", "alice", "@example.com", "a b@example.com", "a@x\r\nRCPT TO:<b@x>"] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(is_address(&format!("pbx@{}", domain_of("2001:db8::1"))));
        assert!(is_address(&format!("pbx@{}", domain_of("mail.example.com"))));
    }

    #[test]
    fn debug_hides_the_password() {
        let account = MailAccount {
            mechanism: AuthMechanism::Any,
            username: "pbx".to_owned(),
            password: "hunter2".to_owned(),
        };
        assert!(!format!("{account:?}").contains("hunter2"));
    }
}
