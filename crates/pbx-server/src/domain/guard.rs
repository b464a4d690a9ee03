//! What the IP rules say about an address, from a copy in memory: every request asks.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::Timestamp;
use prefix_trie::PrefixMap;

use super::ip_filters::{IpRule, Target};
use super::source::canonical;
use super::{Error, clock};
use crate::store::{MAX_STALENESS, Store, ip_filters as queries};

/// What the rules say about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Past the guards.
    Accept,
    /// Turned away.
    Deny {
        /// Until when; `None` is for ever.
        until: Option<Timestamp>,
    },
    /// No rule is about it.
    Unknown,
}

/// The rules by address.
#[derive(Debug, Default)]
pub struct Rules {
    ipv4: PrefixMap<Ipv4Net, Targets>,
    ipv6: PrefixMap<Ipv6Net, Targets>,
}

/// The rules of one range, of which there may be two: one of them written as IPv6.
#[derive(Debug, Default)]
struct Targets {
    accept: Option<Ends>,
    deny: Option<Ends>,
}

/// When a rule ends; `None` is never.
#[derive(Debug, Clone, Copy)]
struct Ends(Option<Timestamp>);

impl Ends {
    fn lives(self, now: Timestamp) -> bool {
        self.0.is_none_or(|end| end > now)
    }
}

impl Targets {
    fn verdict(&self, now: Timestamp) -> Option<Verdict> {
        let deny = self.deny.filter(|ends| ends.lives(now));
        if self.accept.is_some_and(|ends| ends.lives(now)) {
            Some(Verdict::Accept)
        } else {
            deny.map(|Ends(until)| Verdict::Deny { until })
        }
    }
}

impl Rules {
    /// Those rules.
    pub fn new(rules: impl IntoIterator<Item = IpRule>) -> Self {
        let mut map = Self::default();
        for rule in rules {
            let targets = match canonical(rule.cidr) {
                IpNet::V4(range) => map.ipv4.entry(range).or_default(),
                IpNet::V6(range) => map.ipv6.entry(range).or_default(),
            };
            let ends = Some(Ends(rule.expire_at));
            match rule.target {
                Target::Accept => targets.accept = ends,
                Target::Deny => targets.deny = ends,
            }
        }
        map
    }

