//! What the cases are made of: commits, records and index rows that are told apart by small numbers.

use anamnesis_kernel::search::{Entry, Filter, Key, Param, Place, Query, Real, Test, newest_first};
use anamnesis_kernel::{Instant, ResourceType, StreamName, Version};
use anamnesis_seal::{SubjectNumber, Tag, sha256};
use uuid::Uuid;

use super::{Harness, Stores};
use crate::{
    Appended, Body, Change, Changes, Commit, Expected, Head, IndexRow, IndexWrite, Log, Mark, RecordNumber,
    RecordVersion, RecordWrite, SealedEvent, StoredEvent, StreamAppend, VersionPlace, Watermark,
};

/// When every case begins: 2026-01-01.
const BEGINNING: Instant = Instant::from_micros(1_767_225_600_000_000);
pub(super) const SECOND: i64 = 1_000_000;
pub(super) const DAY: i64 = 24 * 3_600 * SECOND;
pub(super) const PATIENT: ResourceType = ResourceType::PATIENT;

/// So many microseconds after the beginning.
pub(super) fn at(micros: i64) -> Instant {
    BEGINNING.plus_micros(micros)
}

pub(super) async fn open(harness: &impl Harness) -> Stores {
    harness.open(BEGINNING).await
}

/// Closes the store and opens it again.
pub(super) async fn reopen(harness: &impl Harness, stores: Stores) -> Stores {
    drop(stores);
    harness.open(BEGINNING).await
}

pub(super) fn tag(n: u8) -> Tag {
    Tag([n; 16])
}

pub(super) fn uuid(n: u32) -> Uuid {
    Uuid::from_u128(0xe000_0000_0000_8000_8000_0000_0000_0000 + u128::from(n))
}

/// The event number `n`, of `20 + n % 7` sealed bytes.
pub(super) fn event(n: u32) -> SealedEvent {
    let sealed: Vec<u8> = (0..20 + n % 7)
        .flat_map(|at| (n ^ at).to_be_bytes().into_iter().take(1))
        .chain(n.to_be_bytes())
        .collect();
    let sealed_hash = sha256(&sealed);
    SealedEvent {
        event_id: uuid(n),
        chosen_id: false,
        subject: SubjectNumber(i64::from(n) + 1),
        kind: "PatientRevised".into(),
        schema_version: 1,
        sealed,
        sealed_hash,
    }
}

/// Events of these numbers for one stream.
pub(super) fn stream(name: u8, expected: Expected, events: &[u32]) -> StreamAppend {
    StreamAppend { stream: tag(name), expected, events: events.iter().copied().map(event).collect() }
}

/// A commit of these streams, one second after the beginning.
pub(super) fn commit(n: u32, streams: Vec<StreamAppend>) -> Commit {
    Commit { commit_id: uuid(1_000_000 + n), now: at(SECOND), streams, claims: Vec::new(), idempotency: None }
}

/// A commit of one event, the one of the same number.
pub(super) fn one(n: u32, name: u8, expected: Expected) -> Commit {
    commit(n, vec![stream(name, expected, &[n])])
}

/// Appends what must be taken.
pub(super) async fn taken(log: &dyn Log, commit: Commit) -> Appended {
    log.append(commit).await.expect("the commit is taken")
}

/// The head as it is now.
pub(super) fn head(log: &dyn Log) -> Head {
    log.head().borrow().clone()
}

/// How many events the log has.
pub(super) fn events(log: &dyn Log) -> u64 {
    head(log).cursor.offset(0)
}

/// The whole log.
pub(super) async fn all(log: &dyn Log) -> Vec<StoredEvent> {
    log.read(0, 0, u32::MAX).await.expect("the log reads")
}

/// The name of the patient that has this number.
pub(super) fn name(n: u64) -> StreamName {
    format!("Patient/p{n}").parse().expect("a name")
}

