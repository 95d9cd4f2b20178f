//! The streams of a log whose events are brought into their table a few at a time, against a list of what was appended.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anamnesis_kernel::Instant;
use anamnesis_seal::{SubjectNumber, sha256};
use anamnesis_store::{AppendError, Appended, Commit, Expected, SealedEvent, StreamAppend};
use crossbeam_channel::Sender;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::super::connection::{Care, open_reader, open_writer};
use super::super::end::End;
use super::super::read_stream::{self, Wanted};
use super::super::writer::{Request, Room, Writer};
use super::*;

const ROOM: Room = Room { run: 24, versions: 5 };
const NOW: Instant = Instant::from_micros(1_767_225_600_000_000);
const A: Tag = Tag([1; 16]);
const B: Tag = Tag([2; 16]);

fn versions(found: &Found) -> Vec<Version> {
    found.places.iter().map(|place| place.version).collect()
}

#[test]
fn what_was_added_is_found_until_it_is_brought() {
    let streams = Streams::default();
    let added = |stream, before, count, first| Added { stream, before, count, first };
    streams.add(&[added(A, 4, 3, 10), added(B, 0, 1, 13)]);
    streams.add(&[added(A, 7, 2, 14)]);
    let forward = streams.find(A, 6, Direction::Forward, 3);
    assert_eq!((forward.first, versions(&forward)), (Some(5), vec![6, 7, 8]));
    let backward = streams.find(A, 8, Direction::Backward, 10);
    assert_eq!((backward.first, versions(&backward)), (Some(5), vec![8, 7, 6, 5]));
    assert_eq!(streams.find(A, 10, Direction::Forward, 10).places, []);
    assert_eq!(streams.find(A, 4, Direction::Backward, 10).places, []);
    assert_eq!(streams.last(A), Some(Placed { version: 9, offset: 15 }));

    streams.brought(14);
    assert_eq!(streams.last(B), None);
    let left = streams.find(A, 1, Direction::Forward, 10);
    assert_eq!((left.first, versions(&left)), (Some(8), vec![8, 9]));
    streams.brought(3);
    assert_eq!(streams.0.read().events, 2);
}

/// A log with a writer of its own.
struct House {
    path: PathBuf,
    streams: Arc<Streams>,
    requests: Sender<Request>,
    writing: JoinHandle<()>,
}

impl House {
    fn open(path: PathBuf) -> Self {
        let connection = open_writer(&path, Care::Derived).unwrap();
        rows::create(&connection, NOW).unwrap();
        let end = End::read(&connection, &path).unwrap();
        take_up(&connection, end.next).unwrap();
        let streams = Arc::new(Streams::read(&connection, &path, end.next).unwrap());
        let writer = Writer::new(connection, end, Arc::clone(&streams), ROOM);
        let (requests, queue) = crossbeam_channel::unbounded();
        let writing = std::thread::spawn(move || writer.run(&queue));
        Self { path, streams, requests, writing }
    }

    /// What is in memory is lost; what was committed is not.
    fn reopened(self) -> Self {
        drop(self.requests);
        self.writing.join().unwrap();
        Self::open(self.path)
    }

    fn append(&self, commit: Commit) -> Result<Appended, AppendError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::Append(Box::new(commit), answer)).unwrap();
        answered.blocking_recv().unwrap()
    }

    /// The offsets of what is read, and nothing where it is refused.
    fn read(&self, stream: Tag, from: Version, direction: Direction, limit: u32) -> Option<Vec<u64>> {
        let wanted = Wanted { stream, from, direction, limit };
        let connection = open_reader(&self.path).unwrap();
        let read = read_stream::stream(&connection, &self.streams, wanted).ok()?;
        Some(read.iter().map(|event| event.position.offset).collect())
    }

    /// Changes the file behind the writer's back.
    fn change(self, sql: &str) -> Self {
        drop(self.requests);
        self.writing.join().unwrap();
        rusqlite::Connection::open(&self.path).unwrap().execute_batch(sql).unwrap();
        Self::open(self.path)
    }

    fn brought(&self) -> u64 {
        rows::brought(&open_reader(&self.path).unwrap()).unwrap()
    }
}

/// What was appended: of each stream the offsets, in order.
#[derive(Default)]
struct Model {
    of: BTreeMap<Tag, Vec<u64>>,
    next: u64,
    seed: u64,
}

