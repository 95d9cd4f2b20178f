//! Where a search begins: the rows of a filter that is known to be small, or that come in the order of searches.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Filter, Param, Test};
use rusqlite::params_from_iter;

use super::super::super::log::unsigned;
use super::super::table::Table;
use super::asked::Asked;
use super::clause::{Clause, Way, clauses};
use super::far;
use super::holds::{DEPTH_MAX, placed, split};
use super::narrow::Narrow;
use super::sql::{Fault, Made, Sql};

/// How far rows are counted to find the smallest source; what has so many is large.
pub(super) const LARGE: u64 = 5_000;
/// What follows `FROM`, up to its condition.
#[derive(Clone)]
pub(super) struct Arm {
    pub(super) from: Sql,
    /// The same, with no more of its condition than the index is entered by: what is counted, in bounded time.
    reach: Sql,
    /// Whether its rows come in the order of searches.
    pub(super) ordered: bool,
}

/// Rows, under one alias, that are of all records for which a filter holds.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) arms: Vec<Arm>,
    /// Whether they are of no others.
    pub(super) exact: bool,
    /// Whether rows are of all records of a type.
    pub(super) whole_type: bool,
    /// Whether rows are of records of the type that is sought alone.
    pub(super) of_type: bool,
    /// Known to be large before it is read.
    pub(super) large: bool,
    /// Of whole values of one kind, of which no two stand in one row: the table, if it is of one such value.
    pub(super) one: Option<Table>,
}

impl Source {
    pub(super) fn of(arms: Vec<Sql>, ordered: bool, exact: bool) -> Self {
        let arms = arms.into_iter().map(|from| Arm { reach: from.clone(), from, ordered }).collect();
        Self { arms, exact, whole_type: false, of_type: false, large: false, one: None }
    }

    fn of_clauses(asked: &Asked<'_>, clauses: Vec<Clause>, alias: &str) -> Self {
        let one = match clauses.as_slice() {
            [clause] if clause.whole => Some(clause.table),
            _ => None,
        };
        let mut arms = Vec::new();
        for clause in clauses {
            for Way { index, held, reach } in clause.ways() {
                let from = asked.arms_by(clause.table, index, alias, &held.under(alias)).into_iter();
                let reach = asked.arms_by(clause.table, index, alias, &reach.under(alias));
                arms.extend(from.zip(reach).map(|(from, reach)| Arm { from, reach, ordered: clause.whole }));
            }
        }
        Self { arms, one, ..Self::of(Vec::new(), true, true) }
    }

    /// Of the same records those alone that stand so, where its rows are entered by place.
    pub(super) fn narrowed(self, asked: &Asked<'_>, narrow: &Narrow, alias: &str) -> Self {
        if !self.ordered() {
            return self;
        }
        let mut arms = Vec::new();
        let one = self.one.filter(|_| !narrow.has_beside());
        for Arm { from, reach, ordered } in self.arms {
            // There are so few that they are put in order.
            let beside = narrow.beside(asked, alias, &from);
            arms.extend(beside.map(|from| Arm { reach: from.clone(), from, ordered }));
            let within = narrow.within(alias);
            arms.push(Arm { from: from.and(within.clone()), reach: reach.and(within), ordered });
        }
        Self { arms, one, large: false, ..self }
    }

    pub(super) fn ordered(&self) -> bool {
        self.arms.iter().all(|arm| arm.ordered)
    }

    /// All records of the type; of all types, in no order.
    pub(super) fn all(asked: &Asked<'_>, kind: Option<ResourceType>, alias: &str) -> Self {
        let held = match kind {
            Some(kind) => {
                Sql::bound(&format!("{alias}.param = ?"), [i64::from(Param::of_type(kind.number()).0).into()])
            }
            None => Sql::new("1 = 1"),
        };
        let arms = asked.arms(Table::Place, alias, &held);
        let one = Some(Table::Place);
        Self { whole_type: true, large: true, one, ..Self::of(arms, kind.is_some(), true) }
    }

    /// How many rows there are, counted up to [`LARGE`].
    pub(super) fn estimate(&self, asked: &Asked<'_>) -> Made<u64> {
        self.counted_to(asked, LARGE)
    }

