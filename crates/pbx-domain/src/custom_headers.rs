//! The SIP headers that a tenant adds to calls, and those that it passes on.

use std::collections::{HashMap, HashSet};

use pbx_types::tenant::HeaderScope;

use crate::audit::Object;
use crate::check::Check;
use crate::document::Document;
use crate::error::Error;
use crate::setting::Setting;
use crate::state::Rules;

pub use crate::generated::tenant::CustomHeaders;

/// Headers that the PBX sets itself, or that decide the route of a message: those of RFC 3261, and those that its extensions need
/// for dialogs. In lower case; the compact forms (Via, From, To, Call-ID, Contact, ...) follow.
const RESERVED: &str = "\
    accept accept-contact accept-encoding accept-language alert-info allow allow-events \
    authentication-info authorization call-id call-info contact content-disposition \
    content-encoding content-language content-length content-type cseq date error-info event expires \
    from identity in-reply-to max-forwards mime-version min-expires min-se organization path priority \
    proxy-authenticate proxy-authorization proxy-require rack record-route refer-to referred-by \
    reject-contact replaces reply-to request-disposition require retry-after route rseq server \
    service-route session-expires sip-etag sip-if-match subject subscription-state supported timestamp \
    to unsupported user-agent via warning www-authenticate \
    a b c d e f i j k l m n o r s t u v x y";

/// Returns `true` if both scopes apply to some call.
fn overlap(one: HeaderScope, other: HeaderScope) -> bool {
    one == other || one == HeaderScope::All || other == HeaderScope::All
}

impl Setting for CustomHeaders {
    const NAME: &'static str = "custom_headers";
}

impl Document for CustomHeaders {
    const OBJECT: Object = Object::Tenant;
}

impl Rules for CustomHeaders {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        for (index, header) in self.add.iter().enumerate() {
            // SIP would read a line break as the end of the header, and further headers after it.
            if header.value.chars().any(char::is_control) {
                check.record(
                    &format!("add/{index}/value"),
                    "format",
                    "must not have control characters",
                );
            }
        }
        validate_names(
            check,
            "add",
            self.add.iter().map(|header| (&*header.name, header.scope)),
        );
        validate_names(
            check,
            "relay",
            self.relay.iter().map(|header| (&*header.name, header.scope)),
        );
        Ok(())
    }
}

/// Records invalid names of a list in `check`. Names are case-insensitive in SIP.
fn validate_names<'a>(check: &mut Check<'_>, list: &str, headers: impl Iterator<Item = (&'a str, HeaderScope)>) {
    let reserved: HashSet<&str> = RESERVED.split(' ').collect();
    // At most as many scopes as there are, since equal ones overlap. An item is compared with those of its name only: the list may be long.
    let mut scopes_by_name: HashMap<String, Vec<HeaderScope>> = HashMap::new();
    for (index, (name, scope)) in headers.enumerate() {
        let pointer = format!("{list}/{index}/name");
        let lower = name.to_ascii_lowercase();
        let is_reserved = reserved.contains(&*lower);
        let scopes = scopes_by_name.entry(lower).or_default();
        let again = scopes.iter().any(|other| overlap(*other, scope));
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
        if !is_token(name) {
            let message = "must be a SIP header name: letters, digits and -.!%*_+`'~";
            check.record(&pointer, "format", message);
        } else if is_reserved {
            check.record(&pointer, "reserved", "is a header that SIP itself uses");
        } else if again {
            check.record(
                &pointer,
                "unique",
                "is in the list already, for calls of the same scope",
            );
        }
    }
}

