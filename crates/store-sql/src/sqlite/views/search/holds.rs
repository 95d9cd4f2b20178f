//! A filter as a condition on a row of the index that stands for its record: what else must hold of that record.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Filter, Link, Param, Test};

use super::super::table::Table;
use super::asked::{Asked, same_record};
use super::clause::{Clause, all_of, clauses};
use super::gather::gathered;
use super::sql::{Fault, Made, Sql};

/// How deep filters nest: a chain goes deeper by two.
pub(super) const DEPTH_MAX: u32 = 24;

/// The condition, of the record that the row `of` stands for.
pub(super) fn holds(
    asked: &Asked<'_>,
    filter: &Filter,
    kind: Option<ResourceType>,
    of: &str,
    depth: u32,
) -> Made<Sql> {
    if depth > DEPTH_MAX {
        return Err(Fault::Unanswerable("it nests too deep"));
    }
    let each = |filters: &[Filter]| {
        filters.iter().map(|filter| holds(asked, filter, kind, of, depth + 1)).collect::<Made<Vec<_>>>()
    };
    Ok(match filter {
        Filter::All(filters) if filters.is_empty() => Sql::new("1 = 1"),
        Filter::All(filters) => Sql::all(each(filters)?),
        Filter::Any(filters) => {
            let (own, others) = split(asked, filters, kind)?;
            let mut any: Vec<Sql> = own.iter().map(|clause| clause.holds_of(asked, of)).collect();
            for filter in others {
                any.push(holds(asked, filter, kind, of, depth + 1)?);
            }
            Sql::any(any)
        }
        Filter::Not(filter) => Sql::new("NOT ").then(holds(asked, filter, kind, of, depth + 1)?),
        Filter::Test(test) => holds_test(asked, test, kind, of, depth)?,
    })
}

/// The clauses of the tests of a record's own rows, many gathered; and the other filters.
pub(super) fn split<'f>(
    asked: &Asked<'_>,
    filters: &'f [Filter],
    kind: Option<ResourceType>,
) -> Made<(Vec<Clause>, Vec<&'f Filter>)> {
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for filter in filters {
        match filter {
            // An id says itself which record it is of.
            Filter::Test(Test::Id(_)) => others.push(filter),
            Filter::Test(test) => match clauses(asked, test, kind)? {
                Some(clauses) => own.extend(clauses),
                None => others.push(filter),
            },
            _ => others.push(filter),
        }
    }
    Ok((gathered(own), others))
}

fn holds_test(asked: &Asked<'_>, test: &Test, kind: Option<ResourceType>, of: &str, depth: u32) -> Made<Sql> {
    match test {
        Test::Updated(from, to) => {
            let r = asked.alias();
            let held = same_record(&r, of)
                .push(&format!(" AND {r}.began >= ? AND {r}.began <= ?"))
                .bind(from.micros())
                .bind(to.micros());
            Ok(Asked::exists(asked.versions(&r, &held)))
        }
        Test::Together(parts) => together(asked, parts, of, None),
        Test::Chain { param, by, kind, filter } => chain(asked, (*param, *by), *kind, filter, of, depth),
        Test::Has { kind, param, by, filter } => has(asked, *kind, (*param, *by), filter, of, depth),
        Test::Id(_) => {
            let numbers = clauses(asked, test, kind)?.unwrap_or_default();
            Ok(Sql::any(numbers.into_iter().map(|clause| clause.held.under(of)).collect()))
        }
        _ => {
            let clauses = clauses(asked, test, kind)?.unwrap_or_default();
            Ok(Sql::any(clauses.iter().map(|clause| clause.holds_of(asked, of)).collect()))
        }
    }
}

/// Of each part a row of one group, the group being that of the row `group` where one is given.
pub(super) fn together(asked: &Asked<'_>, parts: &[Vec<Test>], of: &str, group: Option<&str>) -> Made<Sql> {
    let Some((first, rest)) = parts.split_first() else { return Ok(Sql::new("1 = 1")) };
    let mut any = Vec::new();
    for test in first {
        for clause in own(asked, test)? {
            let x = asked.alias();
            let same = group.map(|group| format!(" AND {x}.grp = {group}.grp")).unwrap_or_default();
            let arms = clause.arms_beside(asked, &x, of).into_iter().map(|arm| arm.push(&same)).collect();
            any.push(match rest {
                [] => Asked::exists(arms),
                rest => {
                    Asked::exists_with(&x, &format!("{x}.grp"), arms, together(asked, rest, of, Some(&x))?)
                }
            });
        }
    }
    Ok(Sql::any(any))
}

