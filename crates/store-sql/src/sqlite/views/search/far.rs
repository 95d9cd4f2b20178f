//! A chain begun at its far end: the records there for which it holds, then what refers to them or what they refer to.
//!
//! Few are read first, so that the statement holds what was found and not how; many are part of it. What another
//! filter leaves fewer of than there are at the far end is better looked up from there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anamnesis_kernel::search::{Filter, Link, Param, Place};
use anamnesis_kernel::{Partition, ResourceType};
use anamnesis_store::RecordNumber;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::super::super::log::{clamp, unsigned};
use super::super::table::Table;
use super::asked::{Asked, same_record};
use super::count;
use super::holds::{self, target_kind};
use super::plan::Plan;
use super::source::{LARGE, Source};
use super::sql::{Made, Sql};

/// Fewer definitions than these at the far end are few.
const FEW_URLS: u64 = 500;
/// Many are part of a statement as of a moment only so deep: it holds them twice at each step, for both tables.
const MANY_DEPTH_MAX: u32 = 4;

/// The rows that refer to what the filter holds of.
pub(super) fn chain(
    asked: &Asked<'_>,
    (param, by): (Param, Link),
    (kind, filter): (ResourceType, &Filter),
    alias: &str,
    few: u64,
    depth: u32,
) -> Made<Option<Source>> {
    let plan = Plan::new(asked, Some(kind), std::slice::from_ref(filter), depth + 2)?;
    let refers = Sql::new(&format!("{alias}.param = ? AND {alias}.kind = ?"))
        .bind(i64::from(param.0))
        .bind(target_kind(by, kind));
    if by == Link::Url {
        if plan.is_larger(asked, few.min(FEW_URLS))? {
            return Ok(None);
        }
        let mut called = BTreeSet::new();
        for number in numbers(asked, plan)? {
            called.extend(self::called(asked, number)?);
        }
        let list = vec!["?"; called.len()].join(", ");
        let ids = Sql::bound(&format!("{alias}.id IN ({list})"), called.into_iter().map(Value::Blob));
        let arms = asked.arms(Table::Reference, alias, &refers.and(ids));
        return Ok(Some(Source::of(arms, false, true)));
    }
    if !plan.is_larger(asked, few.min(LARGE))? {
        let (n, r) = (asked.alias(), asked.alias());
        let refers = refers.push(&format!(" AND {alias}.id = {r}.id"));
        let mut arms = Vec::new();
        for (partition, list) in listed(&numbers(asked, plan)?) {
            let named = format!(" AND {r}.record = {n}.value AND {r}.partition = ?");
            let refers = refers.clone().push(&named).bind(i64::from(partition));
            let from =
                Sql::bound(&format!("json_each(?) {n} CROSS JOIN record_now {r} CROSS JOIN "), [list.into()]);
            let referring = asked.arms(Table::Reference, alias, &refers).into_iter();
            arms.extend(referring.map(|arm| from.clone().then(arm)));
        }
        return Ok(Some(Source::of(arms, false, true)));
    }
    if few < LARGE || asked.at.is_some() && depth > MANY_DEPTH_MAX {
        return Ok(None);
    }
    let (t, r) = (asked.alias(), asked.alias());
    let ids = Sql::new(&format!("SELECT {r}.id FROM ("))
        .then(plan.places())
        .push(&format!(") {t} CROSS JOIN record_now {r} WHERE "))
        .then(same_record(&r, &t));
    let refers = refers.push(&format!(" AND {alias}.id IN (")).then(ids).push(")");
    let arms = asked.arms(Table::Reference, alias, &refers);
    Ok(Some(Source { large: true, ..Source::of(arms, false, true) }))
}

