//! The administration server as a program: flags, start, signals, end.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use crate::config::{Config, Options};
use crate::domain::IdSource;
use crate::domain::password::{Password, Passwords};
use crate::domain::session::ensure_administrator;
use crate::http::{BASE_PATH, Pbx, listener};
use crate::key_file;
use crate::store::Store;
use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// The PBX administration server.
#[derive(Parser)]
#[command(name = "pbx-server", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API until SIGTERM or Ctrl-C.
    ///
    /// Prints "listening on URL" to stdout when it is ready. The first start makes the system administrator "admin" with the
    /// password in PBX_ADMIN_PASSWORD, else with a random one that is printed once to stderr.
    Serve(Options),
}

/// Read from the environment only: a flag would show it to every user of the machine.
const ADMIN_PASSWORD: &str = "PBX_ADMIN_PASSWORD";

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let Command::Serve(options) = Arguments::parse().command;
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pbx-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> anyhow::Result<()> {
    let config = options.settle()?;
    let filter = EnvFilter::try_new(&config.log).context("the log filter (--log, PBX_LOG) is wrong")?;
    let ansi = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(ansi)
        .init();
    // Before there are other threads, and before anything is printed that says the server is ready.
    let store = Store::open(&config.database)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime")?;
    runtime.block_on(serve(&config, store))
}

async fn serve(config: &Config, store: Store) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let passwords = Passwords::new()?;
    let ids = IdSource::default();
    let given = std::env::var(ADMIN_PASSWORD)
        .ok()
        .filter(|text| !text.is_empty())
        .map(Password::new);
    let listener = TcpListener::bind(&config.listen)
        .await
        .with_context(|| format!("cannot listen on {}: choose another --listen", config.listen))?;
    let address = listener.local_addr().context("the listening socket has no address")?;

    let vault = key_file::unlock(&store, &config.key_file).await?;
    if let Some(password) = ensure_administrator(&store, &ids, &passwords, given).await? {
        let password = password.reveal();
        eprintln!("first start: sign in as \"admin\" with the password {password} (it is shown only this once)");
    }

    let app = Pbx {
        store: store.clone(),
        ids,
        passwords,
        vault,
    }
    .into_router();
    let mut stdout = std::io::stdout();
    // Nobody may be reading any more; that is no reason not to serve.
    let _ = writeln!(stdout, "listening on http://{address}{BASE_PATH}").and_then(|()| stdout.flush());
    tracing::info!(%address, database = config.database, "ready");
    listener::serve(listener, app, stop).await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Completes when the process is told to stop. The handlers are in place when this returns.
#[cfg(unix)]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("no handler for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("no handler for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
        }
    })
}

/// Completes when the process is told to stop.
#[cfg(not(unix))]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "no handler for Ctrl-C");
            std::future::pending::<()>().await;
        }
    })
}
