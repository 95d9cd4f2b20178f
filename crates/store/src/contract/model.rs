//! What a search means, read plainly from each record's entries: the store's answers are held against it.

use std::cmp::Ordering;

use anamnesis_kernel::search::{
    By, Entry, Filter, Key, Link, Order, Param, Place, Query, SortKey, Test, newest_first,
};
use anamnesis_kernel::{Instant, ResourceType, StreamName};

/// One record as it is at some moment.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) name: StreamName,
    pub(super) number: u64,
    pub(super) date: Option<i64>,
    pub(super) began: Instant,
    pub(super) entries: Vec<Entry>,
}

impl Record {
    pub(super) fn place(&self) -> Place {
        Place { date: newest_first(self.date), record: self.number, partition: 0 }
    }

    fn refers_to(&self, param: Param, by: Link, other: &Self) -> bool {
        let called = |id: &str| {
            other.entries.iter().any(|entry| {
                entry.param == Param::CANONICAL
                    && matches!(&entry.key, Key::Reference { kind: 0, id: own } if own == id)
            })
        };
        self.entries.iter().filter(|entry| entry.param == param).any(|entry| match (by, &entry.key) {
            (Link::Name, Key::Reference { kind, id }) => {
                *kind == other.name.kind.number() && id == other.name.id.as_str()
            }
            (Link::Url, Key::Reference { kind: 0, id }) => called(id),
            _ => false,
        })
    }
}

/// The records that are not deleted.
pub(super) struct Model(pub(super) Vec<Record>);

impl Model {
    /// The records the query asks for in their order, with what they are ordered by, whatever its page.
    pub(super) fn answer(&self, query: &Query) -> Vec<(Vec<SortKey>, Place)> {
        let mut found: Vec<(Vec<SortKey>, Place)> = self
            .0
            .iter()
            .filter(|record| query.kind.is_none_or(|kind| record.name.kind == kind))
            .filter(|record| query.all.iter().all(|filter| self.holds(filter, record)))
            .map(|record| (query.order.iter().map(|order| key(order, record)).collect(), record.place()))
            .collect();
        found.sort_by(|(a, at), (b, other)| {
            let keys = query.order.iter().zip(a.iter().zip(b));
            let keys = keys.map(|(order, (a, b))| compare(a, b, order.descending));
            keys.fold(Ordering::Equal, Ordering::then).then_with(|| at.cmp(other))
        });
        found
    }

    fn holds(&self, filter: &Filter, record: &Record) -> bool {
        match filter {
            Filter::All(filters) => filters.iter().all(|filter| self.holds(filter, record)),
            Filter::Any(filters) => filters.iter().any(|filter| self.holds(filter, record)),
            Filter::Not(filter) => !self.holds(filter, record),
            Filter::Test(test) => self.test(test, record),
        }
    }

    fn test(&self, test: &Test, record: &Record) -> bool {
        let of = |kind: &ResourceType| {
            let kind = *kind;
            self.0.iter().filter(move |other| other.name.kind == kind)
        };
        match test {
            Test::Id(id) => record.name.id == *id,
            Test::Kind(param) => *param == Param::of_type(record.name.kind.number()),
            Test::Updated(from, to) => (*from..=*to).contains(&record.began),
            Test::Together(parts) => (0..=3).any(|group| {
                parts.iter().all(|tests| {
                    let mut entries = record.entries.iter().filter(|entry| entry.group == group);
                    entries.any(|entry| tests.iter().any(|test| entry_holds(test, entry)))
                })
            }),
            Test::Chain { param, by, kind, filter } => {
                of(kind).any(|other| record.refers_to(*param, *by, other) && self.holds(filter, other))
            }
            Test::Has { kind, param, by, filter } => {
                of(kind).any(|other| other.refers_to(*param, *by, record) && self.holds(filter, other))
            }
            test => record.entries.iter().any(|entry| entry_holds(test, entry)),
        }
    }
}

/// Words are told apart by the index's own grammar, of which the cases use single words alone.
fn entry_holds(test: &Test, entry: &Entry) -> bool {
    match (test, &entry.key) {
        (Test::Words { expression, narrative }, Key::Words { narrative: told, rest }) => {
            let word = expression.trim_matches('"');
            let has = |text: &str| text.split(' ').any(|one| one == word);
            has(told) || !narrative && has(rest)
        }
        _ => test.is_met_by(entry),
    }
}

fn key(order: &Order, record: &Record) -> SortKey {
    match order.by {
        By::MainDate => record.date.map_or(SortKey::None, SortKey::Integer),
        By::Updated => SortKey::Integer(record.began.micros()),
        By::Id => SortKey::Text(record.name.id.as_str().into()),
        By::Param { param, kept } => {
            let own = record.entries.iter().filter(|entry| entry.param == param && entry.key.kept() == kept);
            let values = own.map(|entry| match &entry.key {
                Key::Token { code, .. } => SortKey::Text(code.clone()),
                Key::Text { text, .. } => SortKey::Text(text.clone()),
                Key::Date { low, .. } => SortKey::Integer(*low),
                Key::Quantity { low, .. } => SortKey::Real(*low),
                Key::Reference { id, .. } => SortKey::Text(id.clone()),
                Key::Words { .. } => SortKey::None,
            });
            let least = |a: &SortKey, b: &SortKey| compare(a, b, order.descending);
            values.min_by(least).unwrap_or(SortKey::None)
        }
    }
}

/// Records without a key come last in both directions.
fn compare(one: &SortKey, other: &SortKey, descending: bool) -> Ordering {
    let order = match (one, other) {
        (SortKey::None, SortKey::None) => return Ordering::Equal,
        (SortKey::None, _) => return Ordering::Greater,
        (_, SortKey::None) => return Ordering::Less,
        (SortKey::Integer(a), SortKey::Integer(b)) => a.cmp(b),
        (SortKey::Real(a), SortKey::Real(b)) => a.cmp(b),
        (SortKey::Text(a), SortKey::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    if descending { order.reverse() } else { order }
}
