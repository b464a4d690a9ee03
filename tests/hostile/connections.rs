//! Connections that cost their owner nothing: those that never read, never speak or never finish.
//!
//! Only the last of these tests concerns the database, and runs on each engine.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use bytes::Bytes;
use pbx_client::types::{CreateIpRule, IpRuleTarget};
use pbx_test_harness::{Engine, on_each_engine, programs, select};
use tempfile::TempDir;

use crate::crowd::{Crowd, post};
use crate::{Scene, start};

/// Two sign-ins in one write, each with 15 kB of unknown properties: nearly the largest body that is read before sign-in.
fn two_sign_ins() -> Bytes {
    let mut body = String::from("{");
    while body.len() < 15_000 {
        let length = body.len();
        let _ = write!(body, "\"x{length}\":0,");
    }
    body += "\"y\":0}";
    post("/auth/sign_in", None, &body).repeat(2).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_that_nobody_reads() {
    select(Engine::Sqlite);
    let scene = Scene::new("4,150 connections of one address that never read", &start()).await;
    let payload = two_sign_ins();
    let crowd = Crowd {
        sources: 1,
        connections: 4_150,
        small: true,
    };
    scene.withstands_crowd(crowd, |_| payload.clone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_from_a_denied_address() {
    select(Engine::Sqlite);
    let scene = Scene::new("9,000 idle connections of a denied address", &start()).await;
    let rule = CreateIpRule::new("127.0.2.1", IpRuleTarget::Deny);
    scene
        .server()
        .client()
        .await
        .create_ip_rule()
        .body(rule)
        .send()
        .await
        .unwrap();
    let crowd = Crowd {
        sources: 1,
        connections: 9_000,
        small: true,
    };
    scene.withstands_crowd(crowd, |_| Bytes::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_from_many_addresses() {
    select(Engine::Sqlite);
    let scene = Scene::new("9,000 idle connections of 120 addresses", &start()).await;
    let crowd = Crowd {
        sources: 120,
        connections: 9_000,
        small: true,
    };
    scene.withstands_crowd(crowd, |_| Bytes::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_bodies_before_sign_in() {
    select(Engine::Sqlite);
    let scene = Scene::new("2,000 unfinished bodies of 1 MiB", &start()).await;
    let body = format!("{{\"username\":\"{}", "a".repeat((1 << 20) - 20));
    let mut unfinished = post("/auth/sign_in", None, &body);
    // The last byte never comes.
    unfinished.pop();
    let unfinished = Bytes::from(unfinished);
    let crowd = Crowd {
        sources: 16,
        connections: 2_000,
        small: false,
    };
    scene.withstands_crowd(crowd, |_| unfinished.clone()).await;
}

#[on_each_engine(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_open_files() {
    let directory = TempDir::new().unwrap();
    let limited = directory.path().join("limited");
    let script = format!("#!/bin/sh\nulimit -n 1024 && exec '{}' \"$@\"\n", programs::server());
    std::fs::write(&limited, script).unwrap();
    std::fs::set_permissions(&limited, std::fs::Permissions::from_mode(0o700)).unwrap();
    let scene = Scene::new(
        "1,500 idle connections, 1,024 open files",
        &start().with_program(limited),
    )
    .await;
    let crowd = Crowd {
        sources: 16,
        connections: 1_500,
        small: true,
    };
    scene.withstands_crowd(crowd, |_| Bytes::new()).await;
}
