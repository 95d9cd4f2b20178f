//! A record's state, folded from its stream.

use std::sync::Arc;

use anamnesis_chart::{EventRef, State, evolve};
use anamnesis_json::Object;
use anamnesis_kernel::StreamName;
use anamnesis_seal::Tag;
use anamnesis_store::{Direction, ReadError, StreamHead};

use crate::cache::Head;
use crate::codec;
use crate::engine::Engine;

/// How many events are read at a time.
const PAGE: u32 = 200;

impl Engine {
    /// The head of a stream: remembered, or folded from the newest event that carries the whole resource.
    pub(crate) async fn load(&self, tag: Tag, name: &StreamName) -> Result<Arc<Head>, ReadError> {
        if let Some(head) = self.caches.counted(self.caches.heads.get(&tag)) {
            return Ok(head);
        }
        let seen = self.caches.erasures.seen();
        if self.caches.outside.is_some()
            && let Some(stands) = self.log.stream_head(tag).await?
            && let Some(folded) = self.recall_state(tag, &stands).await
        {
            return Ok(Arc::new(Head::new(folded.state, folded.subject)));
        }
        let (head, stands) = self.fold(tag, name).await?;
        if let Some(stands) = stands {
            self.offer_state(seen, tag, &stands, || head.folded(&stands)).await;
        }
        Ok(Arc::new(head))
    }

    async fn fold(&self, tag: Tag, name: &StreamName) -> Result<(Head, Option<StreamHead>), ReadError> {
        let mut events = Vec::new();
        let mut stands = None;
        let mut from = u64::MAX;
        let mut version = 0;
        // Backward until an event that a fold may start at.
        'pages: loop {
            let page = self.log.read_stream(tag, from, Direction::Backward, PAGE).await?;
            let Some(oldest) = page.last().map(|event| event.version) else { break };
            for stored in page {
                version = version.max(stored.version);
                stands.get_or_insert_with(|| StreamHead::of(&stored));
                let Some(event) = codec::open(&self.keyring, stored).await? else { continue };
                let whole = event.whole;
                events.push(event);
                if whole {
                    break 'pages;
                }
            }
            if oldest <= 1 {
                break;
            }
            from = oldest - 1;
        }
        self.instruments.loaded(events.len());
        let mut elements: Option<Object> = None;
        for event in events.iter().rev() {
            let data = codec::lifted(event)?;
            elements = evolve(elements, &EventRef { kind: &event.kind, whole: event.whole, data: &data });
        }
        let subject = match &elements {
            Some(elements) => self.indexing.subject(name, elements),
            None => events.first().and_then(|event| event.subject.clone()).unwrap_or_else(|| name.clone()),
        };
        Ok((Head::new(State { version, elements }, subject), stands))
    }
}
