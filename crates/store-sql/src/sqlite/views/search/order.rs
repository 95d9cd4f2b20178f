//! The order of a page: that of the index, or another, walked where its values are in it or sorted from a small set.
//!
//! What a page is ordered by and where it ends are the same whichever way is taken, so that pages fit together.

use anamnesis_kernel::search::{By, Order, Place, Query, SortKey};
use rusqlite::{Row, params_from_iter};

use super::super::super::log::{clamp, unsigned};
use super::asked::Asked;
use super::plan::{Aim, Plan};
use super::source::LARGE;
use super::sql::{Fault, Made, Sql};
use super::{count, keys, walk};

/// Fewer rows than these are sorted in any case.
const WALKED_MIN: u64 = 500;

/// A record of the page.
pub(super) struct Found {
    pub(super) keys: Vec<SortKey>,
    pub(super) place: Place,
}

/// One of the statements whose rows, one after the other, are the page: date, record, partition, and keys.
pub(super) struct Step {
    pub(super) sql: Sql,
    pub(super) keys: Keys,
}

/// Where the keys of a step's records are.
pub(super) enum Keys {
    /// In the row.
    Read,
    /// In the place.
    MainDate,
    /// Its records have none.
    None,
}

/// The records of the page.
pub(super) fn page(asked: &Asked<'_>, query: &Query) -> Made<Vec<Found>> {
    let mut found = Vec::new();
    for step in steps(asked, query)? {
        let left = u64::from(query.limit).saturating_sub(found.len() as u64);
        if left == 0 {
            break;
        }
        found.extend(read(asked, query, step, left)?);
    }
    Ok(found)
}

/// The records of the page and how many there are in all, planned once where the order is that of the index.
pub(super) fn page_counted(asked: &Asked<'_>, query: &Query) -> Made<(Vec<Found>, u64)> {
    let all = |page: &[Found], plan: Option<Plan>| match page.len() as u64 {
        // All of it is on this page.
        found if query.after.is_none() && found < u64::from(query.limit) => Ok(found),
        _ => match plan.filter(Plan::is_small) {
            Some(plan) => count::of_plan(asked, plan),
            None => count::counted(asked, query),
        },
    };
    let Some(keys) = keys_of_index(query).filter(|_| count::by_type(query).is_none()) else {
        let page = page(asked, query)?;
        let all = all(&page, None)?;
        return Ok((page, all));
    };
    fits(query)?;
    let plan = Plan::aimed(asked, query.kind, &query.all, 0, Aim::Page)?;
    if !plan.is_ordered() {
        // Its page is known only once all of it is.
        let places = count::places(asked, plan)?;
        let after = query.after.as_ref().map(|after| after.place);
        let begins = after.map_or(0, |after| places.partition_point(|place| *place <= after));
        let page = places.iter().skip(begins).take(query.limit as usize);
        let page = page.map(|place| Found { keys: keys.of_place(query.order.len(), *place), place: *place });
        return Ok((page.collect(), places.len() as u64));
    }
    let page = read(asked, query, newest_first(query, plan.clone(), keys), u64::from(query.limit))?;
    let all = all(&page, Some(plan))?;
    Ok((page, all))
}

/// At most so many records of a step.
fn read(asked: &Asked<'_>, query: &Query, Step { sql, keys }: Step, limit: u64) -> Made<Vec<Found>> {
    let mut found = Vec::new();
    let sql = sql.push(" LIMIT ?").bind(clamp(limit)).within_bounds()?;
    let mut statement = asked.connection.prepare_cached(&sql.text)?;
    let mut rows = statement.query(params_from_iter(sql.values))?;
    while let Some(row) = rows.next()? {
        let place = Place { date: row.get(0)?, record: unsigned(row, 1)?, partition: row.get(2)? };
        found.push(Found { keys: keys_of(&keys, query.order.len(), place, row)?, place });
    }
    Ok(found)
}

/// Where the keys are, if the order is that of the index.
fn keys_of_index(query: &Query) -> Option<Keys> {
    match query.order.as_slice() {
        [] => Some(Keys::None),
        [Order { by: By::MainDate, descending: true }] => Some(Keys::MainDate),
        _ => None,
    }
}

fn keys_of(from: &Keys, count: usize, place: Place, row: &Row<'_>) -> rusqlite::Result<Vec<SortKey>> {
    match from {
        Keys::Read => (3..3 + count).map(|at| Ok(keys::from_column(row.get_ref(at)?))).collect(),
        from => Ok(from.of_place(count, place)),
    }
}

impl Keys {
    /// As the place says them.
    fn of_place(&self, count: usize, place: Place) -> Vec<SortKey> {
        let key = match self {
            Self::MainDate if place.date < i64::MAX => SortKey::Integer(-place.date),
            _ => SortKey::None,
        };
        vec![key; count]
    }
}

