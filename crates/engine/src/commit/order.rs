//! The order in which those who decide on the same streams do so, and hand in what they decided.
//!
//! Invariant: of two who share a stream the one who came first decides first and hands in first, so that the log judges
//! the decisions on a stream in the order in which each was built on the one before. Whoever built on a decision that was
//! never handed in hears of it, and decides anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anamnesis_seal::Tag;
use tokio::sync::{Mutex, MutexGuard, Semaphore};

use crate::cache::Heads;

const STRIPES: usize = 1_024;

/// Who came last to each stream; some streams share an entry.
pub(crate) struct Order {
    stripes: Vec<Mutex<Option<Arc<Turn>>>>,
}

/// The streams of one request, while nobody else of this process decides on them.
pub(super) struct Deciding<'a> {
    place: Place<'a>,
    #[expect(dead_code, reason = "it is only held")]
    held: Vec<MutexGuard<'a, Option<Arc<Turn>>>>,
}

/// The place in the order of one who has decided; when it is dropped before it handed in, what was remembered of its
/// decision is forgotten.
pub(super) struct Place<'a> {
    turn: Arc<Turn>,
    remembered: bool,
    heads: &'a Heads,
    tags: &'a [Tag],
}

/// A decision, from when its streams are held until it is on its way to the log or given up.
struct Turn {
    /// Those who came just before it to one of its streams and were not over yet.
    before: parking_lot::Mutex<Vec<Arc<Turn>>>,
    handed_in: AtomicBool,
    /// Closed when the turn is over; no permit is ever given.
    over: Semaphore,
}

impl Order {
    pub(crate) fn new() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::new(None)).collect() }
    }

    /// Waits until nobody else of this process decides on the streams, whose heads are these.
    pub(super) async fn decide<'a>(&'a self, heads: &'a Heads, tags: &'a [Tag]) -> Deciding<'a> {
        let mut wanted: Vec<usize> =
            tags.iter().map(|Tag([a, b, ..])| usize::from(u16::from_be_bytes([*a, *b])) % STRIPES).collect();
        // In order, so that two tasks never wait for each other.
        wanted.sort_unstable();
        wanted.dedup();
        let mut held = Vec::with_capacity(wanted.len());
        for stripe in wanted {
            if let Some(stripe) = self.stripes.get(stripe) {
                held.push(stripe.lock().await);
            }
        }
        let turn = Arc::new(Turn::after(held.iter().filter_map(|last| last.as_ref())));
        for last in &mut held {
            **last = Some(Arc::clone(&turn));
        }
        Deciding { place: Place { turn, remembered: false, heads, tags }, held }
    }
}

impl<'a> Deciding<'a> {
    /// To be called before the heads are told what was decided.
    pub(super) const fn remembers(&mut self) {
        self.place.remembered = true;
    }

    /// Lets the next decide on the streams, who may build on the heads that are known now.
    pub(super) fn decided(self) -> Place<'a> {
        self.place
    }
}

impl Place<'_> {
    /// Waits until those before are over; false when one of them gave up, since what it decided may have been built on.
    pub(super) async fn may_hand_in(&self) -> bool {
        let before = self.turn.before.lock().clone();
        for turn in before {
            // It ends by being closed.
            let _ = turn.over.acquire().await;
            if !turn.was_handed_in() {
                return false;
            }
        }
        true
    }

    /// Lets the next hand in.
    pub(super) fn handed_in(self) {
        self.turn.before.lock().clear();
        self.turn.handed_in.store(true, Ordering::Release);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.remembered && !self.turn.was_handed_in() {
            self.heads.forget(self.tags);
        }
        self.turn.over.close();
    }
}

impl Turn {
    /// One after these; where one of them gave up, after those before it.
    fn after<'a>(last: impl Iterator<Item = &'a Arc<Self>>) -> Self {
        let mut before: Vec<Arc<Self>> = Vec::new();
        let mut given_up: Vec<Arc<Self>> = Vec::new();
        let mut sort = |turn: &Arc<Self>, given_up: &mut Vec<Arc<Self>>| {
            let among = if !turn.over.is_closed() {
                &mut before
            } else if !turn.was_handed_in() {
                given_up
            } else {
                return;
            };
            // The streams of a request were mostly taken together before.
            if !among.iter().rev().any(|other| Arc::ptr_eq(other, turn)) {
                among.push(Arc::clone(turn));
            }
        };
        last.for_each(|turn| sort(turn, &mut given_up));
        while let Some(turn) = given_up.pop() {
            turn.before.lock().iter().for_each(|turn| sort(turn, &mut given_up));
        }
        Self {
            before: parking_lot::Mutex::new(before),
            handed_in: AtomicBool::new(false),
            over: Semaphore::new(0),
        }
    }

    fn was_handed_in(&self) -> bool {
        self.handed_in.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests;
