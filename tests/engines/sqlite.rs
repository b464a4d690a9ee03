//! The SQLite file: where it is, and what is refused.

use std::fs::{self, Permissions};
use std::path::Path;

use pbx_test_harness::Engine;
use serde_json::json;

use crate::{refusal, start};

#[tokio::test]
async fn settings_come_from_flag_then_variable_then_file() {
    let start = start(Engine::Sqlite);
    fs::write(
        start.directory().join("pbx.toml"),
        "listen = \"127.0.0.1:0\"\ndatabase = \"file.db\"\nlog = \"warn\"\n",
    )
    .unwrap();
    let from_file = start.clone().with_arguments(&["--config", "pbx.toml"]);
    drop(from_file.ready_as_given());
    assert!(start.directory().join("file.db").exists());
    drop(
        from_file
            .clone()
            .with_variable("PBX_DATABASE", "variable.db")
            .ready_as_given(),
    );
    assert!(start.directory().join("variable.db").exists());
    let flag = from_file
        .with_variable("PBX_DATABASE", "variable.db")
        .with_arguments(&["--database", "sqlite:flag.db"]);
    assert!(
        !flag.ready_as_given().terminate().stderr.contains("INFO"),
        "the log filter of the file applies"
    );
    assert!(start.directory().join("flag.db").exists());
    assert!(!start.directory().join("pbx.db").exists());
}

#[tokio::test]
async fn database_of_running_server_is_refused() {
    let server = start(Engine::Sqlite).ready();
    insta::assert_snapshot!(refusal(&server.start()), @"pbx-server: the database [directory]/pbx.db is locked by another pbx-server process: stop that one first, or choose another --database");
}

