//! The IP rules as a lookup table: the longest matching prefix decides about an address.

use std::net::IpAddr;

use ipnet::{AddrParseError, IpNet, Ipv4Net, Ipv6Net};
use jiff::Timestamp;
use pbx_types::ip_filters::IpRuleTarget;
use prefix_trie::PrefixMap;

use crate::ip_filters::IpRule;
use crate::source::canonical;

/// The decision of the rules about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// An ACCEPT rule matches: exempt from rate limiting and lockout.
    Accept,
    /// A DENY rule matches.
    Deny {
        /// The expiry of the rule; `None` if it does not expire.
        until: Option<Timestamp>,
    },
    /// No rule matches.
    Unknown,
}

/// The rules by address range.
#[derive(Debug, Default)]
pub struct Rules {
    ipv4: PrefixMap<Ipv4Net, Targets>,
    ipv6: PrefixMap<Ipv6Net, Targets>,
}

/// The rules of one range. There may be two, one of them written as IPv4-mapped IPv6.
#[derive(Debug, Default)]
struct Targets {
    accept: Option<Expiry>,
    deny: Option<Expiry>,
}

/// The expiry of a rule; `None` for a rule that does not expire.
#[derive(Debug, Clone, Copy)]
struct Expiry(Option<Timestamp>);

impl Expiry {
    fn is_in_force(self, now: Timestamp) -> bool {
        self.0.is_none_or(|end| end > now)
    }
}

impl Targets {
    fn verdict(&self, now: Timestamp) -> Option<Verdict> {
        let deny = self.deny.filter(|expiry| expiry.is_in_force(now));
        if self.accept.is_some_and(|expiry| expiry.is_in_force(now)) {
            Some(Verdict::Accept)
        } else {
            deny.map(|Expiry(until)| Verdict::Deny { until })
        }
    }
}

impl Rules {
    /// Indexes the rules by their ranges.
    ///
    /// # Errors
    ///
    /// If a range is not one. Rules are validated before they are stored.
    pub fn new(rules: impl IntoIterator<Item = IpRule>) -> Result<Self, AddrParseError> {
        let mut map = Self::default();
        for rule in rules {
            let targets = match canonical(rule.cidr.parse()?) {
                IpNet::V4(range) => map.ipv4.entry(range).or_default(),
                IpNet::V6(range) => map.ipv6.entry(range).or_default(),
            };
            let expiry = Some(Expiry(rule.expire_at.map(Into::into)));
            match rule.target {
                IpRuleTarget::Accept => targets.accept = expiry,
                IpRuleTarget::Deny => targets.deny = expiry,
            }
        }
        Ok(map)
    }

    /// Returns the decision about an address: of the rules that have not expired, the longest prefix decides, and ACCEPT within
    /// one range.
    pub fn verdict(&self, address: IpAddr, now: Timestamp) -> Verdict {
        let longest = match address.to_canonical() {
            IpAddr::V4(address) => self
                .ipv4
                .cover_values(&Ipv4Net::from(address))
                .filter_map(|targets| targets.verdict(now))
                .last(),
            IpAddr::V6(address) => self
                .ipv6
                .cover_values(&Ipv6Net::from(address))
                .filter_map(|targets| targets.verdict(now))
                .last(),
        };
        longest.unwrap_or(Verdict::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn rules(rules: &[(&str, IpRuleTarget, Option<i64>)]) -> Rules {
        Rules::new(rules.iter().map(|(cidr, target, expires)| IpRule {
            cidr: (*cidr).to_owned(),
            target: *target,
            expire_at: expires.map(|second| Timestamp::from_second(second).unwrap().into()),
            description: None,
        }))
        .unwrap()
    }

    fn verdict(rules: &Rules, address: &str) -> Verdict {
        rules.verdict(address.parse().unwrap(), NOW)
    }

    const DENY: Verdict = Verdict::Deny { until: None };

    #[test]
    fn the_longest_prefix_decides() {
        let rules = rules(&[
            ("10.0.0.0/8", IpRuleTarget::Deny, None),
            ("10.1.0.0/16", IpRuleTarget::Accept, None),
            ("10.1.1.0/24", IpRuleTarget::Deny, None),
            ("10.1.1.7/32", IpRuleTarget::Accept, None),
            ("2001:db8::/32", IpRuleTarget::Deny, None),
            ("2001:db8:1::/48", IpRuleTarget::Accept, None),
        ]);
        for (address, expected) in [
            ("9.255.255.255", Verdict::Unknown),
            ("10.2.0.1", DENY),
            ("10.1.2.1", Verdict::Accept),
            ("10.1.1.1", DENY),
            ("10.1.1.7", Verdict::Accept),
            ("::ffff:10.1.1.1", DENY),
            ("2001:db8:2::1", DENY),
            ("2001:db8:1::1", Verdict::Accept),
            ("2001:db9::1", Verdict::Unknown),
        ] {
            assert_eq!(verdict(&rules, address), expected, "{address}");
        }
    }

    #[test]
    fn accept_wins_within_one_range_and_expired_rules_are_ignored() {
        let both = [
            ("::ffff:10.0.0.1/128", IpRuleTarget::Accept, None),
            ("10.0.0.1/32", IpRuleTarget::Deny, None),
        ];
        assert_eq!(verdict(&rules(&both), "10.0.0.1"), Verdict::Accept);
        let expired = [
            ("10.0.0.0/8", IpRuleTarget::Deny, Some(5)),
            ("10.0.0.1/32", IpRuleTarget::Accept, Some(0)),
            ("10.0.0.1/32", IpRuleTarget::Deny, Some(-1)),
        ];
        let until = Timestamp::from_second(5).ok();
        assert_eq!(verdict(&rules(&expired), "10.0.0.1"), Verdict::Deny { until });
    }

    #[test]
    fn a_rule_may_cover_every_address() {
        let rules = rules(&[
            ("0.0.0.0/0", IpRuleTarget::Deny, None),
            ("::/0", IpRuleTarget::Deny, None),
        ]);
        assert_eq!(verdict(&rules, "203.0.113.1"), DENY);
        assert_eq!(verdict(&rules, "2001:db8::1"), DENY);
        assert_eq!(verdict(&Rules::default(), "203.0.113.1"), Verdict::Unknown);
    }
}