/// The places of what is referred to by those for which the filter holds.
pub(super) fn has(
    asked: &Asked<'_>,
    (param, by): (Param, Link),
    (from, filter): (ResourceType, &Filter),
    (kind, alias): (Option<ResourceType>, &str),
    few: u64,
    depth: u32,
) -> Made<Option<Source>> {
    let plan = Plan::new(asked, Some(from), std::slice::from_ref(filter), depth + 2)?;
    let read_max = if by == Link::Url { FEW_URLS } else { LARGE };
    if !plan.is_larger(asked, few.min(read_max))? {
        let referring = numbers(asked, plan)?;
        let found = match by {
            Link::Name => referred(asked, param, &referring)?,
            Link::Url => {
                let mut found = BTreeSet::new();
                for number in referring {
                    for (kind, id) in referred_to(asked, param, number)? {
                        if ResourceType::from_number(kind).is_none() {
                            found.extend(named(asked, &id)?);
                        }
                    }
                }
                found
            }
        };
        let n = asked.alias();
        let mut arms = Vec::new();
        for (partition, list) in listed(&found) {
            let held = Sql::new(&format!("{alias}.record = {n}.value AND {alias}.partition = ?"))
                .bind(i64::from(partition))
                .and(of_type(kind, alias));
            let from = Sql::bound(&format!("json_each(?) {n} CROSS JOIN "), [list.into()]);
            let stands = asked.arms_of_record(Table::Place, alias, &held).into_iter();
            arms.extend(stands.map(|arm| from.clone().then(arm)));
        }
        return Ok(Some(Source { of_type: kind.is_some(), ..Source::of(arms, false, true) }));
    }
    // Of definitions there are few: what refers to each is sought from there.
    if by == Link::Url || few < LARGE || asked.at.is_some() && depth > MANY_DEPTH_MAX {
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
    let held = Sql::new(&format!("({alias}.record, {alias}.partition) IN ("))
        .then(numbers)
        .push(")")
        .and(of_type(kind, alias));
    let arms = asked.arms_of_record(Table::Place, alias, &held);
    Ok(Some(Source { large: true, of_type: kind.is_some(), ..Source::of(arms, false, true) }))
}

/// That a place is one among those of the type.
fn of_type(kind: Option<ResourceType>, alias: &str) -> Sql {
    let of = |kind: ResourceType| {
        Sql::new(&format!("{alias}.param = ?")).bind(i64::from(Param::of_type(kind.number()).0))
    };
    kind.map(of).unwrap_or_default()
}

/// Numbers of records as texts that a statement takes apart, by partition.
fn listed(numbers: &BTreeSet<RecordNumber>) -> BTreeMap<Partition, String> {
    let mut lists: BTreeMap<Partition, String> = BTreeMap::new();
    for RecordNumber { partition, record } in numbers {
        let list = lists.entry(*partition).or_default();
        let open = if list.is_empty() { '[' } else { ',' };
        // A text takes whatever is written to it.
        let _ = write!(list, "{open}{record}");
    }
    lists.values_mut().for_each(|list| list.push(']'));
    lists
}

/// The records of a plan, read now.
fn numbers(asked: &Asked<'_>, plan: Plan) -> Made<BTreeSet<RecordNumber>> {
    let number = |place: Place| RecordNumber { partition: place.partition, record: place.record };
    Ok(count::places(asked, plan)?.into_iter().map(number).collect())
}

/// The records that these refer to under a parameter.
fn referred(
    asked: &Asked<'_>,
    param: Param,
    referring: &BTreeSet<RecordNumber>,
) -> Made<BTreeSet<RecordNumber>> {
    let mut found = BTreeSet::new();
    for (partition, list) in listed(referring) {
        let held = Sql::new("y.record = n.value AND y.partition = ? AND y.param = ?")
            .bind(i64::from(partition))
            .bind(i64::from(param.0));
        let refers = asked.arms_of_record(Table::Reference, "y", &held).into_iter();
        for arm in refers {
            let names =
                Sql::bound("SELECT y.kind, y.id FROM json_each(?) n CROSS JOIN ", [list.clone().into()]);
            let sql = Sql::new("SELECT r.record, r.partition FROM (")
                .then(names)
                .then(arm)
                .push(") x CROSS JOIN record_now r WHERE r.kind = x.kind AND r.id = x.id");
            found.extend(read(asked, sql)?);
        }
    }
    Ok(found)
}

/// Records by a statement that gives their numbers and partitions.
fn read(asked: &Asked<'_>, sql: Sql) -> Made<BTreeSet<RecordNumber>> {
    let sql = sql.within_bounds()?;
    let mut statement = asked.connection.prepare_cached(&sql.text)?;
    let rows = statement.query_map(params_from_iter(sql.values), |row| {
        Ok(RecordNumber { record: unsigned(row, 0)?, partition: row.get(1)? })
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
fn named(asked: &Asked<'_>, text: &[u8]) -> Made<BTreeSet<RecordNumber>> {
    let held = holds::called("y").push(" AND y.id = ?").bind(text.to_vec());
    let arms = asked.arms(Table::Reference, "y", &held).into_iter();
    let selects = arms.map(|arm| Sql::new("SELECT y.record, y.partition FROM ").then(arm)).collect();
    read(asked, Sql::joined(selects, " UNION "))
}
