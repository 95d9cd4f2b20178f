//! How the records are found for which every filter holds: one filter gives rows, the others are looked up of each.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Filter, Param, Test};

use super::super::table::Table;
use super::asked::Asked;
use super::clause::all_of;
use super::gather::MERGED_MAX;
use super::holds::holds;
use super::lightest::lightest;
use super::narrow::Narrow;
use super::source::{LARGE, Source, source};
use super::sql::{Made, Sql};

/// In so many arms that are in order, now's and then's and of those that wait, what else must hold is written in each,
/// and they are merged as they are read.
const MERGED_ARMS_MAX: usize = 3 * MERGED_MAX;

/// In all arms together what else must hold binds no more values than so many.
pub(super) const REPEATED_VALUES_MAX: usize = 2_000;

#[derive(Clone)]
pub(super) struct Plan {
    pub(super) alias: String,
    source: Source,
    /// Whether the source is known to have few rows: then it is the best for any aim.
    small: bool,
    /// What else must hold of a row; empty when nothing.
    rest: Sql,
}

/// What a plan is for: the first rows in order, or all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    Page,
    All,
}

impl Plan {
    /// For all rows.
    pub(super) fn new(
        asked: &Asked<'_>,
        kind: Option<ResourceType>,
        filters: &[Filter],
        depth: u32,
    ) -> Made<Self> {
        Self::aimed(asked, kind, filters, depth, Aim::All)
    }

    pub(super) fn aimed(
        asked: &Asked<'_>,
        kind: Option<ResourceType>,
        filters: &[Filter],
        depth: u32,
        aim: Aim,
    ) -> Made<Self> {
        let alias = asked.alias();
        let mut conjuncts = Vec::new();
        filters.iter().for_each(|filter| flatten(filter, &mut conjuncts));
        let type_test = kind.map(|kind| Filter::Test(all_of(kind)));
        conjuncts.retain(|filter| Some(*filter) != type_test.as_ref());
        // The parameters of a type are of no other, so its rows need not be looked up.
        let implied = kind.is_some_and(|kind| conjuncts.iter().any(|filter| is_of(filter, kind)));
        let narrow = Narrow::of(asked, &conjuncts)?;
        let narrowed = |source: Source| match &narrow {
            Some(narrow) => source.narrowed(asked, narrow, &alias),
            None => source,
        };
        let (far, near): (Vec<_>, Vec<_>) =
            conjuncts.iter().enumerate().partition(|(_, filter)| reaches_far(filter));
        let mut sources = Vec::new();
        let mut few = LARGE;
        for (at, filter) in near {
            if let Some(found) = source(asked, filter, (kind, &alias), LARGE, depth)?.map(narrowed) {
                if !far.is_empty() {
                    few = few.min(found.counted_to(asked, few)?);
                }
                sources.push((Some(at), found));
            }
        }
        for (at, filter) in far {
            if let Some(found) = source(asked, filter, (kind, &alias), few, depth)? {
                sources.push((Some(at), found));
            }
        }
        if kind.is_some() || sources.is_empty() {
            sources.push((None, narrowed(Source::all(asked, kind, &alias))));
        }
        let (begun, source, small) = lightest(asked, sources, aim)?;
        let mut rest = Vec::new();
        for (at, filter) in conjuncts.into_iter().enumerate() {
            if Some(at) != begun || !source.exact {
                rest.push(holds(asked, filter, kind, &alias, depth)?);
            }
        }
        if let Some(of_type) = type_test.filter(|_| !implied && begun.is_some() && !source.of_type) {
            rest.push(holds(asked, &of_type, kind, &alias, depth)?);
        }
        Ok(Self { alias, source, small, rest: Sql::all(rest) })
    }

    /// Whether its rows are all records of a type, and nothing else must hold.
    pub(super) const fn is_whole_type(&self) -> bool {
        self.source.whole_type && self.rest.text.is_empty()
    }

    /// Whether another source would not be better for another aim.
    pub(super) const fn is_small(&self) -> bool {
        self.small
    }

    /// Whether its rows come in the order of searches.
    pub(super) fn is_ordered(&self) -> bool {
        self.source.ordered() && self.source.arms.len() <= MERGED_ARMS_MAX
    }

    /// Whether its source has at least so many rows.
    pub(super) fn is_larger(&self, asked: &Asked<'_>, rows: u64) -> Made<bool> {
        Ok(self.source.estimate(asked)? >= rows)
    }

    /// In each row how many rows an arm gives and their greatest group, where a record has no two of group 0.
    pub(super) fn rows(&self) -> Option<Sql> {
        let group = match self.source.one? {
            Table::Place => "0".to_owned(),
            Table::Token | Table::Reference => format!("max({}.grp)", self.alias),
            _ => return None,
        };
        let select = format!("SELECT count(*), {group} FROM ");
        let arms = self.source.arms.iter();
        let arms = arms.map(|arm| Sql::new(&select).then(arm.from.clone()).and(self.rest.clone()));
        Some(Sql::joined(arms.collect(), " UNION ALL "))
    }

