//! The log from one point to another, page by page: the next page is read while this one is opened.

use std::sync::Arc;

use anamnesis_kernel::{Cursor, Event};
use anamnesis_store::{ReadError, StoredEvent};
use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::read::Filter;

/// How many events are read at a time.
const PAGE: u64 = 1_000;

/// The events of a part of the log that pass a filter.
pub struct Pages {
    engine: Arc<Engine>,
    filter: Filter,
    /// Where the page begins that is being read, and where the part ends.
    next: u64,
    until: u64,
    ahead: Option<JoinHandle<Result<Vec<StoredEvent>, ReadError>>>,
}

impl Engine {
    /// The events that follow `from`, up to `until`, and pass the filter.
    pub fn pages(self: &Arc<Self>, from: &Cursor, until: &Cursor, filter: Filter) -> Pages {
        let (next, until) = (from.offset(0), until.offset(0));
        let mut pages = Pages { engine: Arc::clone(self), filter, next, until, ahead: None };
        pages.read_ahead();
        pages
    }
}

impl Pages {
    /// What passes of the next page, which may be nothing; none at the end.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or is damaged; all before that was given.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, ReadError> {
        let Some(reading) = self.ahead.take() else { return Ok(None) };
        let stored = reading.await.map_err(|gone| ReadError::Unavailable(gone.into()))??;
        let Some(last) = stored.last() else { return Ok(None) };
        self.next = last.position.offset + 1;
        self.read_ahead();
        let mut events = Vec::with_capacity(stored.len());
        for stored in stored {
            events.extend(self.engine.opened(stored, &self.filter).await?);
        }
        Ok(Some(events))
    }

    fn read_ahead(&mut self) {
        let left = self.until.saturating_sub(self.next);
        if left == 0 {
            return;
        }
        let (log, offset) = (Arc::clone(&self.engine.log), self.next);
        let limit = u32::try_from(left.min(PAGE)).unwrap_or(u32::MAX);
        self.ahead = Some(tokio::spawn(async move { log.read(0, offset, limit).await }));
    }
}
