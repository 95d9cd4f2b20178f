//! The catalogue: every named event, what it is of, what it owns, when it is chosen.
//!
//! Invariant: a name stands here once; what stands here is never renamed or taken out, since events of it are stored.

use std::collections::HashMap;
use std::sync::LazyLock;

use anamnesis_kernel::ResourceType;

use crate::change::{Change, is_choice};
use crate::upcast::Lift;

pub(crate) mod any;
mod care;
mod document;
mod encounter;
mod lab_order;
mod lab_report;
mod lab_result;
mod medication;
mod observation;
mod patient;
mod problem;
mod treatment;

pub(crate) use encounter::REOPENED;
pub(crate) use patient::{MERGED, UNMERGED};

#[cfg(test)]
mod cases;

/// One named event.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name.
    pub kind: &'static str,
    /// The family of aggregates whose rules it obeys.
    pub family: Family,
    /// The types of record it is an event of; empty for any.
    pub resource_types: &'static [&'static str],
    /// The elements it owns, `[x]` for a choice; empty where it carries whatever changed.
    pub owned: &'static [&'static str],
    /// Keys its data holds beside elements, which no fold sets.
    pub beside: &'static [&'static str],
    /// What place it has in the life of a record.
    pub role: Role,
    /// What can bring it about.
    pub reach: Reach,
    /// When it is chosen, in words.
    pub chosen: &'static str,
    /// Whether it asks for a snapshot.
    pub significant: bool,
    /// Whether it must say why when a client appends it.
    pub needs_reason: bool,
    /// The version of the shape its data is written in today: one more than there are lifts.
    pub schema_version: u16,
    /// What lifts data of version 1 to version 2, 2 to 3, and so on up to today's.
    pub(crate) lifts: &'static [Lift],
    pub(crate) test: fn(&Change<'_>) -> bool,
}

/// A family of aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The person.
    Patient,
    /// Clinical records.
    Clinical,
    /// Lab results.
    Lab,
    /// Any record at all.
    Any,
}

/// The place of an event in the life of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Begins a record, with the whole resource.
    Begins,
    /// Changes its lifecycle, with all that changed.
    Turns,
    /// Either: whole when it begins the record.
    BeginsOrTurns,
    /// Changes what it owns and nothing of the lifecycle.
    Part,
    /// Carries a living record anew, whole.
    Rewrites,
    /// Is noted and changes no element.
    Noted,
}

/// What can bring an event about, beside the event API, which can bring about all but the first two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Merging, or undoing it.
    Merge,
    /// A late message of a feed.
    Feed,
    /// The event API alone.
    Api,
    /// A write of a resource.
    Write,
}

impl Role {
    /// Whether it can be a stream's first.
    pub const fn may_begin(self) -> bool {
        matches!(self, Self::Begins | Self::BeginsOrTurns)
    }

    pub(crate) const fn may_turn(self) -> bool {
        matches!(self, Self::Turns | Self::BeginsOrTurns)
    }
}

impl Row {
    /// Whether it is an event of records of this type.
    pub fn fits(&self, kind: ResourceType) -> bool {
        self.resource_types.is_empty() || self.resource_types.contains(&kind.name())
    }

    /// Whether it owns the property `key`, or the primitive that `key` extends.
    pub fn owns(&self, key: &str) -> bool {
        let key = key.strip_prefix('_').unwrap_or(key);
        self.owned.iter().any(|owned| match owned.strip_suffix("[x]") {
            Some(stem) => is_choice(stem, key),
            None => *owned == key,
        })
    }

    pub(crate) fn by_write(&self) -> bool {
        self.reach == Reach::Write
    }
}

/// What the rows of one type have in common; its methods make rows.
#[derive(Clone, Copy)]
struct Of {
    family: Family,
    types: &'static [&'static str],
}

