//! The administration server as a program: arguments, startup and shutdown.

mod audit;
mod background;
mod descriptors;
mod pem;
mod signal;

use std::io::{IsTerminal as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use jiff::Timestamp;
use pbx_domain::audit::Actor;
use pbx_domain::license::Licensing;
use pbx_domain::password::Password;
use pbx_domain::{Error, IdGenerator};
use pbx_store::{Changes, Store, StoreLimits};
use pbx_types::Violation;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::adapters::blob_store::BlobStore;
use crate::adapters::key_file;
use crate::adapters::machine::Machine;
use crate::adapters::mail::Mailer;
use crate::adapters::outgoing::OutgoingSlots;
use crate::adapters::resolver::Resolver;
use crate::adapters::sip::{MAX_CONNECTIONS as MAX_SIP_CONNECTIONS, Sip};
use crate::adapters::tls::Tls;
use crate::adapters::webhook::Sender;
use crate::config::{Config, DatabaseOptions, Limits, Options};
use crate::http::browser::{self, Origins};
use crate::http::guard::{self, Guard};
use crate::http::listener::{self, Door, HEADER_TIMEOUT, Timing};
use crate::http::{BASE_PATH, BodyLimits, Pbx};
use crate::license_command::{self, LicenseCommand};
use crate::services::context::Context;
use crate::services::password_reset::PasswordResets;
use crate::services::passwords::Passwords;
use crate::services::sign_ins::{SignInLimits, SignIns};
use crate::services::turns::TurnLimits;
use crate::services::{certificates, documents, session, transports};
use crate::slots::{self, SlotLimits};

pub use crate::adapters::resolver::replace_system_resolver;

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

/// The connections that the system queues until they are accepted, unless it permits fewer.
#[cfg(target_os = "linux")]
const BACKLOG: i32 = 4096;

/// The smallest limit of a body before sign-in, in bytes: a sign-in fits.
const MIN_PUBLIC_BODY: usize = 1024;

/// The time to close the ports of the transports at shutdown.
const SIP_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The time to close the database at shutdown, which ends its transactions first.
const STORE_CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// File descriptors of each connection to a database server.
const DESCRIPTORS_PER_DATABASE_CONNECTION: usize = 4;

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
        // Reporting to stderr that stderr cannot be written to would panic, on the thread that handles signals as well.
        .log_internal_errors(false)
        .init();
    // Before there are other threads, and before the server is reported as ready.
    let store =
        Store::open_with(&config.database, config.postgres_options())?.with_limits(store_limits(&config.limits));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let served = runtime.block_on(serve(config, store));
    // Without waiting for a look-up that is in progress, or other work whose result nobody needs.
    runtime.shutdown_background();
    served
}

