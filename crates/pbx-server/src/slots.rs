//! Slots of connections: bounded in all and for each source, so that no source keeps others out.
//!
//! A source is an IPv4 address, or a /64 of IPv6. Accepting a connection never waits for a slot: the connection gets one, another
//! connection makes room for it, or it is closed at once.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use pbx_domain::clock;
use pbx_domain::source::source;
use tokio::sync::Notify;

/// The number of connections that may be ending after they made room for others. They still have a file descriptor.
pub const ENDING: usize = 64;

/// The time after which a connection whose peer neither takes nor sends bytes makes room for others before those that just began to
/// wait: a new connection is about to send its request.
const STALLED: Duration = Duration::from_secs(1);

/// The interval between warnings about refused connections.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// The numbers of slots.
#[derive(Debug, Clone, Copy)]
pub struct SlotLimits {
    /// Slots in all, except those of denied addresses.
    pub connections: usize,
    /// Slots of one source.
    pub per_source: usize,
    /// Slots of all denied addresses together.
    pub denied: usize,
}

/// The kind of peer that a connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerKind {
    /// A client.
    Client,
    /// A trusted proxy, which is as many clients: it has no share, and makes room for others last.
    Proxy,
    /// An address that an IP rule denies.
    Denied,
}

type Key = (PeerKind, IpNet);

/// The slots of all connections.
pub struct Slots {
    limits: SlotLimits,
    table: Mutex<Table>,
    /// Notified when a connection has ended.
    ended: Notify,
}

#[derive(Default)]
struct Table {
    stopping: bool,
    /// Connections that have not ended, including those that made room for others.
    open: usize,
    /// Slots in use, except those of denied addresses.
    taken: usize,
    denied: usize,
    /// The number of the next connection.
    next: u64,
    /// The connections of each source, the oldest first.
    sources: HashMap<Key, BTreeMap<u64, Arc<State>>>,
    /// Connections that were refused since the last warning, and its time.
    refused: u64,
    warned: Option<Duration>,
}

/// The slot of one connection. Dropping it frees the slot.
pub struct Slot {
    slots: Arc<Slots>,
    key: Key,
    number: u64,
    state: Arc<State>,
}

/// An order to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Finish the request in flight, and end.
    Stop,
    /// End at once.
    Close,
}

/// The state of a connection, which decides whether it may make room for others.
#[derive(Debug, Default)]
pub struct State {
    /// [`IDLE`], [`BUSY`] or [`FLUSHING`].
    phase: AtomicU8,
    /// `true` while the body of a request is arriving.
    receiving: AtomicBool,
    /// The time in milliseconds since which the connection waits for its peer, for the next request too; 0 if it does not.
    waiting_since: AtomicU64,
    closing: AtomicBool,
    ordered: Notify,
}

const IDLE: u8 = 0;
const BUSY: u8 = 1;
const FLUSHING: u8 = 2;

impl State {
    /// A request has arrived: its headers are read.
    pub fn begin_request(&self) {
        self.phase.store(BUSY, Relaxed);
        self.set_waiting(false);
    }

    /// The response is buffered, and may not be sent yet.
    pub fn end_response(&self) {
        self.phase.store(FLUSHING, Relaxed);
    }

    /// Everything that was buffered is sent.
    pub fn flushed(&self) {
        if self.phase.load(Relaxed) == FLUSHING {
            self.phase.store(IDLE, Relaxed);
            self.set_waiting(true);
        }
    }

    /// Records that the connection waits for its peer to take or to send bytes, or that it does not any more.
    pub fn set_waiting(&self, waiting: bool) {
        let before = self.waiting_since.load(Relaxed);
        if waiting && before == 0 {
            self.waiting_since.store(milliseconds(clock::elapsed()), Relaxed);
        } else if !waiting && before != 0 {
            self.waiting_since.store(0, Relaxed);
        }
    }

    /// Records that the body of a request is arriving, or has arrived.
    pub fn set_receiving(&self, receiving: bool) {
        self.receiving.store(receiving, Relaxed);
    }

    /// Returns `true` while the body of a request is arriving.
    pub fn is_receiving(&self) -> bool {
        self.receiving.load(Relaxed)
    }

    /// Returns `true` if no request is in flight: none has arrived, its headers are incomplete, or its response is sent.
    pub fn is_idle(&self) -> bool {
        self.phase.load(Relaxed) == IDLE
    }

    fn is_stalled(&self, now: Duration) -> bool {
        let since = self.waiting_since.load(Relaxed);
        since != 0 && u128::from(milliseconds(now).saturating_sub(since)) >= STALLED.as_millis()
    }

