//! Webhooks: the URLs that a tenant's events are posted to.

use pbx_types::shared::WebhookAuth;

use crate::address;
use crate::check::Check;
use crate::error::Error;
use crate::vault::{Sealed, Vault};
use crate::webhook::{Account, Authentication, Webhook};

pub use crate::generated::shared::EventWebhook;

/// The error for a disabled webhook without credentials, which only an enabled one must have.
const NO_CREDENTIALS: Error = Error::Refused {
    code: "NO_WEBHOOK",
    message: "The credentials that `auth` asks for are not saved for this event: set them with POST /tenant first.",
};

impl EventWebhook {
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
        check.canonicalize_optional(&mut self.username, "username", address::line);
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
        let mut check = Check::new(&vault, "");
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
        let two_lines = EventWebhook {
            username: Some("alice\r\nX-Other: 1".to_owned()),
            ..EventWebhook::default()
        };
        assert_eq!(violations(two_lines), ["/cdr_event/username format"]);
    }
}
