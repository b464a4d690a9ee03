//! The utilization of this machine.
//!
//! It is read on a separate thread that is not joined at shutdown: a disk that hangs delays neither a request nor the shutdown.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use pbx_domain::alerts::{Disk, Reading};
use pbx_domain::clock;
use sysinfo::{MINIMUM_CPU_UPDATE_INTERVAL, System};
use tokio::sync::oneshot;

/// Timeout of a reading.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Monitors this machine.
pub struct Machine {
    requests: SyncSender<oneshot::Sender<Reading>>,
}

impl Machine {
    /// Starts the thread that reads this machine and the disks with these directories; without any, the disk with the working
    /// directory.
    pub fn monitor(mut directories: Vec<PathBuf>) -> io::Result<Self> {
        if directories.is_empty() {
            directories.push(PathBuf::from("."));
        }
        let directories: Vec<PathBuf> = directories.iter().map(std::path::absolute).collect::<io::Result<_>>()?;
        // Requests beyond one that waits would get the same reading.
        let (requests, receiver) = sync_channel(1);
        std::thread::Builder::new()
            .name("machine".to_owned())
            .spawn(move || serve(&receiver, &directories))?;
        Ok(Self { requests })
    }

    /// Returns a reading; `None` if the machine is too busy to provide one in time.
    pub async fn read(&self) -> Option<Reading> {
        let (sender, reading) = oneshot::channel();
        self.requests.try_send(sender).ok()?;
        tokio::time::timeout(READ_TIMEOUT, reading).await.ok()?.ok()
    }
}

/// Serves requests until the monitor is dropped.
fn serve(requests: &Receiver<oneshot::Sender<Reading>>, directories: &[PathBuf]) {
    let mut processor = Processor::new();
    let mut system = System::new();
    let host = System::host_name().unwrap_or_else(|| "localhost".to_owned());
    while let Ok(sender) = requests.recv() {
        system.refresh_memory();
        let reading = Reading {
            host: host.clone(),
            disk: fullest(directories),
            cpu: processor.used(),
            memory: percent(
                system.total_memory().saturating_sub(system.available_memory()),
                system.total_memory(),
            ),
        };
        // The request may have timed out.
        let _ = sender.send(reading);
    }
}

/// The processors, all together.
struct Processor {
    system: System,
    since: Duration,
}

impl Processor {
    fn new() -> Self {
        let mut system = System::new();
        system.refresh_cpu_usage();
        Self {
            system,
            since: clock::elapsed(),
        }
    }

    /// Returns the average utilization since the last call; `None` if that was too recent for a meaningful value.
    fn used(&mut self) -> Option<f64> {
        let now = clock::elapsed();
        if now.saturating_sub(self.since) < MINIMUM_CPU_UPDATE_INTERVAL {
            return None;
        }
        self.since = now;
        self.system.refresh_cpu_usage();
        Some(f64::from(self.system.global_cpu_usage()))
    }
}

/// Returns the fullest disk, as `df` counts it: space that is reserved for root is not available.
fn fullest(directories: &[PathBuf]) -> Option<Disk> {
    let disks = directories.iter().filter_map(|directory| disk(directory));
    disks.max_by(|one, other| one.used.total_cmp(&other.used))
}

fn disk(directory: &Path) -> Option<Disk> {
    let space = fs4::statvfs(directory)
        .inspect_err(
            |error| tracing::warn!(directory = %directory.display(), %error, "the disk does not report its space"),
        )
        .ok()?;
    let used = space.total_space().saturating_sub(space.free_space());
    Some(Disk {
        directory: directory.display().to_string(),
        used: percent(used, used.saturating_add(space.available_space()))?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a percentage")]
fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64 * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reading_has_every_value_in_percent() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::monitor(vec![directory.path().to_owned(), directory.path().join("missing")]).unwrap();
        let mut reading = machine.read().await.unwrap();
        while reading.cpu.is_none() {
            reading = machine.read().await.unwrap();
        }
        let disk = reading.disk.unwrap();
        assert_eq!(disk.directory, directory.path().display().to_string());
        for share in [disk.used, reading.cpu.unwrap(), reading.memory.unwrap()] {
            assert!((0.0..=100.0).contains(&share), "{share}");
        }
        assert!(!reading.host.is_empty());
    }

    #[test]
    fn no_percentage_of_zero() {
        assert_eq!((percent(1, 4), percent(0, 0)), (Some(25.0), None));
    }
}
