//! Texts wait and are merged within a handful of rows: no question and no digest is answered otherwise for it.

mod contract;

use std::sync::Arc;

use anamnesis_kernel::search::{By, Entry, Filter, Find, Kept, Key, Order, Param, Place, Query, Test};
use anamnesis_kernel::{Instant, ResourceType};
use anamnesis_store::{
    Body, Change, Hit, IndexRow, IndexWrite, Mark, RecordNumber, RecordVersion, RecordWrite, Views, Watermark,
};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::LateLimits;
use crate::{DifferenceKind, SqliteStore, SqliteViews};

const NOW: Instant = Instant::from_micros(1_767_225_600_000_000);
/// So small that a few commits fill some runs.
const SMALL: LateLimits = LateLimits { run_rows: 4, runs: 3, slice_rows: 9, straight_rows: 40 };

/// Where the texts are.
#[derive(Debug)]
struct Rows {
    late: i64,
    then: i64,
    runs: i64,
    merging: i64,
}

fn rows(connection: &Connection) -> Rows {
    let count = |of: &str| connection.query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0));
    Rows {
        late: count("text_late").unwrap(),
        then: count("text_then").unwrap(),
        runs: count("text_run").unwrap(),
        merging: count("text_run WHERE merging = 1").unwrap(),
    }
}

fn connect(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("views.db")).unwrap()
}

/// One of two parameters.
fn param(record: u64) -> Param {
    Param(u32::from(ResourceType::PATIENT.number()) * 256 + u32::try_from(record % 2).unwrap())
}

fn row(record: u64, param: Param, key: Key) -> IndexRow {
    IndexRow { entry: Entry { param, key, group: 0 }, place: Place { date: 0, record, partition: 0 } }
}

/// The version of a record that this commit makes.
fn version(n: i64, record: u64) -> RecordWrite {
    let version = RecordVersion {
        number: RecordNumber { partition: 0, record },
        name: format!("Patient/p{record}").parse().unwrap(),
        version: n.unsigned_abs(),
        began: Instant::from_micros(n),
        ended: None,
        offset: 100 * n.unsigned_abs() + record,
        body: Body::InLog,
        corrects: None,
    };
    RecordWrite { version, replaces: n > 1 }
}

/// The commit of this number: each of the records had one text since the commit before and has another now.
fn change(n: i64, records: u64, text: impl Fn(i64, u64) -> String) -> Change {
    let moment = Instant::from_micros(n);
    let of = |n, record| {
        let key = Key::Text { text: text(n, record).into(), exact: "".into() };
        row(record, param(record), key)
    };
    let mut index = Vec::new();
    for record in 0..records {
        let place = Key::Token { code: "".into(), system: "".into() };
        let place = row(record, Param::of_type(ResourceType::PATIENT.number()), place);
        index.push(match n {
            1 => IndexWrite::Open(place, moment),
            n => IndexWrite::Close(of(n - 1, record), moment),
        });
        index.push(IndexWrite::Open(of(n, record), moment));
    }
    let marks = vec![Mark { offset: n.unsigned_abs(), leaf: [1; 32] }];
    let watermark = Watermark { log: Uuid::from_u128(1), shape: "shape".into(), marks, moment };
    let records = (0..records).map(|record| version(n, record)).collect();
    Change { watermark, records, index, parked: Vec::new() }
}

/// Texts that come in another order than commits.
fn scattered(n: i64, record: u64) -> String {
    format!("{:02}", (n * 37 + i64::try_from(record).unwrap() * 11) % 100)
}

/// All in the order of their texts, where they have one of that parameter, as of a commit.
fn by_text(n: i64, descending: bool) -> Query {
    let by = By::Param { param: param(0), kept: Kept::Text };
    let at = Some(Instant::from_micros(n));
    let order = vec![Order { by, descending }];
    Query { order, at, ..Query::new(Some(ResourceType::PATIENT), Vec::new(), 10) }
}

/// The hits of a query, each on a page of its own.
async fn paged(views: &SqliteViews, query: &Query) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    loop {
        let after = hits.last().map(|hit| hit.after.clone());
        match views.search(&Query { after, limit: 1, ..query.clone() }).await.unwrap().pop() {
            Some(hit) => hits.push(hit),
            None => return hits,
        }
    }
}

async fn made(store: &SqliteStore, changes: impl Iterator<Item = Change>) -> Arc<SqliteViews> {
    let views = store.begin_trial().unwrap();
    for change in changes {
        views.apply(change).await.unwrap();
    }
    views.finish().await.unwrap();
    views
}

#[tokio::test]
async fn at_every_step_they_are_the_views_that_are_made_at_once() {
    let folder = TempDir::new().unwrap();
    let mut store = SqliteStore::open(folder.path(), NOW).unwrap();
    store.views.limit_late(SMALL);
    let connection = connect(&folder);
    let (mut apart, mut merged) = (0, 0);
    for n in 1..=40 {
        if n % 4 == 0 {
            // It goes on from what the file says.
            drop(store);
            store = SqliteStore::open(folder.path(), NOW).unwrap();
            store.views.limit_late(SMALL);
        }
        store.views.apply(change(n, 4, scattered)).await.unwrap();
        let fresh = made(&store, (1..=n).map(|n| change(n, 4, scattered))).await;
        assert_eq!(store.views.difference(&fresh, |_, _| {}).await.unwrap(), None, "commit {n}");
        assert_eq!(store.views.digest().await.unwrap(), fresh.digest().await.unwrap(), "commit {n}");
        for at in [n, n - 3, n / 2].into_iter().filter(|at| *at > 0) {
            for descending in [false, true] {
                let query = by_text(at, descending);
                let found = paged(&store.views, &query).await;
                assert_eq!(found, fresh.search(&query).await.unwrap(), "commit {n}, as of {at}");
                assert_eq!(found.len(), 4);
            }
        }
        let Rows { late, then, runs, merging } = rows(&connection);
        assert_eq!(late + then, 4 * (n - 1), "each stands in one place");
        apart += i64::from(late > 0 && then > 0 && merging > 0);
        merged += i64::from(late > 0 && runs > 0 && merging == 0 && then > 0);
    }
    assert!(apart > 5 && merged > 5, "{apart} steps while runs were merged, {merged} between");
    store.views.clear().unwrap();
    let left = rows(&connection);
    assert_eq!((left.late, left.then, left.runs), (0, 0, 0));
}

