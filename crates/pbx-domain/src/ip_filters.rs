//! IP rules: address ranges that pass all guards, and address ranges that are denied.

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use pbx_types::ids::IpRuleId;
use pbx_types::list::{FieldKind, ListField};
use pbx_types::record::Record as _;

use crate::check::Check;
use crate::error::Error;
use crate::kind::Kind;
use crate::source::canonical;
use crate::state::Rules;
use crate::stored::Stored;

/// A rule. Its range is in canonical form, host bits cleared.
pub use crate::generated::ip_filters::IpRule;

/// The fields that lists can be filtered and ordered by. In a filter, an address means the range of one, as in a rule.
pub static FIELDS: LazyLock<Vec<ListField>> = LazyLock::new(|| {
    let kind = |field: &ListField| match field.name {
        "cidr" => FieldKind::Network,
        _ => field.kind,
    };
    let fields = IpRule::FIELDS.iter();
    fields.map(|field| ListField::new(field.name, kind(field))).collect()
});

/// For this long a rule that had already expired when it was written is still shown, so that its author sees what happened.
const EXPIRED_RULE_SHOWN_FOR: SignedDuration = SignedDuration::from_hours(1);

impl Kind for IpRule {
    const NAME: &'static str = "IP rule";
    type ApiId = IpRuleId;
}

impl Rules for IpRule {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.canonicalize(&mut self.cidr, "cidr", parse_range);
        if self.expire_at.is_some_and(|time| *time < Timestamp::UNIX_EPOCH) {
            check.record("expire_at", "range", "must be a time from the year 1970 on");
        }
        Ok(())
    }
}

/// Returns the time from which a rule is no longer shown: its expiry, or an hour after it was written if it had already expired
/// then. `None` means never.
pub fn shown_until(expire_at: Option<Timestamp>, written_at: Timestamp) -> Option<Timestamp> {
    let expire_at = expire_at?;
    if expire_at > written_at {
        Some(expire_at)
    } else {
        Some(
            written_at
                .saturating_add(EXPIRED_RULE_SHOWN_FOR)
                .unwrap_or(Timestamp::MAX),
        )
    }
}

/// Parses a range. A bare address is a range of one; host bits are cleared, as in the portal. An IPv4-mapped IPv6 range becomes the IPv4
/// range that traffic shows; a shorter one than `::ffff:0:0/96` has no IPv4 form, and matches IPv6 traffic only.
///
/// # Errors
///
/// The message of the violation if it is neither.
pub fn parse_range(text: &str) -> Result<IpNet, &'static str> {
    let parsed = if text.contains('/') {
        text.parse::<IpNet>().ok()
    } else {
        text.parse::<IpAddr>().ok().map(IpNet::from)
    };
    let message = "must be an IPv4 or IPv6 address, with or without a prefix length, e.g. 192.0.2.0/24";
    parsed.map(|range| canonical(range.trunc())).ok_or(message)
}

/// Returns the error for a second rule for a range.
pub fn duplicate(cidr: &str) -> Error {
    Error::conflict(format!("There is a rule for {cidr} already."))
}

