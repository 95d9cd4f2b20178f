//! A record's state: remembered, or folded from the newest snapshot of it that can be used and what came after.
//!
//! Invariant: what is remembered or kept only saves work. The log alone says what a state is, so a state of the past
//! folds no more than a thousand events, and one without any snapshot comes out the same.

use std::sync::Arc;

use anamnesis_json::Object;
use anamnesis_kernel::{Instant, StreamName, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{Direction, ReadError, StoredEvent, UpTo};

use crate::cache::Head;
use crate::engine::Engine;
use crate::fold::{Fold, Opened};
use crate::snapshot::form::Folded;
use crate::snapshot::{Found, Last};

/// How many events are read at a time.
pub(crate) const PAGE: u32 = 200;
/// How far behind a state may be that another process folded: beyond that a snapshot is nearer.
const BEHIND_MAX: u64 = 100;
/// How many pages are looked through backward for an event that a fold may start at.
const PAGES_BACKWARD: usize = 2;

/// A record at one of its versions.
#[derive(Clone)]
pub struct StateThen {
    /// The version.
    pub version: Version,
    /// The moment of the event there.
    pub began: Instant,
    /// The elements; none where there was no live record, or its subject was erased.
    pub elements: Option<Object>,
}

impl From<Folded> for StateThen {
    fn from(Folded { state, moment, .. }: Folded) -> Self {
        Self { version: state.version, began: moment, elements: state.elements }
    }
}

impl Engine {
    /// The head of a stream: remembered, or folded.
    pub(crate) async fn load(&self, tag: Tag, name: &StreamName) -> Result<Arc<Head>, ReadError> {
        if let Some(head) = self.caches.counted(self.caches.heads.get(&tag)) {
            return Ok(head);
        }
        let seen = self.caches.erasures.seen();
        let (folded, last) = match self.log.stream_head(tag).await? {
            None => (None, None),
            Some(stands) => match self.recall_state(tag, &stands, BEHIND_MAX).await {
                Some(folded) if folded.leaf == stands.leaf => (Some(folded), None),
                before => {
                    let (folded, last) = self.fold_from(before, tag, name, UpTo::Newest).await?;
                    // A stream that moved on meanwhile may have come under another key.
                    if let Some(folded) = folded.as_ref().filter(|folded| folded.leaf == stands.leaf) {
                        self.offer_state(seen, tag, &stands, || folded.clone()).await;
                    }
                    (folded, last)
                }
            },
        };
        Ok(Arc::new(Head::of(folded, last, name, &*self.indexing)))
    }

    /// What a record was at a version or a moment, or is at the end of the log; none where there was nothing yet.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or an event not be folded.
    pub async fn state(&self, name: &StreamName, upto: UpTo) -> Result<Option<StateThen>, ReadError> {
        let tag = self.keyring.store.stream_tag(name);
        let (folded, _) = self.fold(tag, name, upto).await?;
        Ok(folded.map(StateThen::from))
    }

    /// Folds a stream as far as is asked; tells of the newest snapshot of it too, where it went to the end.
    pub(crate) async fn fold(
        &self,
        tag: Tag,
        name: &StreamName,
        upto: UpTo,
    ) -> Result<(Option<Folded>, Option<Last>), ReadError> {
        self.fold_from(None, tag, name, upto).await
    }

    /// The same, from a state that was folded before, if the log bears it out.
    async fn fold_from(
        &self,
        before: Option<Folded>,
        tag: Tag,
        name: &StreamName,
        upto: UpTo,
    ) -> Result<(Option<Folded>, Option<Last>), ReadError> {
        let (mut fold, mut page, last) = match self.going_on(before, tag).await? {
            Some((folded, tail)) => (Fold::from(folded), tail, None),
            None => match self.find_snapshot(tag, upto).await? {
                Some(Found { folded, tail, last }) => (Fold::from(folded), tail, Some(last)),
                None => match self.near_the_end(tag, upto).await? {
                    Some(events) => (self.folded(tag, events), Vec::new(), None),
                    None => {
                        let page = self.log.read_stream(tag, 1, Direction::Forward, PAGE).await?;
                        (Fold::default(), page, None)
                    }
                },
            },
        };
        loop {
            let more = page.len() >= PAGE as usize;
            let mut beyond = false;
            for stored in page {
                beyond = is_beyond(&stored, upto);
                if beyond {
                    break;
                }
                fold.add(Opened::of(&self.keyring, stored).await?);
                self.taking.pass(tag, &fold);
            }
            if beyond || !more {
                break;
            }
            page = self.log.read_stream(tag, fold.version() + 1, Direction::Forward, PAGE).await?;
        }
        self.instruments.loaded(fold.events());
        if upto == UpTo::Newest {
            self.taking.arrive(tag, &fold);
        }
        Ok((fold.end(name)?, last))
    }

    /// A state, and the first page of the events after it; none where the log has no such state.
    async fn going_on(
        &self,
        before: Option<Folded>,
        tag: Tag,
    ) -> Result<Option<(Folded, Vec<StoredEvent>)>, ReadError> {
        let Some(folded) = before else { return Ok(None) };
        let tail = self.tail(tag, folded.state.version, folded.leaf).await?;
        Ok(tail.map(|tail| (folded, tail)))
    }

    fn folded(&self, tag: Tag, events: Vec<Opened>) -> Fold {
        let mut fold = Fold::default();
        for event in events {
            fold.add(event);
            self.taking.pass(tag, &fold);
        }
        fold
    }

    /// All events that a fold without a snapshot must go through, where those are few: from the newest that a fold may
    /// start at, or the beginning.
    async fn near_the_end(&self, tag: Tag, upto: UpTo) -> Result<Option<Vec<Opened>>, ReadError> {
        let mut from = match upto {
            UpTo::Newest => Version::MAX,
            UpTo::Version(version) => version,
            // Which version it was at a moment only the way there says.
            UpTo::Moment(_) => return Ok(None),
        };
        let mut events = Vec::new();
        'pages: for _ in 0..PAGES_BACKWARD {
            let page = self.log.read_stream(tag, from, Direction::Backward, PAGE).await?;
            let oldest = page.last().map_or(1, |event| event.version);
            for stored in page {
                let opened = Opened::of(&self.keyring, stored).await?;
                let start = opened.is_whole();
                events.push(opened);
                if start {
                    break 'pages;
                }
            }
            if oldest <= 1 {
                break;
            }
            from = oldest - 1;
        }
        let complete = events.last().is_none_or(|oldest| oldest.is_whole() || oldest.version() == 1);
        events.reverse();
        Ok(complete.then_some(events))
    }
}

fn is_beyond(stored: &StoredEvent, upto: UpTo) -> bool {
    match upto {
        UpTo::Newest => false,
        UpTo::Version(version) => stored.version > version,
        UpTo::Moment(moment) => stored.moment > moment,
    }
}
