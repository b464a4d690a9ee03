//! What is remembered of tenants, whoever changes them.

use pbx_test_postgres::{Cluster, TestDatabase};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::{Count, CountCache, MANY, counted};
use crate::error::StoreError;
use crate::tenants::{self, LOG};
use crate::testing::TestStore;
use crate::tx::Tx;
use pbx_domain::tenants::tenant::FIELDS;

struct Fixture {
    on: TestStore,
    runtime: tokio::runtime::Runtime,
    /// Ends after everything that uses it.
    _cluster: Option<Cluster>,
}

impl Fixture {
    fn on_every_engine() -> impl Iterator<Item = Self> {
        TestStore::on_every_engine().map(|on| Self::new(on, None))
    }

    /// On a PostgreSQL of which no other test holds a transaction open, which would make counts come from memory less often.
    fn undisturbed() -> impl Iterator<Item = Self> {
        let folder = TestDatabase::Sqlite(tempfile::tempdir().unwrap());
        let alone = Cluster::start().map(|cluster| (TestDatabase::Postgres(cluster.database()), Some(cluster)));
        let places = [Some((folder, None)), alone].into_iter().flatten();
        places.map(|(place, cluster)| Self::new(TestStore::open(place), cluster))
    }

    fn new(on: TestStore, cluster: Option<Cluster>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            on,
            runtime,
            _cluster: cluster,
        }
    }

    /// Beside the store, as another node does.
    fn sql(&self, statements: &str) {
        self.on.place.sql(statements, statements);
    }

    fn read<T: Send + 'static>(&self, work: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static) -> T {
        self.runtime.block_on(self.on.store.scan(work)).unwrap()
    }

    /// The count if it is known, and what it is.
    fn known(&self, rows: fn() -> SelectStatement) -> (Option<i64>, i64) {
        self.read(move |tx| {
            let rows = rows();
            let count = Count::new(tx, Some(&LOG), &rows)?.unwrap();
            let known = count.known(tx, &rows, true)?.map(|known| known.count);
            if known.is_none() {
                count.recount(tx, &rows)?;
            }
            Ok((known, counted(tx, &rows)?))
        })
    }

    fn revision(&self) -> Option<i64> {
        self.read(|tx| {
            let newest = Query::select().column("newest").from(LOG.revision).to_owned();
            Ok(tx.first(&newest, |row| row.get(0))?.flatten())
        })
    }

    fn forget(&self) {
        let work = |tx: &mut Tx<'_>| tenants::delete_old_changes(tx);
        self.runtime.block_on(self.on.store.write_unaudited(work)).unwrap();
    }
}

fn added(ids: impl IntoIterator<Item = i64>) -> String {
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

fn removed(id: i64) -> String {
    format!("DELETE FROM tenants WHERE id = {id};")
}

fn all() -> SelectStatement {
    Query::select().columns(["id", "name"]).from("tenants").to_owned()
}

fn german() -> SelectStatement {
    all().and_where(Expr::col("region").eq("DEU")).to_owned()
}

#[test]
fn whatever_lists_ask_about_is_logged_when_it_changes() {
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
        let changes = [added([1])].into_iter().chain(updates).chain(others.map(str::to_owned));
        for change in changes {
            fixture.sql(&change);
            let after = fixture.revision();
            assert!(after > before, "{change}");
            before = after;
        }
        fixture.sql(&added([1]));
        let before = fixture.revision();
        fixture.sql("UPDATE tenants SET balance = 5");
        assert_eq!(fixture.revision(), before);
    }
}

#[test]
fn few_changes_are_looked_at_alone() {
    for fixture in Fixture::undisturbed() {
        fixture.sql(&added(1..=6));
        assert_eq!(fixture.known(german), (None, 6));
        assert_eq!(fixture.known(german), (Some(6), 6));
        // It is asked for again: from here on every row is known.
        fixture.sql(&added([7]));
        assert_eq!(fixture.known(german), (None, 7));
        for (change, count) in [
            (added([8, 9]), 9),
            (removed(1), 8),
            ("UPDATE tenants SET region = 'AUT' WHERE id = 2;".to_owned(), 7),
            ("UPDATE tenants SET region = 'DEU' WHERE id = 2;".to_owned(), 8),
            (format!("{}{}", removed(3), added([3])), 8),
            (format!("{}{}", added([10]), removed(10)), 8),
        ] {
            fixture.sql(&change);
            assert_eq!(fixture.known(german), (Some(count), count), "{change}");
        }
    }
}

