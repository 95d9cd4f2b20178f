//! What of a batch cannot be applied: its stream is held from then on, and what follows waits behind it.

use std::collections::HashMap;

use anamnesis_kernel::{Instant, StreamName, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{Direction, ParkWrite, Parked, ReadError, StoredEvent, Unapplied};

use crate::codec::{self, Opened};
use crate::engine::Engine;
use crate::generation::Generation;

/// An event that could not be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) version: Version,
    pub(super) why: Unapplied,
}

/// What is parked by one batch.
pub(super) struct Parking<'a> {
    engine: &'a Engine,
    generation: &'a Generation,
    /// Streams of which the views refuse a row.
    refused: &'a [Tag],
    /// The stream that is tried again, though it is held: what waits behind is parked already.
    again: Option<Tag>,
    /// Streams this batch came to hold, with their names.
    newly: HashMap<Tag, Option<StreamName>>,
    parked: Vec<Parked>,
    since: Instant,
}

impl<'a> Parking<'a> {
    pub(super) fn new(engine: &'a Engine, generation: &'a Generation, refused: &'a [Tag]) -> Self {
        let (newly, parked, since) = (HashMap::new(), Vec::new(), engine.clock.now());
        Self { engine, generation, refused, again: None, newly, parked, since }
    }

    /// The same, for who tries this stream again.
    pub(super) fn again(self, stream: Tag) -> Self {
        Self { again: Some(stream), ..self }
    }

    pub(super) fn holds(&self, tag: &Tag) -> bool {
        self.newly.contains_key(tag)
            || (self.again != Some(*tag) && self.generation.held.read().get(tag).is_some())
    }

    pub(super) fn is_refused(&self, tag: &Tag) -> bool {
        self.refused.contains(tag)
    }

    /// Parks events of a stream that is held.
    pub(super) fn behind(&mut self, events: Vec<StoredEvent>) {
        for stored in events {
            if self.again == Some(stored.stream) {
                continue;
            }
            let name = match self.newly.get(&stored.stream) {
                Some(name) => name.clone(),
                None => self.generation.held.read().get(&stored.stream).and_then(|held| held.name.clone()),
            };
            self.park(stored, name, Unapplied::Behind);
        }
    }

    /// Holds a stream from these events of one commit on.
    pub(super) async fn hold(
        &mut self,
        tag: Tag,
        events: Vec<StoredEvent>,
        failed: Failed,
    ) -> Result<(), ReadError> {
        let name = self.name_of(tag).await?;
        for stored in events {
            let why = if stored.version == failed.version { failed.why } else { Unapplied::Behind };
            self.park(stored, name.clone(), why);
        }
        self.newly.insert(tag, name);
        Ok(())
    }

    /// What the stream's first event calls it, if that opens.
    async fn name_of(&self, tag: Tag) -> Result<Option<StreamName>, ReadError> {
        let first = self.engine.log.read_stream(tag, 1, Direction::Forward, 1).await?.into_iter().next();
        let Some(first) = first else { return Ok(None) };
        Ok(match codec::opened(&self.engine.keyring, first).await? {
            Opened::Event(event) => Some(event.stream),
            Opened::Erased | Opened::Sealed => None,
        })
    }

    fn park(&mut self, stored: StoredEvent, name: Option<StreamName>, why: Unapplied) {
        self.parked.push(Parked {
            stream: stored.stream,
            name,
            version: stored.version,
            position: stored.position,
            event_id: stored.event_id,
            kind: stored.kind,
            schema_version: stored.schema_version,
            recorded_at: stored.moment,
            why,
            since: self.since,
            attempts: u32::from(why != Unapplied::Behind),
        });
    }

    /// What the views are told of it.
    pub(super) fn writes(self) -> Vec<ParkWrite> {
        self.parked.into_iter().map(ParkWrite::Park).collect()
    }
}
