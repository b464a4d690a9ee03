//! The bounds of the store: IP rules that nobody waits for, slots of scans and writes, and deadlines.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pbx_domain::audit::{Actor, Audited, Entry, Object};
use pbx_domain::ip_filters::IpRule;
use pbx_domain::ip_rules::Verdict;
use pbx_domain::session::Principal;
use pbx_domain::{Error, Id};
use pbx_test_postgres::TestDatabase;
use pbx_types::ip_filters::IpRuleTarget;
use sea_query::{Expr, Query};

use super::{insert, names};
use crate::changes::Changes;
use crate::error::StoreError;
use crate::ip_filters;
use crate::store::Store;
use crate::testing::TestStore;
use crate::tx::Tx;

/// Denies an address by a rule with this ID.
fn deny(id: i64, cidr: &'static str) -> impl Fn(&mut Tx<'_>) -> Result<Audited<()>, Error> + Send + 'static {
    move |tx| {
        let rule = IpRule {
            cidr: cidr.parse().unwrap(),
            target: IpRuleTarget::Deny,
            expire_at: None,
            description: None,
        };
        ip_filters::insert(tx, Id::from_stored(id), &rule, Timestamp::UNIX_EPOCH)?;
        Ok(Entry::create(Object::IpBlacklist, id).with(()))
    }
}

/// Returns `true` if the cached rules deny the address.
fn is_denied(store: &Store, address: &str) -> bool {
    let rules = store.cached_ip_rules().unwrap();
    rules.verdict(address.parse().unwrap(), Timestamp::UNIX_EPOCH) == Verdict::Deny { until: None }
}

#[tokio::test]
async fn ip_rule_is_in_force_when_its_writer_gets_the_result_and_on_other_nodes_after_a_refresh() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        assert!(store.cached_ip_rules().is_none());
        store.refresh_ip_rules().await.unwrap();
        assert!(!is_denied(store, "192.0.2.1"));

        // Written past the store, as another node does.
        let sql = "INSERT INTO ip_filters (id, cidr, target) VALUES (1, '192.0.2.1/32', 'DENY');
            INSERT INTO revisions VALUES ('ip_filters', 1);";
        fixture.database.sql(sql, sql);
        assert!(!is_denied(store, "192.0.2.1"));
        store.refresh_ip_rules().await.unwrap();
        assert!(is_denied(store, "192.0.2.1"));

        let here = Changes::new(store, Actor::system());
        here.write(deny(2, "192.0.2.2/32")).await.unwrap();
        assert!(is_denied(store, "192.0.2.2"));
    }
}

#[tokio::test]
async fn stale_ip_rules_stay_in_force_while_the_store_cannot_be_read() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        store.refresh_ip_rules().await.unwrap();
        Changes::new(store, Actor::system())
            .write(deny(1, "192.0.2.1/32"))
            .await
            .unwrap();
        store.close().await;
        assert!(store.refresh_ip_rules().await.is_err());
        assert!(is_denied(store, "192.0.2.1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_ip_rule_is_in_force_while_all_scans_are_busy() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        store.refresh_ip_rules().await.unwrap();
        let (gate, (started, mut starts)) = (Gate::closed(), tokio::sync::mpsc::unbounded_channel());
        let scans = (0..20).map(|number| {
            let (store, hold) = (store.clone(), gate.hold(&started));
            tokio::spawn(async move { store.scan(Principal::Tenant(Id::from_stored(number)), hold).await })
        });
        let scans: Vec<_> = scans.collect();
        for _ in 0..4 {
            starts.recv().await.unwrap();
        }
        Changes::new(store, Actor::system())
            .write(deny(1, "192.0.2.1/32"))
            .await
            .unwrap();
        assert!(is_denied(store, "192.0.2.1"));
        gate.open();
        for scan in scans {
            scan.await.unwrap().unwrap();
        }
    }
}

/// Blocks the transactions that wait at it, until it is dropped.
struct Gate {
    opener: std::sync::mpsc::Sender<()>,
    closed: Arc<std::sync::Mutex<std::sync::mpsc::Receiver<()>>>,
}

impl Gate {
    fn closed() -> Self {
        let (opener, closed) = std::sync::mpsc::channel();
        Self {
            opener,
            closed: Arc::new(std::sync::Mutex::new(closed)),
        }
    }

