//! Searches of now and as of any moment, held against what they mean: random histories, random queries.

use std::collections::BTreeMap;

use anamnesis_kernel::search::{By, Entry, Kept, Order, Param, Place, Query, SortKey};
use anamnesis_kernel::{Instant, StreamName};

use super::Harness;
use super::model::{Model, Record};
use super::random::{END, Random};
use super::sample::{PATIENT, at, change, first, next, of_type, open, patients, query, row, text, version};
use crate::{Body, Change, Hit, IndexRow, IndexWrite, RecordVersion, Views};

const SEEDS: u64 = 3;
const COMMITS: i64 = 60;
const MOMENTS: u64 = 4;
const QUERIES: u64 = 40;

/// What happened, commit by commit, and what the records are after each.
struct History {
    changes: Vec<(Instant, Change)>,
    models: Vec<(Instant, Vec<Record>)>,
}

/// One record that begins, changes or is deleted, with each commit; its main date may move.
fn history(random: &mut Random) -> History {
    let mut live: BTreeMap<StreamName, Record> = BTreeMap::new();
    let mut versions: BTreeMap<StreamName, (u64, u64)> = BTreeMap::new();
    let (mut changes, mut models) = (Vec::new(), Vec::new());
    for commit in 0..COMMITS {
        let moment = at(commit * END / COMMITS);
        let kind = random.kind();
        let name: StreamName = format!("{}/{}", kind.name(), random.id(kind)).parse().expect("a name");
        let were = live.remove(&name);
        let count = u64::try_from(commit).expect("positive");
        let (number, newest) =
            *versions.entry(name.clone()).and_modify(|(_, v)| *v += 1).or_insert((count, 1));
        let deleted = were.is_some() && random.below(5) == 0;
        let date = were.as_ref().map_or_else(|| random.date(), |were| were.date);
        let date = if random.below(6) == 0 { random.date() } else { date };
        let entries = random.entries(kind);
        let are = (!deleted).then(|| Record { name: name.clone(), number, date, began: moment, entries });
        let body = if deleted { Body::Deleted } else { Body::InLog };
        let version = RecordVersion { name: name.clone(), began: moment, body, ..version(number, newest, 0) };
        let write = if newest == 1 { first(version) } else { next(version) };
        changes
            .push((moment, change(count + 1, vec![write], difference(were.as_ref(), are.as_ref(), moment))));
        live.extend(are.map(|are| (name, are)));
        models.push((moment, live.values().cloned().collect()));
    }
    History { changes, models }
}

fn difference(were: Option<&Record>, are: Option<&Record>, moment: Instant) -> Vec<IndexWrite> {
    let rows = |record: Option<&Record>| -> Vec<IndexRow> {
        let of = |record: &Record| {
            let entries: Vec<Entry> =
                record.entries.iter().cloned().chain([of_type(record.name.kind)]).collect();
            let place = record.place();
            entries.into_iter().map(move |entry| IndexRow { entry, place }).collect()
        };
        record.map(of).unwrap_or_default()
    };
    let (were, are) = (rows(were), rows(are));
    let closed = were.iter().filter(|row| !are.contains(row)).cloned();
    let closed = closed.map(|row| IndexWrite::Close(row, moment));
    let opened = are.iter().filter(|row| !were.contains(row)).cloned();
    closed.chain(opened.map(|row| IndexWrite::Open(row, moment))).collect()
}

async fn apply(views: &dyn Views, changes: &[(Instant, Change)], until: Instant) {
    for (_, change) in changes.iter().filter(|(moment, _)| *moment <= until) {
        views.apply(change.clone()).await.expect("applied");
    }
}

async fn search(views: &dyn Views, query: &Query) -> Vec<Hit> {
    views.search(query).await.expect("searches")
}

/// The whole, page by page.
async fn paged(views: &dyn Views, query: &Query, limit: u32) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    loop {
        let after = hits.last().map(|hit| hit.after.clone());
        let page = search(views, &Query { after, limit, ..query.clone() }).await;
        if page.is_empty() {
            return hits;
        }
        hits.extend(page);
    }
}

