//! An order that is walked: rows that are in it, one after the other, until enough records hold; then those without.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{By, Filter, Kept, Order, Param, Query, Test};
use rusqlite::types::Value;

use super::super::table::Table;
use super::asked::{Asked, same_record};
use super::clause::all_of;
use super::holds::{holds, placed};
use super::keys;
use super::order::{Keys, Step, after_place};
use super::plan::{Aim, Plan, place};
use super::source::Source;
use super::sql::{Fault, Made, Sql};

/// Whether there are rows in this order, from which a record's other values can be seen.
pub(super) const fn can(order: &Order, query: &Query) -> bool {
    match order.by {
        By::MainDate | By::Updated | By::Id => query.kind.is_some(),
        By::Param { kept: Kept::Token, .. } => false,
        By::Param { .. } => true,
    }
}

/// The records that have a key, in its order, and then those that have none.
pub(super) fn steps(asked: &Asked<'_>, query: &Query, order: Order) -> Made<Vec<Step>> {
    let key = query.after.as_ref().and_then(|after| after.keys.first());
    let key = key.map(|key| keys::to_value(key, order.by));
    let mut steps = Vec::new();
    if key != Some(None) {
        let d = asked.alias();
        let mut more = holds(asked, &Filter::All(query.all.clone()), query.kind, &d, 0)?;
        if let (Some(kind), By::Param { .. }) = (query.kind, order.by) {
            more = more.and(holds(asked, &all_of(kind).into(), query.kind, &d, 0)?);
        }
        let rows = rows(asked, query, order, &d, more.values.len())?;
        if let (Some(Some(key)), Some(after)) = (key.clone(), &query.after) {
            more = more.and(rows.after(key, after_place(after.place, &d)));
        }
        let keys = if rows.turned { Keys::MainDate } else { Keys::Read };
        steps.push(Step { sql: rows.in_order(more, &d), keys });
    }
    if let Some(without) = without(asked, query, order, key == Some(None))? {
        steps.push(without);
    }
    Ok(steps)
}

/// Rows in order: what follows `FROM`, and the column they are in order of.
struct Rows {
    arms: Vec<Sql>,
    column: String,
    descending: bool,
    /// The main date stands in the index with its sign turned.
    turned: bool,
}

impl Rows {
    fn new(arms: Vec<Sql>, column: String, order: Order) -> Self {
        Self { arms, column, descending: order.descending, turned: false }
    }

    /// That a row stands after this key, or where it has it, that `same` holds.
    fn after(&self, key: Value, same: Sql) -> Sql {
        let key = match key {
            Value::Integer(micros) if self.turned => Value::Integer(micros.saturating_neg()),
            key => key,
        };
        let (column, beyond) = (&self.column, if self.descending { '<' } else { '>' });
        Sql::new(&format!("{column} {beyond}= ? AND ({column} {beyond} ? OR "))
            .bind(key.clone())
            .bind(key)
            .then(same)
            .push(")")
    }

    /// Each once: one record may have several rows of the same key.
    fn in_order(self, more: Sql, d: &str) -> Sql {
        let Self { arms, column, descending, .. } = self;
        let (place, direction) = (place(d), if descending { " DESC" } else { "" });
        let single = arms.len() == 1;
        let distinct = if single { "DISTINCT " } else { "" };
        let select = |arm: Sql| {
            Sql::new(&format!("SELECT {distinct}{place}, {column} FROM ")).then(arm).and(more.clone())
        };
        let selects = Sql::joined(arms.into_iter().map(select).collect(), " UNION ");
        match single {
            true => selects.push(&format!(" ORDER BY {column}{direction}, {place}")),
            false => selects.push(&format!(" ORDER BY 4{direction}, 1, 2, 3")),
        }
    }
}

