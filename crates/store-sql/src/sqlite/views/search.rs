//! A query as one statement: the most telling criterion drives, the others are looked up by their whole key.
//!
//! Every table of a kind ends its key in (date, record, partition), so a page is read in order from where the last ended.

use anamnesis_kernel::Instant;
use anamnesis_kernel::search::{Filter, Place, Query, Test};
use anamnesis_store::{Hit, RecordNumber};
use compact_str::CompactString;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::super::log::{clamp, unsigned};
use super::records;
use crate::id::{id_bytes, target_bytes};
use crate::statements;

/// What is read of every row: where it stands in the order.
const PLACE: &str = "d.date, d.record, d.partition";
/// No row, for a query that nothing can meet.
const NOTHING: &str =
    "SELECT d.date, d.record, d.partition FROM (SELECT 0 AS date, 0 AS record, 0 AS partition) d WHERE 0 = 1";
/// SQLite takes 500 terms in one compound.
const UNION_TERMS_MAX: usize = 400;

/// The hits of a page, in order.
pub(super) fn search(connection: &Connection, query: &Query) -> rusqlite::Result<Vec<Hit>> {
    let mut built = Built::of(connection, query)?;
    if let Some(place) = query.after.as_ref().map(|after| after.place) {
        built.text.push_str(" AND (d.date, d.record, d.partition) > (?, ?, ?)");
        let Place { date, record, partition } = place;
        built.values.extend([date.into(), clamp(record).into(), i64::from(partition).into()]);
    }
    built.text.push_str(" ORDER BY d.date, d.record, d.partition LIMIT ?");
    built.values.push(i64::from(query.limit).into());
    let mut statement = connection.prepare_cached(&built.text)?;
    let rows = statement.query_map(params_from_iter(built.values), |row| {
        Ok(Place { date: row.get(0)?, record: unsigned(row, 1)?, partition: row.get(2)? })
    })?;
    let mut hits = Vec::new();
    for place in rows {
        let place = place?;
        let number = RecordNumber { partition: place.partition, record: place.record };
        let version = match query.at {
            None => records::by_number(connection, number)?,
            Some(at) => records::numbered_as_of(connection, number, at)?,
        };
        if let Some(version) = version {
            hits.push(Hit { after: place.into(), version });
        }
    }
    Ok(hits)
}

/// How many hits there are in all.
pub(super) fn count(connection: &Connection, query: &Query) -> rusqlite::Result<u64> {
    let built = Built::of(connection, query)?;
    let text = format!("SELECT count(*) FROM ({})", built.text);
    connection.prepare_cached(&text)?.query_row(params_from_iter(built.values), |row| unsigned(row, 0))
}

struct Built {
    text: String,
    values: Vec<Value>,
}

impl Built {
    fn of(connection: &Connection, query: &Query) -> rusqlite::Result<Self> {
        let mut criteria: Vec<Vec<&Test>> = query.all.iter().map(tests_of).collect();
        criteria.sort_by_key(|criterion| weight(criterion));
        let mut built = Self { text: String::new(), values: Vec::new() };
        let Some((driver, rest)) = criteria.split_first() else {
            built.text.push_str(NOTHING);
            return Ok(built);
        };
        let sets: Vec<Clause> =
            driver.iter().map(|test| clause(connection, test, query)).collect::<Result<_, _>>()?;
        built.text = match sets.as_slice() {
            [] => NOTHING.to_owned(),
            // One test that equals a whole value finds each record once, in order.
            [one] if one.whole => format!("SELECT {}", one.rows(query.at)),
            [one] => format!("SELECT DISTINCT {}", one.rows(query.at)),
            many => format!("SELECT {PLACE} FROM ({}) d WHERE 1 = 1", union_of(many, query.at)),
        };
        built.values.extend(sets.into_iter().flat_map(|set| set.values));
        for criterion in rest {
            let mut tests = Vec::new();
            for test in criterion {
                let Clause { table, condition, values, .. } = clause(connection, test, query)?;
                tests.push(format!(
                    "EXISTS (SELECT 1 FROM {} x WHERE {} AND x.date = d.date AND x.record = d.record \
                     AND x.partition = d.partition)",
                    table_of(table, query.at),
                    condition.replace("d.", "x.")
                ));
                built.values.extend(values);
            }
            built.text.push_str(" AND ");
            built.text.push_str(&any_of(&tests));
        }
        Ok(built)
    }
}

/// Rows that any of the clauses finds, each once.
fn union_of(sets: &[Clause], at: Option<Instant>) -> String {
    let union = |sets: &[Clause]| {
        sets.iter().map(|set| format!("SELECT {}", set.rows(at))).collect::<Vec<_>>().join(" UNION ")
    };
    if sets.len() <= UNION_TERMS_MAX {
        return union(sets);
    }
    let parts = sets.chunks(UNION_TERMS_MAX).map(|part| format!("SELECT {PLACE} FROM ({}) d", union(part)));
    parts.collect::<Vec<_>>().join(" UNION ")
}

/// Any of the tests, as a balanced tree: SQLite refuses expressions that are a thousand deep.
fn any_of(tests: &[String]) -> String {
    match tests {
        [] => "0 = 1".to_owned(),
        [one] => one.clone(),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            format!("({} OR {})", any_of(left), any_of(right))
        }
    }
}

/// Where a test looks, and what must hold there.
struct Clause {
    table: &'static str,
    condition: String,
    values: Vec<Value>,
    /// Whether it equals the whole value, so that a record is found at most once.
    whole: bool,
}