/// As of a moment the answer is that of a store that was never told more, and that is what the query means.
pub async fn a_search_as_of_a_moment_is_one_of_what_was_known_then(harness: &impl Harness) {
    let mut telling = 0;
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let History { changes, models } = history(&mut random);
        let (whole, all) = (harness.another(), at(END));
        let whole = open(&whole).await;
        apply(&*whole.views, &changes, all).await;
        for round in 0..MOMENTS {
            let moment = if round == 0 { all } else { random.moment() };
            let part = harness.another();
            let part = open(&part).await;
            apply(&*part.views, &changes, moment).await;
            let known = models.iter().rev().find(|(began, _)| *began <= moment);
            let model = Model(known.map(|(_, records)| records.clone()).unwrap_or_default());
            for number in 0..QUERIES {
                let now = random.query();
                let title = format!("seed {seed}, moment {round}, query {number}");
                let hits = search(&*part.views, &now).await;
                let found: Vec<(_, Place)> =
                    hits.iter().map(|hit| (hit.after.keys.clone(), hit.after.place)).collect();
                assert!(found == model.answer(&now), "{title}: it is not what the query means");
                telling += u64::from(!hits.is_empty() && hits.len() < model.0.len());
                let then = Query { at: Some(moment), ..now.clone() };
                assert_eq!(search(&*whole.views, &then).await, hits, "{title}: as of then it is another");
                for (views, query) in [(&*part.views, &now), (&*whole.views, &then)] {
                    let count = views.count(query).await.expect("counts");
                    assert_eq!(count, hits.len() as u64, "{title}: counted");
                    assert_eq!(paged(views, query, 3).await, hits, "{title}: in pages");
                    let counted = views.search_counted(&Query { limit: 3, ..query.clone() }).await;
                    let (first, all) = counted.expect("searches");
                    assert_eq!(
                        (&*first, all),
                        (hits.get(..3).unwrap_or(&hits), hits.len() as u64),
                        "{title}"
                    );
                }
            }
        }
    }
    assert!(telling > SEEDS * MOMENTS * QUERIES / 5, "only {telling} queries told records apart");
}

/// Of two records at once, seen from the record, as an order sees them.
pub async fn texts_that_end_together_held_each_since_it_began(harness: &impl Harness) {
    const NAME: u32 = 2;
    let stores = open(harness).await;
    let views = &*stores.views;
    // Of each record one name is from its first version and one from its second, and the third has neither.
    let names = [(1, ["zoe", "anna"]), (2, ["ben", "yves"])];
    let of = |n, name| row(n, None, text(NAME, name));
    let (mut begin, mut add, mut end) = (Vec::new(), Vec::new(), Vec::new());
    for (n, [one, other]) in names {
        begin.extend([row(n, None, of_type(PATIENT)), of(n, one)].map(|row| IndexWrite::Open(row, at(10))));
        add.push(IndexWrite::Open(of(n, other), at(20)));
        end.extend([of(n, one), of(n, other)].map(|row| IndexWrite::Close(row, at(30))));
    }
    let versions = |number, began| [1, 2].map(|n| version(n, number, began));
    for (events, records, index) in [
        (2, versions(1, 10).map(first), begin),
        (4, versions(2, 20).map(next), add),
        (6, versions(3, 30).map(next), end),
    ] {
        views.apply(change(events, records.into(), index)).await.expect("applied");
    }
    let by = By::Param { param: Param(NAME), kept: Kept::Text };
    let text = |name: &str| SortKey::Text(name.into());
    #[rustfmt::skip]
    let cases = [
     // as of  the least names, in order                          the greatest
        (15,   vec![(2, text("ben")),  (1, text("zoe"))],         vec![(1, text("zoe")), (2, text("ben"))]),
        (25,   vec![(1, text("anna")), (2, text("ben"))],         vec![(1, text("zoe")), (2, text("yves"))]),
        (30,   vec![(1, SortKey::None), (2, SortKey::None)],      vec![(1, SortKey::None), (2, SortKey::None)]),
    ];
    for (micros, least, greatest) in cases {
        for (descending, expected) in [(false, least), (true, greatest)] {
            let order = vec![Order { by, descending }];
            let query = Query { order, at: Some(at(micros)), ..query(vec![patients()]) };
            let hits = search(views, &query).await;
            let found: Vec<_> = hits
                .into_iter()
                .map(|hit| (hit.after.place.record, hit.after.keys.into_iter().next().expect("a key")))
                .collect();
            assert!(found == expected, "as of {micros}, descending: {descending}");
        }
    }
}
