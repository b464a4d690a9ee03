//! Starting, stopping, starting again, and refusing to start.

use std::fs::{self, Permissions};
use std::path::Path;

use pbx_client::types::{CreateIpRule, IpRuleTarget};
use pbx_tests::{ADMINISTRATOR, Start};
use serde_json::json;

use crate::{server, start};

#[tokio::test]
async fn data_and_sessions_survive_a_restart() {
    let server = server();
    let client = server.client().await;
    let id = client
        .create_ip_rule()
        .body(CreateIpRule::new("192.0.2.0/24", IpRuleTarget::Deny))
        .send()
        .await
        .unwrap()
        .into_inner()
        .id
        .unwrap();
    let raw = server.raw_signed_in().await;
    let token = raw.token().unwrap().to_owned();
    raw.post("/network", &json!({"private_ipv4": "10.0.0.2"})).await;
    let start = server.how();
    let ended = server.terminate();
    assert!(ended.status.success(), "{ended:?}");

    // The password of the first start is not looked at again.
    let server = start
        .without_password()
        .with_variable("PBX_ADMIN_PASSWORD", "another")
        .ready();
    let mut raw = server.raw();
    raw.sign_in_with(&token);
    assert_eq!(
        raw.get(&format!("/ip_filters/{id}"), &[]).await.json()["cidr"],
        "192.0.2.0/24"
    );
    assert_eq!(raw.get("/network", &[]).await.json()["private_ipv4"], "10.0.0.2");
    server.client().await;
}

#[tokio::test]
async fn sigterm_ends_it_cleanly() {
    let server = server();
    // A connection that is open and idle holds nothing up.
    let _client = server.client().await;
    let start = server.how();
    let ended = server.terminate();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(ended.stdout, "", "one line on stdout and no more");
    let files: Vec<_> = files(start.folder());
    assert_eq!(
        files,
        ["pbx.db", "pbx.db-lock", "pbx.db.key"],
        "the write-ahead log is in the database"
    );
}

#[tokio::test]
async fn without_a_password_a_random_one_is_printed_once() {
    let start = start().without_password();
    let ended = start.ready().terminate();
    let line = ended
        .stderr
        .lines()
        .find(|line| line.starts_with("first start: sign in as \"admin\""))
        .unwrap();
    let password = line
        .split_once("with the password ")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap();
    assert_eq!(password.len(), 20);

    let server = start.ready();
    pbx_client::sign_in(server.base(), ADMINISTRATOR, password, None)
        .await
        .unwrap();
    for guess in ["admin", "", "password"] {
        assert!(
            pbx_client::sign_in(server.base(), ADMINISTRATOR, guess, None)
                .await
                .is_err()
        );
    }
    assert!(!server.terminate().stderr.contains("first start"));
}

#[tokio::test]
async fn settings_come_from_flag_then_variable_then_file() {
    let start = start();
    fs::write(
        start.folder().join("pbx.toml"),
        "listen = \"127.0.0.1:0\"\ndatabase = \"file.db\"\nlog = \"warn\"\n",
    )
    .unwrap();
    let from_file = start.clone().with_arguments(&["--config", "pbx.toml"]);
    drop(from_file.ready_as_given());
    assert!(start.folder().join("file.db").exists());
    drop(
        from_file
            .clone()
            .with_variable("PBX_DATABASE", "variable.db")
            .ready_as_given(),
    );
    assert!(start.folder().join("variable.db").exists());
    let flag = from_file
        .with_variable("PBX_DATABASE", "variable.db")
        .with_arguments(&["--database", "sqlite:flag.db"]);
    assert!(
        !flag.ready_as_given().terminate().stderr.contains("INFO"),
        "the file's log filter holds"
    );
    assert!(start.folder().join("flag.db").exists());
    assert!(!start.folder().join("pbx.db").exists());
}

/// The one line that an operator reads.
fn refusal(start: &Start) -> String {
    let ended = start.ended();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "");
    ended.stderr.replace(start.folder().to_str().unwrap(), "[folder]")
}