async fn serve(config: Config, store: Store) -> anyhow::Result<()> {
    let stop = signal::stop()?;
    let verifier = config
        .license_public_key
        .as_deref()
        .map(pem::license_verifier)
        .transpose()?;
    let authorities = config.client_ca.as_deref().map(pem::client_authorities).transpose()?;
    let limits = &config.limits;
    let passwords = Passwords::new(TurnLimits {
        per_party: limits.hashes_per_source,
        in_all: limits.hashes,
    })?;
    let sign_ins = SignIns::new(SignInLimits {
        failures_per_account: limits.account_failures,
        sessions_per_account: limits.account_sessions,
        audited_failures: limits.audited_failures,
    });
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

    // No request waits for the rules, so they are read before the first one.
    store.refresh_ip_rules().await?;
    let vault = key_file::unlock(&store, &config.key_file).await?;
    documents::complete(&store).await.map_err(with_internal_message)?;
    let context = Context {
        changes: Changes::new(&store, Actor::system()),
        ids: IdGenerator::default(),
        vault,
        passwords,
        sign_ins,
    };
    let created = session::ensure_administrator(&context, given).await;
    if let Some(password) = created.map_err(weak_password)? {
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
    let directories = [store.directory(), config.files.clone()].into_iter().flatten();
    let machine =
        Machine::monitor(directories.collect()).context("cannot start the thread that monitors the machine")?;

    let resolver = Resolver::new(limits.lookup_threads_per_tenant, limits.lookup_threads);
    let outgoing = OutgoingSlots::new(limits.outgoing_per_tenant, limits.outgoing);
    let mailer = Mailer::new(resolver.clone());
    let vault = &context.vault;
    let mut jobs = JoinSet::new();
    jobs.spawn(background::reconcile(store.clone(), vault.clone(), Arc::clone(&sip)));
    jobs.spawn(background::refresh_ip_rules(store.clone()));
    jobs.spawn(background::sweep_periodically(store.clone(), blobs.clone()));
    jobs.spawn(background::alert(store.clone(), vault.clone(), mailer.clone(), machine));
    jobs.spawn(background::enforce_retention(store.clone(), config.audit_days));

    let app = Pbx {
        store: store.clone(),
        ids: context.ids,
        passwords: context.passwords,
        sign_ins: context.sign_ins,
        licensing: Licensing::new(context.vault.clone(), verifier),
        vault: context.vault,
        origins: Origins::new(config.cors_origins.clone(), config.proxies.clone()),
        guard: Guard::new(config.proxies.clone(), config.rate_limit),
        sip: Arc::clone(&sip),
        events: Sender::new(&config.webhook_allow, resolver, outgoing.clone()).context("no TLS for webhooks")?,
        password_resets: PasswordResets::new(config.password_reset_urls.clone(), mailer.clone()),
        mailer,
        outgoing,
        blobs,
        body_limits: BodyLimits {
            upload: number(config.file_limit),
            // 0 would refuse every sign-in.
            public: number(limits.public_body_limit).max(MIN_PUBLIC_BODY),
            public_budget: number(limits.public_body_budget),
            tenant_budget: number(limits.tenant_body_budget),
            budget: number(limits.body_budget),
        },
    }
    .into_router();
    let door = door(&config, &store);
    let mut stdout = std::io::stdout();
    // Standard output may be closed; that is no reason not to serve.
    let _ = writeln!(stdout, "listening on http://{address}{BASE_PATH}").and_then(|()| stdout.flush());
    if let Some((_, address)) = &secure {
        let _ = writeln!(stdout, "listening on https://{address}{BASE_PATH}").and_then(|()| stdout.flush());
    }
    tracing::info!(%address, database = store.location(), "ready");

    let plain = listener::accept(listener, None, app.clone(), Arc::clone(&door));
    let secure = async {
        match secure {
            Some((listener, _)) => {
                let app = browser::with_hsts(app.clone(), config.hsts);
                listener::accept(listener, Some(tls), app, Arc::clone(&door)).await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop => {}
        // Both accept until they are dropped.
        ((), ()) = async { tokio::join!(plain, secure) } => {}
    }
    door.close().await;
    jobs.abort_all();
    let closed = async {
        let sip = tokio::time::timeout(SIP_CLOSE_TIMEOUT, sip.close_all()).await;
        sip.and(tokio::time::timeout(STORE_CLOSE_TIMEOUT, store.close()).await)
    };
    match closed.await {
        Ok(()) => tracing::info!("stopped"),
        Err(_) => tracing::warn!("stopped, though the database or a transport did not close in time"),
    }
    Ok(())
}

/// Returns the shared part of the listening sockets.
fn door(config: &Config, store: &Store) -> Arc<Door> {
    let limits = &config.limits;
    let denied = number(limits.denied_connections);
    let sip = config.sip.map_or(0, |_| MAX_SIP_CONNECTIONS);
    let database = DESCRIPTORS_PER_DATABASE_CONNECTION * usize::from(config.database_connections.get());
    let others = denied + slots::ENDING + sip + database;
    let limits = SlotLimits {
        // 0 would refuse everything.
        connections: descriptors::connections(number(limits.connections).max(1), others),
        per_source: number(limits.connections_per_source).max(1),
        denied,
    };
    let timing = Timing {
        headers: HEADER_TIMEOUT,
        request: Duration::from_secs(config.limits.request_timeout.max(1).into()),
        stall: Duration::from_secs(config.limits.stall_timeout.max(1).into()),
    };
    let store = store.clone();
    let denies = Box::new(move |address| guard::denies(&store, address));
    Door::new(config.proxies.clone(), denies, timing, limits)
}

/// Returns a limit as a number of objects or bytes in memory, where one beyond the address space is no limit.
fn number(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Returns the limits of the database.
fn store_limits(limits: &Limits) -> StoreLimits {
    StoreLimits {
        // 0 would refuse every list.
        scans: number(limits.scans_per_tenant).max(1),
        waiting_scans: number(limits.waiting_scans_per_tenant),
        longest_scan: Duration::from_secs(limits.scan_timeout.max(1).into()),
        waiting_writes: number(limits.waiting_writes_per_tenant),
    }
}

async fn listen(text: &str, flag: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(text)
        .await
        .with_context(|| format!("cannot listen on {text}: choose another {flag}"))?;
    // A crowd of connections leaves room in the system's queue: one that finds none is tried again by its peer a second later.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener)
        .listen(BACKLOG)
        .context("the listening socket cannot have a longer queue")?;
    let address = listener.local_addr().context("the listening socket has no address")?;
    Ok((listener, address))
}

/// Returns the error of creating the first administrator, which is that the password is weak unless it is the server's.
fn weak_password(error: Error) -> anyhow::Error {
    match error {
        Error::Invalid(violations) => {
            let rules: Vec<String> = violations.into_iter().map(Violation::into_message).collect();
            let rules = rules.join(" ");
            anyhow::anyhow!(
                "{ADMIN_PASSWORD} is too weak: {rules} Choose another one, or unset the variable to have one generated"
            )
        }
        other => with_internal_message(other),
    }
}

/// Returns the error with its internal message, which is hidden from callers of the API only.
fn with_internal_message(error: Error) -> anyhow::Error {
    match error {
        Error::Internal { internal }
        | Error::Unavailable { internal }
        | Error::OutcomeUnknown { internal }
        | Error::StorageFull { internal } => {
            anyhow::anyhow!(internal)
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_limits_of_the_database_are_those_of_the_store() {
        assert_eq!(store_limits(&Limits::default()), StoreLimits::default());
    }
}
