//! One batch: each record folded commit by commit, and of its rows only the difference.

use std::collections::HashMap;

use anamnesis_chart::{EventRef, evolve, is_correction};
use anamnesis_json::Object;
use anamnesis_kernel::search::Place;
use anamnesis_kernel::{Event, Instant, ResourceId, StreamName};
use anamnesis_store::{
    Body, Change, IndexRow, IndexWrite, ReadError, RecordNumber, RecordVersion, RecordWrite, Watermark,
};

use super::state::{State, States};
use crate::codec;
use crate::engine::Engine;
use crate::generation::Generation;
use crate::index::Indexing;

pub(super) struct Batch<'a> {
    engine: &'a Engine,
    generation: &'a Generation,
    states: &'a mut States,
    records: Vec<RecordWrite>,
    /// By record: where its newest version in this batch stands in `records`.
    newest: HashMap<StreamName, usize>,
    index: Vec<IndexWrite>,
    /// Rows opened in this batch: where they stand in `index`.
    opened: HashMap<IndexRow, usize>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(engine: &'a Engine, generation: &'a Generation, states: &'a mut States) -> Self {
        let (records, newest) = (Vec::new(), HashMap::new());
        Self { engine, generation, states, records, newest, index: Vec::new(), opened: HashMap::new() }
    }

    /// Folds the events of one commit: one version of each record it touched.
    pub(super) async fn add(&mut self, events: Vec<Event>) -> Result<(), ReadError> {
        let mut order: Vec<StreamName> = Vec::new();
        let mut by_stream: HashMap<StreamName, Vec<Event>> = HashMap::new();
        for event in events {
            let of_stream = by_stream.entry(event.stream.clone()).or_default();
            if of_stream.is_empty() {
                order.push(event.stream.clone());
            }
            of_stream.push(event);
        }
        for name in order {
            if let Some(events) = by_stream.remove(&name) {
                self.add_version(name, &events).await?;
            }
        }
        Ok(())
    }

    async fn add_version(&mut self, name: StreamName, events: &[Event]) -> Result<(), ReadError> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
        let before = self.state(&name, first).await?;
        let moment = last.recorded_at;
        let earlier = before.as_ref().map(|state| state.version);
        let mut corrects = before.as_ref().and_then(|state| state.corrects);
        let number = before.as_ref().map_or(
            RecordNumber { partition: first.position.partition, record: first.position.offset },
            |state| state.number,
        );
        let rows =
            |elements: Option<&Object>| index_rows(&*self.generation.indexing, &name, number, elements);
        let (mut elements, were) = match before {
            None => (None, Vec::new()),
            Some(State { elements, rows: Some(were), .. }) => (elements, were),
            Some(State { elements, rows: None, .. }) => {
                let were = rows(elements.as_ref());
                (elements, were)
            }
        };
        let mut were_about = self.patients(&name, elements.as_ref());
        for event in events {
            let data = codec::lifted(event)?;
            if is_correction(&event.kind) {
                corrects = earlier;
            }
            elements = evolve(elements, &EventRef { kind: &event.kind, whole: event.whole, data: &data });
            // What is made again after a deletion puts nothing right.
            corrects = corrects.filter(|_| elements.is_some());
            let are_about = self.patients(&name, elements.as_ref());
            self.happened(event, number, &were_about, &are_about);
            were_about = are_about;
        }
        let body = match &elements {
            None => Body::Deleted,
            // What the event holds already is not kept twice.
            Some(_) if events.len() == 1 && last.whole => Body::InLog,
            Some(elements) => Body::Here(elements.to_text()),
        };
        let are = rows(elements.as_ref());
        // What a record begins with is not kept, since few change soon.
        let kept = (!were.is_empty()).then(|| are.clone());
        self.difference(were, are, moment);
        let version = RecordVersion {
            number,
            name: name.clone(),
            version: last.version,
            began: moment,
            ended: None,
            offset: last.position.offset,
            body,
            corrects,
        };
        self.add_record(version, earlier.is_some());
        self.states.put(name, State { number, version: last.version, elements, corrects, rows: kept });
        Ok(())
    }

    /// Notes the event with everyone the record was or is about, for ever: a record that went to someone else, or was
    /// deleted, has still happened to whom it was about.
    fn happened(&mut self, event: &Event, number: RecordNumber, were: &[ResourceId], are: &[ResourceId]) {
        let date = i64::try_from(event.position.offset).unwrap_or(i64::MAX);
        let place = Place { date, record: number.record, partition: number.partition };
        let gone = were.iter().filter(|patient| !are.contains(patient));
        for entry in gone.chain(are).filter_map(|patient| self.engine.indexing.happened(patient)) {
            self.index.push(IndexWrite::Open(IndexRow { entry, place }, event.recorded_at));
        }
    }

    fn patients(&self, name: &StreamName, elements: Option<&Object>) -> Vec<ResourceId> {
        elements.map_or_else(Vec::new, |elements| self.engine.indexing.patients(name, elements))
    }

    fn add_record(&mut self, version: RecordVersion, existed: bool) {
        let earlier = self.newest.insert(version.name.clone(), self.records.len());
        let in_batch = earlier.and_then(|at| self.records.get_mut(at)).map(|earlier| {
            earlier.version.ended = Some(version.began);
        });
        let replaces = existed && in_batch.is_none();
        self.records.push(RecordWrite { version, replaces });
    }

    /// The record before the commit: folded lately, or as the views have it; none when it begins here.
    async fn state(&mut self, name: &StreamName, first: &Event) -> Result<Option<State>, ReadError> {
        if let Some(state) = self.states.take(name) {
            return Ok(Some(state));
        }
        if first.version == 1 {
            return Ok(None);
        }
        let Some(found) = self.generation.views.find_one(name, None).await? else { return Ok(None) };
        let RecordVersion { number, version, corrects, .. } = found;
        let elements = self.engine.elements(&found).await?;
        Ok(Some(State { number, version, elements, corrects, rows: None }))
    }

    /// Closes rows that no longer hold and opens those that hold now; both are sorted.
    fn difference(&mut self, were: Vec<IndexRow>, are: Vec<IndexRow>, moment: Instant) {
        for row in were.iter().filter(|row| are.binary_search(row).is_err()) {
            self.close(row.clone(), moment);
        }
        for row in are.into_iter().filter(|row| were.binary_search(row).is_err()) {
            self.open(row, moment);
        }
    }

    fn open(&mut self, row: IndexRow, moment: Instant) {
        // Only rows that close within the batch are looked up again, and a new record's seldom do.
        self.opened.insert(row.clone(), self.index.len());
        self.index.push(IndexWrite::Open(row, moment));
    }

    fn close(&mut self, row: IndexRow, moment: Instant) {
        match self.opened.remove(&row).and_then(|at| self.index.get_mut(at)) {
            Some(write) => {
                if let IndexWrite::Open(_, began) = *write {
                    *write = IndexWrite::Past(row, began, moment);
                }
            }
            None => self.index.push(IndexWrite::Close(row, moment)),
        }
    }

    pub(super) fn finish(self, watermark: Watermark) -> Change {
        Change { watermark, records: self.records, index: self.index }
    }
}

/// The rows of a record, sorted.
fn index_rows(
    indexing: &dyn Indexing,
    name: &StreamName,
    number: RecordNumber,
    elements: Option<&Object>,
) -> Vec<IndexRow> {
    let Some(elements) = elements else { return Vec::new() };
    let indexed = indexing.index(name, elements);
    let place = Place { date: indexed.date, record: number.record, partition: number.partition };
    let mut rows: Vec<IndexRow> =
        indexed.entries.into_iter().map(|entry| IndexRow { entry, place }).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}