#[tokio::test]
async fn a_database_that_another_server_has_is_refused() {
    let server = server();
    insta::assert_snapshot!(refusal(&server.how()), @"pbx-server: the database [folder]/pbx.db is locked by another pbx-server process: stop that one first, or choose another --database");
}

#[test]
fn a_database_that_another_program_has_locked_is_refused() {
    let start = start();
    drop(start.ready());
    let other = rusqlite::Connection::open(start.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    insta::assert_snapshot!(refusal(&start), @"pbx-server: the database [folder]/pbx.db is locked by another program (a backup or an SQLite shell?): end that one, then start again");
}

#[test]
fn a_file_of_somebody_else_is_refused_and_left_alone() {
    let start = start();
    fs::write(start.database(), "Dear diary, today I was not a database.\n").unwrap();
    insta::assert_snapshot!(refusal(&start), @"pbx-server: [folder]/pbx.db is not an SQLite database: it was left untouched; choose another --database");
    assert_eq!(
        fs::read(start.database()).unwrap(),
        b"Dear diary, today I was not a database.\n"
    );
    assert_eq!(files(start.folder()), ["pbx.db"]);

    fs::remove_file(start.database()).unwrap();
    rusqlite::Connection::open(start.database())
        .unwrap()
        .execute_batch("CREATE TABLE songs (name TEXT)")
        .unwrap();
    let before = fs::read(start.database()).unwrap();
    insta::assert_snapshot!(refusal(&start), @"pbx-server: [folder]/pbx.db is an SQLite database of another program, not of pbx-server: it was left untouched; choose another --database");
    assert_eq!(fs::read(start.database()).unwrap(), before);
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let start = start();
    start.ready().terminate();
    rusqlite::Connection::open(start.database())
        .unwrap()
        .pragma_update(None, "user_version", 4711)
        .unwrap();
    let refusal = refusal(&start);
    let (before, after) = refusal.split_once(" up to ").unwrap();
    let after = after.trim_start_matches(|character: char| character.is_ascii_digit());
    insta::assert_snapshot!(format!("{before} up to [newest]{after}"), @"pbx-server: the database [folder]/pbx.db has schema version 4711, and this program knows versions up to [newest]: it was left untouched; run a newer pbx-server");
}

#[cfg(unix)]
#[test]
fn read_only_files_and_folders_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let start = start();
    start.ready().terminate();
    fs::set_permissions(start.database(), Permissions::from_mode(0o444)).unwrap();
    insta::assert_snapshot!(refusal(&start), @"pbx-server: the database [folder]/pbx.db is read-only: make it writable for this user, or choose another --database");

    let folder = start.folder().join("folder");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).unwrap();
    let start = start.with_database(folder.join("pbx.db"));
    insta::assert_snapshot!(refusal(&start), @"pbx-server: the folder [folder]/folder is read-only, and the database keeps its journal there: make it writable for this user, or choose another --database");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_is_no_database_at_all_is_explained() {
    let start = start();
    let folder = start.folder().to_owned();
    insta::assert_snapshot!(refusal(&start.clone().with_database(&folder)), @"pbx-server: [folder] is a folder: name a database file in it, e.g. [folder]/pbx.db");
    insta::assert_snapshot!(refusal(&start.clone().with_database(folder.join("missing/pbx.db"))), @"pbx-server: the folder [folder]/missing does not exist: create it, or choose another --database");
    insta::assert_snapshot!(refusal(&start.clone().with_database("postgres://localhost/pbx")), @"pbx-server: PostgreSQL is not supported in this version yet: use an SQLite file, e.g. --database ./pbx.db");
    insta::assert_snapshot!(refusal(&start.with_database("mysql://localhost/pbx")), @r#"pbx-server: unknown database kind "mysql": give a file path or sqlite:PATH"#);
}

#[tokio::test]
async fn a_taken_port_is_explained() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let start = start();
    let variables = start.clone().with_variable("PBX_LISTEN", &address);
    let ended = variables.ended_as_given();
    assert_eq!(ended.status.code(), Some(1));
    insta::assert_snapshot!(ended.stderr.replace(&address, "[address]"), @"pbx-server: cannot listen on [address]: choose another --listen: Address already in use (os error 98)");
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
