//! The background jobs of a server. Each runs until it is aborted; a failure is logged, and the next run retries.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pbx_domain::vault::Vault;
use pbx_domain::{Error, clock};
use pbx_store::{MAX_STALENESS, Store, audit, tenants};
use tokio::time::MissedTickBehavior;

use super::with_internal_message;
use crate::adapters::blob_store::BlobStore;
use crate::adapters::machine::Machine;
use crate::adapters::mail::Mailer;
use crate::adapters::sip::Sip;
use crate::services::{alerts, certificates, files, session, transports};
use crate::timer;

/// Interval of [`reconcile`]: the delay until a certificate or transport that was changed on another node is in use here.
const RECONCILE_INTERVAL: Duration = Duration::from_secs(1);

/// Interval of [`refresh_ip_rules`]. Half of the time after which the rules of another node apply, which leaves the other half to
/// read them.
const IP_RULE_INTERVAL: Duration = MAX_STALENESS.saturating_sub(Duration::from_millis(500));

/// Interval of [`sweep_periodically`].
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);

/// Interval of [`alert`], and so the maximum delay of a mail that is due.
const ALERT_INTERVAL: Duration = Duration::from_secs(30);

/// Interval of [`enforce_retention`], and so the maximum time that an entry is stored beyond its retention.
const RETENTION_INTERVAL: Duration = Duration::from_secs(3600);

/// Entries of the audit log that are deleted in one transaction, so that no other one waits for long.
const AUDIT_BATCH: u64 = 1000;

/// Applies the stored certificate and transports to this node: another node may have changed them.
pub async fn reconcile(store: Store, vault: Vault, sip: Arc<Sip>) {
    let mut ticks = tokio::time::interval(RECONCILE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let done = async {
            certificates::refresh(&store, &vault, sip.tls()).await?;
            transports::reconcile(&store, &sip).await
        };
        if let Err(error) = done.await.map_err(with_internal_message) {
            tracing::warn!(%error, "this node's certificate and transports may be out of date");
        }
    }
}

/// Keeps the IP rules up to date with those that other nodes change. A failure is logged once, until the rules can be read again.
pub async fn refresh_ip_rules(store: Store) {
    let mut stale = false;
    loop {
        timer::sleep_until(clock::elapsed() + IP_RULE_INTERVAL).await;
        let refreshed = store.refresh_ip_rules().await;
        match &refreshed {
            Ok(()) if stale => tracing::info!("the IP rules are up to date again"),
            Err(error) if !stale => tracing::warn!(%error, "the IP rules cannot be read: stale ones stay in force"),
            Ok(()) | Err(_) => {}
        }
        stale = refreshed.is_err();
    }
}

/// Removes contents from the directory of the files that belong to no file.
pub async fn sweep(store: &Store, blobs: &BlobStore) {
    let Some(directory) = blobs.directory() else { return };
    match files::sweep(store, directory).await.map_err(with_internal_message) {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, "removed contents that belong to no file (any more)"),
        Err(error) => tracing::warn!(%error, "the directory of the files may have contents that belong to none"),
    }
}

/// Sweeps the files periodically: another node may have stopped while it wrote, and a deleted tenant leaves its contents.
pub async fn sweep_periodically(store: Store, blobs: BlobStore) {
    loop {
        timer::sleep_until(clock::elapsed() + SWEEP_INTERVAL).await;
        sweep(&store, &blobs).await;
    }
}

/// Alerts the administrators by mail.
pub async fn alert(store: Store, vault: Vault, mailer: Mailer, machine: Machine) {
    loop {
        let began = clock::elapsed();
        let reading = machine.read().await;
        if reading.is_none() {
            tracing::warn!("this machine takes too long to report its utilization");
        }
        if let Err(error) = alerts::send_due(&store, &vault, &mailer, reading)
            .await
            .map_err(with_internal_message)
        {
            tracing::warn!(%error, "administrators may not be alerted by mail");
        }
        timer::sleep_until(began + ALERT_INTERVAL).await;
    }
}

/// Trims the change log of tenants to the entries that caches need. Deletes expired sessions and tokens, and the entries of the audit
/// log that are older than `days`, unless that is 0.
pub async fn enforce_retention(store: Store, days: u32) {
    loop {
        let began = clock::elapsed();
        let deleted = store.write_unaudited(tenants::trim_change_log).await;
        if let Err(error) = deleted.map_err(Error::from).map_err(with_internal_message) {
            tracing::warn!(%error, "the database keeps more changes of tenants than it needs");
        }
        if let Err(error) = session::delete_expired(&store).await.map_err(with_internal_message) {
            tracing::warn!(%error, "the database keeps expired sessions");
        }
        if days > 0
            && let Err(error) = delete_audit_entries(&store, days).await.map_err(with_internal_message)
        {
            tracing::warn!(%error, "the audit log is kept for longer than --audit-days");
        }
        timer::sleep_until(began + RETENTION_INTERVAL).await;
    }
}

async fn delete_audit_entries(store: &Store, days: u32) -> Result<(), Error> {
    let age = SignedDuration::from_hours(24 * i64::from(days));
    let before = clock::now().saturating_sub(age).unwrap_or(Timestamp::MIN);
    loop {
        let deleted = store
            .write_unaudited(move |tx| Ok::<_, Error>(audit::delete_before(tx, before, AUDIT_BATCH)?))
            .await?;
        if deleted == 0 {
            return Ok(());
        }
    }
}
