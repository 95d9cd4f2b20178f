//! Spans of time and of amounts: where the index is entered for them, whichever of their ends is bounded.
//!
//! Tables are in the order of lower ends. Nearly all spans are short, so that a bound on the upper end is one on the
//! lower end too; the few that are long are in an index of their own, by the upper end.

use anamnesis_kernel::search::{Param, Real};
use rusqlite::types::Value;

use super::super::table::Table;
use super::clause::{Clause, Way};
use super::sql::Sql;

/// A span of time that is this long, in microseconds, is long: as `views.sql` has it.
pub(super) const DAY: i64 = 86_400_000_000;

/// The index of the spans that are long, as far as it needs no table's name, and the condition it is made with.
pub(super) const LONG: (&str, &str) = ("long", "@.high - @.low >= 86400000000");
/// The same of the amounts that are no points.
const NO_POINT: (&str, &str) = ("span", "@.low < @.high");

/// What bounds one end: the least and the most it can be, if there are any.
type Bounds<T> = (Option<T>, Option<T>);

/// Spans of time whose ends lie so.
pub(super) fn times(param: Param, low: (i64, i64), high: (i64, i64)) -> Clause {
    let bounds =
        |(from, to): (i64, i64)| ((from != i64::MIN).then_some(from), (to != i64::MAX).then_some(to));
    let (low, high) = (bounds(low), bounds(high));
    let short = high.0.map(|high| high.saturating_sub(DAY - 1));
    Spans { table: Table::Date, param, low, high, rest: Sql::default() }.clause(short, LONG)
}

/// Amounts whose ends lie so, of which the rest holds.
pub(super) fn amounts(param: Param, low: (Real, Real), high: (Real, Real), rest: Sql) -> Clause {
    let bounds = |(from, to): (Real, Real)| {
        let (from, to) = ((from != Real::LEAST).then_some(from), (to != Real::GREATEST).then_some(to));
        (from.map(Real::get), to.map(Real::get))
    };
    let (low, high) = (bounds(low), bounds(high));
    Spans { table: Table::Quantity, param, low, high, rest }.clause(high.0, NO_POINT)
}

struct Spans<T> {
    table: Table,
    param: Param,
    low: Bounds<T>,
    high: Bounds<T>,
    rest: Sql,
}

impl<T: Copy + PartialOrd + Into<Value>> Spans<T> {
    /// Short ones begin with `short` or after it where their upper ends meet the bound; which are long is said by
    /// their index and its condition.
    fn clause(self, short: Option<T>, (index, long): (&'static str, &str)) -> Clause {
        let Self { table, param, low, high, rest } = self;
        let of = Sql::bound("@.param = ?", [i64::from(param.0).into()]);
        // No span begins after it ends.
        let low = (low.0, least(low.1, high.1));
        let held = |reach: &Sql| between(reach.clone(), "high", high).and(rest.clone());
        let key = between(of.clone(), "low", low);
        let clause = Clause::range_of(table, held(&key));
        let Some(short) = short.filter(|short| low.0.is_none_or(|low| low < *short)) else {
            return clause.by(vec![Way { index: None, held: held(&key), reach: key }]);
        };
        let begins = between(of.clone(), "low", (Some(short), low.1));
        let ends = between(of, "high", high).push(&format!(" AND {long}"));
        let before = between(ends.clone(), "low", low).push(" AND @.low < ?").bind(short).and(rest.clone());
        clause.by(vec![
            Way { index: None, held: held(&begins), reach: begins },
            Way { index: Some(index), held: before, reach: ends },
        ])
    }
}

fn least<T: PartialOrd>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other < one { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// What must hold, and that the column lies between the bounds.
pub(super) fn between<T: Into<Value>>(held: Sql, column: &str, (from, to): Bounds<T>) -> Sql {
    let held = match from {
        Some(from) => held.push(&format!(" AND @.{column} >= ?")).bind(from),
        None => held,
    };
    match to {
        Some(to) => held.push(&format!(" AND @.{column} <= ?")).bind(to),
        None => held,
    }
}
