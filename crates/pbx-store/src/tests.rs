//! The guarantees of the store: isolation of failed transactions, durability of acknowledged ones, constraints by name.

mod bounds;

use std::sync::Arc;
use std::time::Duration;

use pbx_domain::Error;
use pbx_domain::audit::{Actor, Audited};
use pbx_domain::session::Principal;
use pbx_test_postgres::TestDatabase;
use sea_query::{Expr, ExprTrait, Query};

use crate::changes::Changes;
use crate::error::{OnConstraint, OpenError, StoreError};
use crate::postgres::PostgresOptions;
use crate::store::{Location, Store};
use crate::testing::TestStore;
use crate::tx::Tx;

async fn names(store: &Store) -> Vec<String> {
    let names = store.read(|tx| {
        let select = Query::select()
            .column("name")
            .from("settings")
            .order_by("name", sea_query::Order::Asc)
            .to_owned();
        tx.all(&select, |row| row.get(0))
    });
    names.await.map_err(|error: StoreError| error).unwrap()
}

fn insert(tx: &mut Tx<'_>, name: &str) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("settings")
        .columns(["name", "value"])
        .values_panic([name.into(), "{}".into()]);
    tx.execute(&insert).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_or_panicking_write_rolls_back_only_its_own_changes() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        // The first one blocks the writer thread, so that the others are queued and share a batch.
        let started = Arc::new(std::sync::Barrier::new(2));
        let gate = Arc::clone(&started);
        let holding = store.write_unaudited(move |tx| {
            insert(tx, "first")?;
            gate.wait();
            Ok::<_, StoreError>(())
        });
        let good = store.write_unaudited(|tx| insert(tx, "good"));
        let failing = store.write_unaudited(|tx| {
            insert(tx, "failing")?;
            Err::<(), _>(StoreError::Engine("refused".to_owned()))
        });
        let panicking = store.write_unaudited(|tx| -> Result<(), StoreError> {
            insert(tx, "panicking")?;
            panic!("on purpose")
        });
        let last = store.write_unaudited(|tx| insert(tx, "last"));
        let release = tokio::task::spawn_blocking(move || started.wait());
        let (holding, good, failing, panicking, last, release) =
            tokio::join!(holding, good, failing, panicking, last, release);
        release.unwrap();
        assert!(holding.is_ok() && good.is_ok() && last.is_ok());
        assert!(matches!(failing, Err(StoreError::Engine(_))));
        assert!(matches!(panicking, Err(StoreError::Panicked)));
        assert_eq!(names(&fixture.store).await, ["first", "good", "last"]);
    }
}

#[tokio::test]
async fn rehearsed_change_writes_nothing_and_returns_the_errors_of_its_rules() {
    for fixture in TestStore::on_every_engine() {
        let changes = Changes::new(&fixture.store, Actor::default()).rehearsed(true);
        let written = changes.write_unaudited(|tx| insert(tx, "one")).await;
        assert!(matches!(written, Err(StoreError::ReadOnly)));
        let audited = |tx: &mut Tx<'_>| Ok::<_, Error>(Audited::nothing(insert(tx, "two")?));
        assert!(matches!(changes.write(audited).await, Err(Error::Internal { .. })));
        let nothing = changes.write(|_| Ok::<_, Error>(Audited::nothing(()))).await;
        assert!(matches!(nothing, Err(Error::Internal { .. })), "it never succeeds");
        let refused = changes.write_unaudited(|_| Err::<(), _>(StoreError::Closed)).await;
        assert!(matches!(refused, Err(StoreError::Closed)));
        assert_eq!(names(&fixture.store).await, [""; 0]);
    }
}

#[tokio::test]
async fn constraint_violations_have_the_name_of_the_constraint() {
    for fixture in TestStore::on_every_engine() {
        fixture.store.write_unaudited(|tx| insert(tx, "one")).await.unwrap();
        let again = fixture.store.write_unaudited(|tx| insert(tx, "one")).await;
        assert!(matches!(&again, Err(error) if error.violates("settings_name")));
        let renamed: Result<(), StoreError> = again.on_constraint("settings_name", || StoreError::Closed);
        assert!(matches!(renamed, Err(StoreError::Closed)));
    }
}