/// The page before was of the same order.
fn fits(query: &Query) -> Made<()> {
    if query.after.as_ref().is_some_and(|after| after.keys.len() != query.order.len()) {
        return Err(Fault::Unanswerable("the page before was of another order"));
    }
    Ok(())
}

/// The statements of the page, without their limits.
pub(super) fn steps(asked: &Asked<'_>, query: &Query) -> Made<Vec<Step>> {
    fits(query)?;
    if let Some(keys) = keys_of_index(query) {
        let plan = Plan::aimed(asked, query.kind, &query.all, 0, Aim::Page)?;
        return Ok(vec![newest_first(query, plan, keys)]);
    }
    match query.order.as_slice() {
        [order] if walk::can(order, query) => {
            let plan = Plan::new(asked, query.kind, &query.all, 0)?;
            if plan.is_larger(asked, walked_from(asked, query)?)? {
                walk::steps(asked, query, *order)
            } else {
                Ok(vec![sorted(asked, query, plan)?])
            }
        }
        _ => Ok(vec![sorted(asked, query, Plan::new(asked, query.kind, &query.all, 0)?)?]),
    }
}

/// From how many rows on an order is walked: of a type with many records, one in so many that a page of them is come
/// upon before the others would have been sorted.
fn walked_from(asked: &Asked<'_>, query: &Query) -> Made<u64> {
    let Some(kind) = query.kind else { return Ok(LARGE) };
    let all = count::kept(asked.connection, Some(kind))?;
    let between = (u64::from(query.limit).saturating_mul(all)).isqrt();
    Ok(between.saturating_mul(2).clamp(WALKED_MIN, LARGE))
}

fn newest_first(query: &Query, plan: Plan, keys: Keys) -> Step {
    let after = query.after.as_ref().map(|after| after_place(after.place, &plan.alias));
    Step { sql: plan.in_order(after.unwrap_or_default()), keys }
}

/// That a row stands after the place.
pub(super) fn after_place(place: Place, alias: &str) -> Sql {
    Sql::new(&format!("({alias}.date, {alias}.record, {alias}.partition) > (?, ?, ?)"))
        .bind(place.date)
        .bind(clamp(place.record))
        .bind(i64::from(place.partition))
}

/// All records with their keys, sorted.
fn sorted(asked: &Asked<'_>, query: &Query, plan: Plan) -> Made<Step> {
    let (d, s) = (asked.alias(), asked.alias());
    let mut with = Sql::new("WITH ");
    let mut columns = Sql::new(&format!("SELECT {d}.date, {d}.record, {d}.partition"));
    let mut from = Sql::new(" FROM (SELECT DISTINCT * FROM (").then(plan.places()).push(&format!(")) {d}"));
    let (mut names, mut order) = (String::new(), String::from(" ORDER BY "));
    for (at, one) in query.order.iter().enumerate() {
        match keys::gathered(asked, *one) {
            Some(rows) => {
                let j = asked.alias();
                with = with
                    .push(&format!("{j}(record, partition, value) AS MATERIALIZED ("))
                    .then(rows)
                    .push("), ");
                from = from.push(&format!(
                    " LEFT JOIN {j} ON {j}.record = {d}.record AND {j}.partition = {d}.partition"
                ));
                columns = columns.push(&format!(", {j}.value"));
            }
            None => columns = columns.push(", ").then(keys::of_record(asked, *one, &d)),
        }
        names.push_str(&format!(", k{at}"));
        let direction = if one.descending { " DESC" } else { "" };
        order.push_str(&format!("{s}.k{at} IS NULL, {s}.k{at}{direction}, "));
    }
    order.push_str(&super::plan::place(&s));
    let after = match &query.after {
        Some(after) => Sql::new(" WHERE ").then(after_keys(&query.order, &after.keys, after.place, &s, 0)),
        None => Sql::default(),
    };
    let sql = with
        .push(&format!("{s}(date, record, partition{names}) AS MATERIALIZED ("))
        .then(columns)
        .then(from)
        .push(&format!(") SELECT * FROM {s}"))
        .then(after)
        .push(&order);
    Ok(Step { sql, keys: Keys::Read })
}

/// That a row stands after these keys, from the key `at` on, and after the place where all are the same.
fn after_keys(order: &[Order], keys: &[SortKey], place: Place, alias: &str, at: usize) -> Sql {
    let (Some((one, order)), Some((key, keys))) = (order.split_first(), keys.split_first()) else {
        return after_place(place, alias);
    };
    let same = |at| after_keys(order, keys, place, alias, at);
    let column = format!("{alias}.k{at}");
    match keys::to_value(key, one.by) {
        None => Sql::new(&format!("({column} IS NULL AND ")).then(same(at + 1)).push(")"),
        Some(value) => {
            let beyond = if one.descending { '<' } else { '>' };
            Sql::new(&format!("({column} {beyond} ? OR {column} IS NULL OR ({column} = ? AND "))
                .bind(value.clone())
                .bind(value)
                .then(same(at + 1))
                .push("))")
        }
    }
}
