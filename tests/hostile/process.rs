//! The server as a process: its memory, its end, and the limit of open files.

use std::fs;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use pbx_test_harness::Server;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

/// Descriptors of this process that are not sockets of attackers.
const OTHER_DESCRIPTORS: usize = 500;

/// Raises the limit of open files as far as this process may. A server that it starts inherits the limit.
pub(crate) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

/// Returns the number of sockets that this process may open, at most `wanted`.
pub(crate) fn affordable(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    wanted.min(limit.saturating_sub(OTHER_DESCRIPTORS))
}

/// Returns the largest resident size that a process has had, in megabytes.
pub(crate) fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes / 1024
}

/// Sends a signal to a process, which may be gone.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let _ = kill_process(pid.unwrap(), signal);
}

/// The end of a server after SIGTERM.
pub(crate) struct Stopped {
    /// The time that it took.
    pub(crate) duration: Duration,
    deadline: Duration,
    success: bool,
    log: String,
}

impl Stopped {
    /// Asserts that the server exited by itself and reported success.
    pub(crate) fn assert_in_time(&self, name: &str) {
        let end = self.log.char_indices().nth_back(2_000).map_or(0, |(start, _)| start);
        assert!(
            self.success,
            "{name}: SIGTERM did not end the server properly within {} s; the end of its log:\n{}",
            self.deadline.as_secs(),
            &self.log[end..]
        );
    }
}

/// Sends SIGTERM and waits until the server has exited; kills it after the deadline.
pub(crate) async fn terminate(server: Server, deadline: Duration) -> Stopped {
    tokio::task::spawn_blocking(move || {
        let pid = server.pid();
        let (exited, wait_exited) = mpsc::channel::<()>();
        let guard = std::thread::spawn(move || {
            if wait_exited.recv_timeout(deadline) == Err(mpsc::RecvTimeoutError::Timeout) {
                signal(pid, Signal::KILL);
            }
        });
        let start = Instant::now();
        let output = server.terminate();
        let duration = start.elapsed();
        drop(exited);
        guard.join().unwrap();
        Stopped {
            duration,
            deadline,
            success: output.status.success(),
            log: output.stderr,
        }
    })
    .await
    .unwrap()
}
