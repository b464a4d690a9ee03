//! The administration server as a program: arguments, startup and shutdown.

mod audit;
mod background;
mod pem;
mod signal;

use std::io::{IsTerminal as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use jiff::Timestamp;
use pbx_domain::audit::Actor;
use pbx_domain::license::Licensing;
use pbx_domain::password::Password;
use pbx_domain::{Error, IdGenerator};
use pbx_store::{Changes, Store};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::adapters::blob_store::BlobStore;
use crate::adapters::key_file;
use crate::adapters::machine::Machine;
use crate::adapters::sip::Sip;
use crate::adapters::tls::Tls;
use crate::adapters::webhook::Sender;
use crate::config::{Config, DatabaseOptions, Options};
use crate::http::guard::Guard;
use crate::http::{BASE_PATH, Pbx, listener};
use crate::license_command::{self, LicenseCommand};
use crate::services::context::Context;
use crate::services::passwords::Passwords;
use crate::services::{certificates, documents, session, transports};

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
    /// Prints "listening on URL" to stdout when it is ready. The first start creates the system administrator "admin" with the
    /// password in PBX_ADMIN_PASSWORD, else with a random one that is printed once to stderr.
    Serve(Box<Options>),
    /// Create licenses, and the keys to sign and verify them with.
    #[command(subcommand)]
    License(LicenseCommand),

    /// Print the audit log: who changed which fields of which object, from where and when. One JSON object a line, the oldest
    /// first.
    ///
    /// A server may be using the database. The log has the names of the changed fields, never their values.
    Audit {
        #[command(flatten)]
        database: DatabaseOptions,

        /// Only changes at or after this time, e.g. 2026-01-31T00:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
    },
}

/// Environment variable of the first administrator's password; a flag would show it to every user of the machine.
const ADMIN_PASSWORD: &str = "PBX_ADMIN_PASSWORD";

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(options) => run(*options),
        Command::License(command) => license_command::run(command),
        Command::Audit { database, since } => audit::print(database, since),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pbx-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> anyhow::Result<()> {
    let config = options.resolve()?;
    let filter = EnvFilter::try_new(&config.log).context("the log filter (--log, PBX_LOG) is wrong")?;
    let ansi = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(ansi)
        .init();
    // Before there are other threads, and before the server is reported as ready.
    let store = Store::open_with(&config.database, config.database_connections)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(serve(config, store))
}

async fn serve(config: Config, store: Store) -> anyhow::Result<()> {
    let stop = signal::stop()?;
    let verifier = config
        .license_public_key
        .as_deref()
        .map(pem::license_verifier)
        .transpose()?;
    let authorities = config.client_ca.as_deref().map(pem::client_authorities).transpose()?;
    let passwords = Passwords::new()?;
    let given = std::env::var(ADMIN_PASSWORD)
        .ok()
        .filter(|text| !text.is_empty())
        .map(Password::new);
    let (listener, address) = listen(&config.listen, "--listen").await?;
    let secure = match &config.tls_listen {
        Some(text) => Some(listen(text, "--tls-listen").await?),
        None => None,
    };
    let addresses: Vec<SocketAddr> = std::iter::once(address).chain(secure.as_ref().map(|it| it.1)).collect();

    let vault = key_file::unlock(&store, &config.key_file).await?;
    documents::complete(&store).await.map_err(with_internal_message)?;
    let context = Context {
        changes: Changes::new(&store, Actor::system()),
        ids: IdGenerator::default(),
        vault,
        passwords,
    };
    if let Some(password) = session::ensure_administrator(&context, given).await? {
        let password = password.reveal();
        eprintln!("first start: sign in as \"admin\" with the password {password} (it is shown only this once)");
    }

    let tls = Arc::new(Tls::trusting(authorities.unwrap_or_default()));
    let named: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).chain(config.sip).collect();
    certificates::ensure(&store, &context.vault, &tls, &named)
        .await
        .map_err(with_internal_message)?;
    let reserved = addresses.iter().map(SocketAddr::port).collect();
    let sip = Arc::new(Sip::new(config.sip, reserved, Arc::clone(&tls)));
    transports::start(&store, &context.ids, &sip)
        .await
        .map_err(with_internal_message)?;
    let blobs = BlobStore::open(&store, config.files.as_deref()).await?;
    background::sweep(&store, &blobs).await;
    let directories = [store.directory(), config.files].into_iter().flatten();
    let machine =
        Machine::monitor(directories.collect()).context("cannot start the thread that monitors the machine")?;

    let vault = &context.vault;
    let mut jobs = JoinSet::new();
    jobs.spawn(background::reconcile(store.clone(), vault.clone(), Arc::clone(&sip)));
    jobs.spawn(background::sweep_periodically(store.clone(), blobs.clone()));
    jobs.spawn(background::alert(store.clone(), vault.clone(), machine));
    jobs.spawn(background::enforce_retention(store.clone(), config.audit_days));

    let app = Pbx {
        store: store.clone(),
        ids: context.ids,
        passwords: context.passwords,
        licensing: Licensing::new(context.vault.clone(), verifier),
        vault: context.vault,
        guard: Guard::new(config.proxies, config.rate_limit),
        sip: Arc::clone(&sip),
        events: Sender::new(&config.webhook_allow).context("no TLS for webhooks")?,
        blobs,
        // A limit beyond the address space is no limit.
        file_limit: usize::try_from(config.file_limit).unwrap_or(usize::MAX),
    }
    .into_router();
    let mut stdout = std::io::stdout();
    // Standard output may be closed; that is no reason not to serve.
    let _ = writeln!(stdout, "listening on http://{address}{BASE_PATH}").and_then(|()| stdout.flush());
    if let Some((_, address)) = &secure {
        let _ = writeln!(stdout, "listening on https://{address}{BASE_PATH}").and_then(|()| stdout.flush());
    }
    tracing::info!(%address, database = store.location(), "ready");

    let (stopping, stopped) = watch::channel(());
    let stopped = || {
        let mut stopped = stopped.clone();
        async move {
            // The sender is dropped, which is an error and the signal to stop.
            let _ = stopped.changed().await;
        }
    };
    let plain = listener::serve(listener, app.clone(), stopped());
    let secure = async {
        if let Some((listener, _)) = secure {
            listener::serve_tls(listener, tls, app, stopped()).await;
        }
    };
    let stop = async {
        stop.await;
        drop(stopping);
    };
    tokio::join!(stop, plain, secure);
    jobs.abort_all();
    sip.close_all().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(text: &str, flag: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(text)
        .await
        .with_context(|| format!("cannot listen on {text}: choose another {flag}"))?;
    let address = listener.local_addr().context("the listening socket has no address")?;
    Ok((listener, address))
}

/// Returns the error with its internal message, which is hidden from callers of the API only.
fn with_internal_message(error: Error) -> anyhow::Error {
    match error {
        Error::Internal { internal } | Error::Unavailable { internal } => anyhow::anyhow!(internal),
        other => other.into(),
    }
}
