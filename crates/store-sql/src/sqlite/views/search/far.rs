//! A chain begun at its far end: the records there for which it holds, then what refers to them or what they refer to.
//!
//! Few are read first, so that the statement holds what was found and not how; many are part of it.

use std::collections::BTreeSet;

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Filter, Link, Param};
use anamnesis_store::RecordNumber;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::super::super::log::{clamp, unsigned};
use super::super::records;
use super::super::table::Table;
use super::asked::{Asked, same_record};
use super::holds::{self, target_kind};
use super::plan::Plan;
use super::source::Source;
use super::sql::{Made, Sql};

/// Fewer records than these at the far end are few.
const FEW: u64 = 500;
/// Many are part of a statement as of a moment only so deep: it holds them twice at each step, for both tables.
const MANY_DEPTH_MAX: u32 = 4;

/// The rows that refer to what the filter holds of.
pub(super) fn chain(
    asked: &Asked<'_>,
    (param, by): (Param, Link),
    kind: ResourceType,
    filter: &Filter,
    alias: &str,
    depth: u32,
) -> Made<Option<Source>> {
    let plan = Plan::new(asked, Some(kind), std::slice::from_ref(filter), depth + 2)?;
    let refers = |ids: Sql| {
        Sql::new(&format!("{alias}.param = ? AND {alias}.kind = ? AND {alias}.id IN ("))
            .bind(i64::from(param.0))
            .bind(target_kind(by, kind))
            .then(ids)
            .push(")")
    };
    if !plan.is_larger(asked, FEW)? {
        let mut ids = BTreeSet::new();
        for number in numbers(asked, plan)? {
            match by {
                Link::Name => ids.extend(records::id_of(asked.connection, number)?),
                Link::Url => ids.extend(called(asked, number)?),
            }
        }
        let arms = asked.arms(Table::Reference, alias, &refers(list(ids.into_iter().map(Value::Blob))));
        return Ok(Some(Source::of(arms, false, true)));
    }
    if by == Link::Url || asked.at.is_some() && depth > MANY_DEPTH_MAX {
        return Ok(None);
    }
    let (t, r) = (asked.alias(), asked.alias());
    let ids = Sql::new(&format!("SELECT {r}.id FROM ("))
        .then(plan.places())
        .push(&format!(") {t} CROSS JOIN record_now {r} WHERE "))
        .then(same_record(&r, &t));
    let arms = asked.arms(Table::Reference, alias, &refers(ids));
    Ok(Some(Source { large: true, ..Source::of(arms, false, true) }))
}

