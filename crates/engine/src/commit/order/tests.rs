//! Who waits for whom, and who hears that what it built on was given up.

use std::sync::Arc;

use anamnesis_chart::State;
use futures::FutureExt;

use super::*;
use crate::cache::Head;

const A: Tag = Tag([1; 16]);
const B: Tag = Tag([2; 16]);
const C: Tag = Tag([3; 16]);

fn heads() -> Heads {
    Heads::new(1 << 20)
}

fn head(version: u64) -> Arc<Head> {
    let state = State { version, elements: None };
    Arc::new(Head::new(state, "Patient/p1".parse().unwrap(), None, None))
}

/// What a future comes to without being waited for.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    Box::pin(future).now_or_never()
}

#[tokio::test]
async fn who_shares_a_stream_decides_in_turn_and_hands_in_in_turn() {
    let (order, heads) = (Order::new(), heads());
    let first = order.decide(&heads, &[A, B]).await;
    assert!(at_once(order.decide(&heads, &[B, C])).is_none(), "the first is deciding");
    let apart = at_once(order.decide(&heads, &[C])).expect("nobody else is there").decided();
    assert_eq!(at_once(apart.may_hand_in()), Some(true));

    let first = first.decided();
    let second = at_once(order.decide(&heads, &[B, C])).expect("the first has decided").decided();
    assert_eq!(at_once(second.may_hand_in()), None, "neither has handed in");
    assert_eq!(at_once(first.may_hand_in()), Some(true));
    first.handed_in();
    assert_eq!(at_once(second.may_hand_in()), None, "one has not handed in");
    apart.handed_in();
    assert_eq!(at_once(second.may_hand_in()), Some(true));
}

#[tokio::test]
async fn who_built_on_what_was_given_up_hears_of_it() {
    let (order, heads) = (Order::new(), heads());
    let mut first = order.decide(&heads, &[A]).await;
    first.remembers();
    heads.put(A, head(1));
    let first = first.decided();
    let mut second = order.decide(&heads, &[A]).await;
    second.remembers();
    heads.put(A, head(2));
    let second = second.decided();
    let third = order.decide(&heads, &[A]).await.decided();
    drop(first);
    assert!(heads.get(&A).is_none(), "what it remembered is forgotten");
    assert_eq!(at_once(second.may_hand_in()), Some(false));
    assert_eq!(at_once(third.may_hand_in()), None, "the second may be waited for");
    heads.put(A, head(2));
    drop(second);
    assert!(heads.get(&A).is_none());
    assert_eq!(at_once(third.may_hand_in()), Some(false));
    drop(third);
    let anew = order.decide(&heads, &[A]).await.decided();
    assert_eq!(at_once(anew.may_hand_in()), Some(true));
}

#[tokio::test]
async fn what_was_remembered_stays_where_nothing_was_decided() {
    let (order, heads) = (Order::new(), heads());
    heads.put(A, head(1));
    drop(order.decide(&heads, &[A]).await);
    drop(order.decide(&heads, &[A]).await.decided());
    assert!(heads.get(&A).is_some());
}

#[tokio::test]
async fn who_comes_after_one_that_gave_up_waits_for_those_before_it() {
    let (order, heads) = (Order::new(), heads());
    let on_a = order.decide(&heads, &[A]).await.decided();
    let on_b = order.decide(&heads, &[B]).await.decided();
    // Two that gave up, one behind the other, stand between them and the next.
    drop(order.decide(&heads, &[A, B]).await.decided());
    drop(order.decide(&heads, &[B, C]).await.decided());
    let next = order.decide(&heads, &[C]).await.decided();
    assert_eq!(at_once(next.may_hand_in()), None);
    on_a.handed_in();
    assert_eq!(at_once(next.may_hand_in()), None);
    on_b.handed_in();
    assert_eq!(at_once(next.may_hand_in()), Some(true));
}

#[tokio::test]
async fn who_waits_to_hand_in_is_woken() {
    let (order, heads) = (Order::new(), heads());
    let first = order.decide(&heads, &[A]).await.decided();
    let second = order.decide(&heads, &[A]).await.decided();
    let hand_in = async {
        tokio::task::yield_now().await;
        first.handed_in();
    };
    let (handed_in, ()) = tokio::join!(second.may_hand_in(), hand_in);
    assert!(handed_in);
}
