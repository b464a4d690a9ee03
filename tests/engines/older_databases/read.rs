//! Reads a database of an earlier version as a whole.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use pbx_test_harness::{ADMINISTRATOR, PASSWORD, Raw, Server, operations};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ATTACKER, DOMAIN, Fixture, OTHER_DOMAIN, SUSPECT, USERS_PASSWORD, logo, text};

/// GET operations whose responses are not JSON of the database: the files are compared byte for byte.
const NOT_JSON: [&str; 1] = ["/blobs/{digest}"];

/// GET operations that have a separate test here, and `/login`, which shows the token of the request.
const TESTED_SEPARATELY: [&str; 2] = ["/audit_logs", "/login"];

/// Columns that are empty in the newest fixture. This list may only shrink: a migration that adds a table or column needs a new
/// fixture that fills it.
const UNFILLED: [&str; 1] = [
    // Contents are in the database here; in a directory, they are files with this name.
    "files.content_file",
];

/// Every response that one reader gets, and the path templates that were read.
struct Reader {
    raw: Raw,
    transcript: String,
    templates: BTreeSet<String>,
}

impl Reader {
    fn new(raw: Raw) -> Self {
        Self {
            raw,
            transcript: String::new(),
            templates: BTreeSet::new(),
        }
    }

    /// Reads the path of that template with these IDs in place of its braces.
    async fn read(&mut self, template: &str, ids: &[&str]) -> Value {
        let mut path = template.to_owned();
        for id in ids {
            let (from, to) = (path.find('{').unwrap(), path.find('}').unwrap());
            path.replace_range(from..=to, id);
        }
        let exchange = self.raw.get(&path, &[]).await;
        assert_eq!(exchange.status, 200, "{path}: {}", exchange.body);
        self.transcript.push_str(&exchange.transcript());
        self.transcript.push('\n');
        self.templates.insert(template.to_owned());
        serde_json::from_str(&exchange.body).unwrap_or_default()
    }

    /// Reads a list and each of its items; returns their IDs.
    async fn read_all(&mut self, list: &str, item: &str) -> Vec<String> {
        let page = self.read(list, &[]).await;
        let ids: Vec<String> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| text(item, "id"))
            .collect();
        assert_eq!(page["count"], ids.len(), "{list}: one page holds all");
        for id in &ids {
            self.read(item, &[id]).await;
        }
        ids
    }
}

/// The JSON of every GET operation as the administrator, within each tenant, as a dealer and as a user.
async fn everything(server: &Server) -> String {
    let mut system = Reader::new(server.raw_signed_in().await);
    for document in [
        "/auth/user",
        "/info",
        "/admin/status",
        "/admin/settings",
        "/admin/notification",
        "/network",
        "/sbc",
        "/sbc/token",
        "/im",
        "/im/token",
        "/license",
        "/key",
        "/ip_filters/export",
    ] {
        system.read(document, &[]).await;
    }
    system.read_all("/ip_filters", "/ip_filters/{id}").await;
    for transport in system.read_all("/transports", "/transports/{id}").await {
        system.read("/transports/{id}/status", &[&transport]).await;
    }
    system.read_all("/files", "/files/{id}").await;
    system.read_all("/dealers", "/dealers/{id}").await;
    for trunk in system.read_all("/providers", "/providers/{id}").await {
        let assignees = system.read("/providers/{id}/assignees", &[&trunk]).await;
        for assignee in assignees["items"].as_array().unwrap() {
            let tenant = text(assignee, "tenant_id");
            system
                .read("/providers/{id}/assignees/{tenant_id}", &[&trunk, &tenant])
                .await;
        }
    }
    let mut readers = Vec::new();
    for tenant in system.read_all("/tenants", "/tenants/{id}").await {
        system.read("/tenants/{id}/dealers", &[&tenant]).await;
        let mut within = Reader::new(server.raw_in(&tenant).await);
        for document in [
            "/tenant",
            "/tenant/status",
            "/tenant/password_policy",
            "/tenant/custom_headers",
            "/voicemail",
        ] {
            within.read(document, &[]).await;
        }
        within.read_all("/users", "/users/{id}").await;
        within.read_all("/holidays", "/holidays/{id}").await;
        within.read_all("/files", "/files/{id}").await;
        if within.raw.get("/tenant", &[]).await.json()["enable_feature_billing"] == true {
            within.read("/tenant/balance", &[]).await;
        }
        readers.push(within);
    }
    let mut dealer = Reader::new(server.raw_as("distributor", USERS_PASSWORD, None).await);
    for document in ["/auth/user", "/dealer", "/dealer/status"] {
        dealer.read(document, &[]).await;
    }
    dealer.read_all("/dealers", "/dealers/{id}").await;
    dealer.read_all("/tenants", "/tenants/{id}").await;
    dealer.read_all("/files", "/files/{id}").await;
    for (name, domain) in [("alice", DOMAIN), ("newcomer", OTHER_DOMAIN)] {
        let mut user = Reader::new(server.raw_as(name, USERS_PASSWORD, Some(domain)).await);
        user.read("/auth/user", &[]).await;
        readers.push(user);
    }
    readers.push(dealer);
    readers.push(system);

    let read: BTreeSet<String> = readers.iter().flat_map(|reader| reader.templates.clone()).collect();
    let operations = operations().into_iter().filter(|operation| operation.method == "GET");
    let unread: Vec<String> = operations
        .map(|operation| operation.path)
        .filter(|path| !read.contains(path) && !TESTED_SEPARATELY.contains(&path.as_str()))
        .collect();
    assert_eq!(unread, NOT_JSON, "every GET operation reads the older database");
    let transcripts: Vec<String> = readers.into_iter().map(|reader| reader.transcript).collect();
    transcripts
        .join("\n")
        .replace(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"[version]\"")
}