/// One version of the patient `n`, current, `began` microseconds after the beginning.
pub(super) fn version(n: u64, version: Version, began: i64) -> RecordVersion {
    RecordVersion {
        number: RecordNumber { partition: 0, record: n },
        name: name(n),
        version,
        began: at(began),
        ended: None,
        offset: n + version - 1,
        body: Body::Here(format!("{{\"n\":{n},\"version\":{version}}}").into_bytes()),
        corrects: None,
    }
}

/// The first version of a record.
pub(super) fn first(version: RecordVersion) -> RecordWrite {
    RecordWrite { version, replaces: false }
}

/// A version that takes the place of the current one.
pub(super) fn next(version: RecordVersion) -> RecordWrite {
    RecordWrite { version, replaces: true }
}

/// The watermark after so many events.
pub(super) fn watermark(events: u64) -> Watermark {
    let leaf = sha256(&events.to_be_bytes());
    let moment = at(i64::try_from(events).expect("a small number"));
    Watermark { log: uuid(7), shape: "shape 1".into(), marks: vec![Mark { offset: events, leaf }], moment }
}

pub(super) fn change(events: u64, records: Vec<RecordWrite>, index: Vec<IndexWrite>) -> Change {
    Change { watermark: watermark(events), records, index, parked: Vec::new() }
}

pub(super) fn token(param: u32, code: &str, system: &str) -> Entry {
    Entry { param: Param(param), key: Key::Token { code: code.into(), system: system.into() }, group: 0 }
}

pub(super) fn text(param: u32, text: &str) -> Entry {
    Entry { param: Param(param), key: Key::Text { text: text.into(), exact: "".into() }, group: 0 }
}

/// A text that was written so.
pub(super) fn exactly(param: u32, text: &str, exact: &str) -> Entry {
    Entry { param: Param(param), key: Key::Text { text: text.into(), exact: exact.into() }, group: 0 }
}

/// An amount that is no range.
pub(super) fn quantity(param: u32, number: f64, unit: &str, system: &str) -> Entry {
    let low = Real::new(number).expect("a number");
    let key = Key::Quantity { low, high: low, unit: unit.into(), system: system.into() };
    Entry { param: Param(param), key, group: 0 }
}

pub(super) fn date(param: u32, low: i64, high: i64) -> Entry {
    Entry { param: Param(param), key: Key::Date { low, high }, group: 0 }
}

pub(super) fn reference(param: u32, kind: u16, id: &str) -> Entry {
    Entry { param: Param(param), key: Key::Reference { kind, id: id.into() }, group: 0 }
}

/// What a patient says.
pub(super) fn says(narrative: &str, rest: &str) -> Entry {
    let key = Key::Words { narrative: narrative.into(), rest: rest.into() };
    Entry { param: Param::of_type(PATIENT.number()), key, group: 0 }
}

/// By what every record of the type is found.
pub(super) fn of_type(kind: ResourceType) -> Entry {
    Entry {
        param: Param::of_type(kind.number()),
        key: Key::Token { code: "".into(), system: "".into() },
        group: 0,
    }
}

/// The row of the record `n`, whose main date is so many microseconds after 1970.
pub(super) fn row(n: u64, micros: Option<i64>, entry: Entry) -> IndexRow {
    IndexRow { entry, place: Place { date: newest_first(micros), record: n, partition: 0 } }
}

/// The patients for whom all criteria hold.
pub(super) fn query(all: Vec<Vec<Test>>) -> Query {
    Query::new(Some(PATIENT), all.into_iter().map(Filter::any_of).collect(), 10_000)
}

/// Every version of every record.
pub(super) fn everything() -> Changes {
    let before = VersionPlace { began: Instant::from_micros(i64::MAX), record: 0, partition: 0 };
    Changes { kind: None, since: Instant::from_micros(i64::MIN), before, limit: 10_000 }
}

/// All patients.
pub(super) fn patients() -> Vec<Test> {
    vec![Test::Kind(Param::of_type(PATIENT.number()))]
}
