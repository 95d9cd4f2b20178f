//! What the cache outside the process knows of a stream, and what it is told.
//!
//! Invariant: it is believed only where it says of an event what the log says of it; what is no work of ours is removed.

use anamnesis_kernel::Event;
use anamnesis_seal::{SubjectKey, Tag};
use anamnesis_store::{Cached, Found, Place, SealedState, StoredEvent, StreamHead};

use crate::cache::{Outside, Seen, events_of, sealed_events};
use crate::codec;
use crate::engine::Engine;
use crate::instruments::{CacheLevel, CacheResult};
use crate::snapshot::form::{self, Folded};

impl Engine {
    /// The state of a stream that stands at `head`, if somebody has folded it lately: as it is there, or at most so many
    /// versions before, which whoever goes on from it holds against the log.
    pub(crate) async fn recall_state(
        &self,
        stream: Tag,
        head: &StreamHead,
        behind_max: u64,
    ) -> Option<Folded> {
        let place = Place { subject: head.subject, stream, what: Cached::State };
        let of_use = |folded: &Folded| match head.version.checked_sub(folded.state.version) {
            Some(0) => folded.leaf == head.leaf,
            behind => behind.is_some_and(|behind| behind <= behind_max),
        };
        let open = |bytes: &[u8], key: &SubjectKey| {
            let kept = SealedState::from_bytes(bytes)?;
            if kept.stream == stream && kept.subject == head.subject { form::open(&kept, key) } else { None }
        };
        self.recall(place, open, of_use).await
    }

    /// The newest events of a stream that stands at `head`, if somebody has read them lately.
    pub(crate) async fn recall_events(&self, stream: Tag, head: &StreamHead) -> Option<Vec<Event>> {
        let place = Place { subject: head.subject, stream, what: Cached::Events };
        let is_now = |events: &Vec<StoredEvent>| events.last().is_some_and(|last| last.leaf == head.leaf);
        let stored = self.recall(place, |bytes, key| events_of(key, stream, bytes), is_now).await?;
        let mut opened = Vec::with_capacity(stored.len());
        for event in stored {
            // The log is asked where one does not open, and says what is wrong.
            opened.push(codec::open(&self.keyring, event).await.ok()??);
        }
        Some(opened)
    }

    async fn recall<T>(
        &self,
        place: Place,
        open: impl Fn(&[u8], &SubjectKey) -> Option<T>,
        of_use: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let outside = self.caches.outside.as_ref()?;
        let (result, found) = match outside.get(place).await {
            Found::Unasked => return None,
            Found::Failed => (CacheResult::Error, None),
            Found::Nothing => (CacheResult::Miss, None),
            Found::Bytes(bytes) => {
                // Without its key nothing can be said of it: the person was erased, or the keys cannot be read now.
                let key = self.keyring.of_number(place.subject).await.ok()??;
                match open(&bytes, &key) {
                    Some(found) if of_use(&found) => (CacheResult::Hit, Some(found)),
                    Some(_) => (CacheResult::Miss, None),
                    None => {
                        outside.remove(place);
                        (CacheResult::Error, None)
                    }
                }
            }
        };
        self.instruments.cache(CacheLevel::Redis, result);
        found
    }

    /// Offers the state of a stream to whoever will ask for it; `seen` is from before it was looked for.
    pub(crate) async fn offer_state(
        &self,
        seen: Seen,
        stream: Tag,
        head: &StreamHead,
        folded: impl FnOnce() -> Folded,
    ) {
        let place = Place { subject: head.subject, stream, what: Cached::State };
        let Some((outside, key)) = self.offering(place).await else { return };
        let folded = folded();
        outside.put(seen, place, move || Some(form::seal(stream, &folded, place.subject, &key).to_bytes()));
    }

    /// Offers the newest events of a stream, the last of which is its newest.
    pub(crate) async fn offer_events(&self, seen: Seen, events: Vec<StoredEvent>) {
        let Some(last) = events.last() else { return };
        let place = Place { subject: last.subject, stream: last.stream, what: Cached::Events };
        let Some((outside, key)) = self.offering(place).await else { return };
        outside.put(seen, place, move || sealed_events(&key, &events));
    }

    /// Whether anything can be put there, and the key to seal it with; none where the person was erased.
    async fn offering(&self, place: Place) -> Option<(&Outside, SubjectKey)> {
        let outside = self.caches.outside.as_ref().filter(|outside| outside.takes())?;
        Some((outside, self.keyring.of_number(place.subject).await.ok()??))
    }
}