#[tokio::test]
async fn older_database_reads_back_unchanged() {
    for fixture in Fixture::all() {
        let server = fixture.start.ready();
        insta::assert_snapshot!(format!("{}_objects", fixture.name), everything(&server).await);

        let administrator = server.raw_signed_in().await;
        let dealer = server.raw_as("distributor", USERS_PASSWORD, None).await;
        let tenant = server.raw_as("alice", USERS_PASSWORD, Some(DOMAIN)).await;
        for (raw, files) in [
            (
                &administrator,
                vec![("Lögo.png", logo(480, 176)), ("favicon.png", logo(32, 32))],
            ),
            (&dealer, vec![("dealer.png", logo(32, 32))]),
            (&tenant, vec![("avatar.png", logo(64, 64))]),
        ] {
            let listed = raw.get("/files", &[]).await.json();
            assert_eq!(listed["count"], files.len());
            for (item, (name, content)) in listed["items"].as_array().unwrap().iter().zip(files) {
                assert_eq!(item["name"], name);
                assert_eq!(download(raw, item).await, content, "{name}");
            }
        }
    }
}

/// Entries that an earlier release stored are shown to those whom they concern.
#[tokio::test]
async fn older_audit_log_is_shown_to_whom_it_concerns() {
    for fixture in Fixture::all() {
        let start = fixture.start.clone();
        let server = fixture.start.ready();
        let printed = start.run("audit", &["--database", start.database()]).stdout;
        let printed = printed.lines().count();
        let entries = async |raw: &Raw, filter: &str| {
            let page = raw.get("/audit_logs", &[("filter", filter)]).await;
            assert_eq!(page.status, 200, "{}: {}", fixture.name, page.body);
            page.json()["items"].as_array().unwrap().clone()
        };
        // Before the sign-ins of this test.
        let stored = "created_at lt 2030-01-01T12:10:00Z";
        let all = entries(&server.raw_signed_in().await, stored).await;
        assert_eq!(all.len(), printed, "{}", fixture.name);
        let alice = server.raw_as("alice", USERS_PASSWORD, Some(DOMAIN)).await;
        let of_tenant = entries(&alice, stored).await;
        let tenant = alice.get("/tenant", &[]).await.json()["id"].clone();
        assert!(of_tenant.iter().all(|entry| entry["tenant_id"] == tenant));
        for kind in ["TENANT", "USER", "HOLIDAY", "FILE", "VOICEMAIL_SERVER"] {
            let of_kind = |entries: &[Value]| entries.iter().filter(|entry| entry["object_type"] == kind).count();
            assert!(of_kind(&all) == 0 || of_kind(&of_tenant) > 0, "{} {kind}", fixture.name);
        }
        let dealer = server.raw_as("distributor", USERS_PASSWORD, None).await;
        let of_branch = entries(&dealer, stored).await;
        assert!(
            of_branch.iter().any(|entry| entry["role"] == "Dealer"),
            "{}",
            fixture.name
        );
        assert!(of_branch.iter().all(|entry| entry["object_type"] != "SYSTEM"));
    }
}

async fn download(raw: &Raw, file: &Value) -> Vec<u8> {
    let url = text(file, "url");
    let response = raw
        .request(Method::GET, url.strip_prefix("/api").unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200, "{url}");
    response.bytes().await.unwrap().to_vec()
}

