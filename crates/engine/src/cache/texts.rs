//! Records as they are served, by version.
//!
//! Invariant: a text is kept under its record and version, which never change, so what is kept is never stale.

use std::sync::Arc;

use anamnesis_kernel::Version;
use anamnesis_store::RecordNumber;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::entries;

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
    pub(crate) fn new(bytes: u64) -> Self {
        Self(Cache::with_weighter(entries(bytes), bytes, ByBytes))
    }

    pub(crate) fn get(&self, number: RecordNumber, version: Version) -> Option<Arc<[u8]>> {
        self.0.get(&(number, version))
    }

    pub(crate) fn put(&self, number: RecordNumber, version: Version, text: Arc<[u8]>) {
        self.0.insert((number, version), text);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}
