//! What records are ordered by: how a key is read of one record, and how it crosses the seam.

use anamnesis_kernel::ResourceId;
use anamnesis_kernel::search::{By, Kept, Order, Real, SortKey};
use rusqlite::types::{Value, ValueRef};

use super::super::table::Table;
use super::asked::{Asked, same_record};
use super::sql::Sql;
use crate::id::{id_bytes, id_from_bytes};

/// The key of the record of the row `of`, as an expression; null where it has none.
pub(super) fn of_record(asked: &Asked<'_>, order: Order, of: &str) -> Sql {
    let x = asked.alias();
    let first = |column: &str, arms: Vec<Sql>| {
        let arms =
            arms.into_iter().map(|arm| Sql::new(&format!("(SELECT {x}.{column} FROM ")).then(arm).push(")"));
        Sql::new("COALESCE(").then(Sql::joined(arms.collect(), ", ")).push(", NULL)")
    };
    match order.by {
        By::MainDate => Sql::new(&format!("nullif(-{of}.date, ?)")).bind(-i64::MAX),
        By::Updated => first("began", asked.versions(&x, &same_record(&x, of))),
        By::Id => first("id", vec![Sql::new(&format!("record_now {x} WHERE ")).then(same_record(&x, of))]),
        By::Param { param, kept } => {
            let held = same_record(&x, of).push(&format!(" AND {x}.param = ?")).bind(i64::from(param.0));
            let column = value_column(kept);
            let arms = asked.arms_of_record(Table::of(kept), &x, &held).into_iter();
            let arms = arms.map(|arm| Sql::new(&format!("SELECT {x}.{column} AS value FROM ")).then(arm));
            Sql::new(&format!("(SELECT {}(value) FROM (", extreme(order)))
                .then(Sql::joined(arms.collect(), " UNION ALL "))
                .push("))")
        }
    }
}

/// The keys of all records by record, where there is no way from a record to its key.
pub(super) fn gathered(asked: &Asked<'_>, order: Order) -> Option<Sql> {
    let By::Param { param, kept: kept @ Kept::Token } = order.by else { return None };
    let x = asked.alias();
    let held = Sql::bound(&format!("{x}.param = ?"), [i64::from(param.0).into()]);
    let column = value_column(kept);
    let arms = asked.arms(Table::of(kept), &x, &held).into_iter();
    let arms = arms.map(|arm| {
        Sql::new(&format!("SELECT {x}.record, {x}.partition, {x}.{column} AS value FROM ")).then(arm)
    });
    Some(
        Sql::new(&format!("SELECT record, partition, {}(value) FROM (", extreme(order)))
            .then(Sql::joined(arms.collect(), " UNION ALL "))
            .push(") GROUP BY record, partition"),
    )
}

const fn extreme(order: Order) -> &'static str {
    if order.descending { "max" } else { "min" }
}

/// The column by which a parameter's values are ordered.
pub(super) const fn value_column(kept: Kept) -> &'static str {
    match kept {
        Kept::Token => "code",
        Kept::Text => "text",
        Kept::Date | Kept::Quantity => "low",
        Kept::Reference => "id",
        Kept::Words => "number",
    }
}

/// A key as a column has it; none where there is none.
pub(super) fn to_value(key: &SortKey, by: By) -> Option<Value> {
    Some(match key {
        SortKey::None => return None,
        SortKey::Integer(number) => Value::Integer(*number),
        SortKey::Real(number) => Value::Real(number.get()),
        SortKey::Text(text) => match by {
            By::Id | By::Param { kept: Kept::Reference, .. } => Value::Blob(
                ResourceId::new(text).map_or_else(|_| text.as_bytes().to_vec(), |id| id_bytes(&id)),
            ),
            _ => Value::Text(text.to_string()),
        },
    })
}

/// A key from a column.
pub(super) fn from_column(value: ValueRef<'_>) -> SortKey {
    match value {
        ValueRef::Null => SortKey::None,
        ValueRef::Integer(number) => SortKey::Integer(number),
        ValueRef::Real(number) => Real::new(number).map_or(SortKey::None, SortKey::Real),
        ValueRef::Text(text) => SortKey::Text(String::from_utf8_lossy(text).into()),
        ValueRef::Blob(bytes) => SortKey::Text(match id_from_bytes(bytes) {
            Some(id) => id.as_str().into(),
            None => String::from_utf8_lossy(bytes).into(),
        }),
    }
}