#[test]
fn database_locked_by_another_program_is_refused() {
    let start = start(Engine::Sqlite);
    drop(start.ready());
    let other = rusqlite::Connection::open(start.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    insta::assert_snapshot!(refusal(&start), @"pbx-server: the database [directory]/pbx.db is locked by another program (a backup or an SQLite shell?): end that one, then start again");
}

#[test]
fn foreign_file_is_refused_and_untouched() {
    let start = start(Engine::Sqlite);
    fs::write(start.database(), "Dear diary, today I was not a database.\n").unwrap();
    insta::assert_snapshot!(refusal(&start), @"pbx-server: [directory]/pbx.db is not an SQLite database: it was left untouched; choose another --database");
    assert_eq!(
        fs::read(start.database()).unwrap(),
        b"Dear diary, today I was not a database.\n"
    );
    assert_eq!(files(start.directory()), ["pbx.db"]);

    fs::remove_file(start.database()).unwrap();
    rusqlite::Connection::open(start.database())
        .unwrap()
        .execute_batch("CREATE TABLE songs (name TEXT)")
        .unwrap();
    let before = fs::read(start.database()).unwrap();
    insta::assert_snapshot!(refusal(&start), @"pbx-server: [directory]/pbx.db is an SQLite database of another program, not of pbx-server: it was left untouched; choose another --database");
    assert_eq!(fs::read(start.database()).unwrap(), before);
}

#[test]
fn newer_schema_version_is_refused() {
    let start = start(Engine::Sqlite);
    start.ready().terminate();
    rusqlite::Connection::open(start.database())
        .unwrap()
        .pragma_update(None, "user_version", 4711)
        .unwrap();
    let refusal = refusal(&start);
    let (before, after) = refusal.split_once(" up to ").unwrap();
    let after = after.trim_start_matches(|character: char| character.is_ascii_digit());
    insta::assert_snapshot!(format!("{before} up to [newest]{after}"), @"pbx-server: the database [directory]/pbx.db has schema version 4711, and this program supports versions up to [newest]: it was left untouched; run a newer pbx-server");
}

#[cfg(unix)]
#[test]
fn read_only_files_and_directories_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let start = start(Engine::Sqlite);
    start.ready().terminate();
    fs::set_permissions(start.database(), Permissions::from_mode(0o444)).unwrap();
    insta::assert_snapshot!(refusal(&start), @"pbx-server: the database [directory]/pbx.db is read-only: make it writable for this user, or choose another --database");

    let directory = start.directory().join("read-only");
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, Permissions::from_mode(0o555)).unwrap();
    let start = start.with_database(directory.join("pbx.db").to_str().unwrap());
    insta::assert_snapshot!(refusal(&start), @"pbx-server: the directory [directory]/read-only is read-only, and the database keeps its journal there: make it writable for this user, or choose another --database");
    fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn invalid_database_argument_is_reported() {
    let start = start(Engine::Sqlite);
    let directory = start.directory().to_owned();
    insta::assert_snapshot!(refusal(&start.clone().with_database(directory.to_str().unwrap())), @"pbx-server: [directory] is a directory: name a database file in it, e.g. [directory]/pbx.db");
    insta::assert_snapshot!(refusal(&start.clone().with_database(directory.join("missing/pbx.db").to_str().unwrap())), @"pbx-server: the directory [directory]/missing does not exist: create it, or choose another --database");
    insta::assert_snapshot!(refusal(&start.with_database("mysql://localhost/pbx")), @r#"pbx-server: unknown database kind "mysql": give a file path, sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE"#);
}

#[test]
fn shutdown_leaves_database_reserve_and_key_files() {
    let start = start(Engine::Sqlite);
    start.ready().terminate();
    assert_eq!(
        files(start.directory()),
        ["pbx.db", "pbx.db-reserve", "pbx.db.key"],
        "the write-ahead log is in the database"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn files_of_the_server_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let start = start(Engine::Sqlite).with_arguments(&["--files", "pictures"]);
    let is_private = |directory: &Path| {
        files(directory).into_iter().all(|name| {
            let mode = fs::metadata(directory.join(&name)).unwrap().permissions().mode();
            mode & 0o077 == 0
        })
    };
    let server = start.ready();
    server.raw_signed_in().await;
    assert_eq!(
        files(start.directory()),
        [
            "pbx.db",
            "pbx.db-reserve",
            "pbx.db-shm",
            "pbx.db-wal",
            "pbx.db.key",
            "pictures"
        ]
    );
    assert!(is_private(start.directory()));

    // As a server of an earlier version left them.
    server.kill();
    for name in ["pbx.db", "pbx.db-wal", "pbx.db-shm"] {
        fs::set_permissions(start.directory().join(name), Permissions::from_mode(0o644)).unwrap();
    }
    fs::write(start.directory().join("pbx.db-lock"), "").unwrap();
    let server = start.ready();
    assert!(is_private(start.directory()));
    let stderr = server.terminate().stderr;
    assert!(
        stderr.contains("other users of this machine could read the database"),
        "{stderr}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn second_server_is_refused_on_hard_link_to_the_database() {
    let server = start(Engine::Sqlite).ready();
    let link = server.start().directory().join("link.db");
    fs::hard_link(server.start().database(), &link).unwrap();
    let second = server.start().with_database(link.to_str().unwrap());
    insta::assert_snapshot!(refusal(&second), @"pbx-server: the database [directory]/link.db is locked by another pbx-server process: stop that one first, or choose another --database");
    // The refused server has not released the locks of the other one.
    let other = rusqlite::Connection::open(server.start().database()).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(other.execute_batch("PRAGMA journal_mode = DELETE").is_err());
}

#[tokio::test]
async fn restored_backup_is_refused_while_the_log_of_the_crashed_server_is_there() {
    let start = start(Engine::Sqlite);
    let server = start.ready();
    let admin = server.raw_signed_in().await;
    let rules = async |raw: &pbx_test_harness::Raw| raw.get("/ip_filters", &[]).await.json()["count"].clone();
    let backup = start.directory().join("backup.db");
    let database = rusqlite::Connection::open(start.database()).unwrap();
    database.execute("VACUUM INTO ?1", [backup.to_str().unwrap()]).unwrap();
    drop(database);
    let rule = json!({"cidr": "192.0.2.0/24", "target": "DENY"});
    assert_eq!(admin.post("/ip_filters", &rule).await.status, 200);
    server.kill();

    fs::copy(&backup, start.database()).unwrap();
    insta::assert_snapshot!(refusal(&start), @"pbx-server: [directory]/pbx.db was replaced or changed after its write-ahead log [directory]/pbx.db-wal was written, which would undo the restore of a backup: if it was restored, move the log away; if only its permissions, owner or name were changed, `touch` the log, which has the latest changes; then start again");
    for name in ["pbx.db-wal", "pbx.db-shm"] {
        fs::remove_file(start.directory().join(name)).unwrap();
    }
    assert_eq!(rules(&start.ready().raw_signed_in().await).await, 0);
}

fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn log_directive_of_the_server_covers_its_store() {
    let server = start(Engine::Sqlite)
        .with_arguments(&["--log", "pbx_server=error"])
        .ready();
    let admin = server.raw_signed_in().await;
    let other = rusqlite::Connection::open(server.start().database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let rule = json!({"cidr": "192.0.2.0/24", "target": "DENY"});
    assert_eq!(admin.post("/ip_filters", &rule).await.status, 503);
    let stderr = server.terminate().stderr;
    assert!(stderr.contains("a batch of transactions was not committed"), "{stderr}");
}

#[tokio::test]
async fn document_that_cannot_be_completed_does_not_stop_the_server() {
    let start = start(Engine::Sqlite);
    start.ready().terminate();
    // As after a release that knows another value, which was rolled back.
    let database = rusqlite::Connection::open(start.database()).unwrap();
    let changes = [
        "UPDATE settings SET value = replace(value, '\"BLUE\"', '\"PINK\"') WHERE name = 'brand'",
        "UPDATE settings SET value = '{}' WHERE name = 'initial_values'",
    ];
    for change in changes {
        assert_eq!(database.execute(change, []).unwrap(), 1);
    }
    drop(database);
    let server = start.ready();
    assert_eq!(server.raw_signed_in().await.get("/network", &[]).await.status, 200);
    let stderr = server.terminate().stderr;
    assert!(
        stderr.contains("a stored document was not completed owner=System"),
        "{stderr}"
    );
}
