//! Who waits for whom.

use futures::FutureExt;

use super::*;

const A: Tag = Tag([1; 16]);
const B: Tag = Tag([2; 16]);
const C: Tag = Tag([3; 16]);

/// What a future comes to without being waited for.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    Box::pin(future).now_or_never()
}

#[tokio::test]
async fn who_shares_a_stream_decides_in_turn_and_hands_in_in_turn() {
    let order = Order::new();
    let first = order.decide(&[A, B]).await;
    assert!(at_once(order.decide(&[B, C])).is_none(), "the first is deciding");
    let apart = at_once(order.decide(&[C])).expect("nobody else is there").decided();
    assert!(at_once(apart.comes()).is_some());

    let first = first.decided();
    let second = at_once(order.decide(&[B, C])).expect("the first has decided").decided();
    assert!(at_once(second.comes()).is_none(), "neither has handed in");
    assert!(at_once(first.comes()).is_some());
    drop(first);
    assert!(at_once(second.comes()).is_none(), "one has not handed in");
    drop(apart);
    assert!(at_once(second.comes()).is_some());
}

#[tokio::test]
async fn who_gives_up_lets_nobody_overtake_those_before_it() {
    let order = Order::new();
    let first = order.decide(&[A]).await.decided();
    drop(order.decide(&[A]).await);
    let gives_up = order.decide(&[A]).await.decided();
    drop(order.decide(&[A]).await);
    let third = order.decide(&[A]).await.decided();
    drop(gives_up);
    tokio::task::yield_now().await;
    assert!(at_once(third.comes()).is_none(), "the first has not handed in");
    drop(first);
    third.comes().await;
}

#[tokio::test]
async fn who_gives_up_holds_nobody_up_for_longer_than_those_before_it() {
    let order = Order::new();
    drop(order.decide(&[A]).await);
    let first = order.decide(&[A]).await.decided();
    let gives_up = order.decide(&[A, B]).await.decided();
    let third = order.decide(&[B]).await.decided();
    assert!(at_once(third.comes()).is_none());
    drop((gives_up, first));
    third.comes().await;
    drop(third);
    assert!(at_once(order.decide(&[A, B]).await.decided().comes()).is_some());
}

#[tokio::test]
async fn who_waits_to_hand_in_is_woken() {
    let order = Order::new();
    let first = order.decide(&[A]).await.decided();
    let second = order.decide(&[A]).await.decided();
    let hand_in = async {
        tokio::task::yield_now().await;
        drop(first);
    };
    tokio::join!(second.comes(), hand_in);
}
