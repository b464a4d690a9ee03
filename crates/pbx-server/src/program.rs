//! The administration server as a program: flags, start, signals, end.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::blob_store::BlobStore;
use crate::config::{Config, DatabaseOptions, Options};
use crate::domain::license::{Licensing, Verifier};
use crate::domain::password::{Password, Passwords};
use crate::domain::session::ensure_administrator;
use crate::domain::vault::Vault;
use crate::domain::{Error, IdSource, alerts, audit, clock, files, key, tenants, transports};
use crate::http::guard::Guard;
use crate::http::{BASE_PATH, Pbx, listener};
use crate::key_file;
use crate::license_command::{self, LicenseCommand};
use crate::machine::Machine;
use crate::sip::Sip;
use crate::store::{Store, audit as records};
use crate::tls::Tls;
use crate::webhook::Sender;
use anyhow::Context as _;
use clap::{Parser, Subcommand};
use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
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
    Serve(Box<Options>),
    /// Make licences, and the keys to sign and verify them with.
    #[command(subcommand)]
    License(LicenseCommand),

    /// Print what was changed, by whom, from where and when: one JSON object a line, the oldest first.
    ///
    /// A server may be using the database. The names of the changed fields are kept, never their values.
    Audit {
        #[command(flatten)]
        database: DatabaseOptions,

        /// Only changes at or after this time, e.g. 2026-01-31T00:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
    },
}

/// Read from the environment only: a flag would show it to every user of the machine.
const ADMIN_PASSWORD: &str = "PBX_ADMIN_PASSWORD";

/// How soon a certificate or a transport that was changed on another node is in use here.
const UPKEEP_EVERY: Duration = Duration::from_secs(1);

/// How often contents that belong to no file are looked for.
const CLEAN_EVERY: Duration = Duration::from_secs(3600);

/// How often the machine is looked at, and how soon at the latest a mail that is due is sent.
const WATCH_EVERY: Duration = Duration::from_secs(30);

/// How long after its time a change may still be kept.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(options) => run(*options),
        Command::License(command) => license_command::run(command),
        Command::Audit { database, since } => print_audit(database, since),
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
    // Before there are other threads, and before anything is printed that says the server is ready.
    let store = Store::open_with(&config.database, config.database_connections)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime")?;
    runtime.block_on(serve(config, store))
}

/// Entries that are held in memory at a time.
const AUDIT_PAGE: u64 = 1000;

