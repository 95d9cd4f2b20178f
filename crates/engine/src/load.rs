//! A record's state, folded from its stream.

use std::sync::Arc;

use anamnesis_chart::{EventRef, State, evolve};
use anamnesis_json::Object;
use anamnesis_kernel::StreamName;
use anamnesis_seal::Tag;
use anamnesis_store::{Direction, ReadError};

use crate::codec;
use crate::engine::Engine;
use crate::heads::Head;

/// How many events are read at a time.
const PAGE: u32 = 200;

impl Engine {
    /// The head of a stream: remembered, or folded from the newest event that carries the whole resource.
    pub(crate) async fn load(&self, tag: Tag, name: &StreamName) -> Result<Arc<Head>, ReadError> {
        if let Some(head) = self.heads.get(&tag) {
            return Ok(head);
        }
        let head = Arc::new(self.fold(tag, name).await?);
        Ok(head)
    }

    async fn fold(&self, tag: Tag, name: &StreamName) -> Result<Head, ReadError> {
        let mut events = Vec::new();
        let mut from = u64::MAX;
        let mut version = 0;
        // Backward until an event that a fold may start at.
        'pages: loop {
            let page = self.log.read_stream(tag, from, Direction::Backward, PAGE).await?;
            let Some(oldest) = page.last().map(|event| event.version) else { break };
            for stored in page {
                version = version.max(stored.version);
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
        Ok(Head::new(State { version, elements }, subject))
    }
}
