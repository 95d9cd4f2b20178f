//! Reading what happened: a stream from its beginning, and events by where they stand.
//!
//! Invariant: what was of a person who was erased is passed over, and nothing ends there.

use std::ops::ControlFlow;

use anamnesis_json::Object;
use anamnesis_kernel::{Event, Instant, Position, StreamName, Version};
use anamnesis_store::{Direction, ReadError};

use crate::codec;
use crate::engine::Engine;

/// How many events of a stream are read at a time.
const PAGE: u32 = 250;

impl Engine {
    /// Calls `visit` with each event of a stream from version `from` on in order, its data lifted to today's shape, until
    /// that breaks or an event cannot be lifted, of which and of what follows nothing is known here; gives the version of
    /// the last event that was looked at, that before `from` where there is none.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn visit_stream(
        &self,
        name: &StreamName,
        from: Version,
        mut visit: impl FnMut(Event, Object) -> ControlFlow<()> + Send,
    ) -> Result<Version, ReadError> {
        let tag = self.keyring.store.stream_tag(name);
        let mut seen = from.saturating_sub(1);
        loop {
            let stored = self.log.read_stream(tag, seen + 1, Direction::Forward, PAGE).await?;
            let more = stored.len() == PAGE as usize;
            for stored in stored {
                let version = stored.version;
                if let Some(event) = codec::open(&self.keyring, stored).await? {
                    let data = match codec::lifted(&event) {
                        Err(ReadError::Newer { .. }) => return Ok(seen),
                        lifted => lifted?,
                    };
                    if visit(event, data).is_break() {
                        return Ok(version);
                    }
                }
                seen = version;
            }
            if !more {
                return Ok(seen);
            }
        }
    }

    /// The events at these positions with their moments, in the order asked; no event where its person was erased.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or one of them is not there.
    pub async fn events_at(
        &self,
        positions: &[Position],
    ) -> Result<Vec<(Instant, Option<Event>)>, ReadError> {
        let mut events = Vec::with_capacity(positions.len());
        for stored in self.log.read_at(positions).await? {
            events.push((stored.moment, codec::open(&self.keyring, stored).await?));
        }
        Ok(events)
    }
}
