//! The caches of a store: who calls, settings documents, and the IP rules.

use std::any::{Any, TypeId};
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::cache::Cache;
use crate::sessions::Session;
use crate::write_counters::WriteCounters;
use crate::{ip_filters, sessions, settings};
use pbx_domain::ip_rules::Rules;
use pbx_domain::setting::Owner;
use pbx_domain::token::TokenHash;

const SESSIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 13) - 1);
const DOCUMENTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 10) - 1);

/// Every cache of a store.
pub(super) struct Caches {
    /// By the hash of the access token.
    pub(super) sessions: Cache<TokenHash, Session>,
    /// Each of its own type.
    pub(super) documents: Cache<(TypeId, Owner), Arc<dyn Any + Send + Sync>>,
    /// The rules of all addresses.
    pub(super) ip_rules: Cache<(), IpRules>,
}

/// The IP rules in force, and the revision of the stored rules that they were read at.
#[derive(Clone)]
pub(super) struct IpRules {
    pub(super) revision: i64,
    pub(super) rules: Arc<Rules>,
}

impl Caches {
    /// Empty caches, invalidated by those counters.
    pub(super) fn new(counters: &WriteCounters) -> Self {
        Self {
            sessions: Cache::new(counters.of_tables(sessions::TABLES), SESSIONS),
            documents: Cache::new(counters.of_tables(settings::TABLES), DOCUMENTS),
            ip_rules: Cache::new(counters.of_tables(&[ip_filters::TABLE]), NonZeroUsize::MIN),
        }
    }
}
