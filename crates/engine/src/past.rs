//! What a record was at a version whose body is not kept: folded from the one before that is.
//!
//! Invariant: no more than [`BODY_KEPT_EVERY`] versions are folded, however long the stream is and whatever snapshots there
//! are; what was erased on the way leaves nothing.

use anamnesis_chart::{EventRef, evolve};
use anamnesis_json::Object;
use anamnesis_store::{BODY_KEPT_EVERY, Body, Direction, ReadError, RecordVersion};

use crate::codec;
use crate::engine::Engine;
use crate::read::parsed;

impl Engine {
    /// The elements of a version that passed; none when its subject was erased.
    pub(crate) async fn folded_again(&self, version: &RecordVersion) -> Result<Option<Object>, ReadError> {
        let limit = u32::try_from(BODY_KEPT_EVERY).unwrap_or(u32::MAX).saturating_add(1);
        let before = self.views().history(&version.name, version.version, None, limit).await?;
        let start = before.into_iter().find(|before| before.body != Body::Folded);
        let (mut at, mut elements) = (0, None);
        if let Some(start) = start {
            at = start.version;
            match &start.body {
                Body::Here(text) => elements = Some(parsed(text)?),
                // It is the event before.
                Body::InLog => at -= 1,
                Body::Deleted | Body::Folded => {}
            }
        }
        let tag = self.keyring.store.stream_tag(&version.name);
        let count = u32::try_from(version.version.saturating_sub(at)).unwrap_or(u32::MAX);
        let mut erased = false;
        for stored in self.log.read_stream(tag, at + 1, Direction::Forward, count).await? {
            let Some(event) = codec::open(&self.keyring, stored).await? else {
                erased = true;
                continue;
            };
            // A record that went to another person carried itself whole.
            erased &= !event.whole;
            let data = codec::lifted(&event)?;
            elements = evolve(elements, &EventRef { kind: &event.kind, whole: event.whole, data: &data });
        }
        Ok(elements.filter(|_| !erased))
    }
}