    /// The longest prefix decides among the rules that have not expired, and ACCEPT within one range.
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

/// The rules in force: a change through this process at once, one through another node within [`MAX_STALENESS`].
pub struct RulesInForce {
    copy: RwLock<Copy>,
    /// One reads the store, the others wait for it.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Copy {
    rules: Arc<Rules>,
    /// That of the stored rules when they were copied.
    revision: Option<i64>,
    /// Changes through this process that are in the copy.
    changes: u64,
    /// When the store was asked last.
    checked: Option<Duration>,
}

impl Copy {
    fn is_fresh(&self, store: &Store, elapsed: Duration) -> bool {
        let young = |checked| elapsed.saturating_sub(checked) < MAX_STALENESS;
        self.changes == queries::writes(store) && self.checked.is_some_and(young)
    }
}

impl RulesInForce {
    /// Nothing is read yet.
    pub fn new() -> Self {
        Self {
            copy: RwLock::default(),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// What they say about an address now.
    pub async fn verdict(&self, store: &Store, address: IpAddr) -> Result<Verdict, Error> {
        let rules = self.rules(store, clock::elapsed()).await?;
        Ok(rules.verdict(address, clock::now()))
    }

    /// The rules as they are after that time of [`clock::elapsed`].
    async fn rules(&self, store: &Store, elapsed: Duration) -> Result<Arc<Rules>, Error> {
        if let Some(rules) = self.fresh(store, elapsed) {
            return Ok(rules);
        }
        let _turn = self.turn.lock().await;
        if let Some(rules) = self.fresh(store, elapsed) {
            return Ok(rules);
        }
        self.refresh(store, elapsed).await
    }

    fn fresh(&self, store: &Store, elapsed: Duration) -> Option<Arc<Rules>> {
        let copy = self.copy.read().unwrap_or_else(PoisonError::into_inner);
        copy.is_fresh(store, elapsed).then(|| Arc::clone(&copy.rules))
    }

    /// Reads the rules if they are not those of the copy. While the store cannot be read the copy stays in force; without one
    /// nobody is let in.
    async fn refresh(&self, store: &Store, elapsed: Duration) -> Result<Arc<Rules>, Error> {
        // Before reading: what changes meanwhile is read again.
        let changes = queries::writes(store);
        let known = self.copy.read().unwrap_or_else(PoisonError::into_inner).revision;
        let read = read(store, known).await;
        let mut copy = self.copy.write().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(None) => {}
            Ok(Some((revision, rules))) => {
                copy.rules = Arc::new(rules);
                copy.revision = Some(revision);
            }
            Err(error) if copy.revision.is_some() => {
                tracing::warn!(?error, "the IP rules cannot be read: those known before stay in force");
            }
            Err(error) => return Err(error),
        }
        copy.changes = changes;
        copy.checked = Some(elapsed);
        Ok(Arc::clone(&copy.rules))
    }
}

impl Default for RulesInForce {
    fn default() -> Self {
        Self::new()
    }
}

/// The rules and their revision, unless that is the known one.
async fn read(store: &Store, known: Option<i64>) -> Result<Option<(i64, Rules)>, Error> {
    let revision = store.read(|tx| Ok::<_, Error>(queries::revision(tx)?)).await?;
    if known == Some(revision) {
        return Ok(None);
    }
    let now = clock::now();
    let (revision, rules) = store
        .scan(move |tx| Ok::<_, Error>((queries::revision(tx)?, queries::all(tx, now)?)))
        .await?;
    Ok(Some((revision, Rules::new(rules))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Id;
    use crate::domain::audit::{Actor, Entry, Object};
    use crate::store::Changes;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn rules(rules: &[(&str, Target, Option<i64>)]) -> Rules {
        Rules::new(rules.iter().map(|(cidr, target, expires)| IpRule {
            id: Id::from_stored(1),
            cidr: cidr.parse().unwrap(),
            target: *target,
            expire_at: expires.map(|second| Timestamp::from_second(second).unwrap()),
            description: None,
        }))
    }

    fn verdict(rules: &Rules, address: &str) -> Verdict {
        rules.verdict(address.parse().unwrap(), NOW)
    }

    const DENY: Verdict = Verdict::Deny { until: None };

    #[test]
    fn the_longest_prefix_decides() {
        let rules = rules(&[
            ("10.0.0.0/8", Target::Deny, None),
            ("10.1.0.0/16", Target::Accept, None),
            ("10.1.1.0/24", Target::Deny, None),
            ("10.1.1.7/32", Target::Accept, None),
            ("2001:db8::/32", Target::Deny, None),
            ("2001:db8:1::/48", Target::Accept, None),
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
    fn accept_decides_within_one_range_and_expired_rules_never() {
        let both = [
            ("::ffff:10.0.0.1/128", Target::Accept, None),
            ("10.0.0.1/32", Target::Deny, None),
        ];
        assert_eq!(verdict(&rules(&both), "10.0.0.1"), Verdict::Accept);
        let expired = [
            ("10.0.0.0/8", Target::Deny, Some(5)),
            ("10.0.0.1/32", Target::Accept, Some(0)),
            ("10.0.0.1/32", Target::Deny, Some(-1)),
        ];
        let until = Timestamp::from_second(5).ok();
        assert_eq!(verdict(&rules(&expired), "10.0.0.1"), Verdict::Deny { until });
    }

    #[tokio::test]
    async fn a_change_made_elsewhere_is_in_force_after_a_second_and_one_made_here_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("pbx.db").to_str().unwrap()).unwrap();
        let in_force = RulesInForce::new();
        let denied = async |millis, address| {
            let rules = in_force.rules(&store, Duration::from_millis(millis)).await.unwrap();
            verdict(&rules, address) == DENY
        };
        let insert = |id: i64, cidr: &'static str| {
            move |tx: &mut crate::store::Tx<'_>| {
                let rule = IpRule {
                    id: Id::from_stored(id),
                    cidr: cidr.parse().unwrap(),
                    target: Target::Deny,
                    expire_at: None,
                    description: None,
                };
                queries::insert(tx, &rule, NOW)?;
                Ok::<_, Error>(Entry::create(Object::IpBlacklist, id).with(()))
            }
        };
        assert!(!denied(0, "192.0.2.1").await);

        // As another node does it: nothing in this process hears of it.
        let elsewhere = rusqlite::Connection::open(folder.path().join("pbx.db")).unwrap();
        let sql = "INSERT INTO ip_filters (id, cidr, target) VALUES (1, '192.0.2.1/32', 'DENY');
            INSERT INTO revisions VALUES ('ip_filters', 1);";
        elsewhere.execute_batch(sql).unwrap();
        assert!(!denied(999, "192.0.2.1").await);
        assert!(denied(1000, "192.0.2.1").await);

        let here = Changes::new(&store, Actor::system());
        here.write(insert(2, "192.0.2.2/32")).await.unwrap();
        assert!(denied(1001, "192.0.2.2").await);
    }

    #[tokio::test]
    async fn the_rules_stay_in_force_while_the_store_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("pbx.db").to_str().unwrap()).unwrap();
        let (known, unknown) = (RulesInForce::new(), RulesInForce::new());
        known.rules(&store, Duration::ZERO).await.unwrap();
        store.close().await;
        assert!(known.rules(&store, Duration::from_secs(2)).await.is_ok());
        assert!(unknown.rules(&store, Duration::from_secs(2)).await.is_err());
    }

    #[test]
    fn everybody_is_a_range_too() {
        let rules = rules(&[("0.0.0.0/0", Target::Deny, None), ("::/0", Target::Deny, None)]);
        assert_eq!(verdict(&rules, "203.0.113.1"), DENY);
        assert_eq!(verdict(&rules, "2001:db8::1"), DENY);
        assert_eq!(verdict(&Rules::default(), "203.0.113.1"), Verdict::Unknown);
    }
}
