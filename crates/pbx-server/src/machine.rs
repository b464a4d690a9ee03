//! How busy this machine is.
//!
//! It is asked on a thread of its own, which nobody waits for at the end: a disk that hangs holds up neither a request nor the
//! stop.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use sysinfo::{MINIMUM_CPU_UPDATE_INTERVAL, System};
use tokio::sync::oneshot;

use crate::domain::alerts::{Disk, Reading};
use crate::domain::clock;

/// Longer than this nobody waits for a reading.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks for readings.
pub struct Machine {
    questions: SyncSender<oneshot::Sender<Reading>>,
}

impl Machine {
    /// Readings of this machine and of the disks with these folders; without any, of the one with the working directory.
    pub fn watch(mut folders: Vec<PathBuf>) -> io::Result<Self> {
        if folders.is_empty() {
            folders.push(PathBuf::from("."));
        }
        let folders: Vec<PathBuf> = folders.iter().map(std::path::absolute).collect::<io::Result<_>>()?;
        // A second question while the first is being answered would only be the same one.
        let (questions, asked) = sync_channel(1);
        std::thread::Builder::new()
            .name("machine".to_owned())
            .spawn(move || answer(&asked, &folders))?;
        Ok(Self { questions })
    }

    /// How busy it is; `None` if it is too busy to say.
    pub async fn read(&self) -> Option<Reading> {
        let (answer, answered) = oneshot::channel();
        self.questions.try_send(answer).ok()?;
        tokio::time::timeout(PATIENCE, answered).await.ok()?.ok()
    }
}

/// Answers until nobody can ask any more.
fn answer(asked: &Receiver<oneshot::Sender<Reading>>, folders: &[PathBuf]) {
    let mut processor = Processor::new();
    let mut system = System::new();
    let host = System::host_name().unwrap_or_else(|| "localhost".to_owned());
    while let Ok(answer) = asked.recv() {
        system.refresh_memory();
        let reading = Reading {
            host: host.clone(),
            disk: fullest(folders),
            cpu: processor.used(),
            memory: percent(
                system.total_memory().saturating_sub(system.available_memory()),
                system.total_memory(),
            ),
        };
        // Whoever asked may have lost patience.
        let _ = answer.send(reading);
    }
}

/// The processors, together.
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

    /// How busy they were on average since they were last asked; `None` if that is too short a time to say.
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

/// The folder whose disk has the least room, as `df` counts it: what only root may use is not room.
fn fullest(folders: &[PathBuf]) -> Option<Disk> {
    let disks = folders.iter().filter_map(|folder| disk(folder));
    disks.max_by(|one, other| one.used.total_cmp(&other.used))
}

fn disk(folder: &Path) -> Option<Disk> {
    let space = fs4::statvfs(folder)
        .inspect_err(|error| tracing::warn!(folder = %folder.display(), %error, "the disk does not say how full it is"))
        .ok()?;
    let used = space.total_space().saturating_sub(space.free_space());
    Some(Disk {
        folder: folder.display().to_string(),
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
    async fn a_reading_has_everything_and_in_percent() {
        let folder = tempfile::tempdir().unwrap();
        let machine = Machine::watch(vec![folder.path().to_owned(), folder.path().join("missing")]).unwrap();
        let mut reading = machine.read().await.unwrap();
        while reading.cpu.is_none() {
            reading = machine.read().await.unwrap();
        }
        let disk = reading.disk.unwrap();
        assert_eq!(disk.folder, folder.path().display().to_string());
        for share in [disk.used, reading.cpu.unwrap(), reading.memory.unwrap()] {
            assert!((0.0..=100.0).contains(&share), "{share}");
        }
        assert!(!reading.host.is_empty());
    }

    #[test]
    fn an_empty_whole_has_no_shares() {
        assert_eq!((percent(1, 4), percent(0, 0)), (Some(25.0), None));
    }
}
