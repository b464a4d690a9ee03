//! Databases of earlier versions: opened, upgraded and read as a whole. `README.md` beside this file says how they were created.

mod create;
mod read;
mod secrets;

use std::fs;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use pbx_test_harness::{Clock, Engine, Start};
use rusqlite::Connection;
use serde_json::Value;

use crate::start;

/// When the databases were created, by the clock of their servers.
const CREATED: &str = "2030-01-01T12:00:00Z";

const USERS_PASSWORD: &str = "Stor3d-Users-Key";
const EXTENSION_PASSWORD: &str = "Ext3nsion-Pass";
const TRUNK_PASSWORD: &str = "Trunk-S3cret";
const CDR_PASSWORD: &str = "Cdr-S3cret";
const EXTENSION_TOKEN: &str = "extension-t0ken";
const DOMAIN: &str = "rich.example.com";
const OTHER_DOMAIN: &str = "other.example.com";
const ATTACKER: &str = "203.0.113.7";
const SUSPECT: &str = "203.0.113.8";

/// A copy of a fixture, ready to be opened by the server under test.
struct Fixture {
    /// The schema's version and the engine.
    name: String,
    start: Start,
    clock: Clock,
    /// The key file.
    key: PathBuf,
    /// The tokens that `create` returned.
    tokens: Value,
}

impl Fixture {
    /// Every fixture, on every installed engine.
    fn all() -> impl Iterator<Item = Self> {
        versions().into_iter().flat_map(|version| Self::of_version(&version))
    }

    /// The fixtures of the newest version.
    fn newest() -> impl Iterator<Item = Self> {
        Self::of_version(&versions().pop().unwrap())
    }

    fn of_version(version: &str) -> impl Iterator<Item = Self> + use<> {
        let directory = fixtures_directory().join(version);
        let name = version.to_owned();
        [("sqlite", Engine::Sqlite), ("postgres", Engine::Postgres)]
            .into_iter()
            .filter_map(move |(engine, kind)| {
                let start = Start::on(kind)?;
                Some(Self::copy(format!("{name}_{engine}"), &directory.join(engine), start))
            })
    }

    fn copy(name: String, from: &Path, start: Start) -> Self {
        match start.postgres() {
            Some(database) => database.restore(&from.join("pbx.sql")),
            None => drop(fs::copy(from.join("pbx.db"), start.database()).unwrap()),
        }
        let key = start.directory().join("fixture.key");
        fs::copy(from.join("pbx.key"), &key).unwrap();
        fs::copy(from.join("license.pub"), start.directory().join("license.pub")).unwrap();
        let start = start.with_arguments(&[
            "--key-file",
            key.to_str().unwrap(),
            "--license-public-key",
            "license.pub",
        ]);
        let (start, clock) = clock_at_creation(start.with_arguments(&["--trusted-proxy", "127.0.0.1"]));
        clock.advance(SignedDuration::from_mins(10));
        let tokens = serde_json::from_str(&fs::read_to_string(from.join("tokens.json")).unwrap()).unwrap();
        Self {
            name,
            start,
            clock,
            key,
            tokens,
        }
    }

    /// The single value that a statement finds. No server may have the database open.
    fn value(&self, statement: &str) -> String {
        match self.start.postgres() {
            Some(database) => database.sql(statement),
            None => {
                let statement = format!("SELECT CAST(({statement}) AS TEXT)");
                let database = Connection::open(self.start.database()).unwrap();
                database.query_row(&statement, [], |row| row.get(0)).unwrap()
            }
        }
    }

    /// Every column of every table, as (table, column).
    fn columns(&self) -> Vec<(String, String)> {
        let statement = match self.start.postgres() {
            Some(_) => {
                "SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY table_name, ordinal_position)
                 FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
                 WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            }
            // The tables of the full-text index and of SQLite itself are not ours.
            None => {
                "SELECT group_concat(tables.name || '.' || columns.name, ' ')
                 FROM pragma_table_list AS tables JOIN pragma_table_info(tables.name) AS columns
                 WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'"
            }
        };
        let columns = self.value(statement);
        let columns = columns.split(' ').map(|column| column.split_once('.').unwrap());
        columns
            .map(|(table, column)| (table.to_owned(), column.to_owned()))
            .collect()
    }
}

fn fixtures_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("older_databases/fixtures")
}

/// The versions of the schema of which there are fixtures, oldest first.
fn versions() -> Vec<String> {
    let entries = fs::read_dir(fixtures_directory()).unwrap();
    let mut versions: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    versions.sort();
    assert!(!versions.is_empty());
    versions
}

/// Gives the server a clock that shows the time at which the databases were created, whatever the date is.
fn clock_at_creation(start: Start) -> (Start, Clock) {
    let (start, clock) = start.with_clock();
    clock.set(CREATED.parse().unwrap());
    (start, clock)
}

/// The head of a PNG of that size, which is all that the server looks at.
fn logo(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0]);
    bytes
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap().to_owned()
}

/// Creates databases with the program of today: `README.md` beside this file says when and how.
#[tokio::test]
#[ignore = "writes new fixtures"]
async fn create_fixtures() {
    let to = PathBuf::from(std::env::var("PBX_NEW_FIXTURES").expect("PBX_NEW_FIXTURES names a new directory"));
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (name, file) = match engine {
            Engine::Sqlite => ("sqlite", "pbx.db"),
            Engine::Postgres => ("postgres", "pbx.sql"),
        };
        let directory = to.join(name);
        fs::create_dir_all(&directory).unwrap();
        let start = start(engine);
        let key = start.directory().join("fixture.key");
        let start = start.with_arguments(&["--key-file", key.to_str().unwrap()]);
        let tokens = create::create(start.clone()).await;
        fs::write(directory.join(file), start.dump()).unwrap();
        fs::copy(key, directory.join("pbx.key")).unwrap();
        fs::copy(start.directory().join("license.pub"), directory.join("license.pub")).unwrap();
        fs::write(directory.join("tokens.json"), format!("{tokens:#}\n")).unwrap();
    }
}