fn print_audit(database: DatabaseOptions, since: Option<Timestamp>) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let url = database.resolve()?;
    let printed = Store::inspect(&url, |tx| {
        let mut last = (Timestamp::MIN, 0);
        loop {
            let records = records::page(tx, since, last, AUDIT_PAGE)?;
            let Some(newest) = records.last() else {
                return stdout.flush().map_err(anyhow::Error::from);
            };
            last = (newest.at, newest.id);
            for record in &records {
                let line = serde_json::to_string(record)?;
                writeln!(stdout, "{line}")?;
            }
        }
    });
    match printed {
        // Whoever was reading has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        printed => printed,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

async fn serve(config: Config, store: Store) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let verifier = config.license_public_key.as_deref().map(verifier).transpose()?;
    let authorities = config.client_ca.as_deref().map(authorities).transpose()?;
    let passwords = Passwords::new()?;
    let ids = IdSource::default();
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
    if let Some(password) = ensure_administrator(&store, &ids, &passwords, given).await? {
        let password = password.reveal();
        eprintln!("first start: sign in as \"admin\" with the password {password} (it is shown only this once)");
    }

    let tls = Arc::new(Tls::trusting(authorities.unwrap_or_default()));
    let named: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).chain(config.sip).collect();
    key::ensure(&store, &vault, &tls, &named).await.map_err(in_full)?;
    let reserved = addresses.iter().map(SocketAddr::port).collect();
    let sip = Arc::new(Sip::new(config.sip, reserved, Arc::clone(&tls)));
    transports::start(&store, &ids, &sip).await.map_err(in_full)?;
    let blobs = BlobStore::open(&store, config.files.as_deref()).await?;
    clean(&store, &blobs).await;
    let folders = [store.directory(), config.files].into_iter().flatten();
    let machine = Machine::watch(folders.collect()).context("no thread to watch the machine")?;

    let mut background = JoinSet::new();
    background.spawn(upkeep(store.clone(), vault.clone(), Arc::clone(&sip)));
    background.spawn(clean_now_and_then(store.clone(), blobs.clone()));
    background.spawn(watch(store.clone(), vault.clone(), machine));
    background.spawn(forget(store.clone(), config.audit_days));

    let app = Pbx {
        store: store.clone(),
        ids,
        passwords,
        licensing: Licensing::new(vault.clone(), verifier),
        vault,
        guard: Guard::new(config.proxies, config.rate_limit),
        sip: Arc::clone(&sip),
        events: Sender::new(&config.webhook_allow).context("no TLS for webhooks")?,
        blobs,
        // A number of bytes that one machine has.
        file_limit: usize::try_from(config.file_limit).unwrap_or(usize::MAX),
    }
    .into_router();
    let mut stdout = std::io::stdout();
    // Nobody may be reading any more; that is no reason not to serve.
    let _ = writeln!(stdout, "listening on http://{address}{BASE_PATH}").and_then(|()| stdout.flush());
    if let Some((_, address)) = &secure {
        let _ = writeln!(stdout, "listening on https://{address}{BASE_PATH}").and_then(|()| stdout.flush());
    }
    tracing::info!(%address, database = store.location(), "ready");

    let (stopping, stopped) = watch::channel(());
    let stopped = || {
        let mut stopped = stopped.clone();
        async move {
            // The other end is dropped, which is an error, and what is waited for.
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
    background.abort_all();
    sip.close_all().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn verifier(path: &Path) -> anyhow::Result<Verifier> {
    let shown = path.display();
    let pem = std::fs::read_to_string(path).with_context(|| format!("cannot read the public key {shown}"))?;
    Verifier::from_pem(&pem)
        .with_context(|| format!("{shown} is not an Ed25519 public key in PEM: name another --license-public-key"))
}

fn authorities(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let pem = std::fs::read(path).with_context(|| format!("cannot read the authorities of clients {shown}"))?;
    let authorities: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let authorities = authorities.with_context(|| format!("{shown} is not PEM: name another --client-ca"))?;
    let mut roots = RootCertStore::empty();
    for authority in &authorities {
        let added = roots.add(authority.clone());
        added.with_context(|| format!("{shown} has a certificate that does not read: name another --client-ca"))?;
    }
    anyhow::ensure!(
        !roots.is_empty(),
        "{shown} has no certificate in PEM: name another --client-ca"
    );
    Ok(authorities)
}

async fn listen(text: &str, flag: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(text)
        .await
        .with_context(|| format!("cannot listen on {text}: choose another {flag}"))?;
    let address = listener.local_addr().context("the listening socket has no address")?;
    Ok((listener, address))
}

/// At the start there is no caller to keep the inner text from.
fn in_full(error: Error) -> anyhow::Error {
    match error {
        Error::Internal { internal } | Error::Unavailable { internal } => anyhow::anyhow!(internal),
        other => other.into(),
    }
}

/// Removes contents from the folder of the files that belong to none.
async fn clean(store: &Store, blobs: &BlobStore) {
    let Some(folder) = blobs.directory() else { return };
    match files::sweep(store, folder).await.map_err(in_full) {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, "removed contents that belong to no file (any more)"),
        Err(error) => tracing::warn!(%error, "the folder of the files may have contents that belong to none"),
    }
}

/// Another node may have died while it wrote, and a tenant that was deleted leaves its contents.
async fn clean_now_and_then(store: Store, blobs: BlobStore) {
    loop {
        clock::reached(clock::elapsed() + CLEAN_EVERY).await;
        clean(&store, &blobs).await;
    }
}

/// Brings this node in line with the store, where other nodes leave certificates and transports.
async fn upkeep(store: Store, vault: Vault, sip: Arc<Sip>) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let done = async {
            key::refresh(&store, &vault, sip.tls()).await?;
            transports::reconcile(&store, &sip).await
        };
        if let Err(error) = done.await.map_err(in_full) {
            tracing::warn!(%error, "this node's certificate and transports may be out of date");
        }
    }
}

/// Forgets what was changed long ago; what is in the record, after so many days if any.
async fn forget(store: Store, days: u32) {
    loop {
        let began = clock::elapsed();
        if let Err(error) = tenants::forget_changes(&store).await.map_err(in_full) {
            tracing::warn!(%error, "the database keeps more than it needs of which tenants changed");
        }
        if days > 0
            && let Err(error) = audit::forget(&store, days).await.map_err(in_full)
        {
            tracing::warn!(%error, "the record of changes is kept for longer than --audit-days");
        }
        clock::reached(began + FORGET_EVERY).await;
    }
}

/// Tells the administrators by mail what needs them.
async fn watch(store: Store, vault: Vault, machine: Machine) {
    loop {
        let began = clock::elapsed();
        let reading = machine.read().await;
        if reading.is_none() {
            tracing::warn!("this machine takes too long to say how busy it is");
        }
        if let Err(error) = alerts::tick(&store, &vault, reading).await.map_err(in_full) {
            tracing::warn!(%error, "the administrators may not be told by mail what needs them");
        }
        clock::reached(began + WATCH_EVERY).await;
    }
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
