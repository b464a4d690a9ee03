//! The notification settings: the mail server of the system, and the alerts that administrators get by mail.

use pbx_types::admin as api;
use serde::{Deserialize, Serialize};

use crate::address;
use crate::document::{self, Check, Document};
use crate::error::Error;
use crate::mail::{self, AuthMechanism, Encryption, MailAccount, MailServer};
use crate::setting::Setting;
use crate::vault::{Sealed, Vault};

/// The notification settings. A threshold of 0 is disabled.
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
    /// Returns the defaults that the vendor's pages document.
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

/// The provider of the mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum MailServerType {
    Smtp,
    Ms365,
    Gmail,
}

/// The authentication on the mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MailServerAuth {
    /// No authentication: the server trusts the address of this system.
    Disable,
    /// The first mechanism that the server offers.
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
        check.canonicalize_optional(&mut self.server, "server", address::host);
        check.canonicalize_optional(&mut self.recipients, "recipients", address::mail_addresses);
        if self.server.is_some() {
            self.r#type.get_or_insert(MailServerType::Smtp);
        }
        if self.r#type == Some(MailServerType::Smtp) && self.server.is_none() {
            check.record("server", "required", "is needed when `type` is `SMTP`");
        }
        if self.server.is_some() && self.port.is_none_or(|port| port == 0) {
            check.record(
                "port",
                "required",
                "must be the port of the mail server, which is not 0",
            );
        }
        if self.r#type.is_some() && self.auth != MailServerAuth::Disable && self.username.is_none() {
            check.record("username", "required", "is needed unless `auth` is `DISABLE`");
        }
        Ok(())
    }
}

impl Notification {
    /// Returns the recipients of the system's mail.
    pub fn recipients(&self) -> Vec<String> {
        let recipients = self.recipients.iter().flat_map(|text| text.split(','));
        recipients.map(str::to_owned).collect()
    }

    /// Returns the mail server to send by.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if none is saved; [`Error::ExternalFailure`] if it needs an authentication that is not supported.
    pub fn mail_server(&self, vault: &Vault) -> Result<MailServer, Error> {
        if let Some(MailServerType::Ms365 | MailServerType::Gmail) = self.r#type {
            return Err(mail::not_sent(
                "MS365 and GMAIL need the OAuth integration, which this server does not have: use SMTP",
            ));
        }
        let (Some(host), Some(port)) = (&self.server, self.port) else {
            return Err(Error::Refused {
                code: "NO_MAIL_SERVER",
                message: "No mail server is saved: set one with POST /admin/notification first.",
            });
        };
        let password = self.password.as_ref();
        let password = password
            .map(|sealed| vault.open(&document::seal_context::<Self>("password"), sealed))
            .transpose()?;
        let mechanism = match self.auth {
            MailServerAuth::Disable => None,
            MailServerAuth::Auto => Some(AuthMechanism::Any),
            MailServerAuth::Login => Some(AuthMechanism::Login),
            MailServerAuth::Plain => Some(AuthMechanism::Plain),
        };
        let account = mechanism
            .zip(self.username.clone())
            .map(|(mechanism, username)| MailAccount {
                mechanism,
                username,
                // An account may have none.
                password: password.unwrap_or_default(),
            });
        let encryption = match (self.enable_tls_ssl, self.enable_starttls_auto) {
            (true, false) => Encryption::Tls,
            (true, true) => Encryption::StartTls,
            (false, true) => Encryption::OpportunisticStartTls,
            (false, false) => Encryption::None,
        };
        let username = self.username.clone().filter(|name| mail::is_address(name));
        let sender = username
            .or_else(|| self.reply_to.clone())
            .unwrap_or_else(|| format!("pbx@{}", mail::domain_of(host)));
        Ok(MailServer {
            host: host.clone(),
            port,
            encryption,
            account,
            sender,
            reply_to: self.reply_to.clone(),
        })
    }
}

impl From<Notification> for api::NotificationSettings {
    fn from(settings: Notification) -> Self {
        Self {
            r#type: settings.r#type.map(Into::into),
            server: settings.server,
            port: settings.port,
            reply_to: settings.reply_to,
            username: settings.username,
            auth: Some(settings.auth.into()),
            enable_tls_ssl: Some(settings.enable_tls_ssl),
            enable_starttls_auto: Some(settings.enable_starttls_auto),
            recipients: settings.recipients,
            enable_tenant_access: Some(settings.enable_tenant_access),
            hard_disk_threshold: settings.hard_disk_threshold,
            notify_hard_disk_exceeded_threshold: Some(settings.notify_hard_disk_exceeded_threshold),
            cpu_threshold: settings.cpu_threshold,
            notify_cpu_exceeded_threshold: Some(settings.notify_cpu_exceeded_threshold),
            memory_threshold: settings.memory_threshold,
            notify_memory_exceeded_threshold: Some(settings.notify_memory_exceeded_threshold),
            notify_ip_blocked: Some(settings.notify_ip_blocked),
            notify_license_limited: Some(settings.notify_license_limited),
            notify_service_disconnected: Some(settings.notify_service_disconnected),
            notify_push_certs_update_failed: Some(settings.notify_push_certs_update_failed),
        }
    }
}

impl From<MailServerType> for api::MailServerType {
    fn from(kind: MailServerType) -> Self {
        match kind {
            MailServerType::Smtp => Self::Smtp,
            MailServerType::Ms365 => Self::Ms365,
            MailServerType::Gmail => Self::Gmail,
        }
    }
}

impl From<MailServerAuth> for api::MailServerAuth {
    fn from(auth: MailServerAuth) -> Self {
        match auth {
            MailServerAuth::Disable => Self::Disable,
            MailServerAuth::Auto => Self::Auto,
            MailServerAuth::Login => Self::Login,
            MailServerAuth::Plain => Self::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::validated;
    use crate::vault::tests::vault;

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
    fn a_mail_server_is_complete_or_absent() {
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
        for (settings, violation) in table {
            assert_eq!(validated(settings, &vault()).unwrap_err(), [violation]);
        }
    }

    #[test]
    fn a_mail_server_without_authentication_needs_no_username() {
        let relay = Notification {
            username: None,
            auth: MailServerAuth::Disable,
            ..complete()
        };
        assert!(validated(relay, &vault()).is_ok());
    }

    #[test]
    fn sender_and_encryption_follow_from_the_settings() {
        let server = |settings: Notification| settings.mail_server(&vault()).unwrap();
        let usual = server(complete());
        assert_eq!(
            (usual.sender.as_str(), usual.encryption),
            ("pbx@example.com", Encryption::Tls)
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
        assert!(matches!(
            Notification::default().mail_server(&vault()),
            Err(Error::Refused {
                code: "NO_MAIL_SERVER",
                ..
            })
        ));
    }
}
