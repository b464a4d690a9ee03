//! Alerts to administrators by mail.
//!
//! There is at most one mail an hour about each cause, from all nodes together. Events stay queued in the store until a mail has
//! reported them, so that neither a restart nor an unreachable mail server loses them: any node queues them ([`queue`]), and the
//! one that claims the hour sends the mail ([`send_due`]).

use jiff::{SignedDuration, Timestamp};
use pbx_domain::admin::notification::Notification;
use pbx_domain::alerts::{Alert, Cause, Event, Reading, Trigger, email};
use pbx_domain::network::Network;
use pbx_domain::vault::Vault;
use pbx_domain::{Error, clock};
use pbx_store::{Store, Tx, alerts, settings};

use crate::adapters::mail::Mailer;

/// Minimum time between two mails about a cause.
const PERIOD: SignedDuration = SignedDuration::from_hours(1);

/// Delay before a mail that the mail server did not take is retried.
const RETRY_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Maximum age of a reading that is reported: the last reading of a machine that has stopped reporting is meaningless.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

/// Maximum number of events that a mail lists; more are counted.
const MAX_LISTED: u64 = 50;

/// Queues an event for the next mail about its cause, unless the settings disable that.
pub fn queue(tx: &mut Tx<'_>, cause: Cause, event: &Event) -> Result<(), Error> {
    let settings: Notification = settings::load(tx)?;
    if cause.trigger(&settings).is_some() {
        alerts::put(tx, cause, event)?;
    }
    Ok(())
}

/// Queues an event in its own transaction: for an event whose transaction was rolled back. A failure is logged, as it must not
/// hide the event itself.
pub async fn queue_separately(store: &Store, cause: Cause, event: Event) {
    let queued = store.write_unaudited(move |tx| queue(tx, cause, &event)).await;
    if let Err(error) = queued {
        tracing::warn!(cause = cause.as_str(), ?error, "administrators are not alerted by mail");
    }
}

/// Queues the thresholds that this machine has reached, and sends the mails that are due.
pub async fn send_due(store: &Store, vault: &Vault, mailer: &Mailer, reading: Option<Reading>) -> Result<(), Error> {
    for alert in claim(store, reading).await? {
        let cause = alert.cause;
        let sent = match alert.settings.mail_server(vault) {
            Ok(server) => mailer.send(&server, &alert.to_email()).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(refused) => {
                tracing::info!(cause = cause.as_str(), "administrators were alerted by mail");
                for recipient in refused {
                    tracing::warn!(
                        cause = cause.as_str(),
                        recipient = recipient.address,
                        reply = recipient.reply,
                        "the mail server refused a recipient of an alert: correct it with POST /admin/notification"
                    );
                }
                store
                    .write_unaudited(move |tx| Ok::<_, Error>(alerts::delete_taken(tx, cause)?))
                    .await?;
            }
            Err(error) => {
                tracing::warn!(
                    cause = cause.as_str(),
                    ?error,
                    "an alert to the administrators was not sent and will be retried"
                );
                let next = clock::after(clock::now(), RETRY_AFTER);
                store
                    .write_unaudited(move |tx| Ok::<_, Error>(alerts::set_next_at(tx, cause, next)?))
                    .await?;
            }
        }
    }
    Ok(())
}

/// Claims the alerts that are due: no other node sends a mail about their causes within the hour.
async fn claim(store: &Store, reading: Option<Reading>) -> Result<Vec<Alert>, Error> {
    let current = reading.clone();
    let idle = store
        .read(move |tx| {
            let settings: Notification = settings::load(tx)?;
            let reaches = |cause| {
                current
                    .as_ref()
                    .is_some_and(|reading| reading.reaches(cause, &settings))
            };
            let reached = Cause::ALL.iter().copied().any(reaches);
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
            let mut due = Vec::new();
            for &cause in Cause::ALL {
                update_queue(tx, cause, &settings, reading.as_ref(), now)?;
                if alerts::next_at(tx, cause)?.is_some_and(|next| next > now) {
                    continue;
                }
                let (events, count) = alerts::take(tx, cause, MAX_LISTED)?;
                if events.is_empty() {
                    continue;
                }
                alerts::set_next_at(tx, cause, clock::after(now, PERIOD))?;
                due.push(Alert {
                    cause,
                    events,
                    count,
                    web_domain: network.web_domain.clone(),
                    settings: settings.clone(),
                });
            }
            Ok(due)
        })
        .await
}

/// Updates the queued events of a cause from the settings and from this machine's reading.
fn update_queue(
    tx: &mut Tx<'_>,
    cause: Cause,
    settings: &Notification,
    reading: Option<&Reading>,
    now: Timestamp,
) -> Result<(), Error> {
    let threshold = match cause.trigger(settings) {
        None => return Ok(alerts::delete_all(tx, cause)?),
        Some(Trigger::Events) => return Ok(()),
        Some(Trigger::Threshold(threshold)) => threshold,
    };
    alerts::delete_before(tx, cause, now.saturating_sub(MAX_AGE).unwrap_or(Timestamp::MIN))?;
    let Some(reading) = reading else { return Ok(()) };
    match reading.value(cause) {
        Some((value, directory)) if value >= threshold => {
            let event = Event {
                subject: reading.host.clone(),
                at: now,
                detail: email::measurement(value, threshold, directory),
            };
            alerts::put(tx, cause, &event)?;
        }
        Some(_) => alerts::delete_subject(tx, cause, &reading.host)?,
        None => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
