//! The caches of a store: sessions, settings documents and IP rules.

use std::any::{Any, TypeId};
use std::num::NonZeroUsize;
use std::sync::Arc;

use pbx_domain::setting::Owner;
use pbx_domain::token::TokenHash;

use crate::cache::Cache;
use crate::ip_rule_cache::IpRuleCache;
use crate::sessions::Session;
use crate::write_counters::WriteCounters;
use crate::{ip_filters, sessions, settings};

const SESSIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 13) - 1);
const DOCUMENTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 10) - 1);

/// Every cache of a store.
pub(super) struct Caches {
    /// Sessions by the hash of their access token.
    pub(super) sessions: Cache<TokenHash, Session>,
    /// Settings documents, by type and owner; each value has the type of its key.
    pub(super) documents: Cache<(TypeId, Owner), Arc<dyn Any + Send + Sync>>,
    /// The IP rules in force.
    pub(super) ip_rules: IpRuleCache,
}

impl Caches {
    /// Creates empty caches, which these counters invalidate.
    pub(super) fn new(counters: &WriteCounters) -> Self {
        Self {
            sessions: Cache::new(counters.for_tables(sessions::TABLES), SESSIONS),
            documents: Cache::new(counters.for_tables(settings::TABLES), DOCUMENTS),
            ip_rules: IpRuleCache::new(counters.for_tables(&[ip_filters::TABLE])),
        }
    }
}
