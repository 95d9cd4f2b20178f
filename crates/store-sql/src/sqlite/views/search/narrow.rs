//! Bounds on dates as bounds on places: most records stand where their dates are, so their rows are entered there.
//!
//! Invariant: every record for which the filters on dates hold stands within the bounds, or is one of the few beside.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anamnesis_kernel::search::{Filter, Param, Test};
use rusqlite::params_from_iter;

use super::super::table::Table;
use super::asked::Asked;
use super::spans::{self, DAY, LONG};
use super::sql::{Made, Sql};

/// So many records may stand elsewhere than their dates say; with more of them nothing is bounded.
const BESIDE_MAX: usize = 200;
/// The index of the dates that are not where their records stand, as [`LONG`] is that of the long ones.
const ASIDE: (&str, &str) = ("aside", "@.low <> -@.date AND @.high - @.low < 86400000000");

/// Date, record, partition: the order of searches.
type Stands = (i64, i64, i64);

/// Where records stand for which filters on dates hold.
pub(super) struct Narrow {
    /// From the newest to the oldest, as the index has them.
    newest: i64,
    oldest: i64,
    /// Where the records stand that may be elsewhere.
    beside: BTreeSet<Stands>,
}

impl Narrow {
    /// As narrow as those of the filters make it that say where records stand; none where none does.
    pub(super) fn of(asked: &Asked<'_>, filters: &[&Filter]) -> Made<Option<Self>> {
        let mut narrow: Option<Self> = None;
        for filter in filters {
            let Some((param, lies)) = lies(filter) else { continue };
            let (newest, oldest) = bounds(&lies);
            if (newest, oldest) == (i64::MIN, i64::MAX) {
                continue;
            }
            if let Some(beside) = beside(asked, param, &lies)? {
                let own = narrow.get_or_insert(Self { newest, oldest, beside: BTreeSet::new() });
                own.newest = own.newest.max(newest);
                own.oldest = own.oldest.min(oldest);
                own.beside.extend(beside);
            }
        }
        Ok(narrow)
    }

    /// That a row stands within the bounds.
    pub(super) fn within(&self, alias: &str) -> Sql {
        // Of a `BETWEEN` the planner sometimes enters one end alone.
        Sql::new(&format!("{alias}.date >= ? AND {alias}.date <= ?")).bind(self.newest).bind(self.oldest)
    }

    /// Whether a record may stand elsewhere.
    pub(super) fn has_beside(&self) -> bool {
        !self.beside.is_empty()
    }

    /// The rows, of what follows `FROM`, of the records beside; none where there are none.
    pub(super) fn beside(&self, asked: &Asked<'_>, alias: &str, from: &Sql) -> Option<Sql> {
        if self.beside.is_empty() {
            return None;
        }
        let mut list = String::new();
        for (n, (date, record, partition)) in self.beside.iter().enumerate() {
            let open = if n == 0 { '[' } else { ',' };
            // A text takes whatever is written to it.
            let _ = write!(list, "{open}[{date},{record},{partition}]");
        }
        list.push(']');
        let b = asked.alias();
        let stands = format!(
            " AND {alias}.date = {b}.value ->> 0 AND {alias}.record = {b}.value ->> 1 AND {alias}.partition = {b}.value ->> 2"
        );
        Some(Sql::new(&format!("json_each(?) {b} CROSS JOIN ")).bind(list).then(from.clone()).push(&stands))
    }
}

/// What lies where: the bounds of a span's first microsecond, and of its last.
type Lies = ((i64, i64), (i64, i64));

/// Of a filter that says of one parameter's dates where they lie, which parameter, and where they may.
fn lies(filter: &Filter) -> Option<(Param, Vec<Lies>)> {
    match filter {
        Filter::Test(Test::Date { param, low, high }) => Some((*param, vec![(*low, *high)])),
        Filter::Any(filters) => {
            let each: Option<Vec<_>> = filters.iter().map(lies).collect();
            let each = each?;
            let (param, _) = each.first()?;
            let same = each.iter().all(|(other, _)| other == param);
            same.then(|| (*param, each.iter().flat_map(|(_, lies)| lies.clone()).collect()))
        }
        _ => None,
    }
}

/// Between which places the records stand whose dates are short, lie so, and are main dates.
fn bounds(lies: &[Lies]) -> (i64, i64) {
    let first = lies.iter().map(|(low, high)| low.0.max(high.0.saturating_sub(DAY - 1))).min();
    let last = lies.iter().map(|(low, high)| low.1.min(high.1)).max();
    (last.map_or(i64::MIN, i64::saturating_neg), first.map_or(i64::MAX, i64::saturating_neg))
}

/// The places of records that have a date which lies so and is long, or is not their main date; none if there are many.
fn beside(asked: &Asked<'_>, param: Param, lies: &[Lies]) -> Made<Option<BTreeSet<Stands>>> {
    let mut selects = Vec::new();
    let ends = lies.iter().map(|(_, high)| high.0).min().unwrap_or(i64::MIN);
    for (index, made_with) in [LONG, ASIDE] {
        let any = lies.iter().map(|(low, high)| spans::times(param, *low, *high).held);
        let held = Sql::bound("@.param = ? AND @.high >= ?", [i64::from(param.0).into(), ends.into()])
            .push(&format!(" AND {made_with}"))
            .and(Sql::any(any.map(|held| Sql::new("(").then(held).push(")")).collect()));
        let arms = asked.arms_by(Table::Date, Some(index), "x", &held.under("x")).into_iter();
        selects.extend(arms.map(|arm| Sql::new("SELECT x.date, x.record, x.partition FROM ").then(arm)));
    }
    let sql = Sql::joined(selects, " UNION ALL ").push(" LIMIT ?").bind(BESIDE_MAX as i64 + 1);
    let mut statement = asked.connection.prepare_cached(&sql.text)?;
    let rows = statement
        .query_map(params_from_iter(sql.values), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let found = rows.collect::<rusqlite::Result<Vec<Stands>>>()?;
    Ok((found.len() <= BESIDE_MAX).then(|| found.into_iter().collect()))
}
