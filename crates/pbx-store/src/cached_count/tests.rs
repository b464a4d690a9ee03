//! Cached counts of tenants, which another node changes.

use pbx_domain::tenants::tenant::FIELDS;
use pbx_test_postgres::{Cluster, TestDatabase};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::{CachedCount, CountCache, MAX_CHANGED_ROWS, count_rows};
use crate::error::StoreError;
use crate::tenants::{self, LOG};
use crate::testing::TestStore;
use crate::tx::Tx;

struct Fixture {
    test_store: TestStore,
    runtime: tokio::runtime::Runtime,
    /// Dropped last: everything else uses it.
    _cluster: Option<Cluster>,
}

impl Fixture {
    fn on_every_engine() -> impl Iterator<Item = Self> {
        TestStore::on_every_engine().map(|test_store| Self::new(test_store, None))
    }

    /// On a PostgreSQL without other tests: one of their open transactions would hold back `settled`, and so cause more recounts.
    fn on_every_engine_alone() -> impl Iterator<Item = Self> {
        let sqlite = TestDatabase::Sqlite(tempfile::tempdir().unwrap());
        let postgres = Cluster::start().map(|cluster| (TestDatabase::Postgres(cluster.database()), Some(cluster)));
        let databases = [Some((sqlite, None)), postgres].into_iter().flatten();
        databases.map(|(database, cluster)| Self::new(TestStore::open(database), cluster))
    }

    fn new(test_store: TestStore, cluster: Option<Cluster>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            test_store,
            runtime,
            _cluster: cluster,
        }
    }

    /// Runs statements past the store, as another node does.
    fn sql(&self, statements: &str) {
        self.test_store.database.sql(statements, statements);
    }

    fn read<T: Send + 'static>(&self, work: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static) -> T {
        self.runtime
            .block_on(self.test_store.store.scan(pbx_domain::session::Principal::System, work))
            .unwrap()
    }

    /// Returns the cached count, if it can be used, and the one that the database has.
    fn counts(&self, rows: fn() -> SelectStatement) -> (Option<i64>, i64) {
        self.read(move |tx| {
            let rows = rows();
            let count = CachedCount::new(tx, Some(&LOG), &rows)?.unwrap();
            let cached = count.refresh(tx, &rows, true)?.map(|cached| cached.count);
            if cached.is_none() {
                count.recount(tx, &rows)?;
            }
            Ok((cached, count_rows(tx, &rows)?))
        })
    }

    fn revision(&self) -> Option<i64> {
        self.read(|tx| {
            let newest = Query::select().column("newest").from(LOG.view).to_owned();
            Ok(tx.first(&newest, |row| row.get(0))?.flatten())
        })
    }

    fn trim_log(&self) {
        let work = |tx: &mut Tx<'_>| tenants::trim_change_log(tx);
        self.runtime
            .block_on(self.test_store.store.write_unaudited(work))
            .unwrap();
    }
}

fn insert(ids: impl IntoIterator<Item = i64>) -> String {
    ids.into_iter()
        .map(|id| {
            format!(
                "INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions,
                 max_concurrent_calls, created_at)
                 VALUES ({id}, 'n{id}', 'd{id}', 'd{id}', 'UTC', 'EUR', 'DEU', TRUE, 1, 1, 0);"
            )
        })
        .collect()
}

fn delete(id: i64) -> String {
    format!("DELETE FROM tenants WHERE id = {id};")
}

fn all() -> SelectStatement {
    Query::select().columns(["id", "name"]).from("tenants").to_owned()
}

fn german() -> SelectStatement {
    all().and_where(Expr::col("region").eq("DEU")).to_owned()
}

#[test]
fn every_change_of_a_listed_column_is_logged() {
    for fixture in Fixture::on_every_engine() {
        fixture.sql(
            "INSERT INTO accounts (id, name, name_key, password_hash, role, enabled, created_at)
             VALUES (7, 'd', 'd', '', 'DEALER', TRUE, 0);
             INSERT INTO dealers (id, level, max_tenants, max_extensions, tenant_full_access)
             VALUES (7, 'DISTRIBUTOR', 0, 0, TRUE)",
        );
        let columns = FIELDS.iter().map(|field| field.name).filter(|name| *name != "id");
        let updates = columns
            .chain(["search_text"])
            .map(|column| format!("UPDATE tenants SET {column} = {column}"));
        let others = [
            "INSERT INTO dealer_tenants (ancestor_id, tenant_id) VALUES (7, 1)",
            "DELETE FROM dealer_tenants",
            "INSERT INTO dealer_tenants (ancestor_id, tenant_id) VALUES (7, 1)",
            "DELETE FROM dealers",
            "DELETE FROM tenants",
        ];
        let mut before = fixture.revision();
        let changes = [insert([1])]
            .into_iter()
            .chain(updates)
            .chain(others.map(str::to_owned));
        for change in changes {
            fixture.sql(&change);
            let after = fixture.revision();
            assert!(after > before, "{change}");
            before = after;
        }
        fixture.sql(&insert([1]));
        let before = fixture.revision();
        fixture.sql("UPDATE tenants SET balance = 5");
        assert_eq!(fixture.revision(), before);
    }
}

#[test]
fn few_changes_are_applied_to_the_cached_count() {
    for fixture in Fixture::on_every_engine_alone() {
        fixture.sql(&insert(1..=6));
        assert_eq!(fixture.counts(german), (None, 6));
        assert_eq!(fixture.counts(german), (Some(6), 6));
        // Counted for the second time: from here on the IDs are cached.
        fixture.sql(&insert([7]));
        assert_eq!(fixture.counts(german), (None, 7));
        for (change, count) in [
            (insert([8, 9]), 9),
            (delete(1), 8),
            ("UPDATE tenants SET region = 'AUT' WHERE id = 2;".to_owned(), 7),
            ("UPDATE tenants SET region = 'DEU' WHERE id = 2;".to_owned(), 8),
            (format!("{}{}", delete(3), insert([3])), 8),
            (format!("{}{}", insert([10]), delete(10)), 8),
        ] {
            fixture.sql(&change);
            assert_eq!(fixture.counts(german), (Some(count), count), "{change}");
        }
    }
}

