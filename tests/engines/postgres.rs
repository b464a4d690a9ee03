//! Opening a PostgreSQL database: what is created, and what is refused.

use pbx_test_harness::{Cluster, Database, Engine, PASSWORD_ROLE, ROLE_PASSWORD, Start};

use crate::refusal;

fn on_postgres() -> Option<Start> {
    Start::on(Engine::Postgres)
}

fn database(start: &Start) -> &Database {
    start.postgres().unwrap()
}

/// Returns a refusal without the parts that differ between runs.
fn refused(start: &Start, database: &Database) -> String {
    let location = database.url().replace("%2F", "/");
    refusal(start)
        .replace(&location, "[database]")
        .replace(location.trim_start_matches("postgres://pbx@"), "[database]")
}

#[test]
fn foreign_tables_are_refused_and_untouched() {
    let Some(start) = on_postgres() else { return };
    let other = database(&start);
    other.sql("CREATE TABLE songs (name TEXT)");
    insta::assert_snapshot!(refused(&start, other), @"pbx-server: the database [database] holds tables of another program (songs), not of pbx-server: it was left untouched; create an empty one and name it in --database");
    assert_eq!(
        other.sql("SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
        "songs"
    );
}

#[test]
fn newer_schema_version_is_refused() {
    let Some(start) = on_postgres() else { return };
    start.ready().terminate();
    let newer = database(&start);
    newer.sql("UPDATE pbx_schema SET version = 4711");
    let known = newer.sql("SELECT count(*) FROM pg_class WHERE relname = 'pbx_schema'");
    assert_eq!(known, "1");
    let line = refused(&start, newer);
    let known = line
        .split("versions up to ")
        .nth(1)
        .unwrap()
        .split(':')
        .next()
        .unwrap()
        .to_owned();
    insta::assert_snapshot!(line.replace(&format!("up to {known}:"), "up to [known]:"), @"pbx-server: the database [database] has schema version 4711, and this program supports versions up to [known]: it was left untouched; run a newer pbx-server");
}

#[test]
fn other_encoding_is_refused() {
    let Some(start) = on_postgres() else { return };
    let database = database(&start);
    let name = database.url().rsplit_once('/').unwrap().1.to_owned();
    database.sql(&format!(
        "CREATE DATABASE {name}_latin ENCODING LATIN1 LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0 OWNER pbx"
    ));
    let url = format!("{}_latin", database.url());
    let line = refused(&start.clone().with_database(url), database);
    database.sql(&format!("DROP DATABASE {name}_latin"));
    insta::assert_snapshot!(line, @"pbx-server: the database [database]_latin has the encoding LATIN1: create one with ENCODING 'UTF8'");
}

#[test]
fn role_without_create_privilege_is_refused() {
    let Some(start) = on_postgres() else { return };
    let database = database(&start);
    database.sql("CREATE ROLE reader LOGIN");
    insta::assert_snapshot!(refused(&start.clone().with_database(database.url_as("reader")), database), @"pbx-server: the user of postgres://reader@[database] may not create tables there: make it the owner of the database, or GRANT it CREATE on the schema");
}

#[test]
fn read_only_database_is_refused() {
    let Some(start) = on_postgres() else { return };
    let database = database(&start);
    let name = database.url().rsplit_once('/').unwrap().1.to_owned();
    database.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    insta::assert_snapshot!(refused(&start, database), @"pbx-server: the database [database] is read-only (a standby?): name the primary server in --database");
}

#[test]
fn unreachable_database_is_reported_without_password() {
    let Some(start) = on_postgres() else { return };
    let database = database(&start);
    let line = |url: &str| {
        let line = refused(&start.clone().with_database(url), database);
        assert!(!line.contains("s3cret"), "{line}");
        line
    };
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
        .to_string();
    let nobody = line(&format!("postgres://pbx:s3cret@127.0.0.1:{closed}/pbx")).replace(&closed, "[port]");
    insta::assert_snapshot!(nobody, @"pbx-server: cannot reach the PostgreSQL server of postgres://pbx@127.0.0.1:[port]/pbx (error connecting to server: Connection refused (os error 111)): start it, or correct --database");
    insta::assert_snapshot!(line("postgres://pbx:s3cret@127.0.0.1:port/pbx"), @"pbx-server: the database URL is invalid (its port is not valid): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with characters other than letters and digits in the password as %XX");
    insta::assert_snapshot!(line("postgres://pbx:@s3cret@127.0.0.1/pbx"), @"pbx-server: the database URL is invalid (its host has a character that no host has: is it a part of the password?): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with characters other than letters and digits in the password as %XX");
    insta::assert_snapshot!(line("postgres://pbx:x?s3cret=1@127.0.0.1/pbx"), @"pbx-server: cannot reach the PostgreSQL server of postgres://pbx@127.0.0.1/pbx (error connecting to server: Connection refused (os error 111)): start it, or correct --database");
    insta::assert_snapshot!(line("postgres://127.0.0.1/pbx?s3cret=1"), @"pbx-server: the database URL is invalid (it has another form, or a parameter that does not exist): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with characters other than letters and digits in the password as %XX");
    insta::assert_snapshot!(line("postgres://127.0.0.1/pbx"), @"pbx-server: the database URL is invalid (it names no user): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with characters other than letters and digits in the password as %XX");
    insta::assert_snapshot!(line("postgres://"), @"pbx-server: the database URL is invalid (it names no host): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with characters other than letters and digits in the password as %XX");
    let missing = format!("{}_missing", database.url());
    insta::assert_snapshot!(line(&missing), @"pbx-server: there is no database [database]_missing: create it with CREATE DATABASE ... ENCODING 'UTF8', or correct --database");
    insta::assert_snapshot!(line(&database.url_as(&format!("{PASSWORD_ROLE}:s3cret"))), @r#"pbx-server: the PostgreSQL server refuses the user or the password of postgres://guarded@[database] (password authentication failed for user "guarded" (SQLSTATE 28P01)): correct them in --database, or the server's pg_hba.conf"#);
    insta::assert_snapshot!(line(&database.url_as(PASSWORD_ROLE)), @"pbx-server: the PostgreSQL server refuses the user or the password of postgres://guarded@[database] (invalid configuration: password missing): correct them in --database, or the server's pg_hba.conf");
}

#[tokio::test]
async fn password_with_special_characters_connects_and_is_not_logged() {
    let Some(start) = on_postgres() else { return };
    let database = database(&start);
    database.sql(&format!("GRANT CREATE ON SCHEMA public TO {PASSWORD_ROLE}"));
    let encoded: String = ROLE_PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let url = database.url_as(&format!("{PASSWORD_ROLE}:{encoded}"));
    let start = start.clone().with_database(url).with_arguments(&["--log", "trace"]);
    let server = start.ready();
    server.client().await;
    let log = server.terminate().stderr;
    assert!(log.contains(&format!("postgres://{PASSWORD_ROLE}@")), "{log}");
    assert!(!log.contains(ROLE_PASSWORD) && !log.contains(&encoded), "{log}");
}

#[test]
fn unique_indexes_are_named_by_table_and_columns() {
    let Some(start) = on_postgres() else { return };
    start.ready().terminate();
    let unlike = database(&start).sql(
        "SELECT c.relname, string_agg(a.attname, '_' ORDER BY k.place) FROM pg_index i
         JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
         CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (column_number, place)
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.column_number
         WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace
         GROUP BY c.relname, t.relname
         HAVING c.relname <> t.relname || '_' || string_agg(a.attname, '_' ORDER BY k.place)",
    );
    assert_eq!(
        unlike, "",
        "unique keys whose violation the program would not recognize"
    );
}

#[test]
fn strings_are_sorted_by_bytes() {
    let Some(start) = on_postgres() else { return };
    start.ready().terminate();
    let others = database(&start).sql(
        "SELECT table_name, column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C'",
    );
    assert_eq!(others, "", "columns without COLLATE \"C\"");
}

#[test]
fn engines_have_same_tables_and_columns() {
    let Some(start) = on_postgres() else { return };
    start.ready().terminate();
    let embedded = crate::start(Engine::Sqlite);
    embedded.ready().terminate();
    let sqlite = rusqlite::Connection::open(embedded.database()).unwrap();
    let sqlite: String = sqlite
        .query_row(
            "SELECT group_concat(line, char(10)) FROM (
                SELECT m.name || '.' || c.name || iif(c.\"notnull\", ' NOT NULL', '') AS line
                FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite_%'
                AND m.name NOT LIKE 'tenant_texts%'
                ORDER BY m.name, c.name)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let postgres = database(&start).sql(
        "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN ('pbx_schema', 'tenant_texts')
            -- The ID on SQLite, where transactions commit one after the other.
            AND (table_name, column_name) <> ('audit', 'revision')
         ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"",
    );
    assert_eq!(sqlite, postgres);
}

#[tokio::test]
async fn tls_is_used_and_server_certificate_verified() {
    let authority = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = authority.signing_key.serialize_pem();
    let Some((cluster, port)) = Cluster::start_with_tls(&authority.cert.pem(), &key) else {
        return;
    };
    let database = cluster.database();
    let start = Start::new();
    let file = start.directory().join("trusted.pem");
    let with = |parameters: &str| {
        start
            .clone()
            .with_database(format!("{}?{parameters}", database.network_url()))
    };
    let trusting = format!("sslmode=require&sslrootcert={}", file.display());
    let line = |start: &Start| refusal(start).replace(&port.to_string(), "[port]");

    std::fs::write(&file, "").unwrap();
    insta::assert_snapshot!(line(&with(&trusting)), @"pbx-server: the database URL is invalid (its sslrootcert [directory]/trusted.pem cannot be used: there is no certificate in it): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with characters other than letters and digits in the password as %XX");
    let untrusted = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&file, untrusted.cert.pem()).unwrap();
    insta::assert_snapshot!(line(&with(&trusting)), @"pbx-server: the connection to postgres://pbx@127.0.0.1:[port]/t0 cannot be encrypted (error performing TLS handshake: invalid peer certificate: BadSignature): name the authority that signed the server's certificate in sslrootcert=FILE, or enable TLS on the server");
    // This machine does not trust it either.
    assert!(line(&with("sslmode=require")).contains("certificate"));
    insta::assert_snapshot!(line(&with("sslmode=disable")), @r#"pbx-server: the PostgreSQL server refuses the user or the password of postgres://pbx@127.0.0.1:[port]/t0 (no pg_hba.conf entry for host "127.0.0.1", user "pbx", database "t0", no encryption (SQLSTATE 28000)): correct them in --database, or the server's pg_hba.conf"#);
    insta::assert_snapshot!(line(&with("sslmode=prefer")), @"pbx-server: the database URL is invalid (its sslmode is neither disable nor require): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with characters other than letters and digits in the password as %XX");

    std::fs::write(&file, authority.cert.pem()).unwrap();
    let server = with(&trusting).ready();
    server.client().await;
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'pbx'";
    assert_eq!(database.sql(encrypted), "t");
}
