//! The budget of request bodies: the bytes that are held, not those that are announced.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The first bytes of each body, which do not count: connections bound them, and small requests are read even if others fill the budget.
const FREE: usize = 4 * 1024;

/// A limit of the bytes of bodies that are in memory, in all and for each group of callers.
pub struct BodyBudget {
    limit: usize,
    group_limit: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    total: usize,
    groups: HashMap<u64, usize>,
}

/// The bytes of one body, until it is dropped.
pub struct Held {
    budget: Arc<BodyBudget>,
    group: u64,
    /// Bytes of the body.
    bytes: usize,
    /// Bytes that count.
    counted: usize,
}

impl BodyBudget {
    /// Creates a budget of `limit` bytes, and of `group_limit` for each group.
    pub fn new(limit: usize, group_limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            group_limit,
            used: Mutex::default(),
        })
    }

    /// Returns the empty body of a request of that group.
    pub fn hold(self: &Arc<Self>, group: u64) -> Held {
        Held {
            budget: Arc::clone(self),
            group,
            bytes: 0,
            counted: 0,
        }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Returns a body that no budget limits.
    #[cfg(test)]
    pub fn unlimited() -> Self {
        BodyBudget::new(usize::MAX, usize::MAX).hold(0)
    }

    /// Counts bytes, or returns `false` if they exceed the budget.
    pub fn grow(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let more = self.bytes.saturating_sub(FREE) - self.counted;
        if more == 0 {
            return true;
        }
        let mut used = self.budget.used();
        let total = used.total.saturating_add(more);
        let group = used
            .groups
            .get(&self.group)
            .copied()
            .unwrap_or_default()
            .saturating_add(more);
        if total > self.budget.limit || group > self.budget.group_limit {
            return false;
        }
        used.total = total;
        used.groups.insert(self.group, group);
        drop(used);
        self.counted += more;
        true
    }

    /// Returns all bytes to the budget.
    pub fn release(&mut self) {
        let counted = std::mem::take(&mut self.counted);
        self.bytes = 0;
        if counted == 0 {
            return;
        }
        let mut used = self.budget.used();
        used.total -= counted;
        if let Entry::Occupied(mut group) = used.groups.entry(self.group) {
            *group.get_mut() -= counted;
            if *group.get() == 0 {
                group.remove();
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_beyond_the_first_count_until_they_are_dropped() {
        let budget = BodyBudget::new(300, 200);
        let mut first = budget.hold(1);
        assert!(first.grow(FREE) && first.grow(150));
        let mut second = budget.hold(1);
        assert!(second.grow(FREE + 50) && !second.grow(1), "the group has 200");
        let mut other = budget.hold(2);
        assert!(other.grow(FREE + 100) && !other.grow(1), "all have 300");
        // Small bodies are read however full it is.
        assert!(budget.hold(3).grow(FREE));
        first.release();
        assert!(other.grow(1));
        drop((first, second, other));
        let used = budget.used();
        assert!(used.total == 0 && used.groups.is_empty());
    }
}