#[tokio::test]
async fn acknowledged_writes_survive_a_restart() {
    for fixture in TestStore::on_every_engine() {
        fixture.store.write_unaudited(|tx| insert(tx, "kept")).await.unwrap();
        fixture.store.close().await;
        assert!(
            !matches!(&fixture.database, TestDatabase::Sqlite(directory) if directory.path().join("pbx.db-wal").exists()),
            "a clean stop leaves one file"
        );
        assert_eq!(names(&fixture.reopen().store).await, ["kept"]);
    }
}

#[tokio::test]
async fn transactions_on_a_closed_store_are_refused() {
    for fixture in TestStore::on_every_engine() {
        fixture.store.close().await;
        fixture.store.close().await;
        assert!(matches!(
            fixture.store.write_unaudited(|tx| insert(tx, "late")).await,
            Err(StoreError::Closed)
        ));
        assert!(matches!(fixture.store.read(|_| Ok(())).await, Err(StoreError::Closed)));
        assert!(matches!(
            fixture.store.scan(Principal::System, |_| Ok(())).await,
            Err(StoreError::Closed)
        ));
    }
}

#[tokio::test]
async fn reads_cannot_write() {
    for fixture in TestStore::on_every_engine() {
        assert!(fixture.store.read(|tx| insert(tx, "sneaked")).await.is_err());
        assert!(
            fixture
                .store
                .scan(Principal::System, |tx| insert(tx, "sneaked"))
                .await
                .is_err()
        );
        assert_eq!(names(&fixture.store).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_changes_to_one_row_are_all_counted() {
    for fixture in TestStore::on_every_engine() {
        fixture.store.write_unaudited(|tx| insert(tx, "counter")).await.unwrap();
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let store = fixture.store.clone();
                tokio::spawn(async move {
                    store
                        .write_unaudited(|tx| {
                            let select = Query::select()
                                .column("value")
                                .from("settings")
                                .and_where(Expr::col("name").eq("counter"))
                                .to_owned();
                            let value: String = tx.first(&select, |row| row.get(0))?.unwrap();
                            let mut update = Query::update();
                            update
                                .table("settings")
                                .value("value", format!("{value}+"))
                                .and_where(Expr::col("name").eq("counter"));
                            tx.execute(&update)
                        })
                        .await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().map_err(|error: StoreError| error).unwrap();
        }
        let value: Option<String> = fixture
            .store
            .read(|tx| {
                let select = Query::select().column("value").from("settings").to_owned();
                tx.first(&select, |row| row.get(0))
            })
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        assert_eq!(value.unwrap().len(), "{}".len() + 200);
    }
}

/// Runs a statement that takes ten minutes.
fn sleep(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let sleep = Query::select().expr(Expr::cust("pg_sleep(600)")).to_owned();
    tx.all(&sleep, |_| Ok(())).map(drop)
}

#[tokio::test]
async fn a_read_without_its_caller_is_canceled_on_postgresql() {
    let Some(database) = pbx_test_postgres::database() else {
        return;
    };
    let options = PostgresOptions {
        statement: Duration::from_secs(600),
        ..PostgresOptions::default()
    };
    let store = Store::open_with(&database.url(), options).unwrap();
    let sleeping =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%'
        AND state = 'active' AND pid <> pg_backend_pid()";
    let until = async |count: &str| {
        let polled = async {
            while database.sql(sleeping) != count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), polled).await.unwrap();
    };
    for _ in 0..2 {
        let read = tokio::spawn({
            let store = store.clone();
            async move { store.read(sleep).await }
        });
        let scan = tokio::spawn({
            let store = store.clone();
            async move { store.scan(Principal::System, sleep).await }
        });
        until("2").await;
        read.abort();
        scan.abort();
        until("0").await;
    }
    assert_eq!(names(&store).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_without_its_caller_is_committed() {
    for fixture in TestStore::on_every_engine() {
        let gate = Arc::new(std::sync::Barrier::new(2));
        let write = tokio::spawn({
            let (store, gate) = (fixture.store.clone(), Arc::clone(&gate));
            async move {
                let work = move |tx: &mut Tx<'_>| {
                    gate.wait();
                    gate.wait();
                    insert(tx, "kept")
                };
                store.write_unaudited(work).await
            }
        });
        let meet = |gate: &Arc<std::sync::Barrier>| {
            let gate = Arc::clone(gate);
            tokio::task::spawn_blocking(move || gate.wait())
        };
        meet(&gate).await.unwrap();
        write.abort();
        assert!(write.await.unwrap_err().is_cancelled());
        meet(&gate).await.unwrap();
        let committed = async { while names(&fixture.store).await != ["kept"] {} };
        tokio::time::timeout(Duration::from_secs(20), committed).await.unwrap();
    }
}

#[tokio::test]
async fn ignoring_a_failed_statement_fails_the_transaction_on_postgresql() {
    for fixture in TestStore::on_every_engine() {
        fixture.store.write_unaudited(|tx| insert(tx, "one")).await.unwrap();
        let outcome = fixture.store.write_unaudited(|tx| {
            let _ = insert(tx, "one");
            insert(tx, "two")
        });
        let outcome = outcome.await;
        // SQLite rolls back the statement alone. PostgreSQL rolls back the transaction, and its COMMIT reports no error.
        match &fixture.database {
            TestDatabase::Sqlite(_) => assert!(outcome.is_ok()),
            TestDatabase::Postgres(_) => assert!(matches!(outcome, Err(StoreError::Engine(_)))),
        }
        assert_eq!(names(&fixture.store).await.contains(&"two".to_owned()), outcome.is_ok());
    }
}

#[tokio::test]
async fn values_are_read_as_they_were_written_and_nul_is_refused() {
    for fixture in TestStore::on_every_engine() {
        fixture.database.sql(
            "CREATE TABLE kinds (flag INTEGER, number INTEGER, fraction REAL, text TEXT, bytes BLOB) STRICT",
            "CREATE TABLE kinds (flag BOOLEAN, number BIGINT, fraction FLOAT8, text TEXT, bytes BYTEA);
             ALTER TABLE kinds OWNER TO pbx",
        );
        let columns = ["flag", "number", "fraction", "text", "bytes"];
        let read = fixture.store.write_unaudited(move |tx| {
            let (text, bytes) = ("ä\u{1}'\\😀\u{10FFFF}".to_owned(), vec![0u8, 255, 39]);
            for row in [
                [true.into(), i64::MIN.into(), 0.1f64.into(), text.into(), bytes.into()],
                [
                    None::<bool>.into(),
                    None::<i64>.into(),
                    None::<f64>.into(),
                    None::<String>.into(),
                    None::<Vec<u8>>.into(),
                ],
            ] {
                let mut insert = Query::insert();
                insert.into_table("kinds").columns(columns).values_panic(row);
                tx.execute(&insert)?;
            }
            let select = Query::select().columns(columns).from("kinds").to_owned();
            tx.all(&select, |row| {
                Ok((
                    row.get::<Option<bool>>(0)?,
                    row.get::<Option<i64>>(1)?,
                    row.get::<Option<String>>(3)?,
                    row.get::<Option<Vec<u8>>>(4)?,
                ))
            })
        });
        let read = read.await.map_err(|error: StoreError| error).unwrap();
        let first = (
            Some(true),
            Some(i64::MIN),
            Some("ä\u{1}'\\😀\u{10FFFF}".to_owned()),
            Some(vec![0, 255, 39]),
        );
        assert_eq!(read, [first, (None, None, None, None)]);
        let nul = fixture.store.write_unaudited(|tx| insert(tx, "a\0b")).await;
        assert!(matches!(nul, Err(StoreError::NulInString)));
    }
}

#[test]
fn urls_are_parsed_into_locations() {
    let path = |url| match Location::parse(url)? {
        Location::Sqlite(path) => Ok(path.display().to_string()),
        Location::Postgres(_) => panic!("{url}"),
    };
    assert_eq!(path("./pbx.db").unwrap(), "./pbx.db");
    assert_eq!(path("sqlite:./pbx.db").unwrap(), "./pbx.db");
    assert_eq!(path("sqlite:///var/lib/pbx.db").unwrap(), "/var/lib/pbx.db");
    assert!(matches!(
        path("mysql://localhost/pbx"),
        Err(OpenError::UnknownScheme { .. })
    ));
    assert!(matches!(path("sqlite:"), Err(OpenError::NoPath)));
    assert!(matches!(path(":memory:"), Err(OpenError::NoPath)));
}
