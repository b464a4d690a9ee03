//! The store: transactions on either engine, and the caches in front of it.

use std::any::TypeId;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pbx_domain::clock;
use pbx_domain::ip_rules::Rules;
use pbx_domain::setting::{Owner, Setting};
use pbx_domain::token::TokenHash;

use crate::caches::{Caches, IpRules};
use crate::engine::{Access, Engine, Failure, RolledBack, Work};
use crate::error::{OpenError, StoreError};
use crate::ip_filters::{IP_RULES, Unexpired};
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
}

/// A database URL by engine.
pub(super) enum Location<'a> {
    Sqlite(PathBuf),
    Postgres(&'a str),
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
        let engine: Arc<dyn Engine> = match Location::parse(url)? {
            Location::Sqlite(path) => Arc::new(sqlite::Sqlite::open(&path, counters)?),
            Location::Postgres(url) => Arc::new(postgres::Postgres::open(url, options, counters)?),
        };
        Ok(Self { engine, caches })
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

    /// Runs a closure that may read many rows, such as a list or an export. Only a few of these run at a time.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    pub async fn scan<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(Access::Scan, work).await
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
        self.run(Access::Write, work).await
    }

    /// Finishes pending transactions and closes the database. Later calls return [`StoreError::Closed`].
    pub async fn close(&self) {
        self.engine.close().await;
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

    /// Returns the IP rules in force, cached: a change by this process is seen at once, one by another node within
    /// [`MAX_STALENESS`](crate::cache::MAX_STALENESS). While the rules cannot be read, stale ones stay in force.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the rules cannot be read and none are cached.
    pub async fn ip_rules(&self) -> Result<Arc<Rules>, StoreError> {
        self.ip_rules_at(clock::elapsed()).await
    }

    /// Returns the cached IP rules, fresh or stale, without waiting.
    pub fn cached_ip_rules(&self) -> Option<Arc<Rules>> {
        self.caches.ip_rules.peek(&()).map(|cached| cached.rules)
    }

    /// [`ip_rules`](Self::ip_rules) at this time of [`clock::elapsed`].
    pub(super) async fn ip_rules_at(&self, elapsed: Duration) -> Result<Arc<Rules>, StoreError> {
        let read = async |stale: Option<IpRules>| match (self.changed_ip_rules(stale.as_ref()).await, stale) {
            (Ok(changed), stale) => changed
                .or(stale)
                .ok_or_else(|| StoreError::Engine("the IP rules have no revision".to_owned())),
            (Err(error), Some(stale)) => {
                tracing::warn!(target: crate::LOG_TARGET, %error, "the IP rules cannot be read: stale ones stay in force");
                Ok(stale)
            }
            (Err(error), None) => Err(error),
        };
        Ok(self.caches.ip_rules.get_shared((), elapsed, read).await?.rules)
    }

    /// Reads the IP rules; returns `None` if their revision is still that of `cached`.
    async fn changed_ip_rules(&self, cached: Option<&IpRules>) -> Result<Option<IpRules>, StoreError> {
        let revision = self.read(ip_filters::revision).await?;
        if cached.is_some_and(|cached| cached.revision == revision) {
            return Ok(None);
        }
        let now = clock::now();
        let (revision, rules) = self
            .scan(move |tx| Ok::<_, StoreError>((ip_filters::revision(tx)?, IP_RULES.all(tx, Unexpired(now))?)))
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
