//! The examples of the client, against a server.

// The `main` of an example is not called here.
#![allow(dead_code)]

#[path = "../../crates/pbx-client/examples/create_tenant.rs"]
mod create_tenant;
#[path = "../../crates/pbx-client/examples/errors.rs"]
mod errors;
#[path = "../../crates/pbx-client/examples/list_tenants.rs"]
mod list_tenants;
#[path = "../../crates/pbx-client/examples/partial_update.rs"]
mod partial_update;
#[path = "../../crates/pbx-client/examples/stream.rs"]
mod stream;

use pbx_client::{Client, Credentials, Error, RetryPolicy, Scheme};
use pbx_test_harness::{ADMINISTRATOR, Engine, PASSWORD, Server};

use crate::start;

async fn client(server: &Server) -> Client {
    let credentials = Credentials::system(ADMINISTRATOR, PASSWORD);
    Client::builder()
        .url(server.base())
        .credentials(credentials)
        .connect()
        .await
        .unwrap()
}

#[tokio::test]
async fn tenants_are_created_listed_and_updated() {
    let server = start(Engine::Sqlite).ready();
    let client = client(&server).await;
    assert!(list_tenants::run(&client).await.unwrap().is_empty());
    let id = create_tenant::run(&client, "acme.example.com").await.unwrap();
    assert_eq!(list_tenants::run(&client).await.unwrap(), ["ACME"]);
    let before = client.show_tenant().id(&id).send().await.unwrap().into_inner();
    let timezone = partial_update::run(&client, &id).await.unwrap();
    assert_eq!(timezone.as_deref(), Some("Europe/Lisbon"));
    let after = client.show_tenant().id(&id).send().await.unwrap().into_inner();
    assert_eq!(after.website, None);
    assert_eq!((after.currency, after.enabled), (before.currency, before.enabled));
}

#[tokio::test]
async fn hundred_thousand_rows_are_streamed() {
    let start = start(Engine::Sqlite);
    drop(start.ready());
    let database = rusqlite::Connection::open(start.database()).unwrap();
    database
        .execute_batch(
            "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99999)
             INSERT INTO ip_filters (id, cidr, target)
             SELECT 1000 + n, '10.' || (n / 65536) || '.' || (n / 256 % 256) || '.' || (n % 256) || '/32',
                    CASE n % 4 WHEN 0 THEN 'DENY' ELSE 'ACCEPT' END FROM numbers",
        )
        .unwrap();
    drop(database);
    let server = start.ready();
    let counted = stream::run(&client(&server).await).await.unwrap();
    assert_eq!(counted, (100_000, 25_000));
}

#[tokio::test]
async fn every_error_has_advice() {
    let server = start(Engine::Sqlite).ready();
    let client = client(&server).await;
    let invalid = client.list_ip_rules().top(1000).send().await.unwrap_err();
    assert!(
        errors::advice(&invalid).starts_with("Correct the values: "),
        "{invalid}"
    );
    let missing = client.show_tenant().id("1").send().await.unwrap_err();
    assert!(errors::advice(&missing).contains("not there"), "{missing}");
    let anonymous = server.anonymous().list_tenants().send().await.unwrap_err();
    assert!(errors::advice(&anonymous).contains("no token was sent"), "{anonymous}");
    let forbidden = client.retrieve_current_tenant().send().await.unwrap_err();
    assert!(errors::advice(&forbidden).contains("role"), "{forbidden}");
    create_tenant::run(&client, "acme.example.com").await.unwrap();
    let taken = create_tenant::run(&client, "acme.example.com").await.unwrap_err();
    assert!(errors::advice(&taken).contains("conflicts"), "{taken}");

    let wrong = Client::builder()
        .url(server.base())
        .credentials(Credentials::system(ADMINISTRATOR, "wrong"));
    let wrong = wrong.connect().await.unwrap_err();
    assert_eq!(errors::advice(&wrong), "Correct the name or the password.");
    let typo = Client::builder().host("").build().unwrap_err();
    assert!(matches!(typo, Error::Configuration(_)));
    assert!(errors::advice(&typo).contains("settings"), "{typo}");
    let programs = client.show_tenant().send().await.unwrap_err();
    assert!(errors::advice(&programs).contains("program"), "{programs}");

    let port = server
        .base()
        .rsplit_once(':')
        .unwrap()
        .1
        .trim_end_matches("/api")
        .parse()
        .unwrap();
    drop(server);
    let gone = Client::builder().host("127.0.0.1").port(port).scheme(Scheme::Http);
    let gone = gone.retry(RetryPolicy::none()).build().unwrap();
    let gone = gone.list_tenants().send().await.unwrap_err();
    assert!(errors::advice(&gone).contains("nothing was sent"), "{gone}");
}