#[test]
fn ids_of_few_unindexed_rows_are_cached() {
    for fixture in Fixture::on_every_engine_alone() {
        let ids = || {
            fixture.read(|tx| {
                let count = CachedCount::new(tx, Some(&LOG), &german())?.unwrap();
                let cached = count.refresh(tx, &german(), false)?;
                if cached.is_none() {
                    count.recount(tx, &german())?;
                }
                let mut ids = cached.and_then(|cached| cached.ids);
                ids.iter_mut().for_each(|ids| ids.sort_unstable());
                Ok(ids)
            })
        };
        fixture.sql(&insert(1..=3));
        assert_eq!(ids(), None);
        fixture.sql(&insert([4]));
        assert_eq!(ids(), Some(vec![1, 2, 3, 4]));
        fixture.sql(&delete(2));
        assert_eq!(ids(), Some(vec![1, 3, 4]));
        fixture.sql(&insert([5, 6]));
        assert_eq!(ids(), None);
    }
}

#[test]
fn many_changes_and_deleted_log_entries_cause_a_recount() {
    for fixture in Fixture::on_every_engine() {
        let many = i64::from(MAX_CHANGED_ROWS) + 1;
        fixture.sql(&insert([0]));
        fixture.counts(all);
        fixture.sql(&insert([1]));
        fixture.counts(all);
        fixture.sql(&insert(2..2 + many));
        assert_eq!(fixture.counts(all), (None, 2 + many));
        // Afterwards the log does not reach back to the cached count.
        for _ in 0..20 {
            fixture.sql("UPDATE tenants SET name = 'x' WHERE id = 1");
        }
        fixture.trim_log();
        assert_eq!(fixture.counts(all), (None, 2 + many));
    }
}

#[test]
fn trimming_the_log_also_deletes_revisions_of_another_server() {
    for fixture in Fixture::on_every_engine() {
        if let TestDatabase::Postgres(database) = &fixture.test_store.database {
            database.sql("INSERT INTO tenant_changes (revision, tenant_id) VALUES (4611686018427387904, 1)");
        }
        fixture.trim_log();
        fixture.sql(&insert([1]));
        for _ in 0..30 {
            fixture.sql("UPDATE tenants SET name = 'x'");
        }
        let newest = fixture.revision();
        fixture.trim_log();
        let entries = fixture.read(|tx| {
            let entries = Query::select().column("revision").from(LOG.table).to_owned();
            Ok(tx.all(&entries, |row| row.get::<i64>(0))?.len())
        });
        assert_eq!((entries, fixture.revision()), (17, newest));
    }
}

/// The transaction that commits last has the lower revision.
#[test]
fn changes_committed_out_of_order_are_counted_on_postgresql() {
    for fixture in Fixture::on_every_engine_alone() {
        let TestDatabase::Postgres(database) = &fixture.test_store.database else {
            continue;
        };
        for id in 1..=3 {
            fixture.sql(&insert([id]));
            fixture.counts(all);
        }
        let url = database.url();
        let connecting = tokio_postgres::connect(&url, tokio_postgres::NoTls);
        let (slow, connection) = fixture.runtime.block_on(connecting).unwrap();
        fixture.runtime.spawn(connection);
        let begin = format!("BEGIN; {}", insert([4]));
        fixture.runtime.block_on(slow.batch_execute(&begin)).unwrap();
        fixture.sql(&insert([5]));
        assert_eq!(fixture.counts(all), (Some(4), 4));
        fixture.runtime.block_on(slow.batch_execute("COMMIT")).unwrap();
        assert_eq!(fixture.counts(all), (Some(5), 5));
    }
}

#[test]
fn counts_of_a_writing_transaction_are_not_cached() {
    for fixture in Fixture::on_every_engine() {
        let work = |tx: &mut Tx<'_>| Ok::<_, StoreError>(CachedCount::new(tx, Some(&LOG), &all())?.is_none());
        assert!(
            fixture
                .runtime
                .block_on(fixture.test_store.store.write_unaudited(work))
                .unwrap()
        );
    }
}

#[test]
fn the_least_recently_used_ids_are_evicted() {
    let cache = CountCache::default();
    let [first, second] = ["first", "second"].map(|sql| cache.entry(sql));
    cache.record_id_count("first", 20);
    cache.record_id_count("second", 12);
    assert!(std::sync::Arc::ptr_eq(&cache.entry("first"), &first));
    cache.record_id_count("first", 21);
    assert!(std::sync::Arc::ptr_eq(&cache.entry("first"), &first));
    assert!(!std::sync::Arc::ptr_eq(&cache.entry("second"), &second));
}

#[test]
fn selectivity_is_checked_again_after_many_changes() {
    for fixture in Fixture::on_every_engine() {
        let is_selective = |checked| {
            fixture.read(move |tx| {
                let count = CachedCount::new(tx, Some(&LOG), &all())?.unwrap();
                count.is_selective(tx, &german(), |_, _| Ok(checked))
            })
        };
        fixture.sql(&insert([1]));
        assert!(is_selective(true));
        assert!(is_selective(false));
        for _ in 0..MAX_CHANGED_ROWS {
            fixture.sql("UPDATE tenants SET name = 'x'");
        }
        assert!(!is_selective(false));
    }
}
