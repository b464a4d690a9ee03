//! The store: transactions on either engine, and the caches in front of it.

use std::any::TypeId;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pbx_domain::clock;
use pbx_domain::ip_rules::Rules;
use pbx_domain::session::Principal;
use pbx_domain::setting::{Owner, Setting};
use pbx_domain::token::TokenHash;

use crate::admission::{Admission, Bounds, Slot};
use crate::cache::MAX_STALENESS;
use crate::caches::Caches;
use crate::engine::{Access, Engine, Failure, RolledBack, Work};
use crate::error::{OpenError, StoreError};
use crate::ip_filters::{IP_RULES, Unexpired};
use crate::ip_rule_cache::IpRules;
use crate::postgres::PostgresOptions;
use crate::sessions::Session;
use crate::tx::Tx;
use crate::write_counters::WriteCounters;
use crate::{ip_filters, postgres, settings, sqlite};

/// A handle to an open database. Clones share it.
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    caches: Arc<Caches>,
    scans: Arc<Admission>,
    longest_scan: Duration,
    writes: Arc<Admission>,
}

/// The bounds of the transactions of one principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreLimits {
    /// Concurrent scans of one principal.
    pub scans: usize,
    /// Scans of one principal that may wait.
    pub waiting_scans: usize,
    /// The longest time that a scan may take once it has its slot.
    pub longest_scan: Duration,
    /// Writes of one principal that may wait.
    pub waiting_writes: usize,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            scans: 1,
            waiting_scans: 32,
            longest_scan: Duration::from_secs(10),
            waiting_writes: 512,
        }
    }
}

/// Writes that are queued or run, in all and of one principal. Further ones wait.
const QUEUED_WRITES: usize = 1024;
const QUEUED_WRITES_PER_PRINCIPAL: usize = 128;

/// The longest wait of a scan for its slot. In that time, each of the principals before it has used its slot up.
const LONGEST_SCAN_WAIT: Duration = Duration::from_secs(30);

/// The longest wait of a write before it is queued.
const LONGEST_WRITE_WAIT: Duration = Duration::from_secs(5);

/// A database URL by engine.
pub(super) enum Location<'a> {
    Sqlite(PathBuf),
    Postgres(&'a str),
}

impl StoreLimits {
    fn of_scans(&self, slots: usize) -> Bounds {
        Bounds {
            what: "scans",
            slots,
            slots_per_principal: self.scans,
            waiting_per_principal: self.waiting_scans,
            longest_wait: LONGEST_SCAN_WAIT,
        }
    }

    fn of_writes(&self) -> Bounds {
        Bounds {
            what: "writes",
            slots: QUEUED_WRITES,
            slots_per_principal: QUEUED_WRITES_PER_PRINCIPAL,
            waiting_per_principal: self.waiting_writes,
            longest_wait: LONGEST_WRITE_WAIT,
        }
    }
}

