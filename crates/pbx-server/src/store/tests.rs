//! The store's promises: isolation of failures, durability of answers, constraints by name.

use std::sync::Arc;

use sea_query::{Expr, ExprTrait, Query};

use super::testing::{Place, TestStore};
use super::{OnConstraint, OpenError, Store, StoreError, Tx, sqlite_path};

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
async fn a_failing_or_panicking_write_undoes_itself_and_nothing_else() {
    for fixture in TestStore::on_every_engine() {
        let store = &fixture.store;
        // Queued while the first one holds the thread, so that the others share a batch.
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
async fn constraints_surface_by_name() {
    for fixture in TestStore::on_every_engine() {
        fixture.store.write_unaudited(|tx| insert(tx, "one")).await.unwrap();
        let again = fixture.store.write_unaudited(|tx| insert(tx, "one")).await;
        assert!(matches!(&again, Err(error) if error.violates("settings_name")));
        let renamed: Result<(), StoreError> = again.on_constraint("settings_name", || StoreError::Closed);
        assert!(matches!(renamed, Err(StoreError::Closed)));
    }
}

#[tokio::test]
async fn answered_writes_are_there_after_a_restart() {
    for fixture in TestStore::on_every_engine() {
        fixture.store.write_unaudited(|tx| insert(tx, "kept")).await.unwrap();
        fixture.store.close().await;
        assert!(
            !matches!(&fixture.place, Place::Folder(folder) if folder.path().join("pbx.db-wal").exists()),
            "a clean stop leaves one file"
        );
        assert_eq!(names(&fixture.reopen().store).await, ["kept"]);
    }
}

#[tokio::test]
async fn a_closed_store_says_so() {
    for fixture in TestStore::on_every_engine() {
        fixture.store.close().await;
        fixture.store.close().await;
        assert!(matches!(
            fixture.store.write_unaudited(|tx| insert(tx, "late")).await,
            Err(StoreError::Closed)
        ));
        assert!(matches!(fixture.store.read(|_| Ok(())).await, Err(StoreError::Closed)));
        assert!(matches!(fixture.store.scan(|_| Ok(())).await, Err(StoreError::Closed)));
    }
}

#[tokio::test]
async fn reads_cannot_write() {
    for fixture in TestStore::on_every_engine() {
        assert!(fixture.store.read(|tx| insert(tx, "sneaked")).await.is_err());
        assert!(fixture.store.scan(|tx| insert(tx, "sneaked")).await.is_err());
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

#[test]
fn urls() {
    let path = |url| sqlite_path(url).map(|path| path.display().to_string());
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