impl Clause {
    fn rows(&self, at: Option<Instant>) -> String {
        format!("{PLACE} FROM {} d WHERE {}", table_of(self.table, at), self.condition)
    }
}

/// The rows of a table of what holds now, or of what held at a moment: what began by then, and had not ended.
fn table_of(now: &str, at: Option<Instant>) -> String {
    let Some(at) = at.map(Instant::micros) else { return now.to_owned() };
    let (value, then) = match now {
        "text_now" => ("text", "text_then"),
        "date_now" => ("low, high", "date_then"),
        "reference_now" => ("kind, id", "reference_then"),
        _ => ("code, system", "token_then"),
    };
    let columns = format!("param, {value}, date, record, partition");
    format!(
        "(SELECT {columns} FROM {now} WHERE began <= {at} \
         UNION ALL SELECT {columns} FROM {then} WHERE began <= {at} AND ended > {at})"
    )
}

fn clause(connection: &Connection, test: &Test, query: &Query) -> rusqlite::Result<Clause> {
    let text = |text: &CompactString| Value::from(text.to_string());
    let (table, condition, values, whole) = match test {
        Test::Id(id) => {
            let kind = query.kind.map_or(0, anamnesis_kernel::ResourceType::number);
            // Ids are no index of their own: the record's number is, in the rows every record has of its type.
            let record = records::number_of(connection, kind, &id_bytes(id))?;
            let (record, partition) = record.map_or((-1, 0), |n| (clamp(n.record), n.partition));
            let values = vec![i64::from(kind_param(kind)).into(), record.into(), i64::from(partition).into()];
            (
                "token_now",
                "d.param = ? AND d.code = '' AND d.system = 0 AND d.record = ? AND d.partition = ?",
                values,
                true,
            )
        }
        Test::Kind(param) => (
            "token_now",
            "d.param = ? AND d.code = '' AND d.system = 0",
            vec![i64::from(param.0).into()],
            true,
        ),
        Test::Token { param, system, code } => {
            let mut values = vec![Value::from(i64::from(param.0))];
            let condition = match (code, system) {
                (Some(code), None) => {
                    values.push(text(code));
                    "d.param = ? AND d.code = ?"
                }
                (Some(code), Some(system)) => {
                    values.extend([text(code), system_number(connection, system)?.into()]);
                    "d.param = ? AND d.code = ? AND d.system = ?"
                }
                (None, Some(system)) => {
                    values.push(system_number(connection, system)?.into());
                    "d.param = ? AND d.system = ?"
                }
                (None, None) => "d.param = ?",
            };
            ("token_now", condition, values, code.is_some() && system.is_some())
        }
        Test::Text { param, text: prefix, .. } => {
            let end = format!("{prefix}\u{10ffff}");
            let values = vec![i64::from(param.0).into(), text(prefix), end.into()];
            ("text_now", "d.param = ? AND d.text >= ? AND d.text < ?", values, false)
        }
        Test::Date { param, low, high } => {
            let values =
                vec![i64::from(param.0).into(), low.0.into(), low.1.into(), high.0.into(), high.1.into()];
            (
                "date_now",
                "d.param = ? AND d.low >= ? AND d.low <= ? AND d.high >= ? AND d.high <= ?",
                values,
                false,
            )
        }
        Test::Reference { param, kind: Some(kind), id } => {
            let values =
                vec![i64::from(param.0).into(), i64::from(*kind).into(), target_bytes(*kind, id).into()];
            ("reference_now", "d.param = ? AND d.kind = ? AND d.id = ?", values, true)
        }
        Test::Reference { param, kind: None, id } => {
            let values =
                vec![i64::from(param.0).into(), target_bytes(1, id).into(), target_bytes(0, id).into()];
            (
                "reference_now",
                "d.param = ? AND (d.kind > 0 AND d.id = ? OR d.kind = 0 AND d.id = ?)",
                values,
                false,
            )
        }
        _ => todo!(),
    };
    Ok(Clause { table, condition: condition.to_owned(), values, whole })
}

/// The parameter under which every record of a type is found.
fn kind_param(kind: u16) -> u32 {
    anamnesis_kernel::search::Param::of_type(kind).0
}

fn system_number(connection: &Connection, uri: &str) -> rusqlite::Result<i64> {
    if uri.is_empty() {
        return Ok(0);
    }
    let mut statement = connection.prepare_cached(statements::SYSTEM_FIND)?;
    Ok(statement.query_row([uri], |row| row.get(0)).optional()?.unwrap_or(-1))
}

/// The fewer records a criterion is likely to hold for, the lighter it is.
fn tests_of(filter: &Filter) -> Vec<&Test> {
    match filter {
        Filter::Test(test) => vec![test],
        Filter::Any(all) | Filter::All(all) => all.iter().flat_map(tests_of).collect(),
        Filter::Not(_) => todo!(),
    }
}

fn weight(criterion: &[&Test]) -> u8 {
    let of = |test: &Test| match test {
        Test::Id(_) => 0,
        Test::Reference { kind: Some(_), .. } => 1,
        Test::Reference { .. } => 2,
        Test::Text { .. } => 3,
        Test::Token { code: Some(_), system: Some(_), .. } => 4,
        Test::Token { .. } => 5,
        Test::Date { .. } => 6,
        Test::Kind(_) => 7,
        _ => 8,
    };
    criterion.iter().map(|test| of(test)).max().unwrap_or(0)
}