impl Store {
    /// Opens the database, creates it if it does not exist, and migrates its schema.
    ///
    /// `url` is `postgres://...`, `sqlite:PATH` or a plain path. Blocks, so call it before serving or from a blocking thread.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, PostgresOptions::default())
    }

    /// [`open`](Self::open) with these limits on the use of a PostgreSQL server.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open_with(url: &str, options: PostgresOptions) -> Result<Self, OpenError> {
        let counters = Arc::new(WriteCounters::default());
        let caches = Arc::new(Caches::new(&counters));
        let (engine, scans): (Arc<dyn Engine>, usize) = match Location::parse(url)? {
            Location::Sqlite(path) => (
                Arc::new(sqlite::Sqlite::open(&path, counters)?),
                sqlite::CONCURRENT_SCANS,
            ),
            Location::Postgres(url) => {
                let scans = postgres::concurrent_scans(options.connections).into();
                (Arc::new(postgres::Postgres::open(url, options, counters)?), scans)
            }
        };
        let limits = StoreLimits::default();
        Ok(Self {
            engine,
            caches,
            scans: Admission::new(limits.of_scans(scans)),
            longest_scan: limits.longest_scan,
            writes: Admission::new(limits.of_writes()),
        })
    }

    /// Sets the bounds of the transactions of one principal.
    #[must_use]
    pub fn with_limits(self, limits: StoreLimits) -> Self {
        Self {
            scans: Admission::new(limits.of_scans(self.scans.slots())),
            longest_scan: limits.longest_scan,
            writes: Admission::new(limits.of_writes()),
            ..self
        }
    }

    /// Reads a database that a server may be using: runs `work` without creating or migrating anything. Blocks.
    ///
    /// # Errors
    ///
    /// [`OpenError`], also for a schema that is not up to date; those of `work`.
    pub fn inspect<T, E>(url: &str, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<OpenError> + From<StoreError>,
    {
        match Location::parse(url)? {
            Location::Sqlite(path) => work(&mut Tx::new(&mut &sqlite::open_read_only(&path)?)),
            Location::Postgres(url) => work(&mut Tx::new(&mut postgres::open_read_only(url)?)),
        }
    }

    /// Returns the location of the data for display, without the password of a URL.
    pub fn location(&self) -> String {
        self.engine.location()
    }

    /// Returns the directory with the data, if it is on this machine.
    pub fn directory(&self) -> Option<PathBuf> {
        self.engine.directory()
    }

    /// Runs a closure that reads a few rows by key. SQLite runs it on the caller's thread, so it must be fast.
    ///
    /// # Errors
    ///
    /// Those of `work`; [`StoreError`] if the engine fails.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(Access::Read, work).await
    }

    /// Runs a closure that may read many rows, such as a list or an export. Only a few of these run at a time, and fewer of one
    /// principal. It is interrupted when it takes too long, and when the future is dropped.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read); [`StoreError::Unavailable`] if too many scans of the principal wait,
    /// [`StoreError::Interrupted`] if it takes too long.
    pub async fn scan<T, E, F>(&self, principal: impl Into<Principal>, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let slot = self.scans.admit(principal.into()).await?;
        let scanned = tokio::time::timeout(self.longest_scan, self.run_in(slot, Access::Scan, work));
        scanned.await.unwrap_or_else(|_| Err(StoreError::Interrupted.into()))
    }

    /// Runs a closure that writes, in a transaction that is durable when this returns, and rolled back if the closure returns an
    /// error. For the server's own records, such as queued alerts, retention and the defaults of a fresh install: whatever has an
    /// actor, signing in included, goes through [`Changes`](crate::changes::Changes).
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    pub async fn write_unaudited<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write(Principal::System, work).await
    }

    /// [`write_unaudited`](Self::write_unaudited) for a principal.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read); [`StoreError::Unavailable`] if too many writes of the principal wait,
    /// [`StoreError::StorageFull`] if the disk is full, or has only the space that is kept back for those who can free more.
    pub(super) async fn write<T, E, F>(&self, principal: Principal, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let may_use_reserve = matches!(principal, Principal::System | Principal::Anonymous);
        if !may_use_reserve && self.engine.is_storage_full() {
            let reason = "its last space is kept back for system administrators and sign-ins";
            return Err(StoreError::StorageFull(reason.to_owned()).into());
        }
        let slot = self.writes.admit(principal).await?;
        let rule_writes = self.caches.ip_rules.writes();
        let outcome = self.run_in(slot, Access::Write, work).await;
        if self.caches.ip_rules.writes() != rule_writes {
            self.install_ip_rules().await;
        }
        outcome
    }

    /// Finishes pending transactions and closes the database. Later calls return [`StoreError::Closed`].
    pub async fn close(&self) {
        self.scans.close();
        self.writes.close();
        self.engine.close().await;
    }

    /// Runs a closure in a slot, which is returned when the engine has dropped the closure: it may go on while nobody waits for it.
    async fn run_in<T, E, F>(&self, slot: Slot, access: Access, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(access, move |tx| {
            let _slot = &slot;
            work(tx)
        })
        .await
    }

    async fn run<T, E, F>(&self, access: Access, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        // An engine is not generic over the result, so the closure leaves it in a slot.
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let work: Work = Box::new(move |tx| {
            let outcome = work(tx);
            let committable = outcome.is_ok();
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            if committable { Ok(()) } else { Err(RolledBack) }
        });
        match self.engine.run(access, work).await {
            Ok(()) | Err(Failure::RolledBack) => {
                let outcome = result.lock().unwrap_or_else(PoisonError::into_inner).take();
                outcome.unwrap_or_else(|| Err(StoreError::Panicked.into()))
            }
            Err(Failure::Store(error)) => Err(error.into()),
        }
    }

    /// Returns a settings document from the cache, or as [`settings::load_for`] reads it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it is not cached and cannot be read.
    pub async fn setting<T>(&self, owner: Owner) -> Result<T, StoreError>
    where
        T: Setting + Clone + Send + Sync + 'static,
    {
        let read = async {
            let document: T = self.read(move |tx| settings::load_for(tx, owner)).await?;
            Ok::<_, StoreError>(Arc::new(document) as Arc<_>)
        };
        let document = self.caches.documents.get((TypeId::of::<T>(), owner), read).await?;
        document
            .downcast_ref::<T>()
            .cloned()
            .ok_or_else(|| StoreError::Engine(format!("the setting {} is cached with another type", T::NAME)))
    }

    /// Returns the session of an access token from the cache, or as `read` reads it. Its token may have expired since.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub async fn session<E>(
        &self,
        access: TokenHash,
        read: impl Future<Output = Result<Session, E>>,
    ) -> Result<Session, E> {
        self.caches.sessions.get(access, read).await
    }

    /// Returns the IP rules in force; `None` before the first [`refresh_ip_rules`](Self::refresh_ip_rules). Never waits: a change
    /// by this process is in force when its caller gets the result, one by another node after the next refresh.
    pub fn cached_ip_rules(&self) -> Option<Arc<Rules>> {
        Some(self.caches.ip_rules.current()?.rules)
    }

    /// Reads the IP rules if they have changed. A server calls this before it serves, and then at least once in
    /// [`MAX_STALENESS`]. If it fails, the rules that were read before stay in force.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the rules cannot be read.
    pub async fn refresh_ip_rules(&self) -> Result<(), StoreError> {
        let read = async |current: Option<IpRules>| self.changed_ip_rules(current.as_ref()).await;
        self.caches.ip_rules.refresh(read).await
    }

    /// Reads the IP rules after a write to them, which is committed whether or not this succeeds.
    async fn install_ip_rules(&self) {
        let refreshed = tokio::time::timeout(MAX_STALENESS, self.refresh_ip_rules()).await;
        let error = match refreshed {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::warn!(target: crate::LOG_TARGET, error, "a changed IP rule is not in force yet: the rules cannot be read");
    }

    /// Reads the IP rules; returns `None` if their revision is still that of the cached copy.
    async fn changed_ip_rules(&self, cached: Option<&IpRules>) -> Result<Option<IpRules>, StoreError> {
        let revision = self.read(ip_filters::revision).await?;
        if cached.is_some_and(|cached| cached.revision == revision) {
            return Ok(None);
        }
        let now = clock::now();
        let (revision, rules) = self
            .run(Access::Refresh, move |tx| {
                Ok::<_, StoreError>((ip_filters::revision(tx)?, IP_RULES.all(tx, Unexpired(now))?))
            })
            .await?;
        let rules = Rules::new(rules.into_iter().map(|rule| rule.value));
        let rules = rules.map_err(|error| StoreError::Engine(format!("the range of a stored IP rule: {error}")))?;
        Ok(Some(IpRules {
            revision,
            rules: Arc::new(rules),
        }))
    }
}

impl<'a> Location<'a> {
    pub(super) fn parse(url: &'a str) -> Result<Self, OpenError> {
        let path = match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => return Ok(Self::Postgres(url)),
            Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
            // One letter is a Windows drive; a colon after a slash or dot is part of a file name.
            Some((scheme, _)) if scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                return Err(OpenError::UnknownScheme {
                    scheme: scheme.to_owned(),
                });
            }
            _ => url,
        };
        // SQLite's name for a database in memory, which only one connection could see.
        if path.is_empty() || path == ":memory:" {
            return Err(OpenError::NoPath);
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}