    /// Returns a transaction that reports its start and waits.
    fn hold(
        &self,
        started: &tokio::sync::mpsc::UnboundedSender<()>,
    ) -> impl Fn(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static {
        let (closed, started) = (Arc::clone(&self.closed), started.clone());
        move |_| {
            let _ = started.send(());
            let _ = closed.lock().unwrap().recv();
            Ok(())
        }
    }

    fn open(self) {
        drop(self.opener);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scans_of_one_principal_do_not_delay_those_of_others() {
    for fixture in TestStore::on_every_engine() {
        let (gate, (started, mut starts)) = (Gate::closed(), tokio::sync::mpsc::unbounded_channel());
        let tenant = Principal::Tenant(Id::from_stored(1));
        let scans = (0..30).map(|_| {
            let (store, hold) = (fixture.store.clone(), gate.hold(&started));
            tokio::spawn(async move { store.scan(tenant, hold).await })
        });
        let scans: Vec<_> = scans.collect();
        starts.recv().await.unwrap();
        for other in [Principal::System, Principal::Tenant(Id::from_stored(2))] {
            fixture.store.scan(other, |_| Ok::<_, StoreError>(())).await.unwrap();
        }
        gate.open();
        for scan in scans {
            scan.await.unwrap().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_scans_and_writes_of_a_principal_are_bounded() {
    for fixture in TestStore::on_every_engine() {
        let store = fixture.store.clone().with_limits(crate::store::StoreLimits {
            scans: 1,
            waiting_scans: 1,
            waiting_writes: 0,
            ..crate::store::StoreLimits::default()
        });
        let (gate, (started, mut starts)) = (Gate::closed(), tokio::sync::mpsc::unbounded_channel());
        let tenant = Principal::Tenant(Id::from_stored(1));
        let scan = |hold| {
            let store = store.clone();
            tokio::spawn(async move { store.scan(tenant, hold).await })
        };
        let running = scan(gate.hold(&started));
        starts.recv().await.unwrap();
        let two = [scan(gate.hold(&started)), scan(gate.hold(&started))];
        // Of the two, one waits and the other is refused, which is the first to end.
        let (first, _, waiting) = futures_util::future::select_all(two).await;
        assert!(matches!(first.unwrap(), Err(StoreError::Unavailable(_))));
        gate.open();
        running.await.unwrap().unwrap();
        for waiting in waiting {
            waiting.await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn scan_that_takes_too_long_is_interrupted_and_frees_its_slot() {
    let fixture = TestStore::open(TestDatabase::Sqlite(tempfile::tempdir().unwrap()));
    let store = fixture.store.clone().with_limits(crate::store::StoreLimits {
        scans: 1,
        longest_scan: Duration::from_millis(50),
        ..crate::store::StoreLimits::default()
    });
    let late = store.scan(Principal::System, endless).await;
    assert!(matches!(late, Err(StoreError::Interrupted)), "{late:?}");
    let slot = fixture.store.scan(Principal::System, |_| Ok::<_, StoreError>(())).await;
    slot.unwrap();
    // Closing waits for the threads of scans.
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn running_scan_is_interrupted_when_its_caller_is_dropped_and_by_closing() {
    let fixture = TestStore::open(TestDatabase::Sqlite(tempfile::tempdir().unwrap()));
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let scan = || {
        let (store, started) = (fixture.store.clone(), started.clone());
        let work = move |tx: &mut Tx<'_>| {
            started.send(()).unwrap();
            endless(tx)
        };
        tokio::spawn(async move { store.scan(Principal::System, work).await })
    };
    // More than there are threads and slots.
    for _ in 0..8 {
        let scan = scan();
        starts.recv().await.unwrap();
        scan.abort();
    }
    let last = scan();
    starts.recv().await.unwrap();
    fixture.store.close().await;
    assert!(last.await.unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn write_that_takes_too_long_is_rolled_back_alone() {
    let fixture = TestStore::open(TestDatabase::Sqlite(tempfile::tempdir().unwrap()));
    let store = &fixture.store;
    let started = Arc::new(std::sync::Barrier::new(2));
    let gate = Arc::clone(&started);
    let first = store.write_unaudited(move |tx| {
        // It runs again after the transaction that takes too long.
        insert(tx, "first")?;
        if Arc::strong_count(&gate) > 1 {
            gate.wait();
        }
        Ok::<_, StoreError>(())
    });
    let endless = store.write_unaudited(|tx| {
        insert(tx, "endless")?;
        let mut statement = Query::insert();
        let rows = Query::select()
            .expr(Expr::cust("hex(randomblob(8))"))
            .expr(Expr::value("{}"))
            .from_subquery(endless_rows(), "rows")
            .to_owned();
        statement
            .into_table("settings")
            .columns(["name", "value"])
            .select_from(rows)
            .unwrap();
        tx.execute(&statement).map(drop)
    });
    let last = store.write_unaudited(|tx| insert(tx, "last"));
    let release = tokio::task::spawn_blocking(move || {
        started.wait();
    });
    let (first, endless, last, release) = tokio::join!(first, endless, last, release);
    release.unwrap();
    assert!(matches!(endless, Err(StoreError::Interrupted)), "{endless:?}");
    first.unwrap();
    last.unwrap();
    assert_eq!(names(store).await, ["first", "last"]);
}

/// Reads rows without end.
fn endless(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let count = Query::select()
        .expr(Expr::cust("count(*)"))
        .from_subquery(endless_rows(), "rows")
        .to_owned();
    tx.first(&count, |_| Ok(())).map(drop)
}

fn endless_rows() -> sea_query::SelectStatement {
    use sea_query::{CommonTableExpression, UnionType, WithClause};
    let next = Query::select().expr(Expr::cust("1")).from("numbers").to_owned();
    let numbers = CommonTableExpression::new()
        .query(
            Query::select()
                .expr(Expr::cust("1"))
                .union(UnionType::All, next)
                .to_owned(),
        )
        .column("number")
        .table_name("numbers")
        .to_owned();
    let with = WithClause::new().recursive(true).cte(numbers).to_owned();
    Query::select()
        .column("number")
        .from("numbers")
        .with_cte(with)
        .to_owned()
}
