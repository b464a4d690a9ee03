//! Fairness and bounds of the queue. A future is polled by hand, so that the order of arrival is that of the test.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pbx_domain::Id;

use super::*;

type Waiting = Pin<Box<dyn Future<Output = Result<Turn, Error>>>>;

fn turns(turns: usize, per_party: u32, in_all: u32) -> Turns {
    Turns::new(turns, TurnLimits { per_party, in_all })
}

fn stranger(address: &str) -> Party {
    Party::Stranger(address.parse().unwrap())
}

/// Asks for a turn and waits.
fn wait(turns: &Turns, party: Party) -> Waiting {
    let turns = turns.clone();
    let mut waiting: Waiting = Box::pin(async move { turns.take(party).await });
    assert!(poll(&mut waiting).is_none(), "it must wait");
    waiting
}

fn poll(waiting: &mut Waiting) -> Option<Result<Turn, Error>> {
    match waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// Ends `turn` and each next one; returns the positions of the waiters in the order of their turns.
fn order(mut turn: Turn, mut waiting: Vec<Waiting>) -> Vec<usize> {
    let mut order = Vec::new();
    let mut done = vec![false; waiting.len()];
    while order.len() < waiting.len() {
        drop(turn);
        let next = (0..waiting.len()).find_map(|position| {
            if done[position] {
                return None;
            }
            poll(&mut waiting[position]).map(|turn| (position, turn.unwrap()))
        });
        let (position, next) = next.unwrap();
        done[position] = true;
        order.push(position);
        turn = next;
    }
    order
}

#[tokio::test]
async fn parties_take_turns_whatever_the_number_of_their_waiters() {
    let turns = turns(1, 100, 100);
    let turn = turns.take(Party::SERVER).await.unwrap();
    let (one, other) = (stranger("192.0.2.1/32"), stranger("192.0.2.2/32"));
    let waiting = [one, one, one, one, other].map(|party| wait(&turns, party));
    assert_eq!(order(turn, waiting.into()), [0, 4, 1, 2, 3]);
}

#[tokio::test]
async fn strangers_do_not_delay_callers_with_a_session() {
    let turns = turns(1, 100, 100);
    let turn = turns.take(Party::SERVER).await.unwrap();
    let mut waiting: Vec<Waiting> = (1..40)
        .map(|host| wait(&turns, stranger(&format!("192.0.2.{host}/32"))))
        .collect();
    waiting.push(wait(&turns, Party::Caller(Principal::Tenant(Id::from_stored(7)))));
    waiting.push(wait(&turns, Party::Familiar("198.51.100.1/32".parse().unwrap())));
    let order = order(turn, waiting);
    let position = |waiter| order.iter().position(|other| *other == waiter).unwrap();
    assert!(position(39) < 4 && position(40) < 4, "{order:?}");
}

#[tokio::test]
async fn waiters_are_bounded_per_party_and_in_all() {
    let turns = turns(1, 2, 5);
    let turn = turns.take(Party::SERVER).await.unwrap();
    let of = |host| stranger(&format!("192.0.2.{host}/32"));
    let mut waiting: Vec<Waiting> = [1, 1, 2, 2, 3].map(|host| wait(&turns, of(host))).into();
    assert!(matches!(
        turns.take(of(1)).await,
        Err(Error::TooManyRequests { limit: 2, .. })
    ));
    assert!(matches!(turns.take(of(2)).await, Err(Error::TooManyRequests { .. })));
    // Those with a session have a separate limit.
    waiting.push(wait(&turns, Party::Caller(Principal::Account(Id::from_stored(1)))));
    // A waiter that is gone leaves the queue.
    drop(waiting.remove(0));
    waiting.push(wait(&turns, of(1)));
    drop(turn);
    drop(waiting);
    assert!(turns.take(of(1)).await.is_ok());
}

#[tokio::test]
async fn sites_with_many_waiters_give_way_when_the_queue_is_full() {
    let turns = turns(1, 2, 6);
    let turn = turns.take(Party::SERVER).await.unwrap();
    // One customer with many networks.
    let of = |network| stranger(&format!("2001:db8:7:{network}::/64"));
    let mut waiting: Vec<Waiting> = (0..6).map(|network| wait(&turns, of(network))).collect();
    assert!(matches!(turns.take(of(6)).await, Err(Error::Overloaded { .. })));
    waiting.push(wait(&turns, stranger("2001:db8:8::/64")));
    waiting.push(wait(&turns, stranger("192.0.2.1/32")));
    for gone in [4, 5] {
        let outcome = poll(&mut waiting[gone]);
        assert!(matches!(outcome, Some(Err(Error::Overloaded { .. }))));
    }
    waiting.drain(4..6);
    assert_eq!(order(turn, waiting).len(), 6);
}

#[tokio::test]
async fn dropped_waiters_and_receivers_lose_no_turn() {
    let turns = turns(2, 100, 100);
    for _ in 0..3 {
        let (one, other) = (turns.take(Party::SERVER).await, turns.take(Party::SERVER).await);
        let waiting: Vec<Waiting> = (0..50).map(|_| wait(&turns, Party::SERVER)).collect();
        // The first got a turn that it does not look at.
        drop(one);
        drop(waiting);
        drop(other);
        assert_eq!(turns.state().free, 2);
    }
}
