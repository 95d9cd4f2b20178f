//! An order that is walked: rows that are in it, one after the other, until enough records hold; then those without.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{By, Filter, Kept, Order, Query, Test};

use super::super::table::Table;
use super::asked::{Asked, same_record};
use super::clause::all_of;
use super::holds::{holds, placed};
use super::keys;
use super::order::{Keys, Step, after_place};
use super::plan::{Aim, Plan, place};
use super::source::Source;
use super::sql::{Made, Sql};

/// Whether there are rows in this order, from which a record's other values can be seen.
pub(super) const fn can(order: &Order, query: &Query) -> bool {
    match order.by {
        By::MainDate | By::Updated | By::Id => query.kind.is_some(),
        By::Param { kept: Kept::Token, .. } => false,
        By::Param { .. } => true,
    }
}

/// Rows in order: what follows `FROM`, and the column they are in order of.
struct Rows {
    arms: Vec<Sql>,
    column: String,
}

/// The records that have a key, in its order, and then those that have none.
pub(super) fn steps(asked: &Asked<'_>, query: &Query, order: Order) -> Made<Vec<Step>> {
    let key = query.after.as_ref().and_then(|after| after.keys.first());
    let key = key.map(|key| keys::to_value(key, order.by));
    let mut steps = Vec::new();
    if key != Some(None) {
        let d = asked.alias();
        let rows = rows(asked, query, order, &d)?;
        let column = rows.column;
        let mut more = holds(asked, &Filter::All(query.all.clone()), query.kind, &d, 0)?;
        if let (Some(kind), By::Param { .. }) = (query.kind, order.by) {
            more = more.and(holds(asked, &all_of(kind).into(), query.kind, &d, 0)?);
        }
        if let (Some(Some(value)), Some(after)) = (key.clone(), &query.after) {
            let beyond = if order.descending { '<' } else { '>' };
            let bound = Sql::new(&format!("{column} {beyond}= ? AND ({column} {beyond} ? OR "))
                .bind(value.clone())
                .bind(value)
                .then(after_place(after.place, &d))
                .push(")");
            more = more.and(bound);
        }
        steps.push(Step { sql: walked(rows.arms, &column, &more, order, &d), keys: Keys::Read });
    }
    if let Some(without) = without(asked, query, order, key == Some(None))? {
        steps.push(without);
    }
    Ok(steps)
}

fn walked(arms: Vec<Sql>, column: &str, more: &Sql, order: Order, d: &str) -> Sql {
    let (place, direction) = (place(d), if order.descending { " DESC" } else { "" });
    let single = arms.len() == 1;
    let select = |arm: Sql| {
        let distinct = if single && matches!(order.by, By::Param { .. }) { "DISTINCT " } else { "" };
        Sql::new(&format!("SELECT {distinct}{place}, {column} FROM ")).then(arm).and(more.clone())
    };
    let selects = Sql::joined(arms.into_iter().map(select).collect(), " UNION ");
    match single {
        true => selects.push(&format!(" ORDER BY {column}{direction}, {place}")),
        false => selects.push(&format!(" ORDER BY 4{direction}, 1, 2, 3")),
    }
}

fn rows(asked: &Asked<'_>, query: &Query, order: Order, d: &str) -> Made<Rows> {
    let arms = match (order.by, query.kind) {
        (By::Param { param, kept }, _) => {
            return Ok(of_param(asked, Table::of(kept), param.0, kept, order, d));
        }
        (_, None) => Vec::new(),
        (By::MainDate, kind) => {
            let arms = Source::all(asked, kind, d).arms.into_iter();
            let dated = Sql::new(&format!("{d}.date < ?")).bind(i64::MAX);
            let arms = arms.map(|arm| arm.from.and(dated.clone())).collect();
            return Ok(Rows { arms, column: format!("-{d}.date") });
        }
        (By::Id, Some(kind)) => {
            let r = asked.alias();
            let arms =
                beside(asked, kind, d, &r, &format!("record_now {r}"), Sql::new(&format!("{r}.kind = ?")))?;
            return Ok(Rows { arms, column: format!("{r}.id") });
        }
        (By::Updated, Some(kind)) => {
            let (h, r) = (asked.alias(), asked.alias());
            let version = same_record(&r, &h).push(&format!(" AND {r}.version = {h}.version"));
            let current = Asked::exists(asked.versions(&r, &version));
            let began = Sql::new(&format!("{h}.kind = ?"));
            let arms = beside(asked, kind, d, &h, &format!("history {h}"), began)?;
            let arms = arms.into_iter().map(|arm| arm.and(current.clone())).collect();
            return Ok(Rows { arms, column: format!("{h}.began") });
        }
    };
    Ok(Rows { arms, column: "0".to_owned() })
}

/// The rows `from`, each beside its record's place.
fn beside(asked: &Asked<'_>, kind: ResourceType, d: &str, of: &str, from: &str, held: Sql) -> Made<Vec<Sql>> {
    let held = held.bind(i64::from(kind.number()));
    let placed = placed(asked, kind, d, of)?.into_iter();
    Ok(placed.map(|arm| Sql::new(&format!("{from} CROSS JOIN ")).then(arm).and(held.clone())).collect())
}

/// The rows of a parameter, of each record those with the least value, or the greatest.
fn of_param(asked: &Asked<'_>, table: Table, param: u32, kept: Kept, order: Order, d: &str) -> Rows {
    let x = asked.alias();
    let column = keys::value_column(kept);
    let beyond = if order.descending { '>' } else { '<' };
    let other = same_record(&x, d)
        .push(&format!(" AND {x}.param = ? AND {x}.{column} {beyond} {d}.{column}"))
        .bind(i64::from(param));
    let first = Sql::new("NOT ").then(Asked::exists(asked.arms(table, &x, &other)));
    let held = Sql::bound(&format!("{d}.param = ?"), [i64::from(param).into()]);
    let arms = asked.arms(table, d, &held).into_iter().map(|arm| arm.and(first.clone())).collect();
    Rows { arms, column: format!("{d}.{column}") }
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
