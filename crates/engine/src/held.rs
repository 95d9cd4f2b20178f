//! The streams that a generation holds: what its views could not apply, they show as it was before.
//!
//! Invariant: whoever sees views that passed over an event finds its stream here.

use std::collections::HashMap;

use anamnesis_kernel::{Instant, StreamName, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{HeldStream, Parked};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::engine::Engine;
use crate::projector::ProjectError;

/// The streams that are held; most often none.
#[derive(Default)]
pub struct HeldSet {
    by_tag: HashMap<Tag, HeldStream>,
    events: u64,
}

impl HeldSet {
    pub(crate) fn new(streams: Vec<HeldStream>) -> Self {
        let events = streams.iter().map(|stream| stream.events).sum();
        Self { by_tag: streams.into_iter().map(|stream| (stream.stream, stream)).collect(), events }
    }

    /// How many events are parked, of how many streams.
    pub fn counts(&self) -> (u64, u64) {
        (self.events, self.by_tag.len() as u64)
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.by_tag.is_empty()
    }

    /// Each of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &HeldStream> {
        self.by_tag.values()
    }

    pub(crate) fn get(&self, tag: &Tag) -> Option<&HeldStream> {
        self.by_tag.get(tag)
    }

    /// How many of these streams the other holds not, or further on.
    pub(crate) fn beyond(&self, other: &Self) -> u64 {
        let is_beyond = |stream: &&HeldStream| {
            other.get(&stream.stream).is_none_or(|others| others.version > stream.version)
        };
        self.iter().filter(is_beyond).count() as u64
    }

    /// One more event is parked, the next of its stream.
    pub(crate) fn park(&mut self, parked: &Parked) {
        let held = self.by_tag.entry(parked.stream).or_insert_with(|| HeldStream {
            partition: parked.position.partition,
            stream: parked.stream,
            name: parked.name.clone(),
            version: parked.version.saturating_sub(1),
            held_from: parked.recorded_at,
            events: 0,
        });
        held.events += 1;
        self.events += 1;
    }

    /// A stream is held like this from now on, or no more.
    pub(crate) fn set(&mut self, tag: Tag, held: Option<HeldStream>) {
        self.events += held.as_ref().map_or(0, |held| held.events);
        let before = match held {
            Some(held) => self.by_tag.insert(tag, held),
            None => self.by_tag.remove(&tag),
        };
        self.events -= before.map_or(0, |before| before.events);
    }
}

/// What came of trying again to apply what is parked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Streams that were tried.
    pub tried: u64,
    /// Streams of them that are held no more.
    pub released: u64,
    /// Events that were applied.
    pub applied: u64,
}

/// One who wants what is parked tried again: all of it, or one stream's.
pub(crate) struct Ask {
    pub(crate) only: Option<StreamName>,
    pub(crate) told: oneshot::Sender<Result<Retried, ProjectError>>,
}

/// How the projector that runs is asked.
pub(crate) struct Retries {
    asks: mpsc::Sender<Ask>,
    /// Gone with the projector that runs, so that nobody waits for one that has ended.
    asked: Mutex<Option<mpsc::Receiver<Ask>>>,
}

impl Retries {
    pub(crate) fn new() -> Self {
        let (asks, asked) = mpsc::channel(1);
        Self { asks, asked: Mutex::new(Some(asked)) }
    }

    /// What is asked from now on; given once.
    pub(crate) fn asked(&self) -> Option<mpsc::Receiver<Ask>> {
        self.asked.lock().take()
    }
}

impl Engine {
    /// The version up to which the serving views have a record that they hold; none where they do not, or did not yet as
    /// of the moment.
    pub fn held(&self, name: &StreamName, at: Option<Instant>) -> Option<Version> {
        let serving = self.serving();
        let held = serving.held.read();
        if held.is_empty() {
            return None;
        }
        let stream = held.get(&self.keyring.store.stream_tag(name))?;
        at.is_none_or(|at| stream.held_from <= at).then_some(stream.version)
    }

    /// Looks at all that the serving views hold.
    pub fn look_at_held<R>(&self, look: impl FnOnce(&HeldSet) -> R) -> R {
        look(&self.serving().held.read())
    }

    /// Has the projector that runs try again what is parked: all, or one record's; none where no projector runs.
    ///
    /// # Errors
    ///
    /// When the log cannot be read or the views not be written; what is parked stays so.
    pub async fn retry(&self, only: Option<StreamName>) -> Result<Option<Retried>, ProjectError> {
        let (told, answer) = oneshot::channel();
        if self.retries.asks.send(Ask { only, told }).await.is_err() {
            return Ok(None);
        }
        answer.await.map_or(Ok(None), |retried| retried.map(Some))
    }
}