    /// The places of the records, perhaps more than once, in no order: no arm waits for another.
    pub(super) fn rows_of_all(self) -> Sql {
        let place = place(&self.alias);
        let Self { alias, source, rest, .. } = self;
        let repeated = rest.values.len().saturating_mul(source.arms.len());
        if source.arms.is_empty() || source.arms.len() > MERGED_ARMS_MAX || repeated > REPEATED_VALUES_MAX {
            return Self { alias, source, small: false, rest }.places();
        }
        let select = format!("SELECT {place} FROM ");
        let arms = source.arms.into_iter();
        let arms = arms.map(|arm| Sql::new(&select).then(arm.from).and(rest.clone()));
        Sql::joined(arms.collect(), " UNION ALL ")
    }

    /// The places of the records, perhaps more than once, in no order, as part of another statement.
    pub(super) fn places(self) -> Sql {
        let place = place(&self.alias);
        let Self { alias, source, rest, .. } = self;
        let mut arms = source.arms;
        match arms.len() {
            0 => nothing(&alias),
            1 => {
                let from = arms.pop().map(|arm| arm.from).unwrap_or_default();
                Sql::new(&format!("SELECT {place} FROM ")).then(from).and(rest)
            }
            _ => select_from(&place, arms, &alias).and(rest),
        }
    }

    /// The places of the records in the order of searches, each once, as far as `more` holds of the row; to be
    /// followed by a limit.
    pub(super) fn in_order(self, more: Sql) -> Sql {
        let place = place(&self.alias);
        let Self { alias, source, rest, .. } = self;
        let ordered = source.ordered() && source.arms.len() <= MERGED_ARMS_MAX;
        let mut arms = source.arms;
        match arms.len() {
            0 => nothing(&alias),
            1 => {
                let from = arms.pop().map(|arm| arm.from).unwrap_or_default();
                Sql::new(&format!("SELECT DISTINCT {place} FROM "))
                    .then(from)
                    .and(rest)
                    .and(more)
                    .push(&format!(" ORDER BY {place}"))
            }
            _ if ordered => {
                let arm = |from: Sql| {
                    Sql::new(&format!("SELECT {place} FROM ")).then(from).and(rest.clone()).and(more.clone())
                };
                let arms = arms.into_iter().map(|each| arm(each.from)).collect();
                Sql::joined(arms, " UNION ").push(" ORDER BY 1, 2, 3")
            }
            _ => select_from(&place, arms, &alias).and(rest).and(more).push(&format!(" ORDER BY {place}")),
        }
    }
}

/// Where the row stands.
pub(super) fn place(alias: &str) -> String {
    format!("{alias}.date, {alias}.record, {alias}.partition")
}

/// No row, for a query that nothing can meet.
fn nothing(alias: &str) -> Sql {
    let place = place(alias);
    Sql::new(&format!(
        "SELECT {place} FROM (SELECT 0 AS date, 0 AS record, 0 AS partition) {alias} WHERE 0 = 1"
    ))
}

/// The rows of all arms, each once.
fn select_from(place: &str, arms: Vec<super::source::Arm>, alias: &str) -> Sql {
    let selects = arms.into_iter().map(|arm| Sql::new(&format!("SELECT {place} FROM ")).then(arm.from));
    Sql::new(&format!("SELECT {place} FROM ("))
        .then(Sql::union(selects.collect()))
        .push(&format!(") {alias} WHERE 1 = 1"))
}

/// Whether it asks of other records.
fn reaches_far(filter: &Filter) -> bool {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().any(reaches_far),
        Filter::Not(filter) => reaches_far(filter),
        Filter::Test(test) => matches!(test, Test::Chain { .. } | Test::Has { .. }),
    }
}

fn flatten<'a>(filter: &'a Filter, out: &mut Vec<&'a Filter>) {
    match filter {
        Filter::All(filters) => filters.iter().for_each(|filter| flatten(filter, out)),
        filter => match filter.sole_test() {
            Some(_) => out.push(sole(filter)),
            None => out.push(filter),
        },
    }
}

/// The filter within filters of one.
fn sole(filter: &Filter) -> &Filter {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.first().map_or(filter, sole),
        filter => filter,
    }
}

/// Whether it can hold only of records of this type.
pub(super) fn is_of(filter: &Filter, kind: ResourceType) -> bool {
    let own = |param: &Param| param.0 >> 8 == u32::from(kind.number());
    match filter {
        Filter::All(filters) => filters.iter().any(|filter| is_of(filter, kind)),
        Filter::Any(filters) => filters.iter().all(|filter| is_of(filter, kind)),
        Filter::Not(_) => false,
        Filter::Test(test) => match test {
            Test::Kind(param) => Param::of_type(kind.number()) == *param,
            // Sought among those of the type alone.
            Test::Id(_) | Test::Words { .. } => true,
            Test::Token { param, .. }
            | Test::Text { param, .. }
            | Test::Date { param, .. }
            | Test::Quantity { param, .. }
            | Test::Reference { param, .. }
            | Test::Refers { param, .. }
            | Test::Present { param, .. }
            | Test::Chain { param, .. } => own(param),
            Test::Together(parts) => {
                parts.iter().any(|part| part.iter().all(|test| is_of(&Filter::Test(test.clone()), kind)))
            }
            Test::Updated(..) | Test::Has { .. } => false,
        },
    }
}
