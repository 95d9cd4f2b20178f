//! What happened, by name: one function from a record before and after to the event or events that tell it.
//!
//! Invariant: every change has a name; what no row of the catalogue names falls back to `{Type}Created`,
//! `{Type}Revised` and `{Type}Deleted`.

use anamnesis_kernel::ResourceType;
use compact_str::{CompactString, format_compact};

use crate::catalogue::{Role, Row, any, rows_of};
use crate::change::{Change, patient_of};

/// The name of an event and the version of the shape it is written in today.
pub(crate) enum Name {
    /// A row's.
    Row(&'static Row),
    /// `{Type}` with this ending.
    Fallback(ResourceType, &'static str),
}

/// How a change is told.
pub(crate) enum Telling {
    /// One event that carries the whole resource.
    Whole(Name),
    /// One event that carries all that changed.
    Together(Name),
    /// One event for each row that owns some of what changed, the rest to `{Type}Revised`.
    Divided,
}

impl Name {
    pub(crate) fn text(&self) -> CompactString {
        match self {
            Self::Row(row) => CompactString::const_new(row.kind),
            Self::Fallback(kind, ending) => format_compact!("{kind}{ending}"),
        }
    }

    pub(crate) fn schema_version(&self) -> u16 {
        match self {
            Self::Row(row) => row.schema_version,
            Self::Fallback(..) => 1,
        }
    }
}

/// Names a change that a Put makes.
pub(crate) fn tell(change: &Change<'_>) -> Telling {
    if change.begins() {
        return Telling::Whole(first(change));
    }
    match turn(change) {
        Some(row) if row.role == Role::Rewrites => Telling::Whole(Name::Row(row)),
        Some(row) => Telling::Together(Name::Row(row)),
        // A status that no row speaks of is still a change of lifecycle: it keeps what changed with it.
        None if change.lifecycle_changed() => Telling::Together(Name::Fallback(change.kind, "Revised")),
        None => Telling::Divided,
    }
}

/// Names a record's first event by what it tells.
fn first(change: &Change<'_>) -> Name {
    if change.is.in_error() {
        return Name::Row(&any::ENTERED_IN_ERROR);
    }
    let named = rows_of(change.kind).find(|row| row.by_write() && row.role.may_begin() && (row.test)(change));
    named.map_or(Name::Fallback(change.kind, "Created"), Name::Row)
}

/// The row that names a change of lifecycle, if it is one.
pub(crate) fn turn(change: &Change<'_>) -> Option<&'static Row> {
    // The patient first: whatever else changed, the record must carry itself whole under the new key.
    if let Some(before) = change.before
        && change.kind != ResourceType::PATIENT
    {
        match (patient_of(before), patient_of(change.after)) {
            (was, is) if was == is => {}
            (_, Some(_)) => return Some(&any::MOVED),
            (_, None) => return Some(&any::DETACHED),
        }
    }
    if change.entered_in_error() {
        return Some(&any::ENTERED_IN_ERROR);
    }
    rows_of(change.kind).find(|row| row.by_write() && row.role.may_turn() && (row.test)(change))
}

/// The rows that own parts of this record, in the catalogue's order.
pub(crate) fn parts<'c>(change: &'c Change<'_>) -> impl Iterator<Item = &'static Row> + 'c {
    rows_of(change.kind).filter(|row| row.by_write() && row.role == Role::Part && (row.test)(change))
}