    /// How many rows there are, counted up to a limit.
    pub(super) fn counted_to(&self, asked: &Asked<'_>, limit: u64) -> Made<u64> {
        if self.large {
            return Ok(limit);
        }
        let mut rows = 0;
        for arm in &self.arms {
            if rows >= limit {
                break;
            }
            let sql = Sql::new("SELECT count(*) FROM (SELECT 1 FROM ")
                .then(arm.reach.clone())
                .push(" LIMIT ?)")
                .bind(i64::try_from(limit - rows).unwrap_or(i64::MAX))
                .within_bounds()?;
            let mut statement = asked.connection.prepare_cached(&sql.text)?;
            rows += statement.query_row(params_from_iter(&sql.values), |row| unsigned(row, 0))?;
        }
        Ok(rows)
    }
}

/// The rows a filter gives; none where it only denies, or where its far end has more than `few` and that is not large.
pub(super) fn source(
    asked: &Asked<'_>,
    filter: &Filter,
    (kind, alias): (Option<ResourceType>, &str),
    few: u64,
    depth: u32,
) -> Made<Option<Source>> {
    if depth > DEPTH_MAX {
        return Err(Fault::Unanswerable("it nests too deep"));
    }
    match filter {
        Filter::Test(test) => of_test(asked, test, (kind, alias), few, depth),
        Filter::Not(_) => Ok(None),
        Filter::Any(filters) => {
            let (own, others) = split(asked, filters, kind)?;
            let mut all = Source::of_clauses(asked, own, alias);
            for filter in others {
                let Some(one) = source(asked, filter, (kind, alias), few, depth + 1)? else {
                    return Ok(None);
                };
                all.one = None;
                all.of_type = false;
                all.arms.extend(one.arms);
                all.exact &= one.exact;
                all.large |= one.large;
            }
            Ok(Some(all))
        }
        Filter::All(filters) => {
            let mut least: Option<(u64, Source)> = None;
            for filter in filters {
                if let Some(one) = source(asked, filter, (kind, alias), few, depth + 1)? {
                    let rows = one.estimate(asked)?;
                    if least.as_ref().is_none_or(|(fewest, _)| rows < *fewest) {
                        least = Some((rows, one));
                    }
                }
            }
            Ok(least.map(|(_, one)| Source { exact: one.exact && filters.len() == 1, ..one }))
        }
    }
}

fn of_test(
    asked: &Asked<'_>,
    test: &Test,
    (kind, alias): (Option<ResourceType>, &str),
    few: u64,
    depth: u32,
) -> Made<Option<Source>> {
    match test {
        Test::Updated(from, to) => {
            let Some(kind) = kind else { return Ok(None) };
            let h = asked.alias();
            let began = Sql::new(&format!("{h}.kind = ? AND {h}.began >= ? AND {h}.began <= ?"))
                .bind(i64::from(kind.number()))
                .bind(from.micros())
                .bind(to.micros());
            let arms = placed(asked, kind, alias, &h)?.into_iter();
            let arms =
                arms.map(|arm| Sql::new(&format!("history {h} CROSS JOIN ")).then(arm).and(began.clone()));
            Ok(Some(Source::of(arms.collect(), false, false)))
        }
        Test::Together(parts) => {
            let part = |tests: &Vec<Test>| Filter::any_of(tests.iter().cloned());
            let parts = Filter::All(parts.iter().map(part).collect());
            let found = source(asked, &parts, (kind, alias), few, depth + 1)?;
            Ok(found.map(|found| Source { exact: false, ..found }))
        }
        Test::Chain { param, by, kind, filter } => {
            far::chain(asked, (*param, *by), (*kind, filter), alias, few, depth)
        }
        Test::Has { kind: from, param, by, filter } => {
            far::has(asked, (*param, *by), (*from, filter), (kind, alias), few, depth)
        }
        Test::Kind(param) if kind.is_some_and(|kind| Param::of_type(kind.number()) == *param) => {
            Ok(Some(Source::all(asked, kind, alias)))
        }
        _ => {
            let clauses = clauses(asked, test, kind)?.unwrap_or_default();
            Ok(Some(Source::of_clauses(asked, clauses, alias)))
        }
    }
}
