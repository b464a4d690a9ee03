//! The notification settings: the mail server of the system, and the alerts that administrators get by mail. A threshold of 0 is
//! disabled.

use pbx_types::admin::{MailServerAuth, MailServerType};

use crate::address;
use crate::check::Check;
use crate::document::{self, Document};
use crate::error::Error;
use crate::mail::{self, AuthMechanism, Encryption, MailAccount, MailServer};
use crate::setting::Setting;
use crate::state::Rules;
use crate::vault::Vault;

pub use crate::generated::admin::NotificationSettings as Notification;

impl Setting for Notification {
    const NAME: &'static str = "admin_notification";
}

impl Document for Notification {}

impl Rules for Notification {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.canonicalize_optional(&mut self.server, "server", address::host);
        check.canonicalize_optional(&mut self.username, "username", address::line);
        check.canonicalize_optional(&mut self.reply_to, "reply_to", address::mail_address);
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

    /// Returns `true` if mail can be sent to the users of tenants.
    pub fn serves_tenants(&self) -> bool {
        let supported = matches!(self.r#type, None | Some(MailServerType::Smtp));
        self.enable_tenant_access && supported && self.server.is_some() && self.port.is_some()
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
            (
                Notification {
                    username: text("pbx\r\nRCPT TO:<eve@example.com>"),
                    ..complete()
                },
                "/username format",
            ),
            (
                Notification {
                    reply_to: text("ops@-.example"),
                    ..complete()
                },
                "/reply_to format",
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
