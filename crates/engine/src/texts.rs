//! Records as they are served, many at a time.
//!
//! Invariant: a text is kept under its record and version, which never change, so what is kept is never stale.

use std::sync::Arc;

use anamnesis_chart::write_resource;
use anamnesis_json::Object;
use anamnesis_kernel::Version;
use anamnesis_store::{Body, ReadError, RecordNumber, RecordVersion};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::codec;
use crate::engine::Engine;
use crate::read::{parsed, position};

const TEXTS_BYTES_MAX: u64 = 24 << 20;

#[derive(Clone)]
struct ByBytes;

impl Weighter<(RecordNumber, Version), Arc<[u8]>> for ByBytes {
    fn weight(&self, _: &(RecordNumber, Version), text: &Arc<[u8]>) -> u64 {
        text.len() as u64 + 100
    }
}

/// Resources as they are served, by record and version.
pub(crate) struct Texts(Cache<(RecordNumber, Version), Arc<[u8]>, ByBytes>);

impl Texts {
    pub(crate) fn new() -> Self {
        Self(Cache::with_weighter(20_000, TEXTS_BYTES_MAX, ByBytes))
    }
}

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
        let mut texts = Vec::with_capacity(versions.len());
        let mut in_log = Vec::new();
        for version in versions {
            let kept = self.texts.0.get(&(version.number, version.version));
            texts.push(match (kept, &version.body) {
                (None, Body::Here(text)) => Some(self.written(version, &parsed(text)?)),
                (None, Body::InLog) => {
                    in_log.push((texts.len(), *version));
                    None
                }
                (kept, _) => kept,
            });
        }
        if in_log.is_empty() {
            return Ok(texts);
        }
        let positions: Vec<_> = in_log.iter().map(|(_, version)| position(version)).collect();
        for ((slot, version), stored) in in_log.into_iter().zip(self.log.read_at(&positions).await?) {
            let Some(event) = codec::open(&self.keyring, stored).await? else { continue };
            if let Some(text) = texts.get_mut(slot) {
                *text = Some(self.written(version, &codec::lifted(&event)?));
            }
        }
        Ok(texts)
    }

    /// Writes the resource, and keeps it.
    fn written(&self, version: &RecordVersion, elements: &Object) -> Arc<[u8]> {
        let mut text = Vec::with_capacity(1_024);
        write_resource(&version.name, version.version, version.began, elements, &mut text);
        let text: Arc<[u8]> = text.into();
        self.texts.0.insert((version.number, version.version), Arc::clone(&text));
        text
    }
}
