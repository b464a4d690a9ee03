//! The budget of request and response bodies: the bytes that are held in memory, not those that are announced.
//!
//! A request body counts from its first chunk until the response, and then the response body counts until it is sent or dropped: a
//! client that does not read its responses cannot fill the memory by opening more connections. Error responses do not count, because
//! they are bounded in size.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt;

use super::problem::Problem;
use super::response::HandlerResult;

/// The first bytes of each body, which do not count: connections bound them, and small requests are handled even if others fill the
/// budget.
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

    /// Counts further bytes, or returns `false` if they exceed the budget.
    pub fn grow(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        self.count(self.bytes.saturating_sub(FREE))
    }

    /// Returns all bytes to the budget.
    pub fn release(&mut self) {
        self.bytes = 0;
        self.count(0);
    }

    /// Counts the body of the response in place of that of the request, which must be dropped, until the response is sent.
    ///
    /// A body without an exact size does not count. One that is larger than the whole budget counts as the budget: it is served when
    /// nothing else is held.
    ///
    /// # Errors
    ///
    /// A 503 if the body exceeds the budget and the operation `is_safe`. The response to any other is always sent, because the
    /// operation is done and its result may be known from this response only. It counts as far as the request did.
    pub async fn until_sent(mut self, response: Response, is_safe: bool) -> HandlerResult {
        let size = response.body().size_hint().exact().unwrap_or_default();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let counted = size.saturating_sub(FREE);
        if counted == 0 {
            return Ok(response);
        }
        let largest = self.budget.limit.min(self.budget.group_limit);
        if !self.count(counted.min(largest)) && is_safe {
            return Err(Problem::too_many_bodies());
        }
        let (parts, body) = response.into_parts();
        // Nothing is copied: the body has one chunk (see `response.rs`). The chunk owns what is counted, not the body, because hyper
        // drops a body when it queues the last chunk, which may be long before the client reads it.
        let bytes = body.collect().await.map_err(Problem::internal)?.to_bytes();
        let bytes = Bytes::from_owner(HeldBytes { bytes, _held: self });
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }

    /// Changes the number of bytes that count, or returns `false` if the additional ones exceed the budget.
    fn count(&mut self, counted: usize) -> bool {
        if counted == self.counted {
            return true;
        }
        let mut used = self.budget.used();
        let group = used.groups.get(&self.group).copied().unwrap_or_default();
        let total = (used.total - self.counted).saturating_add(counted);
        let group = (group - self.counted).saturating_add(counted);
        if counted > self.counted && (total > self.budget.limit || group > self.budget.group_limit) {
            return false;
        }
        used.total = total;
        if group == 0 {
            used.groups.remove(&self.group);
        } else {
            used.groups.insert(self.group, group);
        }
        drop(used);
        self.counted = counted;
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

/// The bytes of a response, which count until their last clone is dropped.
struct HeldBytes {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
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
    fn response(length: usize) -> Response {
        Response::new(Body::from(vec![b'x'; length]))
    }

    #[tokio::test]
    async fn response_counts_in_place_of_its_request() {
        let budget = BodyBudget::new(300, 200);
        let request = |length| {
            let mut held = budget.hold(1);
            assert!(held.grow(length));
            held
        };
        let first = request(FREE + 150).until_sent(response(FREE + 200), true).await;
        assert_eq!(budget.used().total, 200);
        let refused = budget.hold(1).until_sent(response(FREE + 1), true).await.unwrap_err();
        assert_eq!(refused.status(), 503);
        assert!(budget.hold(1).until_sent(response(FREE), true).await.is_ok());
        drop(first);
        assert_eq!(budget.used().total, 0);
        // What is not counted in full is sent nevertheless if the operation is done.
        let other = request(FREE + 150);
        let done = request(FREE + 20)
            .until_sent(response(FREE + 100), false)
            .await
            .unwrap();
        assert_eq!(budget.used().total, 170);
        drop((other, done));
        // A response to a large request is small, or larger than the budget.
        let small = request(FREE + 150).until_sent(response(FREE), true).await;
        assert_eq!(budget.used().total, 0);
        let large = request(FREE + 150).until_sent(response(3 * FREE), true).await;
        assert_eq!(budget.used().total, 200);
        drop((small, large));
        let used = budget.used();
        assert!(used.total == 0 && used.groups.is_empty());
    }

    #[tokio::test]
    async fn response_counts_until_its_last_chunk_is_dropped() {
        let budget = BodyBudget::new(FREE, FREE);
        let response = budget.hold(1).until_sent(response(FREE + 100), true).await.unwrap();
        assert_eq!(response.body().size_hint().exact(), Some(FREE as u64 + 100));
        let mut body = response.into_body();
        let chunk = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(body.is_end_stream());
        drop(body);
        assert_eq!(chunk.len(), FREE + 100);
        let rest = chunk.slice(FREE..);
        drop(chunk);
        assert_eq!(budget.used().total, 100);
        drop(rest);
        assert_eq!(budget.used().total, 0);
    }
}
