//! How many records a query finds: kept where it can be, else rows are counted, told apart only where they need be.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Filter, Param, Place, Query, Test};
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::super::super::log::unsigned;
use super::asked::Asked;
use super::plan::{Aim, Plan, is_of};
use super::sql::Made;
use crate::statements;

/// How many records there are in all.
pub(super) fn counted(asked: &Asked<'_>, query: &Query) -> Made<u64> {
    let Some(types) = by_type(query) else { return of_kind(asked, query.kind, &query.all) };
    let mut all = 0;
    for (kind, filters) in types {
        // Most types have no records.
        if asked.at.is_some() || kept(asked.connection, Some(kind))? > 0 {
            all += of_kind(asked, Some(kind), filters)?;
        }
    }
    Ok(all)
}

/// What is asked of each type, where records of several are asked for and no type twice: then they are counted apart.
pub(super) fn by_type(query: &Query) -> Option<Vec<(ResourceType, &[Filter])>> {
    let (None, [Filter::Any(types)]) = (query.kind, query.all.as_slice()) else { return None };
    let mut each = Vec::with_capacity(types.len());
    for one in types {
        let filters = match one {
            Filter::All(filters) => filters.as_slice(),
            filter => std::slice::from_ref(filter),
        };
        let Some(Filter::Test(Test::Kind(param))) = filters.first() else { return None };
        let kind = u16::try_from(param.0 >> 8).ok().and_then(ResourceType::from_number)?;
        if Param::of_type(kind.number()) != *param || each.iter().any(|(other, _)| *other == kind) {
            return None;
        }
        each.push((kind, filters.get(1..)?));
    }
    Some(each)
}

fn of_kind(asked: &Asked<'_>, kind: Option<ResourceType>, filters: &[Filter]) -> Made<u64> {
    if let Some(denied) = denied(kind, filters) {
        let (all, those) = (of(asked, kind, &[])?, of(asked, kind, &[denied])?);
        return Ok(all.saturating_sub(those));
    }
    of(asked, kind, filters)
}

/// Of records of a type, or of all, that are asked for only by what does not hold, any of that: those that are left out.
fn denied(kind: Option<ResourceType>, filters: &[Filter]) -> Option<Filter> {
    let each: Option<Vec<_>> = filters
        .iter()
        .map(|filter| match filter {
            Filter::Not(denied) if kind.is_none_or(|kind| is_of(denied, kind)) => Some((**denied).clone()),
            _ => None,
        })
        .collect();
    each.filter(|each| !each.is_empty()).map(Filter::Any)
}

fn of(asked: &Asked<'_>, kind: Option<ResourceType>, filters: &[Filter]) -> Made<u64> {
    let plan = Plan::aimed(asked, kind, filters, 0, Aim::All)?;
    if asked.at.is_none() && plan.is_whole_type() {
        return Ok(kept(asked.connection, kind)?);
    }
    of_plan(asked, plan)
}

/// How many records of a type there are now, or in all.
pub(super) fn kept(connection: &Connection, kind: Option<ResourceType>) -> rusqlite::Result<u64> {
    let Some(kind) = kind else {
        let mut statement = connection.prepare_cached(statements::PLACE_COUNT_ALL)?;
        return statement.query_row([], |row| unsigned(row, 0));
    };
    let mut statement = connection.prepare_cached(statements::PLACE_COUNT_READ)?;
    let param = Param::of_type(kind.number()).0;
    Ok(statement.query_row([param], |row| unsigned(row, 0)).optional()?.unwrap_or(0))
}

/// How many records a plan gives.
pub(super) fn of_plan(asked: &Asked<'_>, plan: Plan) -> Made<u64> {
    if let Some(sql) = plan.rows() {
        let sql = sql.within_bounds()?;
        let mut statement = asked.connection.prepare_cached(&sql.text)?;
        let (mut rows, mut groups) = (0, 0);
        let mut arms = statement.query(params_from_iter(sql.values))?;
        while let Some(arm) = arms.next()? {
            rows += unsigned(arm, 0)?;
            groups += arm.get::<_, Option<i64>>(1)?.unwrap_or(0);
        }
        // Else a record may have the value twice.
        if groups == 0 {
            return Ok(rows);
        }
    }
    Ok(places(asked, plan)?.len() as u64)
}

/// Where the records of a plan stand, in order.
pub(super) fn places(asked: &Asked<'_>, plan: Plan) -> Made<Vec<Place>> {
    let sql = plan.rows_of_all().within_bounds()?;
    let mut statement = asked.connection.prepare_cached(&sql.text)?;
    let place =
        |row: &Row<'_>| Ok(Place { date: row.get(0)?, record: unsigned(row, 1)?, partition: row.get(2)? });
    let mut places =
        statement.query_map(params_from_iter(sql.values), place)?.collect::<rusqlite::Result<Vec<_>>>()?;
    places.sort_unstable();
    places.dedup();
    Ok(places)
}
