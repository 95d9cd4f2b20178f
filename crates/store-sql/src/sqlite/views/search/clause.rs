//! A test as a condition on the rows of one table, or on those of several of which any will do.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Find, Param, Test};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params_from_iter};

use super::super::super::log::clamp;
use super::super::records;
use super::super::table::Table;
use super::asked::Asked;
use super::spans;
use super::sql::{Made, Sql};
use crate::id::{id_bytes, target_bytes};
use crate::statements;

/// With more systems than these, a code of any system is a range; there are fewer types to refer to.
const DISTINCT_MAX: usize = 160;

/// So many codes are sought of each record.
const SOUGHT_MAX: usize = 64;

/// Where a test looks, and what must hold there of the row `@`.
pub(super) struct Clause {
    pub(super) table: Table,
    pub(super) held: Sql,
    /// Whether it equals the whole value, so that its rows are in the order of searches.
    pub(super) whole: bool,
    /// Of a whole value, the column that lists of values differ in, and where its values begin among those bound.
    pub(super) listed: Option<(&'static str, usize)>,
    /// How many values there are in that column.
    values: usize,
    /// The ways into the index, where there is more to say of them than what must hold.
    ways: Vec<Way>,
}

/// One of the ways into the index that together lead to all rows of a clause.
#[derive(Clone)]
pub(super) struct Way {
    /// The index, if it is not the key: what follows the table's name in its name.
    pub(super) index: Option<&'static str>,
    /// What must hold of a row that is found so.
    pub(super) held: Sql,
    /// The condition the index is entered by: it holds of all those rows, and of no far more.
    pub(super) reach: Sql,
}

impl Clause {
    fn whole(
        table: Table,
        held: &str,
        listed: Option<(&'static str, usize)>,
        values: impl IntoIterator<Item = Value>,
    ) -> Self {
        Self { table, held: Sql::bound(held, values), whole: true, listed, values: 1, ways: Vec::new() }
    }

    fn range(table: Table, held: &str, values: impl IntoIterator<Item = Value>) -> Self {
        Self::range_of(table, Sql::bound(held, values))
    }

    pub(super) fn range_of(table: Table, held: Sql) -> Self {
        Self { table, held, whole: false, listed: None, values: 0, ways: Vec::new() }
    }

    pub(super) fn by(self, ways: Vec<Way>) -> Self {
        Self { ways, ..self }
    }

    /// The ways into the index.
    pub(super) fn ways(&self) -> Vec<Way> {
        if self.ways.is_empty() {
            return vec![Way { index: None, held: self.held.clone(), reach: self.held.clone() }];
        }
        self.ways.clone()
    }

    /// Whether the other is the same but for its value.
    pub(super) fn takes(&self, other: &Self) -> bool {
        let Some((_, at)) = self.listed else { return false };
        let (own, others) = (&self.held.values, &other.held.values);
        self.table == other.table
            && self.listed == other.listed
            && own.get(..at) == others.get(..at)
            && own.get(at + self.values..) == others.get(at + 1..)
    }

    /// Adds the value of one that it takes.
    pub(super) fn take(&mut self, other: Self) {
        if let Some((_, at)) = self.listed
            && let Some(value) = other.held.values.get(at)
        {
            self.held.values.insert(at + self.values, value.clone());
            self.values += 1;
        }
    }

    /// With its values in a list, which is in no order.
    pub(super) fn into_list(mut self) -> Self {
        if let (Some((column, _)), 2..) = (self.listed, self.values) {
            let list = format!("@.{column} IN ({})", vec!["?"; self.values].join(", "));
            self.held.text = self.held.text.replace(&format!("@.{column} = ?"), &list);
            self.whole = false;
        }
        self
    }

    /// That the record of the row `of` has such a row.
    pub(super) fn holds_of(&self, asked: &Asked<'_>, of: &str) -> Sql {
        let x = asked.alias();
        // Of codes there is no way by record: those that are not a few whole ones are found once, for all records.
        // Words are found once in any case.
        let once = match self.table {
            Table::Token => !(1..=SOUGHT_MAX).contains(&self.values),
            table => table == Table::Words,
        };
        if once {
            let selects = asked.arms(self.table, &x, &self.held.under(&x)).into_iter();
            let selects =
                selects.map(|arm| Sql::new(&format!("SELECT {x}.record, {x}.partition FROM ")).then(arm));
            return Sql::new(&format!("({of}.record, {of}.partition) IN ("))
                .then(Sql::joined(selects.collect(), " UNION ALL "))
                .push(")");
        }
        Asked::exists(self.arms_beside(asked, &x, of))
    }

    /// The rows of the record of the row `of`.
    pub(super) fn arms_beside(&self, asked: &Asked<'_>, alias: &str, of: &str) -> Vec<Sql> {
        let held = self.beside(alias, of);
        match self.table {
            Table::Place | Table::Token => asked.arms(self.table, alias, &held),
            _ => asked.arms_of_record(self.table, alias, &held),
        }
    }

    /// The condition, of a row of the same record as the row `of`.
    fn beside(&self, alias: &str, of: &str) -> Sql {
        let held = self.held.under(alias);
        let date = match self.table {
            Table::Place | Table::Token => format!(" AND {alias}.date = {of}.date"),
            _ => String::new(),
        };
        held.push(&format!("{date} AND {alias}.record = {of}.record AND {alias}.partition = {of}.partition"))
    }
}

/// All records of a type.
pub(super) fn all_of(kind: ResourceType) -> Test {
    Test::Kind(Param::of_type(kind.number()))
}

/// The clauses any of which must hold, of a test of a record's own rows; none where it is another test.
pub(super) fn clauses(
    asked: &Asked<'_>,
    test: &Test,
    kind: Option<ResourceType>,
) -> Made<Option<Vec<Clause>>> {
    let number = |param: &Param| Value::from(i64::from(param.0));
    let one = |clause| Ok(Some(vec![clause]));
    match test {
        Test::Id(id) => {
            let numbers = records::numbers_of(asked.connection, kind, &id_bytes(id))?;
            let held = "@.record = ? AND @.partition = ?";
            let clause = |number: anamnesis_store::RecordNumber| {
                let values = [clamp(number.record).into(), i64::from(number.partition).into()];
                Clause::range(Table::Place, held, values)
            };
            Ok(Some(numbers.into_iter().map(clause).collect()))
        }
        Test::Kind(param) => one(Clause::whole(Table::Place, "@.param = ?", None, [number(param)])),
        Test::Token { param, system, code } => {
            token(asked, *param, system.as_deref(), code.as_deref()).map(Some)
        }
        Test::Text { param, text, find } => one(words(*param, text, *find)),
        Test::Date { param, low, high } => one(spans::times(*param, *low, *high)),
        Test::Quantity { param, low, high, unit, system } => {
            let mut rest = Vec::new();
            for (column, text) in [("unit", unit), ("system", system)] {
                if let Some(text) = text {
                    rest.push(Sql::new(&format!("@.{column} = ?")).bind(interned(asked, text)?));
                }
            }
            one(spans::amounts(*param, *low, *high, Sql::all(rest)))
        }
        Test::Reference { param, kind: Some(kind), id } => one(reference(*param, *kind, id)),
        Test::Reference { param, kind: None, id } => {
            let kinds =
                distinct(asked, Table::Reference, "kind", &Sql::bound("@.param = ?", [number(param)]))?;
            Ok(Some(
                kinds
                    .into_iter()
                    .filter_map(|kind| Some(reference(*param, u16::try_from(kind).ok()?, id)))
                    .collect(),
            ))
        }
        Test::Refers { param, kind } => {
            let values = [number(param), i64::from(kind.number()).into()];
            one(Clause::range(Table::Reference, "@.param = ? AND @.kind = ?", values))
        }
        Test::Present { param, kept } => one(Clause::range(Table::of(*kept), "@.param = ?", [number(param)])),
        Test::Words { expression, narrative } => one(said(kind, expression, *narrative)),
        Test::Updated(..) | Test::Together(_) | Test::Chain { .. } | Test::Has { .. } => Ok(None),
    }
}

fn reference(param: Param, kind: u16, id: &str) -> Clause {
    let values: [Value; 3] =
        [i64::from(param.0).into(), i64::from(kind).into(), target_bytes(kind, id).into()];
    Clause::whole(Table::Reference, "@.param = ? AND @.kind = ? AND @.id = ?", Some(("id", 2)), values)
}

/// A code of any system is one of each system that has it, since only a whole value is in order.
fn token(asked: &Asked<'_>, param: Param, system: Option<&str>, code: Option<&str>) -> Made<Vec<Clause>> {
    let param = Value::from(i64::from(param.0));
    let text = |code: &str| Value::from(code.to_owned());
    let whole = |code: &str, system: i64| {
        let values = [param.clone(), text(code), system.into()];
        Clause::whole(Table::Token, "@.param = ? AND @.code = ? AND @.system = ?", Some(("code", 1)), values)
    };
    Ok(match (code, system) {
        (Some(code), Some(system)) => vec![whole(code, interned(asked, system)?)],
        (Some(code), None) => {
            let of = Sql::bound("@.param = ? AND @.code = ?", [param.clone(), text(code)]);
            let systems = distinct(asked, Table::Token, "system", &of)?;
            if systems.len() > DISTINCT_MAX {
                vec![Clause::range_of(Table::Token, of)]
            } else {
                systems.into_iter().map(|system| whole(code, system)).collect()
            }
        }
        (None, Some(system)) => {
            let values = [param, interned(asked, system)?.into()];
            vec![Clause::range(Table::Token, "@.param = ? AND @.system = ?", values)]
        }
        (None, None) => vec![Clause::range(Table::Token, "@.param = ?", [param])],
    })
}

fn words(param: Param, text: &str, find: Find) -> Clause {
    let (param, own) = (Value::from(i64::from(param.0)), || Value::from(text.to_owned()));
    let beginning = |prefix: String| {
        let end = format!("{prefix}\u{10ffff}");
        Sql::bound("@.param = ? AND @.text >= ? AND @.text < ?", [param.clone(), prefix.into(), end.into()])
    };
    let range = |held| Clause::range_of(Table::Text, held);
    match find {
        Find::Whole => {
            Clause::whole(Table::Text, "@.param = ? AND @.text = ?", Some(("text", 1)), [param, own()])
        }
        Find::Begins => range(beginning(text.to_owned())),
        Find::Contains => Clause::range(Table::Text, "@.param = ? AND instr(@.text, ?) > 0", [param, own()]),
        Find::Exact => {
            // Folding leaves of letters and digits in ASCII nothing but their lower case.
            let plain: String = text.chars().take_while(char::is_ascii_alphanumeric).collect();
            let exact = " AND (@.exact = ? OR @.exact = '' AND @.text = ?)";
            range(beginning(plain.to_ascii_lowercase()).push(exact).bind(own()).bind(own()))
        }
    }
}

/// What has these words: numbers of the full-text index, which knows all that was ever said.
fn said(kind: Option<ResourceType>, expression: &str, narrative: bool) -> Clause {
    let expression = if narrative { format!("narrative : ({expression})") } else { expression.to_owned() };
    let held = Sql::bound("@.number IN (SELECT rowid FROM words WHERE words MATCH ?)", [expression.into()]);
    let of_kind = kind.map(|kind| Sql::new("@.param = ?").bind(i64::from(Param::of_type(kind.number()).0)));
    Clause::range_of(Table::Words, held.and(of_kind.unwrap_or_default()))
}

/// The different numbers in a column among the rows that hold, now or ever, one step each; some of too many.
fn distinct(asked: &Asked<'_>, table: Table, column: &str, held: &Sql) -> Made<Vec<i64>> {
    let mut found = Vec::new();
    let tables = [Some(table.now()), asked.at.map(|_| table.then())];
    for table in tables.into_iter().flatten() {
        let sql = format!(
            "SELECT min(x.{column}) FROM {table} x WHERE {} AND x.{column} > ?",
            held.under("x").text
        );
        let mut statement = asked.connection.prepare_cached(&sql)?;
        let mut last = -1;
        while found.len() <= DISTINCT_MAX {
            let values = held.values.iter().cloned().chain([last.into()]);
            let next: Option<i64> = statement.query_row(params_from_iter(values), |row| row.get(0))?;
            let Some(next) = next else { break };
            found.push(next);
            last = next;
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The number of a system or a unit: 0 of none, below where it was never seen.
fn interned(asked: &Asked<'_>, text: &str) -> rusqlite::Result<i64> {
    if text.is_empty() {
        return Ok(0);
    }
    let mut statement = asked.connection.prepare_cached(statements::INTERNED_FIND)?;
    Ok(statement.query_row([text], |row| row.get(0)).optional()?.unwrap_or(-1))
}
