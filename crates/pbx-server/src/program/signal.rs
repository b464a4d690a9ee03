//! The signals that stop the program.

use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::oneshot;

/// The time after which a program that was asked to stop ends, even if something in it hangs.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// Returns a future that completes on the first signal to stop. The handlers are installed when this returns.
///
/// A second signal ends the process at once, and so does [`STOP_TIMEOUT`]. A separate thread handles the signals,
/// whatever the other threads do.
pub fn stop() -> anyhow::Result<impl Future<Output = ()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot handle signals")?;
    let mut signals = {
        let _guard = runtime.enter();
        Signals::new()?
    };
    let (first, stopped) = oneshot::channel();
    let handle = move || {
        runtime.block_on(async {
            // Awaited outside of the macro, which evaluates its arguments only if the level is logged.
            let name = signals.next().await;
            tracing::info!("{name}: stopping");
            let _ = first.send(());
            tokio::select! {
                name = signals.next() => tracing::warn!("{name} again: ending at once"),
                () = tokio::time::sleep(STOP_TIMEOUT) => {
                    tracing::error!("ending at once: stopping takes longer than {} s", STOP_TIMEOUT.as_secs());
                }
            }
            std::process::exit(1);
        })
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(handle)
        .context("cannot start the thread that handles signals")?;
    Ok(async {
        // The sender is dropped only if the thread panics, which is no reason to stop.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// The signals that ask a program to stop.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Installs the handlers. Needs a runtime.
    fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("no handler for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("no handler for SIGINT")?,
        })
    }

    /// Waits for the next signal; returns its name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// The signals that ask a program to stop: Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "it fails on Unix")]
    fn new() -> anyhow::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "no handler for Ctrl-C");
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