impl Model {
    /// A number below `end`, another each time.
    fn below(&mut self, end: u64) -> u64 {
        self.seed += 1;
        let Some((first, _)) =
            sha256(&self.seed.to_be_bytes()).split_first_chunk().map(|(n, rest)| (*n, rest))
        else {
            return 0;
        };
        u64::from_be_bytes(first) % end
    }

    /// A commit to a few of a dozen streams.
    fn commit(&mut self) -> Commit {
        let start = self.below(12);
        let streams = (0..=self.below(3)).map(|n| Tag([u8::try_from((start + n) % 12).unwrap(); 16]));
        let streams: Vec<Tag> = streams.collect();
        let mut offset = self.next;
        let mut appends = Vec::new();
        for stream in streams {
            let before = self.of.get(&stream).map_or(0, Vec::len) as u64;
            let events: Vec<SealedEvent> = (0..=self.below(4)).map(|n| event(offset + n)).collect();
            offset += events.len() as u64;
            appends.push(StreamAppend { stream, expected: Expected::Exact(before), events });
        }
        Commit {
            commit_id: Uuid::from_u128(u128::from(self.next) + 1),
            now: NOW,
            streams: appends,
            claims: Vec::new(),
            idempotency: None,
        }
    }

    fn took(&mut self, commit: &Commit) {
        for append in &commit.streams {
            let offsets = self.next..self.next + append.events.len() as u64;
            self.next = offsets.end;
            self.of.entry(append.stream).or_default().extend(offsets);
        }
    }

    fn check(&mut self, house: &House) {
        let connection = open_reader(&house.path).unwrap();
        let all = self.of.clone();
        for (stream, offsets) in all {
            let last = offsets.len() as u64;
            let stands = rows::stands(&connection, &house.streams, stream).unwrap().unwrap();
            assert_eq!(stands.version, last);
            assert_eq!(house.streams.count(&connection, stream).unwrap(), last);
            let head = rows::stream_head(&connection, &house.streams, stream).unwrap().unwrap();
            assert_eq!(head.version, last);
            let (from, limit) = (1 + self.below(last + 1), u32::try_from(self.below(last + 2)).unwrap());
            let forward: Vec<u64> =
                offsets.iter().skip(from as usize - 1).take(limit as usize).copied().collect();
            assert_eq!(house.read(stream, from, Direction::Forward, limit), Some(forward));
            let backward: Vec<u64> =
                offsets.iter().take(from as usize).rev().take(limit as usize).copied().collect();
            assert_eq!(house.read(stream, from, Direction::Backward, limit), Some(backward));
        }
    }
}

fn event(n: u64) -> SealedEvent {
    let sealed = n.to_be_bytes().to_vec();
    SealedEvent {
        event_id: Uuid::from_u128(u128::from(n) + 1),
        chosen_id: false,
        subject: SubjectNumber(1),
        kind: "PatientRevised".into(),
        schema_version: 1,
        sealed_hash: sha256(&sealed),
        sealed,
    }
}

/// What an older program had instead of the table.
const AS_BEFORE: &str = "DROP TABLE log_stream; DELETE FROM log_meta WHERE name = 'streams'; \
    CREATE UNIQUE INDEX log_event_stream ON log_event (stream, version, partition);";

#[test]
fn streams_are_whole_wherever_their_events_stand() {
    for seed in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let mut house = House::open(folder.path().join("log.db"));
        let mut model = Model { seed: seed * 1_000_000, ..Model::default() };
        for step in 0..120 {
            let commit = model.commit();
            house.append(commit.clone()).unwrap();
            model.took(&commit);
            if step % 5 == 0 {
                model.check(&house);
            }
            if step % 13 == 0 {
                // The id of its event is known: the group fails, with what was being brought beside it.
                let mut again = model.commit();
                again.streams[0].events = vec![event(0)];
                house.append(again).unwrap_err();
                model.check(&house);
            }
            if model.below(20) == 0 {
                house = house.reopened();
                model.check(&house);
            }
        }
        let (brought, in_memory) = (house.brought(), house.streams.0.read().events);
        assert!(brought > 0 && brought <= model.next, "{brought} of {}", model.next);
        assert!(in_memory < 4 * ROOM.run, "{in_memory} are in memory");
    }
}

#[test]
fn a_run_that_was_not_ended_is_brought_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::open(folder.path().join("log.db"));
    let mut model = Model::default();
    while model.next < 3 * ROOM.run as u64 {
        let commit = model.commit();
        house.append(commit.clone()).unwrap();
        model.took(&commit);
    }
    assert!(house.brought() > 0);
    // As if the process had ended with a part of the run in the table, and that part another each time.
    house = house
        .change("DELETE FROM log_meta WHERE name = 'streams'; DELETE FROM log_stream WHERE version % 3 = 0");
    model.check(&house);
    while house.brought() < 3 * ROOM.run as u64 {
        let commit = model.commit();
        house.append(commit.clone()).unwrap();
        model.took(&commit);
    }
    model.check(&house);
}

