//! Reading what happened: a stream from its beginning, and events by where they stand.
//!
//! Invariant: what was of a person who was erased is passed over, and nothing ends there.

use std::ops::ControlFlow;

use anamnesis_json::Object;
use anamnesis_kernel::{Event, Instant, Position, StreamName, Version};
use anamnesis_store::{Direction, ReadError};

use crate::codec;
use crate::engine::Engine;
use crate::shown::Shown;

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

    /// The events of these streams at these positions with their moments, in the order asked; no event where its person
    /// was erased, and no moment where the log has not what was written.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn events_at(
        &self,
        places: &[(Position, &StreamName)],
    ) -> Result<Vec<(Option<Instant>, Option<Shown>)>, ReadError> {
        let positions: Vec<Position> = places.iter().map(|(position, _)| *position).collect();
        let mut events = Vec::with_capacity(places.len());
        match self.log.read_at(&positions).await {
            Ok(stored) => {
                for (stored, (_, name)) in stored.into_iter().zip(places) {
                    events.push((Some(stored.moment), self.shown_of(name, stored).await?));
                }
            }
            // One of them: the others are there.
            Err(ReadError::Damaged { .. }) => {
                for (position, name) in places {
                    events.push(match self.log.read_at(&[*position]).await {
                        Ok(mut stored) => match stored.pop() {
                            Some(stored) => (Some(stored.moment), self.shown_of(name, stored).await?),
                            None => (None, None),
                        },
                        Err(ReadError::Damaged { .. }) => (None, Some(Shown::damaged(*position))),
                        Err(error) => return Err(error),
                    });
                }
            }
            Err(error) => return Err(error),
        }
        Ok(events)
    }
}
