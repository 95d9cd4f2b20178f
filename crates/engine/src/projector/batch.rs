//! One batch: each record folded commit by commit, and of its rows only the difference.
//!
//! Invariant: a commit makes a whole version of a record, or none: then its events of that record are parked.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anamnesis_chart::{EventRef, evolve, is_correction};
use anamnesis_json::Object;
use anamnesis_kernel::search::Place;
use anamnesis_kernel::{Event, Instant, ResourceId, StreamName, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{
    Body, Change, IndexRow, IndexWrite, ReadError, RecordNumber, RecordVersion, RecordWrite, StoredEvent,
    Unapplied, Watermark,
};

use super::parking::{Failed, Parking};
use super::scribe::Scribe;
use super::state::{Holding, State, States};
use crate::codec::{self, Opened};
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
    /// By record: where rows that were opened in this batch stand in `index`.
    opened: HashMap<RecordNumber, Vec<Range<usize>>>,
    /// Of each of `records`: whose it is.
    streams: Vec<(RecordNumber, Tag)>,
    parking: Parking<'a>,
    /// Who may be writing what the views are to be asked for.
    scribe: Option<&'a mut Scribe>,
}

/// What a commit makes of a record.
struct Folded {
    elements: Option<Object>,
    corrects: Option<Version>,
    /// What it was found by, and is, both sorted.
    were: Vec<Holding>,
    are: Vec<IndexRow>,
    happened: Vec<IndexWrite>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        generation: &'a Generation,
        states: &'a mut States,
        parking: Parking<'a>,
        scribe: Option<&'a mut Scribe>,
    ) -> Self {
        Self {
            engine,
            generation,
            states,
            records: Vec::new(),
            newest: HashMap::new(),
            index: Vec::new(),
            opened: HashMap::new(),
            streams: Vec::new(),
            parking,
            scribe,
        }
    }

    /// Folds the events of one commit: one version of each record it touched.
    pub(super) async fn add(&mut self, commit: Vec<StoredEvent>) -> Result<(), ReadError> {
        // What a commit does to one stream stands together.
        let mut commit = commit.into_iter().peekable();
        while let Some(first) = commit.next() {
            let (tag, position) = (first.stream, first.position);
            let mut events = vec![first];
            while let Some(next) = commit.next_if(|next| next.stream == tag) {
                events.push(next);
            }
            if self.parking.holds(&tag) {
                self.parking.behind(events);
                continue;
            }
            let count = u32::try_from(events.len()).unwrap_or(u32::MAX);
            if let Err(failed) = self.add_version(tag, events).await? {
                let events = self.engine.log.read(position.partition, position.offset, count).await?;
                self.parking.hold(tag, events, failed).await?;
            }
        }
        Ok(())
    }

    /// Folds what one commit did to one record; what cannot be folded leaves nothing in the batch.
    async fn add_version(
        &mut self,
        tag: Tag,
        stored: Vec<StoredEvent>,
    ) -> Result<Result<(), Failed>, ReadError> {
        let begins = stored.first().map_or(0, |first| first.version);
        let failed = |version, why| Ok(Err(Failed { version, why }));
        if self.parking.is_refused(&tag) {
            return failed(begins, Unapplied::Refused);
        }
        let mut events: Vec<Event> = Vec::with_capacity(stored.len());
        for stored in stored {
            let version = stored.version;
            match codec::opened(&self.engine.keyring, stored).await? {
                Opened::Event(event) => events.push(event),
                Opened::Erased => {}
                Opened::Sealed => return failed(version, Unapplied::Unopened),
            }
        }
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(Ok(())) };
        let name = first.stream.clone();
        let before = match self.state(&name, first).await {
            Err(ReadError::Newer { .. }) => return failed(begins, Unapplied::NewerSchema),
            before => before?,
        };
        let number = before.as_ref().map_or(
            RecordNumber { partition: first.position.partition, record: first.position.offset },
            |state| state.number,
        );
        let earlier = before.as_ref().map(|state| state.version);
        // A bug in an extractor is one record's misfortune; what it printed names no patient.
        let folded = catch_unwind(AssertUnwindSafe(|| self.fold(&name, number, before, &events)));
        let Folded { elements, corrects, were, are, happened } = match folded {
            Ok(Ok(folded)) => folded,
            Ok(Err(failed)) => return Ok(Err(failed)),
            Err(_) => return failed(begins, Unapplied::Bug),
        };
        let (moment, version) = (last.recorded_at, last.version);
        let body = match &elements {
            None => Body::Deleted,
            // What the event holds already is not kept twice.
            Some(_) if events.len() == 1 && last.whole => Body::InLog,
            Some(elements) => Body::Here(elements.to_text()),
        };
        self.index.extend(happened);
        // What a record begins with is not kept, since few change soon.
        let is_kept = !were.is_empty();
        let holding = self.difference(number, were, are, moment);
        let kept = is_kept.then_some(holding);
        let offset = last.position.offset;
        let shown = RecordVersion {
            number,
            name: name.clone(),
            version,
            began: moment,
            ended: None,
            offset,
            body,
            corrects,
        };
        self.add_record(shown, earlier.is_some());
        self.streams.push((number, tag));
        self.states.put(name, State { number, version, elements, corrects, rows: kept });
        Ok(Ok(()))
    }

    /// What these events make of a record, and what it is found by before and after; of nothing but what it is handed.
    fn fold(
        &self,
        name: &StreamName,
        number: RecordNumber,
        before: Option<State>,
        events: &[Event],
    ) -> Result<Folded, Failed> {
        let earlier = before.as_ref().map(|state| state.version);
        let mut corrects = before.as_ref().and_then(|state| state.corrects);
        let rows = |elements: Option<&Object>| index_rows(&*self.generation.indexing, name, number, elements);
        let (mut elements, were) = match before {
            None => (None, Vec::new()),
            Some(State { elements, rows: Some(were), .. }) => (elements, were),
            Some(State { elements, rows: None, .. }) => {
                let were = rows(elements.as_ref());
                (elements, were.into_iter().map(|row| Holding { row, began: None }).collect())
            }
        };
        let mut happened = Vec::new();
        let mut were_about = self.patients(name, elements.as_ref());
        for event in events {
            let data = codec::lift(event).map_err(|why| Failed { version: event.version, why })?;
            if is_correction(&event.kind) {
                corrects = earlier;
            }
            elements = evolve(elements, &EventRef { kind: &event.kind, whole: event.whole, data: &data });
            // What is made again after a deletion puts nothing right.
            corrects = corrects.filter(|_| elements.is_some());
            let are_about = self.patients(name, elements.as_ref());
            self.happened(event, number, &were_about, &are_about, &mut happened);
            were_about = are_about;
        }
        let are = rows(elements.as_ref());
        Ok(Folded { elements, corrects, were, are, happened })
    }

    /// Notes the event with everyone the record was or is about, for ever: a record that went to someone else, or was
    /// deleted, has still happened to whom it was about.
    fn happened(
        &self,
        event: &Event,
        number: RecordNumber,
        were: &[ResourceId],
        are: &[ResourceId],
        rows: &mut Vec<IndexWrite>,
    ) {
        let date = i64::try_from(event.position.offset).unwrap_or(i64::MAX);
        let place = Place { date, record: number.record, partition: number.partition };
        let gone = were.iter().filter(|patient| !are.contains(patient));
        for entry in gone.chain(are).filter_map(|patient| self.engine.indexing.happened(patient)) {
            rows.push(IndexWrite::Open(IndexRow { entry, place }, event.recorded_at));
        }
    }

    fn patients(&self, name: &StreamName, elements: Option<&Object>) -> Vec<ResourceId> {
        elements.map_or_else(Vec::new, |elements| self.engine.indexing.patients(name, elements))
    }

    fn add_record(&mut self, version: RecordVersion, existed: bool) {
        let earlier = self.newest.insert(version.name.clone(), self.records.len());
        let in_batch = earlier.and_then(|at| self.records.get_mut(at)).map(|earlier| {
            earlier.version.pass(version.version, version.began);
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
        if let Some(scribe) = &mut self.scribe
            && !scribe.settled().await
        {
            return Err(ReadError::Unavailable("the batch before was not written".into()));
        }
        let Some(found) = self.generation.views.find_one(name, None).await? else { return Ok(None) };
        let RecordVersion { number, version, corrects, .. } = found;
        let elements = self.engine.elements(&found).await?;
        Ok(Some(State { number, version, elements, corrects, rows: None }))
    }

    /// Closes rows that no longer hold and opens those that hold now; both are sorted. Gives those that hold now, with
    /// since when.
    fn difference(
        &mut self,
        number: RecordNumber,
        were: Vec<Holding>,
        are: Vec<IndexRow>,
        moment: Instant,
    ) -> Vec<Holding> {
        let mut holding = Vec::with_capacity(are.len());
        let mut opens = Vec::new();
        let mut were = were.into_iter().peekable();
        for row in are {
            while let Some(gone) = were.next_if(|were| were.row < row) {
                self.close(number, gone, moment);
            }
            match were.next_if(|were| were.row == row) {
                Some(still) => holding.push(still),
                None => {
                    opens.push(IndexWrite::Open(row.clone(), moment));
                    holding.push(Holding { row, began: Some(moment) });
                }
            }
        }
        were.for_each(|gone| self.close(number, gone, moment));
        if !opens.is_empty() {
            let begin = self.index.len();
            self.index.extend(opens);
            self.opened.entry(number).or_default().push(begin..self.index.len());
        }
        holding
    }

    /// A row that was opened in this batch has held and is past; another is closed in the views.
    fn close(&mut self, number: RecordNumber, gone: Holding, moment: Instant) {
        let Holding { row, began } = gone;
        let mut opened = self.opened.get(&number).into_iter().flatten().rev().flat_map(Range::clone);
        let is_it =
            |at: &usize| matches!(self.index.get(*at), Some(IndexWrite::Open(open, _)) if *open == row);
        match opened.find(is_it).and_then(|at| self.index.get_mut(at)) {
            Some(write) => {
                if let IndexWrite::Open(_, began) = *write {
                    *write = IndexWrite::Past(row, began, moment);
                }
            }
            None => self.index.push(match began {
                Some(began) => IndexWrite::End(row, began, moment),
                None => IndexWrite::Close(row, moment),
            }),
        }
    }

    /// Forgets what was folded, but for the states it led to: the views have all of it already.
    pub(super) fn forget(&mut self) {
        self.records.clear();
        self.newest.clear();
        self.index.clear();
        self.opened.clear();
        self.streams.clear();
    }

    /// Whether a stream is held, before this batch or since.
    pub(super) fn holds(&self, stream: &Tag) -> bool {
        self.parking.holds(stream)
    }

    /// The change, and whose each of its records is.
    pub(super) fn finish(self, watermark: Watermark) -> (Change, Vec<(RecordNumber, Tag)>) {
        let Self { records, index, streams, parking, .. } = self;
        (Change { watermark, records, index, parked: parking.writes() }, streams)
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
