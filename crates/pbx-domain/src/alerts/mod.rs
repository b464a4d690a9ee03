//! Alerts to administrators: a threshold that is reached, an address that was locked out, a license limit that is reached.

pub mod email;

use jiff::Timestamp;

use crate::admin::notification::Notification;
use crate::named::named_enum;

named_enum! {
    /// The cause of an alert, in the order in which mails are sent.
    pub enum Cause {
        /// The disk with the data is full to the threshold.
        HardDisk = "HARD_DISK",
        /// The processors are busy to the threshold.
        Cpu = "CPU",
        /// The memory is used to the threshold.
        Memory = "MEMORY",
        /// An address was locked out.
        IpBlocked = "IP_BLOCKED",
        /// An operation was refused because of the license.
        LicenseLimited = "LICENSE_LIMITED",
    }
}

impl Cause {
    /// Returns the trigger of alerts of this cause; `None` if the settings disable them.
    pub fn trigger(self, settings: &Notification) -> Option<Trigger> {
        let (on, threshold) = match self {
            Self::HardDisk => (
                settings.notify_hard_disk_exceeded_threshold,
                Some(settings.hard_disk_threshold),
            ),
            Self::Cpu => (settings.notify_cpu_exceeded_threshold, Some(settings.cpu_threshold)),
            Self::Memory => (
                settings.notify_memory_exceeded_threshold,
                Some(settings.memory_threshold),
            ),
            Self::IpBlocked => (settings.notify_ip_blocked, None),
            Self::LicenseLimited => (settings.notify_license_limited, None),
        };
        if !on || settings.server.is_none() || settings.recipients.is_none() {
            return None;
        }
        match threshold {
            None => Some(Trigger::Events),
            Some(threshold) => threshold.filter(|threshold| *threshold > 0.0).map(Trigger::Threshold),
        }
    }
}

/// The trigger of an alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trigger {
    /// Each event.
    Events,
    /// A reading of a machine of at least this percentage.
    Threshold(f64),
}

/// An event that an alert reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its subject: a machine, an address. For each there is one event, the latest.
    pub subject: String,
    /// Its time.
    pub at: Timestamp,
    /// Its description.
    pub detail: String,
}

/// The utilization of a machine, in percent. A value that cannot be determined is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The machine's name.
    pub host: String,
    /// The disk with the data; the fullest one if there are several.
    pub disk: Option<Disk>,
    /// The average of all processors since the reading before.
    pub cpu: Option<f64>,
    /// The memory.
    pub memory: Option<f64>,
}

/// The utilization of a disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Disk {
    /// A directory on it.
    pub directory: String,
    /// The used space in percent.
    pub used: f64,
}

impl Reading {
    /// Returns the value that a cause is about, and the directory of a disk.
    pub fn value(&self, cause: Cause) -> Option<(f64, &str)> {
        match cause {
            Cause::HardDisk => self.disk.as_ref().map(|disk| (disk.used, disk.directory.as_str())),
            Cause::Cpu => self.cpu.map(|used| (used, "")),
            Cause::Memory => self.memory.map(|used| (used, "")),
            Cause::IpBlocked | Cause::LicenseLimited => None,
        }
    }

    /// Returns `true` if the reading is at or above the threshold that the settings have for the cause.
    pub fn reaches(&self, cause: Cause, settings: &Notification) -> bool {
        match (cause.trigger(settings), self.value(cause)) {
            (Some(Trigger::Threshold(threshold)), Some((value, _))) => value >= threshold,
            _ => false,
        }
    }
}

/// A due alert, with the settings of its mail.
#[derive(Debug, Clone)]
pub struct Alert {
    /// Its cause.
    pub cause: Cause,
    /// The newest events, the newest first.
    pub events: Vec<Event>,
    /// The number of all events, including those that are not listed.
    pub count: i64,
    /// The domain of the web portal, to recognize the installation.
    pub web_domain: Option<String>,
    /// The mail server and the recipients.
    pub settings: Notification,
}
