//! The store: transactions on whichever engine has the data, and the caches before it.

use std::any::TypeId;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::caches::{Caches, IpRules};
use crate::engine::{Access, Engine, Failure, RolledBack, Work};
use crate::error::{OpenError, StoreError};
use crate::sessions::Session;
use crate::tx::Tx;
use crate::write_counters::WriteCounters;
use crate::{ip_filters, postgres, settings, sqlite};
use pbx_domain::clock;
use pbx_domain::ip_rules::Rules;
use pbx_domain::setting::{Owner, Setting};
use pbx_domain::token::TokenHash;

/// The connections to a PostgreSQL server unless the operator says otherwise.
pub const CONNECTIONS: NonZeroU16 = postgres::CONNECTIONS;

/// A handle on the database; clones share it.
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    caches: Arc<Caches>,
}

/// The database that a URL names.
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
        Self::open_with(url, CONNECTIONS)
    }

    /// [`open`](Self::open) with that many connections to a PostgreSQL server at most.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open_with(url: &str, connections: NonZeroU16) -> Result<Self, OpenError> {
        let counters = Arc::new(WriteCounters::default());
        let caches = Arc::new(Caches::new(&counters));
        let engine: Arc<dyn Engine> = match Location::parse(url)? {
            Location::Sqlite(path) => Arc::new(sqlite::Sqlite::open(&path, counters)?),
            Location::Postgres(url) => Arc::new(postgres::Postgres::open(url, connections, counters)?),
        };
        Ok(Self { engine, caches })
    }

    /// Reads a database that a server may be using. Creates nothing and migrates nothing. Blocks.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]; and those of `work`.
    pub fn inspect<T, E>(url: &str, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<OpenError> + From<StoreError>,
    {
        match Location::parse(url)? {
            Location::Sqlite(path) => work(&mut Tx::new(&mut &sqlite::inspector(&path)?)),
            Location::Postgres(url) => work(&mut Tx::new(&mut postgres::inspector(url)?)),
        }
    }

    /// Returns where the data is, for people: never the password of a URL.
    pub fn location(&self) -> String {
        self.engine.location()
    }

    /// Returns the directory with the data, if it is on this machine.
    pub fn directory(&self) -> Option<PathBuf> {
        self.engine.directory()
    }

    /// Reads a few rows by key. Runs on the caller's thread where the engine is embedded: nothing slow belongs in here.
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

    /// Reads what may be many rows: lists and exports. Only a few of these run at a time.
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

    /// Writes the server's own bookkeeping, which is not audited: tokens, counters, hourly buckets. All or nothing, durable when
    /// this returns; an error from the closure undoes it. What somebody does to the system goes through
    /// [`Changes`](crate::changes::Changes).
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

    /// Finishes the writes that wait and closes the database. Later calls return [`StoreError::Closed`].
    pub async fn close(&self) {
        self.engine.close().await;
    }

    async fn run<T, E, F>(&self, access: Access, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        // Engines know nothing of the result: it is handed over beside them.
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

    /// Returns the settings document, cached; see [`settings::load_of`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub async fn setting<T>(&self, owner: Owner) -> Result<T, StoreError>
    where
        T: Setting + Clone + Send + Sync + 'static,
    {
        let read = async {
            let document: T = self.read(move |tx| settings::load_of(tx, owner)).await?;
            Ok::<_, StoreError>(Arc::new(document) as Arc<_>)
        };
        let document = self.caches.documents.get((TypeId::of::<T>(), owner), read).await?;
        document
            .downcast_ref::<T>()
            .cloned()
            .ok_or_else(|| StoreError::Engine(format!("the setting {} is cached as another", T::NAME)))
    }

    /// Returns the session of an access token, cached, or reads it with `read`. Its token may have expired since.
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
    /// [`MAX_STALENESS`](crate::cache::MAX_STALENESS). While the rules cannot be read, those read before stay in force.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if none were read yet and they cannot be.
    pub async fn ip_rules(&self) -> Result<Arc<Rules>, StoreError> {
        self.ip_rules_at(clock::elapsed()).await
    }

    pub(super) async fn ip_rules_at(&self, elapsed: Duration) -> Result<Arc<Rules>, StoreError> {
        let read = async |stale: Option<IpRules>| match (self.changed_ip_rules(stale.as_ref()).await, stale) {
            (Ok(changed), stale) => changed
                .or(stale)
                .ok_or_else(|| StoreError::Engine("the IP rules have no revision".to_owned())),
            (Err(error), Some(stale)) => {
                tracing::warn!(%error, "the IP rules cannot be read: those known before stay in force");
                Ok(stale)
            }
            (Err(error), None) => Err(error),
        };
        Ok(self.caches.ip_rules.get_shared((), elapsed, read).await?.rules)
    }

    /// Reads the IP rules, unless their revision is that of `known`.
    async fn changed_ip_rules(&self, known: Option<&IpRules>) -> Result<Option<IpRules>, StoreError> {
        let revision = self.read(ip_filters::revision).await?;
        if known.is_some_and(|known| known.revision == revision) {
            return Ok(None);
        }
        let now = clock::now();
        let (revision, rules) = self
            .scan(move |tx| Ok::<_, StoreError>((ip_filters::revision(tx)?, ip_filters::all(tx, now)?)))
            .await?;
        let rules = Arc::new(Rules::new(rules));
        Ok(Some(IpRules { revision, rules }))
    }
}

impl<'a> Location<'a> {
    pub(super) fn parse(url: &'a str) -> Result<Self, OpenError> {
        let path = match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => return Ok(Self::Postgres(url)),
            Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
            // One letter is a drive; a colon after a slash or dot is part of a file name.
            Some((scheme, _)) if scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                return Err(OpenError::UnknownScheme {
                    scheme: scheme.to_owned(),
                });
            }
            _ => url,
        };
        // SQLite's own name for a database without a file, which only one connection could see.
        if path.is_empty() || path == ":memory:" {
            return Err(OpenError::NoPath);
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}