/// The clauses of a test that groups can have.
fn own(asked: &Asked<'_>, test: &Test) -> Made<Vec<Clause>> {
    let clauses = match test {
        Test::Id(_) | Test::Kind(_) | Test::Words { .. } => None,
        test => clauses(asked, test, None)?,
    };
    clauses.ok_or(Fault::Unanswerable("a composite has a part that is no value"))
}

/// From the record outward: what it refers to, the record of that name or URL, where that stands, what holds of it.
fn chain(
    asked: &Asked<'_>,
    (param, by): (Param, Link),
    kind: ResourceType,
    filter: &Filter,
    of: &str,
    depth: u32,
) -> Made<Sql> {
    let (x, r, p) = (asked.alias(), asked.alias(), asked.alias());
    let refers = same_record(&x, of)
        .push(&format!(" AND {x}.param = ? AND {x}.kind = ?"))
        .bind(i64::from(param.0))
        .bind(target_kind(by, kind));
    let stands = placed(asked, kind, &p, &r)?;
    let place = format!("{p}.date, {p}.record, {p}.partition");
    let target = Asked::exists_with(&p, &place, stands, holds(asked, filter, Some(kind), &p, depth + 2)?);
    let named = match by {
        Link::Name => {
            Sql::new(&format!("EXISTS (SELECT 1 FROM record_now {r} WHERE {r}.kind = ? AND {r}.id = {x}.id"))
                .bind(i64::from(kind.number()))
                .and(target)
                .push(")")
        }
        Link::Url => {
            let called = called(&r).push(&format!(" AND {r}.id = {x}.id"));
            let record = format!("{r}.record, {r}.partition");
            Asked::exists_with(&r, &record, asked.arms(Table::Reference, &r, &called), target)
        }
    };
    Ok(Asked::exists_with(&x, &format!("{x}.id"), asked.arms_of_record(Table::Reference, &x, &refers), named))
}

/// Where the record of the row `of` stands among those of its type.
pub(super) fn placed(asked: &Asked<'_>, kind: ResourceType, alias: &str, of: &str) -> Made<Vec<Sql>> {
    let type_rows = clauses(asked, &all_of(kind), None)?.unwrap_or_default();
    let held = type_rows.into_iter().map(|clause| clause.held.under(alias)).next().unwrap_or_default();
    Ok(asked.arms_of_record(Table::Place, alias, &held.and(same_record(alias, of))))
}

/// From the record outward: its name or what it is called, what refers to that, what holds of it.
fn has(
    asked: &Asked<'_>,
    kind: ResourceType,
    (param, by): (Param, Link),
    filter: &Filter,
    of: &str,
    depth: u32,
) -> Made<Sql> {
    let (r, x) = (asked.alias(), asked.alias());
    let refers = Sql::bound(
        &format!("{x}.param = ? AND {x}.kind = {r}.kind AND {x}.id = {r}.id"),
        [i64::from(param.0).into()],
    );
    let place = format!("{x}.date, {x}.record, {x}.partition");
    let holds = holds(asked, filter, Some(kind), &x, depth + 2)?;
    let referring = Asked::exists_with(&x, &place, asked.arms(Table::Reference, &x, &refers), holds);
    Ok(match by {
        Link::Name => Sql::new(&format!("EXISTS (SELECT 1 FROM record_now {r} WHERE "))
            .then(same_record(&r, of))
            .and(referring)
            .push(")"),
        Link::Url => {
            let own = same_record(&r, of).and(called(&r));
            let columns = format!("{r}.kind, {r}.id");
            Asked::exists_with(&r, &columns, asked.arms_of_record(Table::Reference, &r, &own), referring)
        }
    })
}

/// The type that stands in a reference to a record of this type: none in a URL.
pub(super) fn target_kind(by: Link, kind: ResourceType) -> i64 {
    match by {
        Link::Name => i64::from(kind.number()),
        Link::Url => 0,
    }
}

/// Rows of what definitions are called.
pub(super) fn called(alias: &str) -> Sql {
    Sql::bound(&format!("{alias}.param = ? AND {alias}.kind = 0"), [i64::from(Param::CANONICAL.0).into()])
}
