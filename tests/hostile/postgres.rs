//! A stalled PostgreSQL.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pbx_test_harness::{ADMINISTRATOR, Cluster, Database, Engine, Exchange, PASSWORD, Start, select};
use reqwest::Method;
use rustix::process::Signal;
use serde_json::json;
use tokio::time::timeout;

use crate::bystanders::DEADLINE;
use crate::crowd::{Crowd, post};
use crate::scene::{STOP_DEADLINE, alone};
use crate::{Scene, hostile_tenant, process};

/// Stopped processes. They go on when this is dropped, or when this process ends in whatever way.
struct Frozen {
    guard: Child,
}

impl Frozen {
    fn new(pids: &[u32]) -> Self {
        let script = r#"cat >/dev/null; kill -CONT "$@""#;
        let mut guard = Command::new("sh");
        guard.args(["-c", script, "sh"]).args(pids.iter().map(u32::to_string));
        // Ctrl-C is for the tests; this process has to outlive them.
        guard.process_group(0);
        let guard = guard.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        for pid in pids {
            process::signal(*pid, Signal::STOP);
        }
        Self { guard }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Returns the process of a cluster that accepts its connections, and the processes that it has started.
fn processes(database: &Database) -> Vec<u32> {
    let file = format!("{}/postmaster.pid", database.sql("SHOW data_directory"));
    let postmaster: u32 = fs::read_to_string(file)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap();
    let children = children.split_whitespace().map(|pid| pid.parse().unwrap());
    std::iter::once(postmaster).chain(children).collect()
}

/// Waits until a transaction stands in its COMMIT; returns the process of its connection.
async fn committing(database: &Database) -> u32 {
    let query = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' LIMIT 1";
    let start = Instant::now();
    loop {
        if let Ok(pid) = database.sql(query).parse() {
            return pid;
        }
        assert!(start.elapsed() < DEADLINE, "no transaction reached its COMMIT");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connection_stopped_in_commit() {
    if !select(Engine::Postgres) {
        return;
    }
    let alone = alone().await;
    // A cluster without other databases, because this one is stopped.
    let cluster = Cluster::start().unwrap();
    let start = Start::new().with_postgres(cluster.database());
    let server = start.ready();
    let database = start.postgres().unwrap();
    database.sql(
        "CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER stall AFTER INSERT ON holidays DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (NEW.name = 'stall') EXECUTE FUNCTION stall()",
    );
    let scene = Scene::of_server("one connection of PostgreSQL stopped in COMMIT", server, alone).await;
    let base = scene.server().base().to_owned();
    let (_, token) = hostile_tenant(scene.server()).await;
    let holiday = json!({
        "name": "stall", "region": "DEU", "consecutive": false, "every_year": true, "month_start": 12, "month_end": 12,
        "day_start": 24, "day_end": 24, "hour_start": 0, "hour_end": 23, "minute_start": 0, "minute_end": 59,
    });
    let request = Bytes::from(post("/holidays", Some(&token), &holiday.to_string()));
    let attack = async || {
        let crowd = Crowd {
            sources: 1,
            connections: 1,
            small: false,
        };
        let socket = crowd.attack(&base, |_| request.clone()).await;
        (Frozen::new(&[committing(database).await]), socket)
    };
    scene.withstands(attack).await;
}

/// Returns the status of the response, or `None` if it does not arrive before the deadline.
async fn status(request: impl Future<Output = Exchange>) -> Option<u16> {
    timeout(DEADLINE, request).await.ok().map(|response| response.status)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_postgres_stopped() {
    if !select(Engine::Postgres) {
        return;
    }
    let _alone = alone().await;
    let cluster = Cluster::start().unwrap();
    let start = Start::new().with_postgres(cluster.database());
    let server = start.ready();
    let administrator = server.raw_signed_in().await;
    let anonymous = server.raw();
    let unknown = async || status(anonymous.send_empty(Method::GET, "/nowhere")).await;
    assert_eq!(unknown().await, Some(404));

    let frozen = Frozen::new(&processes(start.postgres().unwrap()));
    // More writes than the node has connections, so that some wait for one.
    let writes = (0..40).map(|number| {
        let administrator = administrator.clone();
        tokio::spawn(async move {
            let body = json!({ "flow_timer": number + 1 });
            status(administrator.post("/admin/settings", &body)).await
        })
    });
    let writes: Vec<_> = writes.collect();
    let mut responses = Vec::new();
    for _ in 0..10 {
        responses.push(("unknown path", unknown().await, Some(404)));
    }
    for write in writes {
        responses.push(("write", write.await.unwrap(), Some(503)));
    }
    // Whatever is cached for a second has expired by now.
    let read = status(administrator.get("/admin/settings", &[])).await;
    responses.push(("read", read, Some(503)));
    let credentials = json!({"username": ADMINISTRATOR, "password": PASSWORD});
    let sign_in = status(anonymous.post("/auth/sign_in", &credentials)).await;
    responses.push(("sign-in", sign_in, Some(503)));
    responses.push(("unknown path", unknown().await, Some(404)));
    let stopped = process::terminate(server, STOP_DEADLINE).await;
    drop(frozen);
    let wrong: Vec<_> = responses
        .iter()
        .filter(|(_, status, expected)| status != expected)
        .collect();
    let (number, late) = (
        wrong.len(),
        wrong.iter().filter(|(_, status, _)| status.is_none()).count(),
    );
    assert!(
        wrong.is_empty(),
        "{number} of {} responses are wrong, {late} of these late; the first: {:?}; SIGTERM took {:.1} s",
        responses.len(),
        wrong[0],
        stopped.duration.as_secs_f64()
    );
    stopped.assert_in_time("all of PostgreSQL stopped");
}
