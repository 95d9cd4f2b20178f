//! Records as they are served, many at a time.

use std::sync::Arc;

use anamnesis_chart::{State, write_resource};
use anamnesis_json::Object;
use anamnesis_store::{Body, Cause, ReadError, RecordVersion};

use futures::future::try_join_all;

use crate::cache::Seen;
use crate::codec;
use crate::engine::Engine;
use crate::read::{parsed, position};
use crate::snapshot::form::Folded;

/// How many that have passed are folded side by side.
const FOLDED_AT_ONCE: usize = 8;

impl Engine {
    /// The resource as it is served; none when it was deleted, or its subject erased.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn text(&self, version: &RecordVersion) -> Result<Option<Arc<[u8]>>, ReadError> {
        Ok(self.texts(&[version]).await?.pop().flatten())
    }

    /// The same of each of these, in order; what the log has is read together.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn texts(&self, versions: &[&RecordVersion]) -> Result<Vec<Option<Arc<[u8]>>>, ReadError> {
        let seen = self.caches.erasures.seen();
        let mut texts = Vec::with_capacity(versions.len());
        let (mut in_log, mut passed) = (Vec::new(), Vec::new());
        for version in versions {
            if matches!(version.body, Body::Deleted) {
                texts.push(None);
                continue;
            }
            let kept = self.caches.counted(self.caches.texts.get(version.number, version.version));
            texts.push(match (kept, &version.body) {
                (None, Body::Here(text)) => self.written_anew(seen, version, &parsed(text)?).await?,
                (None, Body::Folded) => {
                    passed.push((texts.len(), *version));
                    None
                }
                (None, Body::InLog) => {
                    in_log.push((texts.len(), *version));
                    None
                }
                (kept, _) => kept,
            });
        }
        for some in passed.chunks(FOLDED_AT_ONCE) {
            let each = some.iter().map(|(_, version)| self.folded_again(version));
            for ((slot, version), elements) in some.iter().zip(try_join_all(each).await?) {
                let text = elements.map(|elements| self.written(seen, version, &elements));
                if let Some(slot) = texts.get_mut(*slot) {
                    *slot = text;
                }
            }
        }
        if in_log.is_empty() {
            return Ok(texts);
        }
        let positions: Vec<_> = in_log.iter().map(|(_, version)| position(version)).collect();
        for ((slot, version), stored) in in_log.into_iter().zip(self.log.read_at(&positions).await?) {
            let Some(event) = codec::open(&self.keyring, stored).await? else { continue };
            if let Some(text) = texts.get_mut(slot) {
                *text = Some(self.written(seen, version, &codec::lifted(&event)?));
            }
        }
        Ok(texts)
    }

    /// The resource of a record's current version.
    pub(crate) async fn current_text(&self, now: &RecordVersion) -> Result<Option<Arc<[u8]>>, ReadError> {
        if self.caches.outside.is_none() || matches!(now.body, Body::Deleted) {
            return self.text(now).await;
        }
        if let Some(text) = self.caches.texts.get(now.number, now.version) {
            return Ok(Some(text));
        }
        let seen = self.caches.erasures.seen();
        let tag = self.keyring.store.stream_tag(&now.name);
        // Where the views are behind the log, so is what they say is current.
        let head = self.log.stream_head(tag).await?.filter(|head| head.version == now.version);
        let Some(head) = head else { return self.text(now).await };
        if let Some(Folded { state: State { elements: Some(elements), .. }, .. }) =
            self.recall_state(tag, &head, 0).await
        {
            return Ok(Some(self.written(seen, now, &elements)));
        }
        let Some(elements) = self.elements(now).await? else { return Ok(None) };
        let subject = self.indexing.subject(&now.name, &elements);
        if matches!(now.body, Body::Here(_)) && self.is_erased(&subject).await? {
            return Ok(None);
        }
        let text = self.written(seen, now, &elements);
        let folded = || Folded {
            state: State { version: head.version, elements: Some(elements) },
            subject,
            moment: head.moment,
            leaf: head.leaf,
        };
        self.offer_state(seen, tag, &head, folded).await;
        Ok(Some(text))
    }

    /// Writes a resource that a view has, unless its subject was erased: a view may not have heard of it yet.
    async fn written_anew(
        &self,
        seen: Seen,
        version: &RecordVersion,
        elements: &Object,
    ) -> Result<Option<Arc<[u8]>>, ReadError> {
        let subject = self.indexing.subject(&version.name, elements);
        let erased = self.is_erased(&subject).await?;
        Ok((!erased).then(|| self.written(seen, version, elements)))
    }

    async fn is_erased(&self, subject: &anamnesis_kernel::StreamName) -> Result<bool, ReadError> {
        self.keyring.is_erased(subject).await.map_err(|error| ReadError::Unavailable(Cause::from(error)))
    }

    /// Writes the resource, and keeps it.
    fn written(&self, seen: Seen, version: &RecordVersion, elements: &Object) -> Arc<[u8]> {
        let mut text = Vec::with_capacity(1_024);
        write_resource(&version.name, version.version, version.began, elements, &mut text);
        let text: Arc<[u8]> = text.into();
        let kept = Arc::clone(&text);
        self.caches.erasures.keep(seen, || self.caches.texts.put(version.number, version.version, kept));
        text
    }
}
