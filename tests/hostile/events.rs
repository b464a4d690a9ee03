//! Event tests of a tenant to a name whose DNS never responds.

use std::io::Write as _;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use pbx_test_harness::{on_each_engine, programs};
use serde_json::json;
use tempfile::TempDir;

use crate::crowd::{Crowd, post};
use crate::{Scene, hostile_tenant, start};

/// The addresses for a resolver on this machine that receives questions and never responds, one for each engine. The C library asks
/// port 53 only.
const RESOLVERS: [&str; 2] = ["127.83.41.7", "127.83.41.8"];

/// A server that asks that resolver: `/etc/resolv.conf` is another file in its mount namespace.
struct Namespace {
    _resolver: UdpSocket,
    directory: TempDir,
}

impl Namespace {
    /// Returns `None` if this process may not do that, which is reported loudly.
    fn new() -> Option<Self> {
        let skipped = |reason: &str| {
            let _ = writeln!(
                std::io::stderr(),
                "\n*** SKIPPED: event tests to a name without DNS: {reason}. Run it as root. ***"
            );
        };
        let mut bound = RESOLVERS
            .iter()
            .filter_map(|address| UdpSocket::bind((*address, 53)).ok());
        let Some(resolver) = bound.next() else {
            skipped(&format!("port 53 of {RESOLVERS:?} cannot be opened"));
            return None;
        };
        let address = resolver.local_addr().unwrap().ip();
        let directory = TempDir::new().unwrap();
        let configuration = directory.path().join("resolv.conf");
        std::fs::write(
            &configuration,
            format!("nameserver {address}\noptions timeout:30 attempts:4\n"),
        )
        .unwrap();
        let script = format!(
            "#!/bin/sh\nexec unshare --mount -- sh -c 'mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"' '{}' \"${{PROGRAM:-{}}}\" \
             \"$@\"\n",
            configuration.display(),
            programs::server()
        );
        let program = directory.path().join("server");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let possible = Command::new(&program).env("PROGRAM", "true").output().unwrap();
        if !possible.status.success() {
            skipped(String::from_utf8_lossy(&possible.stderr).trim());
            return None;
        }
        Some(Self {
            _resolver: resolver,
            directory,
        })
    }
}

#[on_each_engine(flavor = "multi_thread", worker_threads = 2)]
async fn event_tests_to_a_name_without_dns() {
    let Some(namespace) = Namespace::new() else { return };
    let start = start().with_program(namespace.directory.path().join("server"));
    let scene = Scene::new("600 event tests to a name without DNS", &start).await;
    let (_, token) = hostile_tenant(scene.server()).await;
    let mut administrator = scene.server().raw();
    administrator.set_token(&token);
    let webhook = json!({"cdr_event": {"url": "http://hook.example.com/", "auth": "DISABLE"}});
    let saved = administrator.post("/tenant", &webhook).await;
    assert_eq!(saved.status, 200, "{}", saved.body);
    let crowd = Crowd {
        sources: 4,
        connections: 600,
        small: true,
    };
    let request = post("/tenant/cdr_event/test", Some(&token), "");
    scene.withstands_crowd(crowd, |_| request.clone().into()).await;
}