/// No operation reads it back as a whole.
#[tokio::test]
async fn stored_brand_is_merged_into() {
    for fixture in Fixture::all() {
        let server = fixture.start.ready();
        let raw = server.raw_signed_in().await;
        assert_eq!(raw.get("/license", &[]).await.json()["product_name"], "Bell PBX");
        let files = raw.get("/files", &[]).await.json();
        let [logo, favicon] = [0, 1].map(|at| &files["items"][at]["id"]);
        assert_eq!(raw.post("/brand", &json!({"title": "New"})).await.status, 200);
        server.terminate();
        let stored: Value =
            serde_json::from_str(&fixture.value("SELECT value FROM settings WHERE name = 'brand'")).unwrap();
        let expected = json!({
            "theme": "PURPLE", "logo": logo, "favicon": favicon, "title": "New", "copyright": "© Bell", "product": "Bell PBX",
            "website": "https://bell.example.com", "forum": "https://forum.example.com", "bottom_text": "<b>Bell</b>",
        });
        assert_eq!(stored, expected);
    }
}

#[tokio::test]
async fn older_audit_log_is_printed() {
    for fixture in Fixture::all() {
        drop(fixture.start.ready());
        let printed = fixture.start.run("audit", &["--database", fixture.start.database()]);
        assert!(printed.status.success(), "{printed:?}");
        insta::assert_snapshot!(format!("{}_audit", fixture.name), printed.stdout);
    }
}

#[tokio::test]
async fn stored_passwords_sign_in_and_disabled_accounts_do_not() {
    for fixture in Fixture::all() {
        let server = fixture.start.ready();
        let sign_in = async |name: &str, password: &str, domain: Option<&str>| {
            let body = json!({"username": name, "password": password, "domain": domain});
            server.raw().post("/auth/sign_in", &body).await.status
        };
        for (name, password, domain, status) in [
            (ADMINISTRATOR, PASSWORD, None, 200),
            ("distributor", USERS_PASSWORD, None, 200),
            ("reseller", USERS_PASSWORD, None, 200),
            ("alice", USERS_PASSWORD, Some(DOMAIN), 200),
            ("bob", USERS_PASSWORD, Some(DOMAIN), 200),
            ("carol", USERS_PASSWORD, Some(DOMAIN), 200),
            ("dave", USERS_PASSWORD, Some(DOMAIN), 200),
            ("newcomer", USERS_PASSWORD, Some(OTHER_DOMAIN), 200),
            ("left", USERS_PASSWORD, None, 400),
            ("erin", USERS_PASSWORD, Some(DOMAIN), 400),
            ("alice", PASSWORD, Some(DOMAIN), 400),
        ] {
            assert_eq!(sign_in(name, password, domain).await, status, "{name} of {domain:?}");
        }
        // Disabled before the fixture was created; the one with the forced reset may do nothing else.
        let newcomer = server.raw_as("newcomer", USERS_PASSWORD, Some(OTHER_DOMAIN)).await;
        let change = json!({"old_password": USERS_PASSWORD, "new_password": "An0ther-Users-Key"});
        assert_eq!(newcomer.post("/user/password", &change).await.status, 200);
    }
}

#[tokio::test]
async fn stored_session_refreshes_until_its_used_token_comes_back() {
    for fixture in Fixture::all() {
        let server = fixture.start.ready();
        let session = &fixture.tokens["session"];
        let mut raw = server.raw();
        raw.set_token(&text(session, "access_token"));
        let tenant = raw.get("/tenant", &[]).await;
        assert_eq!(
            tenant.json()["domain"],
            DOMAIN,
            "the session is still switched into the tenant"
        );

        fixture.clock.advance(SignedDuration::from_mins(31));
        assert_eq!(
            raw.get("/tenant", &[]).await.status,
            401,
            "the access token has expired"
        );
        let refresh = async |token: String| {
            let body = json!({"refresh_token": token});
            server.raw().post("/auth/refresh_token", &body).await
        };
        let refreshed = refresh(text(session, "refresh_token")).await;
        assert_eq!(refreshed.status, 200, "{}", refreshed.body);
        raw.set_token(&text(&refreshed.json(), "access_token"));
        assert_eq!(raw.get("/tenant", &[]).await.json()["domain"], DOMAIN);

        assert_eq!(refresh(text(session, "used_refresh_token")).await.status, 400);
        assert_eq!(raw.get("/tenant", &[]).await.status, 401, "reuse ends the session");
    }
}

