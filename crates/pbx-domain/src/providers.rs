//! Trunks, which the API calls providers: calls reach and leave the system through them. A system administrator creates them and
//! assigns them to tenants, each with its own numbers.

use std::fmt;

use pbx_types::Violation;
use pbx_types::ids::ProviderId;

use crate::address;
use crate::check::Check;
use crate::error::Error;
use crate::id::Id;
use crate::kind::Kind;
use crate::state::Rules;

/// A trunk. With [`AcceptRegister`](pbx_types::providers::TrunkMode::AcceptRegister), `hostname` is the domain for which it registers.
pub use crate::generated::providers::Provider;

/// Ranges that a tenant may have of one trunk. Limits how long storing them takes.
const MAX_RANGES: usize = 1000;

/// Digits of the longest number (E.164).
const MAX_DIGITS: usize = 15;

impl Kind for Provider {
    const NAME: &'static str = "provider";
    type ApiId = ProviderId;
}

impl Rules for Provider {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.canonicalize(&mut self.hostname, "hostname", |text| {
            address::host(text).map(|host| host.to_lowercase())
        });
        if self.password.is_some() && self.auth_id.is_none() {
            check.record("auth_id", "required", "is needed with `password`");
        }
        Ok(())
    }
}

/// Consecutive numbers of the same number of digits, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberRange {
    /// The smallest number.
    pub first: i64,
    /// The largest number.
    pub last: i64,
}

impl fmt::Display for NumberRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = self;
        if first == last {
            write!(formatter, "{first}")
        } else {
            write!(formatter, "{first}-{last}")
        }
    }
}

/// Returns the error for a tenant that does not have the trunk, or does not exist.
pub fn not_assigned() -> Error {
    Error::NotFound { what: "assignee" }
}

/// Returns the beginning of the contexts for which the secrets of a trunk are sealed.
pub fn seal_prefix(id: Id<Provider>) -> String {
    format!("providers.{id}")
}

/// Writes numbers and ranges as [`parse_ranges`] reads them.
pub fn format_ranges(ranges: &[NumberRange]) -> String {
    ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

/// Parses numbers and ranges, separated by semicolons: `3000;12000-18000`.
///
/// # Errors
///
/// The first violation: ranges ascend, do not overlap, and have numbers of one length, of at most 15 digits.
pub fn parse_ranges(text: &str) -> Result<Vec<NumberRange>, Violation> {
    let refused = |rule, message| Violation::field("did_numbers", rule, message);
    let mut ranges = Vec::new();
    for part in text.split(';') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim(), last.trim());
        if first.len() != last.len() {
            return Err(refused(
                "range",
                "must have ranges from and to numbers of as many digits",
            ));
        }
        if first.len() > MAX_DIGITS {
            return Err(refused("maxLength", "must have numbers of at most 15 digits"));
        }
        let (Ok(first), Ok(last)) = (first.parse(), last.parse()) else {
            return Err(refused(
                "pattern",
                "must be numbers and ranges such as 3000;12000-18000",
            ));
        };
        if first > last {
            return Err(refused(
                "range",
                "must have ranges from the smaller to the larger number",
            ));
        }
        ranges.push(NumberRange { first, last });
    }
    if ranges.len() > MAX_RANGES {
        return Err(refused("maxItems", "must have at most 1000 numbers and ranges"));
    }
    let mut sorted = ranges.clone();
    sorted.sort_unstable_by_key(|range| range.first);
    if sorted.windows(2).any(|pair| pair[0].last >= pair[1].first) {
        return Err(refused("unique", "must not have a number twice"));
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use pbx_types::providers::UpdateProvider;
    use serde_json::json;

    use super::*;
    use crate::state::updated;
    use crate::vault::tests::vault;

    #[test]
    fn numbers_and_ranges_are_parsed_and_formatted() {
        let written = |text: &str| parse_ranges(text).map(|ranges| format_ranges(&ranges));
        assert_eq!(written("3000; 12000-18000;7-7").unwrap(), "3000;12000-18000;7");
        assert_eq!(written("999999999999999").unwrap(), "999999999999999");
        for (text, rule) in [
            ("2000-1000", "range"),
            ("999-1000", "range"),
            ("1000000000000000", "maxLength"),
            ("1000-2000;1999", "unique"),
            ("5;5", "unique"),
            ("", "pattern"),
            ("1;", "pattern"),
            ("a-b", "pattern"),
        ] {
            assert_eq!(written(text).unwrap_err().rule(), rule, "{text}");
        }
        let many: Vec<_> = (1..=1001).map(|number| number.to_string()).collect();
        assert_eq!(written(&many.join(";")).unwrap_err().rule(), "maxItems");
        assert!(written(&many[1..].join(";")).is_ok());
    }

    #[test]
    fn required_property_cannot_be_cleared() {
        let before = Provider {
            name: "Trunk".to_owned(),
            hostname: "sip.example.net".to_owned(),
            ..Provider::default()
        };
        let sent = json!({"name": null, "auth_mode": null, "hostname": "sip://x", "port": null, "password": "x"});
        let patch: UpdateProvider = serde_json::from_value(sent).unwrap();
        let Err(Error::Invalid(violations)) = updated(&vault(), "providers.1", &before, patch) else {
            panic!("four properties are invalid")
        };
        let found: Vec<_> = violations.iter().map(|violation| violation.rule()).collect();
        assert_eq!(found, ["required", "required", "format", "required"]);
    }
}