#[test]
fn a_log_of_an_older_program_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::open(folder.path().join("log.db"));
    let mut model = Model::default();
    for _ in 0..2 {
        for _ in 0..80 {
            let commit = model.commit();
            house.append(commit.clone()).unwrap();
            model.took(&commit);
        }
        house = house.change(AS_BEFORE);
        model.check(&house);
        assert_eq!(house.brought(), model.next, "so many are brought at once");
        let index = "SELECT 1 FROM sqlite_schema WHERE name = 'log_event_stream'";
        assert!(!open_reader(&house.path).unwrap().prepare(index).unwrap().exists([]).unwrap());
    }
}

#[test]
fn a_group_knows_where_its_streams_stand_however_many_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let connection = open_writer(&path, Care::Derived).unwrap();
    rows::create(&connection, NOW).unwrap();
    let end = End::read(&connection, &path).unwrap();
    let (requests, queue) = crossbeam_channel::unbounded();
    let mut answers = Vec::new();
    // All are queued before the writer begins, so they are one group: the first stream, many others, the first again.
    for n in (0..12_u8).chain([0]) {
        let (answer, answered) = oneshot::channel();
        let events = vec![event(answers.len() as u64)];
        let append = StreamAppend { stream: Tag([n; 16]), expected: Expected::Exact(0), events };
        let commit_id = Uuid::from_u128(answers.len() as u128 + 1);
        let (streams, claims) = (vec![append], Vec::new());
        let commit = Commit { commit_id, now: NOW, streams, claims, idempotency: None };
        requests.send(Request::Append(Box::new(commit), answer)).unwrap();
        answers.push(answered);
    }
    drop(requests);
    Writer::new(connection, end, Arc::default(), ROOM).run(&queue);
    let taken: Vec<bool> =
        answers.into_iter().map(|answer| answer.blocking_recv().unwrap().is_ok()).collect();
    assert_eq!(taken, [vec![true; 12], vec![false]].concat());
}

#[test]
fn what_the_table_lacks_is_damage() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // name                           what is done behind the program's back                                forward  counted
        ("one in the middle",           "DELETE FROM log_stream WHERE version = 3",                           false,   9),
        ("the first",                   "DELETE FROM log_stream WHERE version = 1",                           false,   9),
        ("the newest",                  "DELETE FROM log_stream WHERE version = 10",                          true,    9),
        ("one leads elsewhere",         "UPDATE log_stream SET position = 0 WHERE version = 3",               false,   9),
        ("the first leads elsewhere",   "UPDATE log_stream SET position = 1 WHERE version = 1",               false,   9),
        ("the newest leads elsewhere",  "UPDATE log_stream SET position = 8 WHERE version = 10",              false,   9),
        ("one leads nowhere",           "UPDATE log_stream SET position = 99 WHERE version = 3",              false,   9),
        ("one leads to another stream", "UPDATE log_stream SET position = 10 WHERE stream = zeroblob(16) AND version = 3", false, 9),
    ];
    for (name, sql, whole, counted) in cases {
        let folder = tempfile::tempdir().unwrap();
        let house = House::open(folder.path().join("log.db"));
        for (n, stream) in [Tag([0; 16]), A].into_iter().enumerate() {
            let events = (0..10).map(|at| event(10 * n as u64 + at)).collect();
            let append = StreamAppend { stream, expected: Expected::Exact(0), events };
            let commit_id = Uuid::from_u128(n as u128 + 1);
            let (claims, idempotency) = (Vec::new(), None);
            house.append(Commit { commit_id, now: NOW, streams: vec![append], claims, idempotency }).unwrap();
        }
        let all = "INSERT INTO log_stream SELECT partition, stream, version, position FROM log_event; \
                   INSERT INTO log_meta VALUES ('streams', 20);";
        let house = house.change(&format!("{all} {sql}"));
        let stream = Tag([0; 16]);
        assert_eq!(house.read(stream, 1, Direction::Forward, 20).is_some(), whole, "{name}");
        let connection = open_reader(&house.path).unwrap();
        assert_eq!(house.streams.count(&connection, stream).unwrap(), counted, "{name}");
    }
}