#[tokio::test]
async fn announced_uploads_are_completed() {
    for fixture in Fixture::all() {
        let server = fixture.start.ready();
        let uploads = fixture.tokens["uploads"].as_array().unwrap();
        let sessions = [
            server.raw_signed_in().await,
            server.raw_as("distributor", USERS_PASSWORD, None).await,
            server.raw_as("alice", USERS_PASSWORD, Some(DOMAIN)).await,
        ];
        assert_eq!(uploads.len(), sessions.len());
        for (upload, raw) in uploads.iter().zip(sessions) {
            let id = text(upload, "id");
            let request = raw.request(Method::POST, &format!("/blobs/uploads/{id}/complete"));
            let request = request.header("portsip-upload-token", text(upload, "token"));
            let stored = raw.send_request(request.body(logo(3, 3))).await;
            assert!(stored.status < 300, "{}", stored.body);
            let file = raw.get(&format!("/files/{id}"), &[]).await.json();
            assert_eq!(file["name"], "late.png");
            assert_eq!(download(&raw, &file).await, logo(3, 3));
        }
    }
}

async fn fail_to_sign_in(server: &Server, address: &str) -> u16 {
    let body = json!({"username": ADMINISTRATOR, "password": "wrong"});
    let request = server
        .raw()
        .request(Method::POST, "/auth/sign_in")
        .header("x-forwarded-for", address);
    server.raw().send_request(request.json(&body)).await.status
}

#[tokio::test]
async fn lockouts_and_counted_failures_go_on() {
    for fixture in Fixture::all() {
        let server = fixture.start.ready();
        for locked_out in [ATTACKER, SUSPECT, "192.0.2.9"] {
            assert_eq!(fail_to_sign_in(&server, locked_out).await, 403, "{locked_out}");
        }
        // One failure was counted before; more than five lock out.
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(fail_to_sign_in(&server, "203.0.113.99").await);
        }
        assert_eq!(statuses, [400, 400, 400, 400, 400, 403]);
    }
}

#[tokio::test]
async fn newest_fixture_fills_every_table_and_column() {
    for fixture in Fixture::newest() {
        fixture.start.ready().terminate();
        let columns = fixture.columns();
        assert!(columns.len() > 100, "{columns:?}");
        let unfilled: Vec<String> = columns
            .into_iter()
            .filter(|(table, column)| fixture.value(&format!("SELECT count({column}) FROM {table}")) == "0")
            .map(|(table, column)| format!("{table}.{column}"))
            .collect();
        assert_eq!(
            unfilled, UNFILLED,
            "{}: the list may only shrink; create a new fixture",
            fixture.name
        );
    }
}

/// Earlier releases kept every token until it expired: 40,004 rows after 20,000 refreshes.
#[tokio::test]
async fn surplus_tokens_are_deleted_and_the_session_goes_on() {
    for fixture in Fixture::of_version("0140") {
        let session = "SELECT session_id FROM tokens WHERE used_at IS NOT NULL LIMIT 1";
        let rows = |kind: &str, used: &str| {
            format!(
                "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
                 INSERT INTO tokens (hash, session_id, kind, expires_at, used_at)
                 SELECT HASH('{kind}' || n), ({session}), '{kind}', EXPIRY - n * 1000, {used} FROM numbers;"
            )
        };
        let insert = [rows("access", "NULL"), rows("refresh", "EXPIRY")].concat();
        // A time before the expiry of the session.
        let expiry = "(SELECT min(expires_at) FROM sessions)";
        let insert = insert.replace("EXPIRY", expiry);
        match fixture.start.postgres() {
            Some(database) => drop(
                database.sql(
                    &insert
                        .replace("HASH(", "convert_to(")
                        .replace("' || n)", "' || n, 'UTF8')"),
                ),
            ),
            None => {
                let database = rusqlite::Connection::open(fixture.start.database()).unwrap();
                let insert = insert.replace("HASH(", "CAST(").replace("' || n)", "' || n AS BLOB)");
                database.execute_batch(&insert).unwrap();
            }
        }
        let count = || fixture.value("SELECT count(*) FROM tokens").parse::<u32>().unwrap();
        assert!(count() > 40_000);
        fixture.start.ready().terminate();
        let sessions: u32 = fixture.value("SELECT count(*) FROM sessions").parse().unwrap();
        assert!(count() <= 16 * sessions, "{}", count());
        let server = fixture.start.ready();
        let mut raw = server.raw();
        let body = json!({"refresh_token": text(&fixture.tokens["session"], "refresh_token")});
        let refreshed = raw.post("/auth/refresh_token", &body).await;
        assert_eq!(refreshed.status, 200, "{}", refreshed.body);
        raw.set_token(&text(&refreshed.json(), "access_token"));
        assert_eq!(raw.get("/tenant", &[]).await.json()["domain"], DOMAIN);
    }
}
