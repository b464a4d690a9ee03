//! Telling administrators by mail what needs them: a threshold that is reached, an address that was locked out, a licence that
//! is used up.
//!
//! There is at most one mail an hour about each cause, from all nodes together. What is to be told is kept in the store until a
//! mail has told it, so that neither a restart nor a mail server that is away loses it: any node notes it there ([`note`]), and
//! the one that claims the hour sends the mail ([`tick`]).

mod email;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

use super::admin::notification::Notification;
use super::network::Network;
use super::vault::Vault;
use super::{Error, clock};
use crate::store::{Store, Tx, alerts, settings};

/// No second mail about a cause for so long.
const PERIOD: SignedDuration = SignedDuration::from_hours(1);

/// A mail that the mail server did not take is tried again after this.
const RETRY: SignedDuration = SignedDuration::from_mins(5);

/// What a machine last said longer ago than this says nothing about it any more.
const STALE: SignedDuration = SignedDuration::from_mins(5);

/// Events that one mail lists; of more it gives the number.
const LISTED: u64 = 50;

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The disk with the data is full to the threshold.
    HardDisk,
    /// The processors are busy to the threshold.
    Cpu,
    /// The memory is used to the threshold.
    Memory,
    /// An address was locked out.
    IpBlocked,
    /// Something was refused because the licence does not allow more.
    LicenseLimited,
}

impl Cause {
    /// In the order in which mails about them are sent.
    const ALL: [Self; 5] = [
        Self::HardDisk,
        Self::Cpu,
        Self::Memory,
        Self::IpBlocked,
        Self::LicenseLimited,
    ];

    /// As it is stored; never changes once released.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HardDisk => "HARD_DISK",
            Self::Cpu => "CPU",
            Self::Memory => "MEMORY",
            Self::IpBlocked => "IP_BLOCKED",
            Self::LicenseLimited => "LICENSE_LIMITED",
        }
    }

    /// What the settings say about it.
    fn watched(self, settings: &Notification) -> Option<Watched> {
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
            None => Some(Watched::Events),
            Some(threshold) => threshold.filter(|threshold| *threshold > 0.0).map(Watched::Threshold),
        }
    }
}

/// How a cause that is told comes about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Watched {
    /// Things happen.
    Events,
    /// A reading of a machine is this many percent or more.
    Threshold(f64),
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is about: a machine, an address. Of each there is one event, the latest.
    pub subject: String,
    /// When it was.
    pub at: Timestamp,
    /// What it was.
    pub detail: String,
}

/// How busy a machine is, in percent. What it cannot say is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Its name.
    pub host: String,
    /// The disk with the data, the fullest if there are several.
    pub disk: Option<Disk>,
    /// The processors, all together, on average since the reading before.
    pub cpu: Option<f64>,
    /// The memory.
    pub memory: Option<f64>,
}

/// How full a disk is.
#[derive(Debug, Clone, PartialEq)]
pub struct Disk {
    /// A folder on it.
    pub folder: String,
    /// In percent.
    pub used: f64,
}

impl Reading {
    /// The value that a cause is about, and where that is.
    fn value(&self, cause: Cause) -> Option<(f64, &str)> {
        match cause {
            Cause::HardDisk => self.disk.as_ref().map(|disk| (disk.used, disk.folder.as_str())),
            Cause::Cpu => self.cpu.map(|used| (used, "")),
            Cause::Memory => self.memory.map(|used| (used, "")),
            Cause::IpBlocked | Cause::LicenseLimited => None,
        }
    }
}

/// A mail that is this node's to send.
#[derive(Debug, Clone)]
struct Claim {
    cause: Cause,
    /// The newest first.
    events: Vec<Event>,
    /// How many there are, with those that are not listed.
    count: i64,
    web_domain: Option<String>,
    settings: Notification,
}

/// Has the next mail about a cause tell this, if the settings want one.
pub fn note(tx: &mut Tx<'_>, cause: Cause, event: &Event) -> Result<(), Error> {
    let settings: Notification = settings::load(tx)?;
    if cause.watched(&settings).is_some() {
        alerts::put(tx, cause, event)?;
    }
    Ok(())
}