    /// Waits for the next order.
    pub async fn ordered(&self) -> Order {
        self.ordered.notified().await;
        if self.closing.load(Relaxed) {
            Order::Close
        } else {
            Order::Stop
        }
    }

    fn order(&self, order: Order) {
        if order == Order::Close {
            self.closing.store(true, Relaxed);
        }
        self.ordered.notify_one();
    }
}

/// Returns a time for [`State::waiting_since`], which is never 0.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).map_or(u64::MAX, |time| time + 1)
}

impl Slots {
    /// Creates free slots.
    pub fn new(limits: SlotLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            table: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// Takes a slot for a connection from that address, or returns `None` if the connection is to be closed.
    ///
    /// A source that has all of its share replaces its oldest idle connection. If all slots are taken, one makes room: the oldest that
    /// is idle for a second, or has a request and waits for its peer for a second, of the source with the most of them; the one that
    /// is idle for the longest time; or any. Unless it is idle, its source must have more than the one that connects.
    pub fn take(self: &Arc<Self>, address: IpAddr, kind: PeerKind) -> Option<Slot> {
        self.take_at(address, kind, clock::elapsed())
    }

    fn take_at(self: &Arc<Self>, address: IpAddr, kind: PeerKind, now: Duration) -> Option<Slot> {
        let key = (kind, source(address));
        let mut table = self.table();
        let Some(replaced) = table.room(&self.limits, key, now) else {
            table.refuse(key.1, now);
            return None;
        };
        if let Some((key, number)) = replaced
            && let Some(state) = table.remove(key, number)
        {
            state.order(Order::Close);
        }
        let number = table.next;
        table.next += 1;
        table.open += 1;
        let state = Arc::new(State::default());
        state.waiting_since.store(milliseconds(now), Relaxed);
        table.insert(key, number, Arc::clone(&state));
        drop(table);
        Some(Slot {
            slots: Arc::clone(self),
            key,
            number,
            state,
        })
    }

    /// Closes a connection that may make room for others, for the file descriptor it has.
    pub fn make_room(&self) {
        let mut table = self.table();
        if let Some((key, number)) = table.replaceable(0, clock::elapsed())
            && let Some(state) = table.remove(key, number)
        {
            state.order(Order::Close);
        }
    }

    /// Refuses new connections and orders every other one to stop.
    pub fn stop(&self) {
        let mut table = self.table();
        table.stopping = true;
        table.order(Order::Stop);
    }

    /// Closes every connection at once; returns their number.
    pub fn close(&self) -> usize {
        let table = self.table();
        table.order(Order::Close);
        table.open
    }

    /// Waits until every connection has ended.
    pub async fn ended(&self) {
        self.wait(|table| table.open == 0).await;
    }

    /// Waits while [`ENDING`] connections are ending, which takes no longer than it takes the runtime to run their tasks.
    pub async fn settled(&self) {
        self.wait(|table| table.open - table.taken - table.denied < ENDING)
            .await;
    }

    async fn wait(&self, until: impl Fn(&Table) -> bool) {
        loop {
            // Before the check, so that no end is missed.
            let ended = self.ended.notified();
            if until(&self.table()) {
                return;
            }
            ended.await;
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Poisoning is ignored: a panic leaves no half-done update behind.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Returns the connection to replace, if one must be, or `None` if there is no room.
    fn room(&self, limits: &SlotLimits, key: Key, now: Duration) -> Option<Option<(Key, u64)>> {
        if self.stopping || self.open >= limits.connections + limits.denied + ENDING {
            return None;
        }
        let held = self.sources.get(&key);
        let count = held.map_or(0, BTreeMap::len);
        match key.0 {
            PeerKind::Denied => (self.denied < limits.denied).then_some(None),
            PeerKind::Client if count >= limits.per_source => {
                let oldest = |stalled| {
                    held?
                        .iter()
                        .find(|(_, state)| state.is_idle() && state.is_stalled(now) >= stalled)
                };
                let (number, _) = oldest(true).or_else(|| oldest(false))?;
                Some(Some((key, *number)))
            }
            _ if self.taken < limits.connections => Some(None),
            PeerKind::Client => self.replaceable(count, now).map(Some),
            // A proxy stands for clients of which each may have none.
            PeerKind::Proxy => self.replaceable(0, now).map(Some),
        }
    }

    /// Returns the connection that makes room for another one of a source that has `held`.
    fn replaceable(&self, held: usize, now: Duration) -> Option<(Key, u64)> {
        self.find(PeerKind::Client, 1, |state| state.is_idle() && state.is_stalled(now))
            .or_else(|| self.find(PeerKind::Client, held + 1, |state| state.is_stalled(now)))
            .or_else(|| self.longest_idle())
            .or_else(|| self.find(PeerKind::Client, held + 2, |_| true))
            .or_else(|| self.find(PeerKind::Proxy, 1, State::is_idle))
    }

    /// Returns the oldest matching connection of the source that has most, and at least `minimum`.
    fn find(&self, kind: PeerKind, minimum: usize, matches: impl Fn(&State) -> bool) -> Option<(Key, u64)> {
        let mut found = None;
        let mut most = minimum.saturating_sub(1);
        for (key, connections) in &self.sources {
            if key.0 == kind
                && connections.len() > most
                && let Some((number, _)) = connections.iter().find(|(_, state)| matches(state))
            {
                most = connections.len();
                found = Some((*key, *number));
            }
        }
        found
    }

    /// Returns the connection of a client that is idle for the longest time.
    fn longest_idle(&self) -> Option<(Key, u64)> {
        let clients = self.sources.iter().filter(|(key, _)| key.0 == PeerKind::Client);
        let connections = clients.flat_map(|(key, connections)| connections.iter().map(move |it| (key, it)));
        let idle = connections.filter(|(_, (_, state))| state.is_idle());
        idle.min_by_key(|(_, (number, state))| (state.waiting_since.load(Relaxed), **number))
            .map(|(key, (number, _))| (*key, *number))
    }

    fn insert(&mut self, key: Key, number: u64, state: Arc<State>) {
        *self.count(key.0) += 1;
        self.sources.entry(key).or_default().insert(number, state);
    }

    fn remove(&mut self, key: Key, number: u64) -> Option<Arc<State>> {
        let connections = self.sources.get_mut(&key)?;
        let state = connections.remove(&number)?;
        if connections.is_empty() {
            self.sources.remove(&key);
        }
        *self.count(key.0) -= 1;
        Some(state)
    }

    fn count(&mut self, kind: PeerKind) -> &mut usize {
        match kind {
            PeerKind::Denied => &mut self.denied,
            PeerKind::Client | PeerKind::Proxy => &mut self.taken,
        }
    }

    fn order(&self, order: Order) {
        for state in self.sources.values().flat_map(BTreeMap::values) {
            state.order(order);
        }
    }

    /// Counts a refused connection, and logs how many there were from time to time.
    fn refuse(&mut self, source: IpNet, now: Duration) {
        self.refused += 1;
        let due = self
            .warned
            .is_none_or(|warned| now.saturating_sub(warned) >= WARNING_INTERVAL);
        if due && !self.stopping {
            tracing::warn!(refused = self.refused, last = %source, "connections were refused: their source has its share, or all are taken");
            self.refused = 0;
            self.warned = Some(now);
        }
    }
}

impl Slot {
    /// Returns the state of the connection.
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut table = self.slots.table();
        table.remove(self.key, self.number);
        table.open -= 1;
        drop(table);
        self.slots.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(connections: usize, per_source: usize, denied: usize) -> Arc<Slots> {
        Slots::new(SlotLimits {
            connections,
            per_source,
            denied,
        })
    }

    fn take(slots: &Arc<Slots>, address: &str, kind: PeerKind) -> Option<Slot> {
        slots.take(address.parse().unwrap(), kind)
    }

    fn is_closed(slot: &Slot) -> bool {
        slot.state.closing.load(Relaxed)
    }

    #[test]
    fn addresses_of_one_ipv6_network_share() {
        let slots = slots(10, 1, 1);
        let first = take(&slots, "2001:db8::1", PeerKind::Client).unwrap();
        first.state.begin_request();
        assert!(take(&slots, "2001:db8::2", PeerKind::Client).is_none());
        assert!(take(&slots, "2001:db8:0:1::1", PeerKind::Client).is_some());
        drop(first);
        assert!(take(&slots, "2001:db8::2", PeerKind::Client).is_some());
        assert!(slots.table().sources.is_empty() && slots.table().open == 0 && slots.table().taken == 0);
    }

    #[test]
    fn idle_connections_make_room_before_stalled_and_busy_ones() {
        let slots = slots(4, 4, 1);
        let of_one: Vec<_> = (0..4)
            .map(|_| take(&slots, "192.0.2.1", PeerKind::Client).unwrap())
            .collect();
        for slot in &of_one[1..] {
            slot.state.begin_request();
        }
        of_one[2].state.set_waiting(true);
        let closed = || of_one.iter().map(is_closed).collect::<Vec<_>>();
        let later = clock::elapsed() + STALLED;
        let busy = |host: u8| {
            let address = format!("192.0.2.{host}").parse().unwrap();
            let slot = slots.take_at(address, PeerKind::Client, later).unwrap();
            slot.state.begin_request();
            slot
        };
        let _two = busy(2);
        assert_eq!(closed(), [true, false, false, false]);
        let _three = busy(3);
        assert_eq!(closed(), [true, false, true, false]);
        assert!(
            take(&slots, "192.0.2.2", PeerKind::Client).is_none(),
            "it would have as many as the other"
        );
        let _four = busy(4);
        assert_eq!(closed(), [true, true, true, false]);
        assert!(take(&slots, "192.0.2.5", PeerKind::Client).is_none(), "all have one");
    }

    #[test]
    fn connections_that_have_just_begun_are_replaced_last() {
        let slots = slots(6, 6, 1);
        // One source waits for its requests; the other, which holds more, has just connected.
        let silent: Vec<_> = (0..2)
            .map(|_| take(&slots, "192.0.2.1", PeerKind::Client).unwrap())
            .collect();
        let new: Vec<_> = (0..4)
            .map(|_| take(&slots, "192.0.2.2", PeerKind::Client).unwrap())
            .collect();
        let later = clock::elapsed() + STALLED;
        for (slot, since) in new.iter().zip([3, 0, 2, 1]) {
            slot.state.waiting_since.store(milliseconds(later) + since, Relaxed);
        }
        let connect = || slots.take_at("192.0.2.3".parse().unwrap(), PeerKind::Client, later + STALLED / 2);
        let _others = (connect().unwrap(), connect().unwrap());
        assert!(silent.iter().all(is_closed) && !new.iter().any(is_closed));
        let _another = connect().unwrap();
        assert_eq!(
            new.iter().map(is_closed).collect::<Vec<_>>(),
            [false, true, false, false]
        );
    }

    #[test]
    fn proxies_have_no_share_and_make_room_last() {
        let slots = slots(4, 1, 1);
        let proxied: Vec<_> = (0..3)
            .map(|_| take(&slots, "10.0.0.1", PeerKind::Proxy).unwrap())
            .collect();
        let client = take(&slots, "192.0.2.1", PeerKind::Client).unwrap();
        let _fourth = take(&slots, "10.0.0.1", PeerKind::Proxy).unwrap();
        assert!(is_closed(&client));
        let other = take(&slots, "192.0.2.2", PeerKind::Client).unwrap();
        assert!(is_closed(&proxied[0]) && !is_closed(&proxied[1]));
        let _another = take(&slots, "192.0.2.3", PeerKind::Client).unwrap();
        assert!(is_closed(&other) && !is_closed(&proxied[1]));
    }

    #[test]
    fn denied_addresses_have_a_pool_beside_the_others() {
        let slots = slots(1, 1, 2);
        let _client = take(&slots, "192.0.2.1", PeerKind::Client).unwrap();
        let _denied = [1, 2].map(|_| take(&slots, "192.0.2.2", PeerKind::Denied).unwrap());
        assert!(take(&slots, "192.0.2.3", PeerKind::Denied).is_none());
    }

    #[test]
    fn connections_that_are_ending_are_bounded() {
        let slots = slots(2, 2, 0);
        let mut ending = Vec::new();
        while let Some(slot) = take(&slots, "192.0.2.1", PeerKind::Client) {
            ending.push(slot);
            assert!(ending.len() <= 2 + ENDING);
        }
        assert_eq!(ending.len(), 2 + ENDING);
        ending.clear();
        assert!(take(&slots, "192.0.2.1", PeerKind::Client).is_some());
    }

    #[tokio::test]
    async fn stop_orders_every_connection_to_end() {
        let slots = slots(4, 4, 1);
        slots.ended().await;
        let slot = take(&slots, "192.0.2.1", PeerKind::Client).unwrap();
        slots.stop();
        assert_eq!(slot.state().ordered().await, Order::Stop);
        assert!(take(&slots, "192.0.2.2", PeerKind::Client).is_none());
        assert_eq!(slots.close(), 1);
        assert_eq!(slot.state().ordered().await, Order::Close);
        let (ended, ()) = tokio::join!(slots.ended(), async { drop(slot) });
        ended
    }
}
