//! Links by which users set a forgotten password: the pages that they may lead to, and the mail.

use std::str::FromStr;

use jiff::SignedDuration;
use url::Url;

use crate::mail::Email;

/// Lifetime of a link.
pub const LINK_LIFETIME: SignedDuration = SignedDuration::from_mins(30);

/// The query parameter of a link that has the token.
const TOKEN: &str = "token";

/// The port of the vendor's portal, allowed beside that of HTTPS on the `web_domain`.
const PORTAL_PORT: u16 = 8887;

/// A page that asks for a new password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackUrl(Url);

impl FromStr for CallbackUrl {
    type Err = &'static str;

    /// Parses a URL of which every program understands the same host and path.
    fn from_str(text: &str) -> Result<Self, &'static str> {
        const MESSAGE: &str = "must be a URL such as https://portal.example.com/new-password, without a username, a fragment, and an escaped /, \\ or . in its path";
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(MESSAGE);
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // `Url` repairs what is not a URL, as browsers do; others may read it in another way.
        let ambiguous = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
        let lower = text.to_ascii_lowercase();
        if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str())
            || authority.is_empty()
            || authority.contains('@')
            || text.contains(ambiguous)
            || text.contains('#')
            || ["%2f", "%5c", "%2e"]
                .iter()
                .any(|escape| path_of(&lower).contains(escape))
        {
            return Err(MESSAGE);
        }
        Url::parse(text).map(Self).map_err(|_| MESSAGE)
    }
}

/// Returns the part of a URL before its query.
fn path_of(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

impl CallbackUrl {
    /// Returns the violation by a URL that has the parameter of the token already.
    pub fn token_violation(&self) -> Option<&'static str> {
        let occupied = self.0.query_pairs().any(|(name, _)| name == TOKEN);
        occupied.then_some("must not have a query parameter `token`, which the link adds")
    }

    /// Returns the link with that token.
    pub fn link(&self, token: &str) -> String {
        let mut url = self.0.clone();
        url.query_pairs_mut().append_pair(TOKEN, token);
        url.into()
    }
}

/// The beginning of allowed URLs: an origin, or an origin and the first segments of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackPrefix(Url);

impl FromStr for CallbackPrefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let CallbackUrl(url) = text.parse()?;
        match url.query() {
            None => Ok(Self(url)),
            Some(_) => Err("must not have a query"),
        }
    }
}

impl CallbackPrefix {
    /// Returns the URLs that are allowed unless the operator names others: those on the host of the web portal.
    pub fn of_web_domain(web_domain: &str) -> impl Iterator<Item = Self> {
        // The host was validated when it was saved; an IPv6 address needs brackets.
        let host = match web_domain.parse() {
            Ok(address @ std::net::IpAddr::V6(_)) => format!("[{address}]"),
            _ => web_domain.to_owned(),
        };
        [format!("https://{host}"), format!("https://{host}:{PORTAL_PORT}")]
            .into_iter()
            .filter_map(|text| text.parse().ok())
    }

    /// Returns `true` if a URL has this origin, and a path that is this one or below it.
    pub fn allows(&self, CallbackUrl(url): &CallbackUrl) -> bool {
        let path = self.0.path().trim_end_matches('/');
        let below = url.path().strip_prefix(path);
        url.origin() == self.0.origin() && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Returns the mail with a link to the owner of an account, from the installation with this title.
pub fn email(title: &str, account_name: &str, address: String, link: &str) -> Email {
    let minutes = LINK_LIFETIME.as_mins();
    Email {
        recipients: vec![address],
        subject: format!("{title}: set a new password"),
        content: format!(
            "Somebody asked for a new password for the account {account_name} of {title}.\n\
             To set it, open this page:\n\n{link}\n\n\
             The link is valid for {minutes} minutes and works once.\n\n\
             If it was not you, do nothing: your password stays as it is.\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(prefix: &str, url: &str) -> bool {
        let prefix: CallbackPrefix = prefix.parse().unwrap();
        url.parse().is_ok_and(|url| prefix.allows(&url))
    }

    #[test]
    fn urls_with_the_origin_and_below_the_path_are_allowed() {
        let table = [
            ("https://pbx.example.com", "https://pbx.example.com"),
            ("https://pbx.example.com", "https://PBX.example.com:443/a/b?x=1"),
            ("https://pbx.example.com/", "HTTPS://pbx.example.com/a"),
            ("https://pbx.example.com/a", "https://pbx.example.com/a?x=1"),
            ("https://pbx.example.com/a/", "https://pbx.example.com/a/b"),
            ("https://pbx.example.com/a", "https://pbx.example.com/b/../a/c"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/new"),
        ];
        for (prefix, url) in table {
            assert!(allows(prefix, url), "{prefix} {url}");
        }
    }

    #[test]
    fn other_urls_are_refused() {
        let refused = [
            "https://evil.example",
            "http://pbx.example.com/a",
            "https://pbx.example.com:8443/a",
            "https://pbx.example.com.evil.example/a",
            "https://pbx.example.com./a",
            "https://pbx.example.com@evil.example/a",
            "https://evil.example@pbx.example.com/a",
            "https://@pbx.example.com/a",
            "https://pbx.example.com\\@evil.example/a",
            "https:pbx.example.com/a",
            "https:/pbx.example.com/a",
            "https:///pbx.example.com/a",
            "//pbx.example.com/a",
            "/a",
            "",
            "https://",
            "javascript://pbx.example.com/a",
            "https://pbx.example.com/ab",
            "https://pbx.example.com/a/../b",
            "https://pbx.example.com/a/%2e%2e/b",
            "https://pbx.example.com/a%2F..%2Fb",
            "https://pbx.example.com/a/..%5Cb",
            "https://pbx.example.com/a#b",
            "https://pbx.example.com/a\r\nBcc: eve",
            " https://pbx.example.com/a",
            "https://pbx.exa\tmple.com/a",
        ];
        for url in refused {
            assert!(!allows("https://pbx.example.com/a", url), "{url}");
        }
        assert!("https://pbx.example.com/?a=1".parse::<CallbackPrefix>().is_err());
    }

    #[test]
    fn https_on_the_web_domain_is_allowed_by_default() {
        let allowed = |domain: &str, url: &str| {
            CallbackPrefix::of_web_domain(domain).any(|prefix| prefix.allows(&url.parse().unwrap()))
        };
        assert!(allowed("pbx.example.com", "https://pbx.example.com/a"));
        assert!(allowed("pbx.example.com", "https://pbx.example.com:8887/a"));
        assert!(!allowed("pbx.example.com", "https://pbx.example.com:8888/a"));
        assert!(!allowed("pbx.example.com", "http://pbx.example.com/a"));
        assert!(allowed("2001:db8::1", "https://[2001:db8::1]/a"));
    }

    #[test]
    fn the_token_is_added_to_the_query() {
        let link = |url: &str| url.parse::<CallbackUrl>().unwrap().link("T0KEN");
        assert_eq!(link("https://x.example"), "https://x.example/?token=T0KEN");
        assert_eq!(
            link("https://x.example/a?b=c%20d"),
            "https://x.example/a?b=c%20d&token=T0KEN"
        );
        let violation = |url: &str| url.parse::<CallbackUrl>().unwrap().token_violation();
        assert!(violation("https://x.example/?tok%65n=1").is_some() && violation("https://x.example/?a=1").is_none());
    }
}
