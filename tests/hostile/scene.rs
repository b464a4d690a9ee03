//! A server, its bystanders, and one attack.

use std::io::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pbx_test_harness::{Server, Start};
use tokio::sync::{Mutex, MutexGuard};

use crate::bystanders::{Bystanders, Latencies};
use crate::crowd::Crowd;
use crate::process;

/// Held by the test that runs.
static ALONE: Mutex<()> = Mutex::const_new(());

/// The deadline of SIGTERM.
pub(crate) const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// The most memory that a server may need, in megabytes: 2,000 unfinished bodies took 2,380.
const MEMORY: u64 = 300;

/// The variable with the number of measurements before the attack, and of attacks. Default: 1.
const ROUNDS: &str = "PBX_HOSTILE_ROUNDS";

fn rounds() -> usize {
    std::env::var(ROUNDS).map_or(1, |number| number.parse().unwrap())
}

/// A server, and the latencies of its bystanders before the attack.
pub(crate) struct Scene {
    name: &'static str,
    server: Server,
    calm: Latencies,
    _alone: MutexGuard<'static, ()>,
}

/// Waits until no other test runs, and raises the limit of open files for this process and the servers that it starts.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    let alone = ALONE.lock().await;
    process::raise_descriptor_limit();
    alone
}

impl Scene {
    /// Starts a server and measures its bystanders.
    pub(crate) async fn new(name: &'static str, start: &Start) -> Self {
        let alone = alone().await;
        Self::of_server(name, start.ready(), alone).await
    }

    /// Measures the bystanders of a server.
    pub(crate) async fn of_server(name: &'static str, server: Server, alone: MutexGuard<'static, ()>) -> Self {
        let mut calm = Latencies::default();
        for _ in 0..rounds() {
            calm.merge(Bystanders::start(server.base()).finish());
        }
        calm.assert_all_served(name, "before the attack");
        Self {
            name,
            server,
            calm,
            _alone: alone,
        }
    }

    /// Returns the server.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// [`withstands`](Self::withstands) for a crowd that sends on the connection with number `i` what `sent(i)` returns.
    pub(crate) async fn withstands_crowd(self, crowd: Crowd, sent: impl Fn(usize) -> Bytes) {
        let base = self.server.base().to_owned();
        self.withstands(async || crowd.attack(&base, &sent).await).await;
    }

    /// Lets bystanders go on while the attack begins and for some time after that, then terminates the server.
    ///
    /// The attack is a function that returns once it is in force, with what keeps it so.
    ///
    /// # Panics
    ///
    /// If a request of a bystander fails, the server needs more than [`MEMORY`], or SIGTERM does not end it in time.
    pub(crate) async fn withstands<T>(self, attack: impl AsyncFn() -> T) {
        let mut under_attack = Latencies::default();
        let (mut in_force, mut beginning) = (None, Duration::ZERO);
        for _ in 0..rounds() {
            // The attackers of the round before hang up.
            drop(in_force.take());
            let bystanders = Bystanders::start(self.server.base());
            let start = Instant::now();
            in_force = Some(attack().await);
            beginning = beginning.max(start.elapsed());
            under_attack.merge(tokio::task::spawn_blocking(move || bystanders.finish()).await.unwrap());
        }
        let memory = process::peak_memory(self.server.pid());
        let (engine, name) = (pbx_test_harness::selected(), self.name);
        let mut report = format!("\n{name}, {engine:?}\n{}", under_attack.compared_with(&self.calm));
        let stopped = process::terminate(self.server, STOP_DEADLINE).await;
        report += &format!(
            "  the attack was in force after {:.1} s; memory at most {memory} MB; SIGTERM ended the server after {:.1} s\n",
            beginning.as_secs_f64(),
            stopped.duration.as_secs_f64()
        );
        // Not `eprint!`, whose output the test runner hides when a test passes.
        let _ = std::io::stderr().write_all(report.as_bytes());
        drop(in_force);
        under_attack.assert_all_served(name, "under attack");
        assert!(memory <= MEMORY, "{name}: the server needed {memory} MB");
        stopped.assert_in_time(name);
    }
}
