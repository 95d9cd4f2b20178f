//! What must be known before there are views: the records of one type, from the log alone.

use std::collections::HashSet;

use anamnesis_json::Object;
use anamnesis_kernel::{ResourceType, StreamName};
use anamnesis_store::ReadError;

use crate::codec;
use crate::engine::Engine;

const PAGE: u32 = 2_000;

impl Engine {
    /// The live records of a type whose events are all named after it, in the order they began.
    ///
    /// One whose events this program cannot read is left out. The whole log is read, but only what such events hold is opened: a small part of what making views costs.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn scan(&self, kind: ResourceType) -> Result<Vec<(StreamName, Object)>, ReadError> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        let (mut offset, head) = (0, self.head().offset(0));
        while offset < head {
            let page = self.log.read(0, offset, PAGE).await?;
            let Some(last) = page.last() else { break };
            offset = last.position.offset + 1;
            for stored in page.into_iter().filter(|stored| stored.kind.starts_with(kind.name())) {
                let tag = stored.stream;
                if seen.contains(&tag) {
                    continue;
                }
                let Some(event) = codec::open(&self.keyring, stored).await? else { continue };
                seen.insert(tag);
                if event.stream.kind != kind {
                    continue;
                }
                let head = match self.load(tag, &event.stream).await {
                    Err(ReadError::Newer { offset, what, .. }) => {
                        tracing::warn!(
                            offset,
                            what,
                            "a {kind} is left out: it has an event that cannot be read"
                        );
                        continue;
                    }
                    loaded => loaded?,
                };
                found.extend(head.state.elements.clone().map(|elements| (event.stream, elements)));
            }
        }
        Ok(found)
    }
}
