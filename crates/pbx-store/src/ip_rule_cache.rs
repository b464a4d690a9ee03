//! The IP rules in force, in memory: every request is judged by them, and none waits for the database to be judged.

use std::sync::{Arc, PoisonError, RwLock};

use pbx_domain::ip_rules::Rules;

use crate::write_counters::WriteCounter;

/// The newest copy of the IP rules. It stays in force, however old it is, until another one is read.
pub(super) struct IpRuleCache {
    writes: Arc<WriteCounter>,
    current: RwLock<Option<IpRules>>,
    /// Held while the rules are read: one caller reads for all that need the same copy. Requests do not take it.
    reading: tokio::sync::Mutex<()>,
}

/// The IP rules, and the revision at which they were read.
#[derive(Clone)]
pub(super) struct IpRules {
    pub(super) revision: i64,
    pub(super) rules: Arc<Rules>,
}

impl IpRuleCache {
    /// Creates an empty cache. `writes` counts the writes of this process to the table of the rules.
    pub(super) fn new(writes: Arc<WriteCounter>) -> Self {
        Self {
            writes,
            current: RwLock::new(None),
            reading: tokio::sync::Mutex::new(()),
        }
    }

    /// Returns the newest copy; `None` before the first one.
    pub(super) fn current(&self) -> Option<IpRules> {
        // Poisoning is ignored: a panic leaves no half-done update behind.
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the number of writes of this process to the rules.
    pub(super) fn writes(&self) -> u64 {
        self.writes.writes()
    }

    /// Installs what `read` returns, unless that is `None`. `read` is given the current copy, and runs for one caller at a time.
    pub(super) async fn refresh<E>(
        &self,
        read: impl AsyncFnOnce(Option<IpRules>) -> Result<Option<IpRules>, E>,
    ) -> Result<(), E> {
        let _reading = self.reading.lock().await;
        if let Some(newer) = read(self.current()).await? {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(newer);
        }
        Ok(())
    }
}
