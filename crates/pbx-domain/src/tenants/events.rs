//! Webhooks: the URLs that a tenant's events are posted to.

use serde::{Deserialize, Serialize};

use crate::address;
use crate::document::Check;
use crate::error::Error;
use crate::password::Password;
use crate::vault::{Sealed, Vault};
use crate::webhook::{Account, Authentication, Webhook};

/// The webhook for events of one kind, with its credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct EventWebhook {
    pub enabled: bool,
    pub auth: WebhookAuth,
    pub username: Option<String>,
    pub password: Option<Sealed>,
    pub token: Option<Sealed>,
    pub url: Option<String>,
}

/// The authentication scheme of a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum WebhookAuth {
    #[default]
    Disable,
    Basic,
    Digest,
    Bearer,
}

/// The secrets of a webhook in clear text, before they are sealed.
#[derive(Debug, Default)]
pub struct WebhookSecrets {
    /// For `BASIC` and `DIGEST`.
    pub password: Option<Password>,
    /// For `BEARER`.
    pub token: Option<Password>,
}

/// The error for a disabled webhook without credentials, which only an enabled one must have.
const NO_CREDENTIALS: Error = Error::Refused {
    code: "NO_WEBHOOK",
    message: "The credentials that `auth` asks for are not saved for this event: set them with POST /tenant first.",
};

impl EventWebhook {
    /// Stores the secrets, each sealed for the context that `seal_context` returns for its property. Empty ones are dropped.
    pub(super) fn seal(
        &mut self,
        vault: &Vault,
        secrets: WebhookSecrets,
        seal_context: impl Fn(&str) -> String,
    ) -> Result<(), Error> {
        let seal = |property, secret: Option<Password>| {
            let secret = secret.filter(|secret| !secret.reveal().is_empty());
            let sealed = secret.map(|secret| vault.seal(&seal_context(property), secret.reveal()));
            sealed.transpose()
        };
        self.password = seal("password", secrets.password)?;
        self.token = seal("token", secrets.token)?;
        Ok(())
    }

    /// Returns the receiver, if there is a URL, with the credentials that were sealed for the contexts of their properties.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the credentials that `auth` requires are not stored.
    pub fn receiver(self, vault: &Vault, seal_context: impl Fn(&str) -> String) -> Result<Option<Webhook>, Error> {
        let Some(url) = self.url else { return Ok(None) };
        let open = |property, sealed: Option<Sealed>| match sealed {
            Some(sealed) => vault.open(&seal_context(property), &sealed),
            None => Err(NO_CREDENTIALS),
        };
        let authentication = match self.auth {
            WebhookAuth::Disable => Authentication::None,
            WebhookAuth::Bearer => Authentication::Bearer {
                token: open("token", self.token)?,
            },
            WebhookAuth::Basic | WebhookAuth::Digest => {
                let account = Account {
                    username: self.username.ok_or(NO_CREDENTIALS)?,
                    password: open("password", self.password)?,
                };
                if self.auth == WebhookAuth::Basic {
                    Authentication::Basic(account)
                } else {
                    Authentication::Digest(account)
                }
            }
        };
        Ok(Some(Webhook { url, authentication }))
    }

    /// Records every property that is malformed, or that an enabled webhook lacks.
    pub(super) fn normalize_and_validate(&mut self, check: &mut Check<'_>) {
        check.canonicalize_optional(&mut self.url, "url", address::http_url);
        if !self.enabled {
            return;
        }
        if self.url.is_none() {
            check.record("url", "required", "is needed while the event is enabled");
        }
        match self.auth {
            WebhookAuth::Disable => {}
            WebhookAuth::Basic | WebhookAuth::Digest => {
                const MESSAGE: &str = "is needed when `auth` is `BASIC` or `DIGEST`";
                if self.username.is_none() {
                    check.record("username", "required", MESSAGE);
                }
                if self.password.is_none() {
                    check.record("password", "required", MESSAGE);
                }
            }
            WebhookAuth::Bearer => {
                if self.token.is_none() {
                    check.record("token", "required", "is needed when `auth` is `BEARER`");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::vault;

    fn violations(mut webhook: EventWebhook) -> Vec<String> {
        let vault = vault();
        let mut check = Check::new(&vault);
        check.inside("cdr_event", |check| webhook.normalize_and_validate(check));
        check.summarize()
    }

    #[test]
    fn enabled_webhook_needs_url_and_credentials() {
        let url = Some("https://example.com/cdr".to_owned());
        let enabled = |auth| EventWebhook {
            enabled: true,
            auth,
            url: url.clone(),
            ..EventWebhook::default()
        };
        let credentials = ["/cdr_event/username required", "/cdr_event/password required"];
        assert_eq!(violations(EventWebhook::default()), [""; 0]);
        assert_eq!(violations(enabled(WebhookAuth::Disable)), [""; 0]);
        assert_eq!(violations(enabled(WebhookAuth::Basic)), credentials);
        assert_eq!(violations(enabled(WebhookAuth::Digest)), credentials);
        assert_eq!(violations(enabled(WebhookAuth::Bearer)), ["/cdr_event/token required"]);
        let without_url = EventWebhook {
            url: None,
            ..enabled(WebhookAuth::Disable)
        };
        assert_eq!(violations(without_url), ["/cdr_event/url required"]);
        let disabled = EventWebhook {
            enabled: false,
            auth: WebhookAuth::Bearer,
            url: Some("example.com".to_owned()),
            ..EventWebhook::default()
        };
        assert_eq!(violations(disabled), ["/cdr_event/url format"]);
    }
}