/// The places of what is referred to by those for which the filter holds.
pub(super) fn has(
    asked: &Asked<'_>,
    from: ResourceType,
    (param, by): (Param, Link),
    filter: &Filter,
    alias: &str,
    depth: u32,
) -> Made<Option<Source>> {
    let plan = Plan::new(asked, Some(from), std::slice::from_ref(filter), depth + 2)?;
    if !plan.is_larger(asked, FEW)? {
        let mut referred = BTreeSet::new();
        for number in numbers(asked, plan)? {
            referred.extend(referred_to(asked, param, number)?);
        }
        let mut arms = Vec::new();
        let mut found = BTreeSet::new();
        for (kind, id) in referred {
            match (by, ResourceType::from_number(kind)) {
                (Link::Name, kind @ Some(_)) => {
                    found.extend(records::numbers_of(asked.connection, kind, &id)?);
                }
                (Link::Url, None) => found.extend(named(asked, &id)?),
                _ => {}
            }
        }
        let partitions: BTreeSet<u32> = found.iter().map(|number| number.partition).collect();
        for partition in partitions {
            let own = found.iter().filter(|number| number.partition == partition);
            let list = list(own.map(|number| clamp(number.record).into()));
            let held = Sql::new(&format!("{alias}.record IN ("))
                .then(list)
                .push(&format!(") AND {alias}.partition = ?"))
                .bind(i64::from(partition));
            arms.extend(asked.arms_of_record(Table::Place, alias, &held));
        }
        return Ok(Some(Source::of(arms, false, true)));
    }
    // Of definitions there are few: what refers to each is sought from there.
    if by == Link::Url || asked.at.is_some() && depth > MANY_DEPTH_MAX {
        return Ok(None);
    }
    let (s, y, n, r) = (asked.alias(), asked.alias(), asked.alias(), asked.alias());
    let refers = same_record(&y, &s).push(&format!(" AND {y}.param = ?")).bind(i64::from(param.0));
    let referred = asked.arms_of_record(Table::Reference, &y, &refers).into_iter();
    let referred = referred
        .map(|arm| Sql::new(&format!("SELECT {y}.kind, {y}.id FROM {s} CROSS JOIN ")).then(arm))
        .collect();
    let numbers =
        Sql::new(&format!("SELECT {r}.record, {r}.partition FROM (WITH {s}(date, record, partition) AS ("))
            .then(plan.places())
            .push(") SELECT DISTINCT * FROM (")
            .then(Sql::joined(referred, " UNION ALL "))
            .push(&format!(")) {n} CROSS JOIN record_now {r} WHERE {r}.kind = {n}.kind AND {r}.id = {n}.id"));
    let held = Sql::new(&format!("({alias}.record, {alias}.partition) IN (")).then(numbers).push(")");
    let arms = asked.arms_of_record(Table::Place, alias, &held);
    Ok(Some(Source { large: true, ..Source::of(arms, false, true) }))
}

/// The records of a plan, read now.
fn numbers(asked: &Asked<'_>, plan: Plan) -> Made<BTreeSet<RecordNumber>> {
    let sql = plan.places().within_bounds()?;
    let mut statement = asked.connection.prepare_cached(&sql.text)?;
    let rows = statement.query_map(params_from_iter(sql.values), |row| {
        Ok(RecordNumber { record: unsigned(row, 1)?, partition: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What a record refers to under a parameter: types and ids.
fn referred_to(asked: &Asked<'_>, param: Param, number: RecordNumber) -> Made<Vec<(u16, Vec<u8>)>> {
    let held = Sql::new("y.record = ? AND y.partition = ? AND y.param = ?")
        .bind(clamp(number.record))
        .bind(i64::from(number.partition))
        .bind(i64::from(param.0));
    let arms = asked.arms_of_record(Table::Reference, "y", &held).into_iter();
    let selects = arms.map(|arm| Sql::new("SELECT y.kind, y.id FROM ").then(arm)).collect();
    let sql = Sql::joined(selects, " UNION ALL ");
    let mut statement = asked.connection.prepare_cached(&sql.text)?;
    let rows = statement.query_map(params_from_iter(sql.values), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What a definition is called.
fn called(asked: &Asked<'_>, number: RecordNumber) -> Made<Vec<Vec<u8>>> {
    Ok(referred_to(asked, Param::CANONICAL, number)?.into_iter().map(|(_, text)| text).collect())
}

/// The definitions that are called so.
fn named(asked: &Asked<'_>, text: &[u8]) -> Made<Vec<RecordNumber>> {
    let held = holds::called("y").push(" AND y.id = ?").bind(text.to_vec());
    let arms = asked.arms(Table::Reference, "y", &held).into_iter();
    let selects = arms.map(|arm| Sql::new("SELECT y.record, y.partition FROM ").then(arm)).collect();
    let sql = Sql::joined(selects, " UNION ");
    let mut statement = asked.connection.prepare_cached(&sql.text)?;
    let rows = statement.query_map(params_from_iter(sql.values), |row| {
        Ok(RecordNumber { record: unsigned(row, 0)?, partition: row.get(1)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn list(values: impl Iterator<Item = Value>) -> Sql {
    let values: Vec<Value> = values.collect();
    Sql::bound(&vec!["?"; values.len()].join(", "), values)
}
