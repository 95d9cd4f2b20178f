//! The records the projector has folded lately, so that the next event of one need not load it.

use std::collections::HashMap;

use anamnesis_json::Object;
use anamnesis_kernel::search::Key;
use anamnesis_kernel::{Instant, StreamName, Version};
use anamnesis_store::{IndexRow, RecordNumber};

/// Records kept beyond a batch: those that changed after their beginning.
const STATES_BYTES_MAX: usize = 32 << 20;

/// A record as the views have it, or as the batch has made it.
#[derive(Clone)]
pub(super) struct State {
    pub(super) number: RecordNumber,
    pub(super) version: Version,
    pub(super) elements: Option<Object>,
    pub(super) corrects: Option<Version>,
    /// What it is found by, sorted: what closes when it changes; none where that must be worked out.
    pub(super) rows: Option<Vec<Holding>>,
}

/// A row that holds.
#[derive(Clone)]
pub(super) struct Holding {
    pub(super) row: IndexRow,
    /// Since when, if it was seen to begin.
    pub(super) began: Option<Instant>,
}

/// The states by name, bounded by what they weigh.
pub(super) struct States {
    by_name: HashMap<StreamName, State>,
    bytes: usize,
}

impl States {
    pub(super) fn new() -> Self {
        Self { by_name: HashMap::new(), bytes: 0 }
    }

    pub(super) fn take(&mut self, name: &StreamName) -> Option<State> {
        let state = self.by_name.remove(name)?;
        self.bytes = self.bytes.saturating_sub(weight(&state));
        Some(state)
    }

    pub(super) fn put(&mut self, name: StreamName, state: State) {
        if self.bytes > STATES_BYTES_MAX {
            self.clear();
        }
        self.bytes += weight(&state);
        self.by_name.insert(name, state);
    }

    pub(super) fn clear(&mut self) {
        self.by_name.clear();
        self.bytes = 0;
    }
}

fn weight(state: &State) -> usize {
    let rows =
        state.rows.as_ref().map_or(0, |rows| rows.iter().map(|holding| row_weight(&holding.row)).sum());
    200 + rows + state.elements.as_ref().map_or(0, Object::heap_bytes)
}

fn row_weight(row: &IndexRow) -> usize {
    let words = match &row.entry.key {
        Key::Words { narrative, rest } => narrative.len() + rest.len(),
        _ => 0,
    };
    size_of::<Holding>() + words
}
