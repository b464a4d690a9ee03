//! The mail server of this system, and what it tells its administrators by mail.

use pbx_types::Violation;
use serde::{Deserialize, Serialize};

use crate::domain::document::{self, Check, Document};
use crate::domain::setting::Owner;
use crate::domain::setting::Setting;
use crate::domain::vault::{Sealed, Vault};
use crate::domain::{Error, address};
use crate::mail::{self, Account, Authentication, Email, Encryption, MailServer};
use crate::services::documents;
use crate::store::Store;

/// The settings. A threshold of 0 watches nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Notification {
    pub r#type: Option<MailServerType>,
    pub server: Option<String>,
    pub port: Option<u16>,
    pub reply_to: Option<String>,
    pub username: Option<String>,
    pub password: Option<Sealed>,
    pub auth: MailServerAuth,
    pub enable_tls_ssl: bool,
    pub enable_starttls_auto: bool,
    pub recipients: Option<String>,
    pub enable_tenant_access: bool,
    pub hard_disk_threshold: Option<f64>,
    pub notify_hard_disk_exceeded_threshold: bool,
    pub cpu_threshold: Option<f64>,
    pub notify_cpu_exceeded_threshold: bool,
    pub memory_threshold: Option<f64>,
    pub notify_memory_exceeded_threshold: bool,
    pub notify_ip_blocked: bool,
    pub notify_license_limited: bool,
    pub notify_service_disconnected: bool,
    pub notify_push_certs_update_failed: bool,
}

impl Default for Notification {
    /// The defaults that the vendor's pages document.
    fn default() -> Self {
        Self {
            r#type: None,
            server: None,
            port: None,
            reply_to: None,
            username: None,
            password: None,
            auth: MailServerAuth::Auto,
            enable_tls_ssl: true,
            enable_starttls_auto: false,
            recipients: None,
            enable_tenant_access: true,
            hard_disk_threshold: None,
            notify_hard_disk_exceeded_threshold: false,
            cpu_threshold: None,
            notify_cpu_exceeded_threshold: false,
            memory_threshold: None,
            notify_memory_exceeded_threshold: false,
            notify_ip_blocked: false,
            notify_license_limited: false,
            notify_service_disconnected: false,
            notify_push_certs_update_failed: false,
        }
    }
}

/// Whose mail server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum MailServerType {
    Smtp,
    Ms365,
    Gmail,
}

/// How we say who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MailServerAuth {
    /// Not at all: the server trusts our address.
    Disable,
    /// As the server likes.
    Auto,
    /// AUTH LOGIN.
    Login,
    /// AUTH PLAIN.
    Plain,
}

impl Setting for Notification {
    const NAME: &'static str = "admin_notification";
}

impl Document for Notification {
    const SECRETS: &'static [&'static str] = &["password"];

    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.format(&mut self.server, "server", address::host);
        check.format(&mut self.recipients, "recipients", address::mail_addresses);
        if self.server.is_some() {
            self.r#type.get_or_insert(MailServerType::Smtp);
        }
        if self.r#type == Some(MailServerType::Smtp) && self.server.is_none() {
            check.refuse("server", "required", "is needed when `type` is `SMTP`");
        }
        if self.server.is_some() && self.port.is_none_or(|port| port == 0) {
            check.refuse(
                "port",
                "required",
                "must be the port of the mail server, which is not 0",
            );
        }
        if self.r#type.is_some() && self.auth != MailServerAuth::Disable && self.username.is_none() {
            check.refuse("username", "required", "is needed unless `auth` is `DISABLE`");
        }
        Ok(())
    }
}

impl Notification {
    /// To whom mails of the system go.
    pub fn recipients(&self) -> Vec<String> {
        let recipients = self.recipients.iter().flat_map(|text| text.split(','));
        recipients.map(str::to_owned).collect()
    }