/// With each row goes what binds so many values.
fn rows(asked: &Asked<'_>, query: &Query, order: Order, d: &str, values: usize) -> Made<Rows> {
    let kind = query.kind.ok_or(Fault::Unanswerable("records of all types have no such order"));
    match order.by {
        By::Param { param, kept } => of_param(asked, (param, kept), order, d, values),
        By::MainDate => {
            let dated = Sql::new(&format!("{d}.date < ?")).bind(i64::MAX);
            let arms = Source::all(asked, Some(kind?), d).arms.into_iter();
            let arms = arms.map(|arm| arm.from.and(dated.clone())).collect();
            let turned = Order { descending: !order.descending, ..order };
            Ok(Rows { turned: true, ..Rows::new(arms, format!("{d}.date"), turned) })
        }
        By::Id => {
            let r = asked.alias();
            let arm = beside(asked, kind?, d, (&r, "record_now", "id"), Sql::default())?;
            Ok(Rows::new(vec![arm], format!("{d}.key"), order))
        }
        By::Updated => {
            let (h, r) = (asked.alias(), asked.alias());
            let version = same_record(&r, &h).push(&format!(" AND {r}.version = {h}.version"));
            let current = Asked::exists(asked.versions(&r, &version));
            // Else all that has changed since would be gone through first.
            let known = asked.at.map(|at| Sql::new(&format!("{h}.began <= ?")).bind(at));
            let more = Sql::all(known.into_iter().chain([current]).collect());
            let arm = beside(asked, kind?, d, (&h, "history", "began"), more)?;
            Ok(Rows::new(vec![arm], format!("{d}.key"), order))
        }
    }
}

/// The rows of a table that has a type, each with its key and its record's place, as far as the record has one.
///
/// One walk, whichever table the place is in: of two that are merged one might be walked to its end before the other
/// begins.
fn beside(
    asked: &Asked<'_>,
    kind: ResourceType,
    d: &str,
    (of, table, key): (&str, &str, &str),
    more: Sql,
) -> Made<Sql> {
    let p = asked.alias();
    let dates = placed(asked, kind, &p, of)?.into_iter();
    let dates = dates.map(|arm| Sql::new(&format!("(SELECT {p}.date FROM ")).then(arm).push(")"));
    Ok(Sql::new(&format!("(SELECT {of}.record, {of}.partition, {of}.{key} AS key, COALESCE("))
        .then(Sql::joined(dates.collect(), ", "))
        .push(&format!(", NULL) AS date FROM {table} {of} WHERE {of}.kind = ?"))
        .bind(i64::from(kind.number()))
        .and(more)
        .push(&format!(") {d} WHERE {d}.date IS NOT NULL")))
}

/// The rows of a parameter, of each record those with the least value, or the greatest.
fn of_param(
    asked: &Asked<'_>,
    (param, kept): (Param, Kept),
    order: Order,
    d: &str,
    values: usize,
) -> Made<Rows> {
    let (x, table) = (asked.alias(), Table::of(kept));
    let (column, beyond) = (keys::value_column(kept), if order.descending { '>' } else { '<' });
    let other = same_record(&x, d)
        .push(&format!(" AND {x}.param = ? AND {x}.{column} {beyond} {d}.{column}"))
        .bind(i64::from(param.0));
    let first = Sql::new("NOT ").then(Asked::exists(asked.arms_of_record(table, &x, &other)));
    let held = Sql::bound(&format!("{d}.param = ?"), [i64::from(param.0).into()]);
    let arms = asked.arms_in_order(table, d, &held, values + first.values.len())?.into_iter();
    Ok(Rows::new(arms.map(|arm| arm.and(first.clone())).collect(), format!("{d}.{column}"), order))
}

/// The records without a key, newest main date first.
fn without(asked: &Asked<'_>, query: &Query, order: Order, begun: bool) -> Made<Option<Step>> {
    let mut filters = query.all.clone();
    let undated = match order.by {
        By::Id | By::Updated => return Ok(None),
        By::MainDate => true,
        By::Param { param, kept } => {
            filters.push(Filter::Not(Box::new(Test::Present { param, kept }.into())));
            false
        }
    };
    let plan = Plan::aimed(asked, query.kind, &filters, 0, Aim::Page)?;
    let mut more = Vec::new();
    if undated {
        more.push(Sql::new(&format!("{}.date = ?", plan.alias)).bind(i64::MAX));
    }
    if let (true, Some(after)) = (begun, &query.after) {
        more.push(after_place(after.place, &plan.alias));
    }
    Ok(Some(Step { sql: plan.in_order(Sql::all(more)), keys: Keys::None }))
}
