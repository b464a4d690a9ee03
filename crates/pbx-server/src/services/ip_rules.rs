//! The IP rules in force, cached in memory: every request is checked against them.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::domain::ip_rules::{Rules, Verdict};
use crate::domain::{Error, clock};
use crate::store::{MAX_STALENESS, Store, ip_filters as queries};

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
    use jiff::Timestamp;

    use super::*;
    use crate::domain::Id;
    use crate::domain::audit::{Actor, Entry, Object};
    use crate::domain::ip_filters::{IpRule, Target};
    use crate::store::Changes;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    const DENY: Verdict = Verdict::Deny { until: None };

    fn verdict(rules: &Rules, address: &str) -> Verdict {
        rules.verdict(address.parse().unwrap(), NOW)
    }

    #[tokio::test]
    async fn changes_are_in_force_at_once_and_those_of_other_nodes_after_a_second() {
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
}