    /// Hands an email to the mail server.
    pub async fn send(&self, vault: &Vault, email: &Email) -> Result<(), Error> {
        if let Some(MailServerType::Ms365 | MailServerType::Gmail) = self.r#type {
            return Err(failed(
                "MS365 and GMAIL need the OAuth integration, which this server does not have: use SMTP",
            ));
        }
        let server = self.mail_server(vault)?.ok_or(Error::Refused {
            code: "NO_MAIL_SERVER",
            message: "No mail server is saved: set one with POST /admin/notification first.",
        })?;
        mail::send(&server, email).await.map_err(failed)
    }

    /// The server to send by, if there is one.
    fn mail_server(&self, vault: &Vault) -> Result<Option<MailServer>, Error> {
        let (Some(host), Some(port)) = (&self.server, self.port) else {
            return Ok(None);
        };
        let password = self.password.as_ref();
        let password = password
            .map(|sealed| vault.open(&document::seal_context::<Self>("password"), sealed))
            .transpose()?;
        let authentication = match self.auth {
            MailServerAuth::Disable => None,
            MailServerAuth::Auto => Some(Authentication::Any),
            MailServerAuth::Login => Some(Authentication::Login),
            MailServerAuth::Plain => Some(Authentication::Plain),
        };
        let account = authentication
            .zip(self.username.clone())
            .map(|(authentication, username)| Account {
                authentication,
                username,
                // An account may have none.
                password: password.unwrap_or_default(),
            });
        let encryption = match (self.enable_tls_ssl, self.enable_starttls_auto) {
            (true, false) => Encryption::FromTheStart,
            (true, true) => Encryption::Starttls,
            (false, true) => Encryption::StarttlsIfOffered,
            (false, false) => Encryption::None,
        };
        let username = self.username.clone().filter(|name| mail::is_address(name));
        let sender = username
            .or_else(|| self.reply_to.clone())
            .unwrap_or_else(|| format!("pbx@{}", mail::domain_of(host)));
        Ok(Some(MailServer {
            host: host.clone(),
            port,
            encryption,
            account,
            sender,
            reply_to: self.reply_to.clone(),
        }))
    }
}

/// Sends an email by the server that is saved.
pub async fn test_email(store: &Store, vault: &Vault, email: Email) -> Result<(), Error> {
    if !mail::is_address(&email.recipients[0]) {
        let message = "must be an e-mail address";
        return Err(Error::invalid(Violation::field("recipient", "format", message)));
    }
    let settings: Notification = documents::show(store, Owner::System).await?;
    settings.send(vault, &email).await
}

fn failed(detail: impl Into<String>) -> Error {
    Error::Failed {
        code: "UNKNOWN",
        message: "The mail could not be sent.",
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::validated;
    use crate::domain::vault::tests::vault;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn complete() -> Notification {
        Notification {
            r#type: Some(MailServerType::Smtp),
            server: text("mail.example.com"),
            port: Some(587),
            username: text("pbx@example.com"),
            ..Notification::default()
        }
    }

    #[test]
    fn a_mail_server_is_complete_or_not_there() {
        assert!(validated(Notification::default(), &vault()).is_ok());
        assert!(validated(complete(), &vault()).is_ok());
        let thresholds_only = Notification {
            cpu_threshold: Some(80.0),
            ..Notification::default()
        };
        assert!(validated(thresholds_only, &vault()).is_ok());
        let table = [
            (
                Notification {
                    server: None,
                    ..complete()
                },
                "/server required",
            ),
            (
                Notification {
                    port: None,
                    ..complete()
                },
                "/port required",
            ),
            (
                Notification {
                    port: Some(0),
                    ..complete()
                },
                "/port required",
            ),
            (
                Notification {
                    username: None,
                    ..complete()
                },
                "/username required",
            ),
            (
                Notification {
                    server: text("smtp://x"),
                    ..complete()
                },
                "/server format",
            ),
        ];
        for (settings, fault) in table {
            assert_eq!(validated(settings, &vault()).unwrap_err(), [fault]);
        }
    }

    #[test]
    fn a_relay_that_trusts_our_address_needs_no_name() {
        let relay = Notification {
            username: None,
            auth: MailServerAuth::Disable,
            ..complete()
        };
        assert!(validated(relay, &vault()).is_ok());
    }

    #[test]
    fn who_sends_and_how() {
        let server = |settings: Notification| settings.mail_server(&vault()).unwrap().unwrap();
        let usual = server(complete());
        assert_eq!(
            (usual.sender.as_str(), usual.encryption),
            ("pbx@example.com", Encryption::FromTheStart)
        );
        let relay = server(Notification {
            username: text("pbx"),
            enable_tls_ssl: false,
            auth: MailServerAuth::Disable,
            ..complete()
        });
        assert_eq!(relay.sender, "pbx@mail.example.com");
        assert!(relay.account.is_none());
        assert_eq!(relay.encryption, Encryption::None);
        assert!(Notification::default().mail_server(&vault()).unwrap().is_none());
    }
}