#[test]
fn few_rows_that_no_index_finds_are_learnt() {
    for fixture in Fixture::undisturbed() {
        let ids = || {
            fixture.read(|tx| {
                let count = Count::new(tx, Some(&LOG), &german())?.unwrap();
                let known = count.known(tx, &german(), false)?;
                if known.is_none() {
                    count.recount(tx, &german())?;
                }
                let mut ids = known.and_then(|known| known.ids);
                ids.iter_mut().for_each(|ids| ids.sort_unstable());
                Ok(ids)
            })
        };
        fixture.sql(&added(1..=3));
        assert_eq!(ids(), None);
        fixture.sql(&added([4]));
        assert_eq!(ids(), Some(vec![1, 2, 3, 4]));
        fixture.sql(&removed(2));
        assert_eq!(ids(), Some(vec![1, 3, 4]));
        fixture.sql(&added([5, 6]));
        assert_eq!(ids(), None);
    }
}

#[test]
fn many_changes_and_forgotten_ones_are_counted_anew() {
    for fixture in Fixture::on_every_engine() {
        let many = i64::from(MANY) + 1;
        fixture.sql(&added([0]));
        fixture.known(all);
        fixture.sql(&added([1]));
        fixture.known(all);
        fixture.sql(&added(2..2 + many));
        assert_eq!(fixture.known(all), (None, 2 + many));
        // The log does not reach back to what is remembered.
        for _ in 0..20 {
            fixture.sql("UPDATE tenants SET name = 'x' WHERE id = 1");
        }
        fixture.forget();
        assert_eq!(fixture.known(all), (None, 2 + many));
    }
}

#[test]
fn the_log_is_cut_and_rid_of_what_another_server_wrote() {
    for fixture in Fixture::on_every_engine() {
        if let TestDatabase::Postgres(database) = &fixture.on.place {
            database.sql("INSERT INTO tenant_changes (revision, tenant_id) VALUES (4611686018427387904, 1)");
        }
        fixture.forget();
        fixture.sql(&added([1]));
        for _ in 0..30 {
            fixture.sql("UPDATE tenants SET name = 'x'");
        }
        let newest = fixture.revision();
        fixture.forget();
        let entries = fixture.read(|tx| {
            let entries = Query::select().column("revision").from(LOG.entries).to_owned();
            Ok(tx.all(&entries, |row| row.get::<i64>(0))?.len())
        });
        assert_eq!((entries, fixture.revision()), (17, newest));
    }
}

/// The one that commits last has the lower number.
#[test]
fn a_transaction_that_was_overtaken_is_seen_on_postgresql() {
    for fixture in Fixture::undisturbed() {
        let TestDatabase::Postgres(database) = &fixture.on.place else {
            continue;
        };
        for id in 1..=3 {
            fixture.sql(&added([id]));
            fixture.known(all);
        }
        let mut slow = postgres::Client::connect(&database.url(), postgres::NoTls).unwrap();
        slow.batch_execute(&format!("BEGIN; {}", added([4]))).unwrap();
        fixture.sql(&added([5]));
        assert_eq!(fixture.known(all), (Some(4), 4));
        slow.batch_execute("COMMIT").unwrap();
        assert_eq!(fixture.known(all), (Some(5), 5));
    }
}

#[test]
fn what_a_writing_transaction_sees_is_not_remembered() {
    for fixture in Fixture::on_every_engine() {
        let work = |tx: &mut Tx<'_>| Ok::<_, StoreError>(Count::new(tx, Some(&LOG), &all())?.is_none());
        assert!(
            fixture
                .runtime
                .block_on(fixture.on.store.write_unaudited(work))
                .unwrap()
        );
    }
}

#[test]
fn too_many_ids_make_those_that_were_not_asked_for_forgotten() {
    let counts = CountCache::default();
    let [first, second] = ["first", "second"].map(|statement| counts.known(statement));
    counts.weigh("first", 20);
    counts.weigh("second", 12);
    assert!(std::sync::Arc::ptr_eq(&counts.known("first"), &first));
    counts.weigh("first", 21);
    assert!(std::sync::Arc::ptr_eq(&counts.known("first"), &first));
    assert!(!std::sync::Arc::ptr_eq(&counts.known("second"), &second));
}

#[test]
fn whether_rows_are_few_is_asked_again_after_many_changes() {
    for fixture in Fixture::on_every_engine() {
        let few = |answer| {
            fixture.read(move |tx| {
                let count = Count::new(tx, Some(&LOG), &all())?.unwrap();
                count.are_few(tx, &german(), |_, _| Ok(answer))
            })
        };
        fixture.sql(&added([1]));
        assert!(few(true));
        assert!(few(false));
        for _ in 0..MANY {
            fixture.sql("UPDATE tenants SET name = 'x'");
        }
        assert!(!few(false));
    }
}