type Test = fn(&Change<'_>) -> bool;

impl Of {
    const fn row(self, kind: &'static str, role: Role, test: Test, chosen: &'static str) -> Row {
        Row {
            kind,
            family: self.family,
            resource_types: self.types,
            owned: &[],
            beside: &[],
            role,
            reach: Reach::Write,
            chosen,
            significant: false,
            needs_reason: false,
            schema_version: 1,
            lifts: &[],
            test,
        }
    }

    const fn begins(self, kind: &'static str, test: Test, chosen: &'static str) -> Row {
        self.row(kind, Role::Begins, test, chosen)
    }

    const fn turns(self, kind: &'static str, test: Test, chosen: &'static str) -> Row {
        self.row(kind, Role::Turns, test, chosen)
    }

    const fn opens(self, kind: &'static str, test: Test, chosen: &'static str) -> Row {
        self.row(kind, Role::BeginsOrTurns, test, chosen)
    }

    const fn part(self, kind: &'static str, owned: &'static [&'static str]) -> Row {
        Row { owned, ..self.row(kind, Role::Part, |_| true, "what it owns changed") }
    }
}

impl Row {
    const fn significant(self) -> Self {
        Self { significant: true, ..self }
    }

    /// Has aged: a shape has one lift to the next, so the newest has one more than there are lifts.
    const fn lifted_by(self, lifts: &'static [Lift]) -> Self {
        Self { lifts, schema_version: lifts.len() as u16 + 1, ..self }
    }

    const fn with_reason(self) -> Self {
        Self { needs_reason: true, ..self }
    }

    const fn reached_by(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    const fn beside(self, beside: &'static [&'static str]) -> Self {
        Self { beside, ..self }
    }

    const fn of_those(self, test: Test, chosen: &'static str) -> Self {
        Self { test, chosen, ..self }
    }
}

/// In the order in which rows are tried and divided events stand.
const TABLES: &[&[Row]] = &[
    patient::ROWS,
    encounter::ROWS,
    problem::ROWS,
    medication::ROWS,
    treatment::ROWS,
    observation::ROWS,
    care::ROWS,
    document::ROWS,
    lab_order::ROWS,
    lab_result::ROWS,
    lab_report::ROWS,
];

static ALL: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let named = TABLES.iter().flat_map(|rows| rows.iter().copied());
    named.chain([any::ENTERED_IN_ERROR, any::MOVED, any::DETACHED, any::STALE]).collect()
});

/// For each resource type, by its number: the rows that name it.
static BY_TYPE: LazyLock<Vec<Vec<&'static Row>>> = LazyLock::new(|| {
    let of =
        |kind: ResourceType| ALL.iter().filter(|row| row.resource_types.contains(&kind.name())).collect();
    std::iter::once(Vec::new()).chain(ResourceType::all().map(of)).collect()
});

/// The rows by name: every event asks for its own several times on its way.
static BY_NAME: LazyLock<HashMap<&'static str, &'static Row>> =
    LazyLock::new(|| ALL.iter().map(|row| (row.kind, row)).collect());

/// Every row, in order.
pub fn catalogue() -> &'static [Row] {
    &ALL
}

/// The rows that name `kind`, in order; rows of any record are not among them.
pub fn rows_of(kind: ResourceType) -> impl Iterator<Item = &'static Row> {
    BY_TYPE.get(usize::from(kind.number())).into_iter().flatten().copied()
}

/// The row of this name.
pub fn find(kind: &str) -> Option<&'static Row> {
    BY_NAME.get(kind).copied()
}

/// Whether events of this name ask for a snapshot.
pub fn is_significant(kind: &str) -> bool {
    find(kind).is_some_and(|row| row.significant)
}

/// Whether events of this name put a wrong value right.
pub fn is_correction(kind: &str) -> bool {
    kind == lab_result::CORRECTED || kind == lab_report::CORRECTED
}

/// The keys that stand in the data of `kind` beside elements.
pub(crate) fn beside(kind: &str) -> &'static [&'static str] {
    // Folding asks for every event, and few names hold anything beside elements: those are asked for by name.
    if kind == any::STALE.kind {
        any::STALE.beside
    } else if kind == patient::MERGED.kind {
        patient::MERGED.beside
    } else if kind == patient::UNMERGED.kind {
        patient::UNMERGED.beside
    } else {
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_once_and_is_no_fallback() {
        for (n, row) in catalogue().iter().enumerate() {
            assert!(catalogue().iter().skip(n + 1).all(|other| other.kind != row.kind), "{}", row.kind);
            for ending in ["Created", "Revised", "Deleted"] {
                let fallback = row.kind.strip_suffix(ending).and_then(ResourceType::parse);
                assert!(fallback.is_none(), "{}", row.kind);
            }
        }
    }

    #[test]
    fn types_are_of_r4_and_parts_own_something() {
        for row in catalogue() {
            assert!(
                row.resource_types.iter().all(|name| ResourceType::parse(name).is_some()),
                "{}",
                row.kind
            );
            assert_eq!(
                row.role == Role::Part,
                !row.owned.is_empty() && row.beside.is_empty(),
                "{}",
                row.kind
            );
            assert_eq!(row.beside, beside(row.kind), "{}", row.kind);
        }
    }

    #[test]
    fn no_element_of_a_sort_has_two_owners() {
        // Rows of the laboratory and of other observations may own the same element: their tests tell them apart.
        for (n, row) in catalogue().iter().enumerate().filter(|(_, row)| row.role == Role::Part) {
            let others = catalogue().iter().skip(n + 1).filter(|other| {
                other.role == Role::Part
                    && other.resource_types == row.resource_types
                    && other.family == row.family
            });
            for other in others.filter(|other| other.chosen == row.chosen) {
                assert!(
                    !row.owned.iter().any(|key| other.owned.contains(key)),
                    "{} {}",
                    row.kind,
                    other.kind
                );
            }
        }
    }
}