/// Returns `true` for a `token` of RFC 3261.
fn is_token(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::document::validated;
    use crate::state::Apply;
    use crate::vault::tests::vault;
    use pbx_types::tenant::UpdateCustomHeaders;

    fn check(written: Value) -> Result<CustomHeaders, Vec<String>> {
        let mut headers = CustomHeaders::default();
        let patch: UpdateCustomHeaders = serde_json::from_value(written).unwrap();
        let vault = vault();
        headers
            .apply(patch, &CustomHeaders::default(), &mut Check::new(&vault, ""))
            .unwrap();
        validated(headers, &vault)
    }

    #[test]
    fn headers_of_a_new_tenant_are_valid() {
        let fresh = check(json!({})).unwrap();
        assert_eq!(fresh, CustomHeaders::default());
        assert_eq!((fresh.add.len(), fresh.relay.len()), (0, 3));
    }

    #[test]
    fn default_scope_is_trunk() {
        let headers = check(json!({
            "add": [{"name": "X-One", "value": "1"}],
            "relay": [{"name": "X-Two", "scope": null}, {"name": "X-Three", "scope": "USER"}],
        }));
        let headers = headers.unwrap();
        let scopes: Vec<HeaderScope> = headers.relay.iter().map(|header| header.scope).collect();
        assert_eq!(
            (headers.add[0].scope, scopes),
            (HeaderScope::Trunk, vec![HeaderScope::Trunk, HeaderScope::User])
        );
    }

    #[test]
    fn names_are_tokens_and_not_reserved() {
        for name in ["X-Account", "P-Asserted-Identity", "Diversion", "x.!%*_+`'~-1"] {
            let headers = json!({"add": [{"name": name, "value": "v"}], "relay": [{"name": name}]});
            assert!(check(headers).is_ok(), "{name}");
        }
        for (name, rule) in [
            ("X Account", "format"),
            ("X-Account:", "format"),
            ("X-Acc\r\nVia", "format"),
            ("X-Bücher", "format"),
            ("Via", "reserved"),
            ("FROM", "reserved"),
            ("to", "reserved"),
            ("Call-Id", "reserved"),
            ("CSeq", "reserved"),
            ("contact", "reserved"),
            ("Content-Length", "reserved"),
            ("Max-Forwards", "reserved"),
            ("Authentication-Info", "reserved"),
            ("i", "reserved"),
            ("V", "reserved"),
        ] {
            let headers = json!({"add": [{"name": name, "value": "v"}], "relay": [{"name": name}]});
            let expected = [format!("/add/0/name {rule}"), format!("/relay/0/name {rule}")];
            assert_eq!(check(headers).unwrap_err(), expected, "{name}");
        }
    }

    #[test]
    fn overlapping_scopes_cannot_repeat_a_header() {
        let two = |one: &str, other: &str| {
            check(json!({"relay": [{"name": "X-One", "scope": one}, {"name": "x-oNE", "scope": other}]}))
        };
        assert!(two("TRUNK", "USER").is_ok());
        for (one, other) in [("ALL", "USER"), ("TRUNK", "ALL"), ("USER", "USER")] {
            assert_eq!(two(one, other).unwrap_err(), ["/relay/1/name unique"], "{one} {other}");
        }
        // A header may be relayed, and added where it is missing.
        let both = json!({"add": [{"name": "X-One", "value": "1"}], "relay": [{"name": "X-One"}]});
        assert!(check(both).is_ok());
    }

    /// Comparing each name with all before it would take minutes.
    #[test]
    fn validating_names_takes_time_in_proportion_to_their_number() {
        let names = |count: usize| (0..count).map(|index| format!("X-Header-{index}"));
        let mut names: Vec<String> = names(200_000).collect();
        names.push("x-hEADER-7".to_owned());
        let vault = vault();
        let mut all = Check::new(&vault, "");
        validate_names(&mut all, "relay", names.iter().map(|name| (&**name, HeaderScope::User)));
        assert_eq!(all.summarize(), ["/relay/200000/name unique"]);
    }

    #[test]
    fn control_characters_in_values_are_refused() {
        for value in ["1\r\nVia: x", "1\n2", "\u{7f}", "a\u{85}b", "a\tb"] {
            let headers = json!({"add": [{"name": "X-One", "value": value}]});
            assert_eq!(check(headers).unwrap_err(), ["/add/0/value format"], "{value:?}");
        }
        assert!(check(json!({"add": [{"name": "X-One", "value": "Zürich; a=\"b\""}]})).is_ok());
    }
}