/// [`note`] for what is known only when its transaction was undone. A failure is logged: it must not hide what happened.
pub async fn raise(store: &Store, cause: Cause, event: Event) {
    let noted = store.write_unaudited(move |tx| note(tx, cause, &event)).await;
    if let Err(error) = noted {
        tracing::warn!(cause = cause.as_str(), ?error, "administrators are not told by mail");
    }
}

/// Notes which thresholds this machine has reached, and sends the mails that are due.
pub async fn tick(store: &Store, vault: &Vault, reading: Option<Reading>) -> Result<(), Error> {
    for claim in claim(store, reading).await? {
        let cause = claim.cause;
        match claim.settings.send(vault, &email::email(&claim)).await {
            Ok(()) => {
                tracing::info!(cause = cause.as_str(), "administrators were told by mail");
                store
                    .write_unaudited(move |tx| Ok::<_, Error>(alerts::delete_taken(tx, cause)?))
                    .await?;
            }
            Err(error) => {
                tracing::warn!(
                    cause = cause.as_str(),
                    ?error,
                    "a mail to the administrators failed: it is tried again"
                );
                let next = after(clock::now(), RETRY);
                store
                    .write_unaudited(move |tx| Ok::<_, Error>(alerts::set_next_at(tx, cause, next)?))
                    .await?;
            }
        }
    }
    Ok(())
}

/// Takes the mails that are due, so that nobody else sends one about their causes within the hour.
async fn claim(store: &Store, reading: Option<Reading>) -> Result<Vec<Claim>, Error> {
    let known = reading.clone();
    let idle = store
        .read(move |tx| {
            let settings: Notification = settings::load(tx)?;
            let reached = Cause::ALL
                .into_iter()
                .any(|cause| is_reached(cause, &settings, known.as_ref()));
            Ok::<_, Error>(!reached && !alerts::any(tx)?)
        })
        .await?;
    if idle {
        return Ok(Vec::new());
    }
    store
        .write_unaudited(move |tx| {
            let now = clock::now();
            let settings: Notification = settings::load(tx)?;
            let network: Network = settings::load(tx)?;
            let mut claims = Vec::new();
            for cause in Cause::ALL {
                observe(tx, cause, &settings, reading.as_ref(), now)?;
                if alerts::next_at(tx, cause)?.is_some_and(|next| next > now) {
                    continue;
                }
                let (events, count) = alerts::take(tx, cause, LISTED)?;
                if events.is_empty() {
                    continue;
                }
                alerts::set_next_at(tx, cause, after(now, PERIOD))?;
                claims.push(Claim {
                    cause,
                    events,
                    count,
                    web_domain: network.web_domain.clone(),
                    settings: settings.clone(),
                });
            }
            Ok(claims)
        })
        .await
}

fn is_reached(cause: Cause, settings: &Notification, reading: Option<&Reading>) -> bool {
    match (
        cause.watched(settings),
        reading.and_then(|reading| reading.value(cause)),
    ) {
        (Some(Watched::Threshold(threshold)), Some((value, _))) => value >= threshold,
        _ => false,
    }
}

/// Brings what is to be told about a cause up to date: with the settings, and with this machine's reading.
fn observe(
    tx: &mut Tx<'_>,
    cause: Cause,
    settings: &Notification,
    reading: Option<&Reading>,
    now: Timestamp,
) -> Result<(), Error> {
    let threshold = match cause.watched(settings) {
        None => return Ok(alerts::delete_all(tx, cause)?),
        Some(Watched::Events) => return Ok(()),
        Some(Watched::Threshold(threshold)) => threshold,
    };
    alerts::delete_before(tx, cause, now.saturating_sub(STALE).unwrap_or(Timestamp::MIN))?;
    let Some(reading) = reading else { return Ok(()) };
    match reading.value(cause) {
        Some((value, place)) if value >= threshold => {
            let event = Event {
                subject: reading.host.clone(),
                at: now,
                detail: email::measured(value, threshold, place),
            };
            alerts::put(tx, cause, &event)?;
        }
        Some(_) => alerts::delete_subject(tx, cause, &reading.host)?,
        None => {}
    }
    Ok(())
}

fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.saturating_add(time).unwrap_or(Timestamp::MAX)
}