/// Returns the rules as CSV with a header, the form of the vendor's other exports.
///
/// # Errors
///
/// If the CSV cannot be written.
pub fn to_csv(rules: &[Stored<IpRule>]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["cidr", "target", "expire_at", "description"])?;
    for rule in rules {
        let expire_at = rule.expire_at.map(|at| at.to_string()).unwrap_or_default();
        let description = escape_formula(rule.description.as_deref().unwrap_or_default());
        writer.write_record([&rule.cidr, rule.target.as_str(), &expire_at, &description])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// Prefixes text that begins like a formula with an apostrophe. Spreadsheets would run it; all of them read this as text.
fn escape_formula(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use pbx_types::Field;
    use pbx_types::ip_filters::{IpRuleTarget, UpdateIpRule};

    use super::*;
    use crate::id::Id;
    use crate::state::updated;
    use crate::vault::tests::vault;

    #[test]
    fn ranges_are_normalized() {
        for (written, stored) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0::1", "2001:db8::1/128"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::ffff:203.0.113.7/120", "203.0.113.0/24"),
            ("::FFFF:cb00:7107", "203.0.113.7/32"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(parse_range(written).unwrap().to_string(), stored);
        }
    }

    #[test]
    fn invalid_range_is_refused_and_not_echoed() {
        for text in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "::/129",
            "010.0.0.1",
            "host",
            " 10.0.0.1",
        ] {
            let message = parse_range(text).expect_err(text);
            assert!(text.is_empty() || !message.contains(text));
        }
    }

    #[test]
    fn expiry_before_1970_is_refused_and_stays_where_it_is_stored() {
        let rule = |time: &str| IpRule {
            cidr: "192.0.2.0/24".to_owned(),
            expire_at: Some(time.parse().unwrap()),
            ..IpRule::default()
        };
        let sent = |time: &str| UpdateIpRule {
            expire_at: Field::Value(time.parse().unwrap()),
            description: Field::Value("x".to_owned()),
            ..UpdateIpRule::default()
        };
        for time in ["0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z"] {
            let Err(Error::Invalid(violations)) = updated(&vault(), "", &rule("2030-01-01T00:00:00Z"), sent(time))
            else {
                panic!("{time}")
            };
            assert_eq!((violations[0].pointer(), violations[0].rule()), ("/expire_at", "range"));
        }
        for time in ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            assert!(
                updated(&vault(), "", &rule("2030-01-01T00:00:00Z"), sent(time)).is_ok(),
                "{time}"
            );
        }
        let stored = rule("0000-01-01T00:00:00Z");
        assert!(
            updated(&vault(), "", &stored, sent("0000-01-01T00:00:00Z")).is_ok(),
            "the same"
        );
        assert!(
            updated(&vault(), "", &stored, sent("0000-01-02T00:00:00Z")).is_err(),
            "another"
        );
    }

    #[test]
    fn every_required_property_that_is_cleared_is_reported() {
        let cleared = UpdateIpRule {
            cidr: Field::Null,
            target: Field::Null,
            ..UpdateIpRule::default()
        };
        let rule = IpRule {
            cidr: "192.0.2.0/24".to_owned(),
            ..IpRule::default()
        };
        let Err(Error::Invalid(violations)) = updated(&vault(), "", &rule, cleared) else {
            panic!("both are needed")
        };
        let found: Vec<_> = violations
            .iter()
            .map(|violation| (violation.pointer(), violation.rule()))
            .collect();
        assert_eq!(found, [("/cidr", "required"), ("/target", "required")]);
        assert_eq!(updated(&vault(), "", &rule, UpdateIpRule::default()).unwrap(), rule);
    }

    #[test]
    fn rule_written_after_its_expiry_is_shown_for_an_hour() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(shown_until(None, now), None);
        assert_eq!(shown_until(at("2026-01-01T12:00:01Z"), now), at("2026-01-01T12:00:01Z"));
        assert_eq!(shown_until(at("2017-07-21T17:32:28Z"), now), at("2026-01-01T13:00:00Z"));
    }

    #[test]
    fn csv_has_no_formulas() {
        let rule = |description: &str| Stored {
            id: Id::from_stored(1),
            value: IpRule {
                cidr: "192.0.2.0/24".to_owned(),
                target: IpRuleTarget::Deny,
                expire_at: Some("2030-01-01T01:00:00+01:00".parse().unwrap()),
                description: Some(description.to_owned()),
            },
        };
        let text = String::from_utf8(to_csv(&[rule("a, \"b\"\nc"), rule("=cmd()")]).unwrap()).unwrap();
        assert_eq!(
            text,
            "cidr,target,expire_at,description\n\
             192.0.2.0/24,DENY,2030-01-01T00:00:00Z,\"a, \"\"b\"\"\nc\"\n\
             192.0.2.0/24,DENY,2030-01-01T00:00:00Z,'=cmd()\n"
        );
    }
}
