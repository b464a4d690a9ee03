//! The URLs that a tenant's events are sent to.

use serde::{Deserialize, Serialize};

use crate::domain::document::Check;
use crate::domain::password::Password;
use crate::domain::vault::{Sealed, Vault};
use crate::domain::webhook::{Account, Authentication, Webhook};
use crate::domain::{Error, address};

/// Where events of one kind go, and how we say who we are there.
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

/// How we say who we are.
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

/// The secrets of a webhook, as they are sent.
#[derive(Debug, Default)]
pub struct WebhookSecrets {
    /// For `BASIC` and `DIGEST`.
    pub password: Option<Password>,
    /// For `BEARER`.
    pub token: Option<Password>,
}

/// A webhook that is not enabled may still lack them.
const NO_CREDENTIALS: Error = Error::Refused {
    code: "NO_WEBHOOK",
    message: "The credentials that `auth` asks for are not saved for this event: set them with POST /tenant first.",
};

impl EventWebhook {
    /// Takes secrets, each sealed for the `place` of its member. Empty ones are none.
    pub(super) fn seal(
        &mut self,
        vault: &Vault,
        secrets: WebhookSecrets,
        place: impl Fn(&str) -> String,
    ) -> Result<(), Error> {
        let seal = |member, secret: Option<Password>| {
            let secret = secret.filter(|secret| !secret.reveal().is_empty());
            let sealed = secret.map(|secret| vault.seal(&place(member), secret.reveal()));
            sealed.transpose()
        };
        self.password = seal("password", secrets.password)?;
        self.token = seal("token", secrets.token)?;
        Ok(())
    }

    /// The receiver, if there is one, with the credentials that were sealed for the `place` of their members.
    pub(super) fn receiver(self, vault: &Vault, place: impl Fn(&str) -> String) -> Result<Option<Webhook>, Error> {
        let Some(url) = self.url else { return Ok(None) };
        let open = |member, sealed: Option<Sealed>| match sealed {
            Some(sealed) => vault.open(&place(member), &sealed),
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

    /// One that is enabled must be complete.
    pub(super) fn normalize_and_validate(&mut self, check: &mut Check<'_>) {
        check.format(&mut self.url, "url", address::http_url);
        if !self.enabled {
            return;
        }
        if self.url.is_none() {
            check.refuse("url", "required", "is needed while the event is enabled");
        }
        match self.auth {
            WebhookAuth::Disable => {}
            WebhookAuth::Basic | WebhookAuth::Digest => {
                const MESSAGE: &str = "is needed when `auth` is `BASIC` or `DIGEST`";
                if self.username.is_none() {
                    check.refuse("username", "required", MESSAGE);
                }
                if self.password.is_none() {
                    check.refuse("password", "required", MESSAGE);
                }
            }
            WebhookAuth::Bearer => {
                if self.token.is_none() {
                    check.refuse("token", "required", "is needed when `auth` is `BEARER`");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::vault::tests::vault;

    fn faults(mut webhook: EventWebhook) -> Vec<String> {
        let vault = vault();
        let mut check = Check::new(&vault);
        check.inside("cdr_event", |check| webhook.normalize_and_validate(check));
        check.faults()
    }

    #[test]
    fn what_is_enabled_is_complete() {
        let url = Some("https://example.com/cdr".to_owned());
        let enabled = |auth| EventWebhook {
            enabled: true,
            auth,
            url: url.clone(),
            ..EventWebhook::default()
        };
        let credentials = ["/cdr_event/username required", "/cdr_event/password required"];
        assert_eq!(faults(EventWebhook::default()), [""; 0]);
        assert_eq!(faults(enabled(WebhookAuth::Disable)), [""; 0]);
        assert_eq!(faults(enabled(WebhookAuth::Basic)), credentials);
        assert_eq!(faults(enabled(WebhookAuth::Digest)), credentials);
        assert_eq!(faults(enabled(WebhookAuth::Bearer)), ["/cdr_event/token required"]);
        let nowhere = EventWebhook {
            url: None,
            ..enabled(WebhookAuth::Disable)
        };
        assert_eq!(faults(nowhere), ["/cdr_event/url required"]);
        let prepared = EventWebhook {
            enabled: false,
            auth: WebhookAuth::Bearer,
            url: Some("example.com".to_owned()),
            ..EventWebhook::default()
        };
        assert_eq!(faults(prepared), ["/cdr_event/url format"]);
    }
}
