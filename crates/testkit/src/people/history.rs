//! What happened after the bundle: what feeds, applications and clinicians would send next, in order.
//!
//! Invariant: each step fits what the bundle and the steps before it left, so that a store takes them all.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::Instant;
use compact_str::CompactString;

use super::Record;
use super::elements::{MINUTE_US, date_time};
use super::person::{HORIZON, Person};
use super::rng::Rng;

mod clinical;
mod laboratory;
mod moving;

/// One thing that happened after the bundle.
#[derive(Clone, PartialEq)]
pub struct Step {
    /// When; never before the step before.
    pub at: Instant,
    /// The record it happened to: `Type/id`.
    pub stream: String,
    /// What it was.
    pub kind: StepKind,
}

/// How something that happened reaches the record.
#[derive(Clone, PartialEq)]
pub enum StepKind {
    /// By the event API.
    Event {
        /// The type of the event.
        kind: &'static str,
        /// The shape `data` is written in; `None` is the newest.
        schema_version: Option<u16>,
        /// What changed, or the whole resource of a new record.
        data: Object,
        /// Why, where something was put right.
        reason: Option<&'static str>,
    },
    /// By a FHIR update with the whole resource.
    Put(Value),
    /// By a FHIR delete.
    Delete,
}

/// Shows when and the type of the record, and nothing about the person.
impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = self.stream.split('/').next().unwrap_or_default();
        write!(f, "{} {:?} {kind}/…", self.at, self.kind)
    }
}

/// Shows how, and not what.
impl std::fmt::Debug for StepKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Event { kind, .. } => f.write_str(kind),
            Self::Put(_) => f.write_str("put"),
            Self::Delete => f.write_str("delete"),
        }
    }
}

/// What happened to this person after the bundle, oldest first.
pub(super) fn after(person: &Person) -> Vec<Step> {
    let records = person.records();
    let (rng, east_hours) = (person.rng(0x6869_7374), person.town().east_hours);
    let mut story = Story { person, records, rng, at: HORIZON, east_hours, steps: Vec::with_capacity(20) };
    moving::address_of_old(&mut story);
    clinical::follow_up(&mut story);
    laboratory::new_result(&mut story);
    clinical::resolved(&mut story);
    clinical::stopped(&mut story);
    laboratory::old_result(&mut story);
    moving::name(&mut story);
    moving::address(&mut story);
    clinical::mistaken(&mut story);
    clinical::deleted_and_back(&mut story);
    moving::telecom(&mut story);
    clinical::death(&mut story);
    story.steps
}

/// The records as the steps so far left them.
struct Story<'p> {
    person: &'p Person,
    records: Vec<Record>,
    rng: Rng,
    at: Instant,
    east_hours: i8,
    steps: Vec<Step>,
}

impl Story<'_> {
    /// The last record of a type for which `fits` holds.
    fn last(&self, kind: &str, fits: impl Fn(&Object) -> bool) -> Option<Record> {
        self.records.iter().rev().find(|record| record.kind == kind && fits(&record.resource)).cloned()
    }

    /// The Patient.
    fn patient(&self) -> Option<Record> {
        self.last("Patient", |_| true)
    }

    /// Lets between two hours and five days pass.
    fn pass(&mut self) {
        self.at = self.at.plus_micros(self.rng.between(120, 5 * 1_440) * MINUTE_US);
    }

    /// Now, as a dateTime where the person lives.
    fn now(&self) -> CompactString {
        date_time(self.at, self.east_hours)
    }

    /// An event of this record: `data` is what changed, `null` for what went.
    fn event(&mut self, record: &Record, kind: &'static str, data: Object, reason: Option<&'static str>) {
        self.apply(record, &data);
        self.step(record, StepKind::Event { kind, schema_version: None, data, reason });
    }

    /// An update of this record through FHIR, whole.
    fn put(&mut self, record: &Record, changed: Object) {
        self.apply(record, &changed);
        let now = self.records.iter().find(|known| known.kind == record.kind && known.id == record.id);
        let whole = now.map_or_else(|| changed.clone(), |known| known.resource.clone());
        self.step(record, StepKind::Put(whole.into()));
    }

    fn step(&mut self, record: &Record, kind: StepKind) {
        self.steps.push(Step { at: self.at, stream: record.stream(), kind });
    }

    fn apply(&mut self, record: &Record, changed: &Object) {
        let known = self.records.iter_mut().find(|known| known.kind == record.kind && known.id == record.id);
        let Some(known) = known else { return };
        for (key, value) in changed.iter() {
            match value {
                Value::Null => drop(known.resource.remove(key)),
                value => known.resource.set(key, value.clone()),
            }
        }
    }
}
