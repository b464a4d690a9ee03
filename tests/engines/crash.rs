//! The process is killed while it writes: every acknowledged write is stored afterwards, and none is partial.

use std::collections::BTreeMap;
use std::time::Duration;

use pbx_test_harness::{Cluster, Raw, Start};
use serde_json::json;

use crate::on_every_engine;

/// How often each engine is killed.
const ROUNDS: u8 = 6;

/// Responses before the kill of a round; the requests under way are lost.
const ANSWERS: usize = 60;

/// Concurrent writers.
const WRITERS: u8 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_writes_survive_kill_and_none_is_partial() {
    for start in on_every_engine() {
        let mut expected = BTreeMap::new();
        for round in 0..ROUNDS {
            let server = start.ready();
            let raw = server.raw_signed_in().await;
            assert_eq!(stored(&raw, &expected).await, expected, "before round {round}");
            let (acknowledged, mut responses) = tokio::sync::mpsc::unbounded_channel();
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| tokio::spawn(write_until_killed(raw.clone(), round, writer, acknowledged.clone())))
                .collect();
            drop(acknowledged);
            for _ in 0..ANSWERS {
                let (cidr, description) = responses.recv().await.unwrap();
                expected.insert(cidr, description);
            }
            server.kill();
            for writer in writers {
                writer.await.unwrap();
            }
            // Responses between the count and the kill.
            while let Some((cidr, description)) = responses.recv().await {
                expected.insert(cidr, description);
            }
        }
        let server = start.ready();
        let raw = server.raw_signed_in().await;
        assert_eq!(stored(&raw, &expected).await, expected);
    }
}

/// Creates rules and then updates target and description of each in one request, until the server is gone.
async fn write_until_killed(
    raw: Raw,
    round: u8,
    writer: u8,
    acknowledged: tokio::sync::mpsc::UnboundedSender<(String, String)>,
) {
    for number in 0..=u8::MAX {
        let cidr = format!("10.{round}.{writer}.{number}/32");
        let body = json!({"cidr": cidr, "target": "ACCEPT", "description": "ACCEPT"});
        let Some(created) = raw.try_post("/ip_filters", &body).await else {
            return;
        };
        let _ = acknowledged.send((cidr.clone(), "ACCEPT".to_owned()));
        let path = format!("/ip_filters/{}", created.json()["id"].as_str().unwrap());
        let body = json!({"target": "DENY", "description": "DENY"});
        if raw.try_post(&path, &body).await.is_none() {
            return;
        }
        let _ = acknowledged.send((cidr, "DENY".to_owned()));
    }
}

/// Returns the stored rules, with those that were never acknowledged as expected; panics if one is partially written.
async fn stored(raw: &Raw, expected: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut rules = BTreeMap::new();
    loop {
        let query = [("orderby", "cidr"), ("top", "100"), ("skip", &rules.len().to_string())];
        let page = raw.get("/ip_filters", &query).await.json();
        let items = page["items"].as_array().unwrap();
        for rule in items {
            let [cidr, target, description] =
                ["cidr", "target", "description"].map(|name| rule[name].as_str().unwrap().to_owned());
            assert_eq!(target, description, "{cidr} is partially written");
            rules.insert(cidr, description);
        }
        if items.len() < 100 {
            break;
        }
    }
    // A write that was not acknowledged may have been committed, as a whole.
    rules.retain(|cidr, _| expected.contains_key(cidr));
    for (cidr, description) in &mut rules {
        if expected[cidr] == "ACCEPT" {
            "ACCEPT".clone_into(description);
        }
    }
    rules
}

#[tokio::test(flavor = "multi_thread")]
async fn server_survives_restart_of_postgresql() {
    let Some(cluster) = Cluster::start() else { return };
    let server = Start::new().with_postgres(cluster.database()).ready();
    let raw = server.raw_signed_in().await;
    let responses = futures_util::future::join_all((0..32).map(|_| raw.get("/ip_filters", &[]))).await;
    assert!(responses.iter().all(|response| response.status == 200));
    raw.post("/network", &json!({"private_ipv4": "10.0.0.2"})).await;
    for last in 1..4 {
        cluster.crash_and_restart();
        // Every connection is dead, and no client notices. Lists are not cached.
        assert_eq!(raw.get("/ip_filters", &[]).await.status, 200);
        cluster.crash_and_restart();
        let written = raw
            .post("/network", &json!({"public_ipv4": format!("198.51.100.{last}")}))
            .await;
        assert_eq!(written.status, 200);
    }
    drop(cluster);
    let gone = tokio::time::timeout(Duration::from_secs(20), raw.get("/ip_filters", &[]))
        .await
        .unwrap();
    assert_eq!((gone.status, gone.header("retry-after")), (503, Some("1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn uploaded_file_survives_kill_completely() {
    for arguments in [&[] as &[&str], &["--files", "pictures"]] {
        for start in on_every_engine() {
            let start = start.with_arguments(arguments);
            let mut expected = BTreeMap::new();
            for round in 0..3 {
                let server = start.ready();
                let client = server.client().await;
                let (acknowledged, mut responses) = tokio::sync::mpsc::unbounded_channel();
                let writers: Vec<_> = (0..4)
                    .map(|writer| {
                        tokio::spawn(upload_until_killed(
                            client.clone(),
                            round * 4 + writer,
                            acknowledged.clone(),
                        ))
                    })
                    .collect();
                drop(acknowledged);
                for _ in 0..12 {
                    let (id, name) = responses.recv().await.unwrap();
                    expected.insert(id, name);
                }
                server.kill();
                for writer in writers {
                    writer.await.unwrap();
                }
                while let Some((id, name)) = responses.recv().await {
                    expected.insert(id, name);
                }
            }
            let server = start.ready();
            let raw = server.raw_signed_in().await;
            // Unacknowledged uploads are complete or missing.
            let files = raw.get("/files", &[]).await.json();
            let mut found = BTreeMap::new();
            for file in files["items"].as_array().unwrap() {
                let [id, name, url] = ["id", "name", "url"].map(|property| file[property].as_str().unwrap().to_owned());
                let path = url.strip_prefix("/api").unwrap();
                let content = raw.request(reqwest::Method::GET, path).send().await.unwrap();
                assert_eq!(content.bytes().await.unwrap(), picture(&name), "{name}");
                found.insert(id, name);
            }
            found.retain(|id, _| expected.contains_key(id));
            assert_eq!(found, expected);
        }
    }
}

/// Returns a PNG of 20,000 bytes that is unique for that name.
fn picture(name: &str) -> Vec<u8> {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
    let mut bytes = [head, name.as_bytes()].concat();
    bytes.resize(20_000, 7);
    bytes
}

async fn upload_until_killed(
    client: pbx_client::Client,
    writer: u32,
    acknowledged: tokio::sync::mpsc::UnboundedSender<(String, String)>,
) {
    for number in 0.. {
        let name = format!("{writer}-{number}.png");
        let Ok(id) = pbx_client::upload(&client, &name, picture(&name)).await else {
            return;
        };
        let _ = acknowledged.send((id.into(), name));
    }
}