#[tokio::test]
async fn a_run_that_is_lost_is_a_difference() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), NOW).unwrap();
    for n in 1..=3 {
        store.views.apply(change(n, 4, scattered)).await.unwrap();
    }
    let fresh = made(&store, (1..=3).map(|n| change(n, 4, scattered))).await;
    assert_eq!(store.views.difference(&fresh, |_, _| {}).await.unwrap(), None);
    connect(&folder).execute_batch("DELETE FROM text_run").unwrap();
    let found = store.views.difference(&fresh, |_, _| {}).await.unwrap().unwrap();
    assert_eq!((found.table, found.kind), ("text_then", DifferenceKind::Missing));
    assert_ne!(store.views.digest().await.unwrap(), fresh.digest().await.unwrap());
}

#[tokio::test]
async fn an_order_is_kept_where_much_is_asked_beside() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), NOW).unwrap();
    // Runs of three commits each, of which none is merged.
    store.views.limit_late(LateLimits { run_rows: 12, runs: 100, slice_rows: 1, straight_rows: 40 });
    for n in 1..=30 {
        store.views.apply(change(n, 4, scattered)).await.unwrap();
    }
    assert_eq!(rows(&connect(&folder)).runs, 10);
    let other = |n: u32| Test::Text { param: param(0), text: format!("no {n}").into(), find: Find::Whole };
    for denied in [10, 2_000] {
        let denied = Filter::Not(Box::new(Filter::any_of((0..denied).map(other))));
        let query = Query { all: vec![denied], ..by_text(15, false) };
        let found = paged(&store.views, &query).await;
        assert_eq!(found, paged(&store.views, &by_text(15, false)).await);
        assert_eq!(found.len(), 4);
    }
}

#[tokio::test]
async fn a_commit_moves_about_as_many_however_they_are_spread() {
    type Text = fn(i64, u64) -> String;
    let spread: [(&str, Text); 4] = [
        ("scattered", scattered),
        ("all alike", |_, _| "same".into()),
        ("each run beyond the one before", |n, record| format!("{n:03}{record}")),
        ("each run before the one before", |n, record| format!("{:03}{record}", 999 - n)),
    ];
    for (title, text) in spread {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(folder.path(), NOW).unwrap();
        store.views.limit_late(LateLimits { run_rows: 30, runs: 8, slice_rows: 24, straight_rows: 40 });
        let connection = connect(&folder);
        let (mut before, mut most) = (0, 0);
        for n in 1..=200 {
            store.views.apply(change(n, 6, text)).await.unwrap();
            let Rows { late, then, runs, merging } = rows(&connection);
            assert_eq!(late + then, 6 * (n - 1), "{title}");
            let moved = then - before;
            assert!(moved <= 24, "{title}: {moved} moved at once");
            assert!(merging == 0 || moved >= 12, "{title}: only {moved} moved");
            most = most.max(runs);
            before = then;
        }
        assert!(before > 600, "{title}: {before} merged");
        assert!(most <= 13, "{title}: {most} runs");
    }
}

#[tokio::test]
async fn they_go_as_fast_as_they_come() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), NOW).unwrap();
    // Each commit fills a run.
    store.views.limit_late(LateLimits { run_rows: 30, runs: 8, slice_rows: 5, straight_rows: 40 });
    let connection = connect(&folder);
    for n in 1..=100 {
        store.views.apply(change(n, 30, scattered)).await.unwrap();
        let Rows { runs, .. } = rows(&connection);
        assert!(runs <= 2 * 8 + 1, "{runs} runs at commit {n}");
    }
}

#[tokio::test]
async fn what_is_many_does_not_wait() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), NOW).unwrap();
    store.views.limit_late(SMALL);
    for n in 1..=2 {
        store.views.apply(change(n, 40, scattered)).await.unwrap();
    }
    let Rows { late, then, runs, .. } = rows(&connect(&folder));
    assert_eq!((late, then, runs), (0, 40, 0));
}

#[tokio::test]
async fn views_that_were_made_have_nothing_waiting() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), NOW).unwrap();
    let views = made(&store, (1..=9).map(|n| change(n, 3, scattered))).await;
    let connection = Connection::open(views.path()).unwrap();
    let Rows { late, then, runs, .. } = rows(&connection);
    assert_eq!((late, then, runs), (0, 24, 0));
    views.apply(change(10, 3, scattered)).await.unwrap();
    assert_eq!(rows(&connection).late, 3, "once they are finished, what ends waits");
}

#[tokio::test]
async fn a_row_that_is_there_already_keeps_nobody_from_writing() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), NOW).unwrap();
    store.views.limit_late(SMALL);
    let connection = connect(&folder);
    for n in 1..=20 {
        if n == 4 {
            let copy = "INSERT INTO text_then SELECT param, text, date, record, partition, grp, exact, began, ended FROM text_late";
            connection.execute_batch(copy).unwrap();
        }
        store.views.apply(change(n, 3, scattered)).await.unwrap();
    }
    let Rows { late, then, .. } = rows(&connection);
    assert_eq!(late + then, 3 * 19);
}
