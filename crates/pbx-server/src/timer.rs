//! Timers of background jobs.

use std::time::Duration;

use pbx_domain::clock;

/// Polling interval of a shifted clock: how soon a clock that a test puts ahead is noticed.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Sleeps until [`clock::elapsed`] has reached `end`.
pub async fn sleep_until(end: Duration) {
    if !clock::is_shifted() {
        return tokio::time::sleep(end.saturating_sub(clock::elapsed())).await;
    }
    while clock::elapsed() < end {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
