//! Equal, about equal, before and after: for two items.
//!
//! <https://hl7.org/fhirpath/N1/#equality>, <https://hl7.org/fhirpath/N1/#comparison>.

use std::cmp::Ordering;

use anamnesis_json::{Object, Value};
use rust_decimal::Decimal;

use crate::item::{Atom, decimal};
use crate::quantity::Quantity;
use crate::{EvalError, Item, Node, Temporal};

/// What is said of numbers beyond what can be computed with.
pub(crate) const BEYOND: EvalError = EvalError::Unsupported("a number beyond 28 digits");

/// `=`; `None` when they do not say enough to tell.
pub(crate) fn equal(a: &Item<'_>, b: &Item<'_>) -> Option<bool> {
    // Mostly two strings, whose types matter only when one of them is computed.
    if let (Item::Node(a), Item::Node(b)) = (a, b)
        && a.is_same_place(b)
    {
        return Some(true);
    }
    let (a, b) = (a.atom(), b.atom());
    match (&a, &b) {
        (Atom::Text(a), Atom::Text(b)) => Some(a == b),
        (Atom::Boolean(a), Atom::Boolean(b)) => Some(a == b),
        (Atom::Integer(a), Atom::Integer(b)) => Some(a == b),
        (Atom::Temporal(a), Atom::Temporal(b)) => equal_temporals(a, b),
        (Atom::Temporal(a), Atom::Text(b)) | (Atom::Text(b), Atom::Temporal(a)) => {
            read_like(a, b).map_or(Some(false), |b| equal_temporals(a, &b))
        }
        (Atom::Quantity(a), Atom::Quantity(b)) => equal_quantities(a, b),
        (Atom::Object(a), Atom::Object(b)) | (Atom::Beyond(a), Atom::Beyond(b)) => Some(equal_nodes(a, b)),
        (Atom::Type(a), Atom::Type(b)) => Some(a == b),
        (Atom::Absent, Atom::Absent) => Some(false),
        _ => match (a.decimal(), b.decimal()) {
            (Some(a), Some(b)) => Some(a == b),
            (Some(number), None) => b.quantity_like(number).and_then(|(a, b)| equal_quantities(&a, &b)),
            (None, Some(number)) => a.quantity_like(number).and_then(|(a, b)| equal_quantities(&a, &b)),
            (None, None) => Some(false),
        }
        .or(Some(false)),
    }
}

fn equal_temporals(a: &Temporal, b: &Temporal) -> Option<bool> {
    // A time is never a date, whatever they say.
    if (a.kind() == crate::TemporalKind::Time) != (b.kind() == crate::TemporalKind::Time) {
        return Some(false);
    }
    a.compare(b).map(Ordering::is_eq)
}

/// Of different dimensions they are not equal; a calendar's month and UCUM's cannot be told.
fn equal_quantities(a: &Quantity<'_>, b: &Quantity<'_>) -> Option<bool> {
    match a.compare(b) {
        Some(order) => Some(order.is_eq()),
        None if a.duration().is_some() && b.duration().is_some() => None,
        None => Some(false),
    }
}

/// A text read as what it is compared with: without a model, dates are texts.
fn read_like(like: &Temporal, text: &str) -> Option<Temporal> {
    match like.kind() {
        crate::TemporalKind::Time => Temporal::time(text),
        _ => Temporal::date_time(text),
    }
}

/// Two nodes of the same kind, by what they hold.
fn equal_nodes(a: &Node<'_>, b: &Node<'_>) -> bool {
    match (a.as_object(), b.as_object(), a.as_leaf(), b.as_leaf()) {
        (Some(a), Some(b), ..) => equal_objects(a, b),
        (None, None, Some(a), Some(b)) => equal_values(a, b),
        _ => false,
    }
}

/// Both hold the same, keys in any order, numbers by their value.
fn equal_objects(a: &Object, b: &Object) -> bool {
    a.len() == b.len()
        && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| equal_values(value, other)))
}

fn equal_values(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || matches!((decimal(a), decimal(b)), (Some(a), Some(b)) if a == b)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal_values(a, b))
        }
        (Value::Object(a), Value::Object(b)) => equal_objects(a, b),
        (a, b) => a == b,
    }
}

/// `~`
pub(crate) fn equivalent(a: &Item<'_>, b: &Item<'_>) -> bool {
    let (a, b) = (a.atom(), b.atom());
    match (&a, &b) {
        (Atom::Text(a), Atom::Text(b)) => equivalent_texts(a, b),
        (Atom::Temporal(a), Atom::Temporal(b)) => a.equivalent(b),
        (Atom::Temporal(a), Atom::Text(b)) | (Atom::Text(b), Atom::Temporal(a)) => {
            read_like(a, b).is_some_and(|b| a.equivalent(&b))
        }
        (Atom::Quantity(a), Atom::Quantity(b)) => equivalent_quantities(a, b),
        (Atom::Object(a), Atom::Object(b)) | (Atom::Beyond(a), Atom::Beyond(b)) => equivalent_nodes(a, b),
        (Atom::Boolean(a), Atom::Boolean(b)) => a == b,
        (Atom::Type(a), Atom::Type(b)) => a == b,
        _ => match (a.decimal(), b.decimal()) {
            (Some(a), Some(b)) => equivalent_decimals(a, b),
            (Some(number), None) => {
                b.quantity_like(number).is_some_and(|(a, b)| equivalent_quantities(&a, &b))
            }
            (None, Some(number)) => {
                a.quantity_like(number).is_some_and(|(a, b)| equivalent_quantities(&a, &b))
            }
            (None, None) => false,
        },
    }
}

/// The same words, in any case, with any space between them.
fn equivalent_texts(a: &str, b: &str) -> bool {
    let folded = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
    a == b || folded(a) == folded(b)
}

/// The same, to the places of the one that says less.
fn equivalent_decimals(a: Decimal, b: Decimal) -> bool {
    let places = a.scale().min(b.scale());
    let round =
        |n: Decimal| n.round_dp_with_strategy(places, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    round(a) == round(b)
}

fn equivalent_quantities(a: &Quantity<'_>, b: &Quantity<'_>) -> bool {
    if let Some((a, b)) = a.aligned(b) {
        return equivalent_decimals(a, b);
    }
    // The calendar's month and year are about UCUM's.
    matches!((a.duration(), b.duration()), (Some(x), Some(y)) if x == y && equivalent_decimals(a.value, b.value))
}

fn equivalent_nodes(a: &Node<'_>, b: &Node<'_>) -> bool {
    match (a.as_object(), b.as_object(), a.as_leaf(), b.as_leaf()) {
        (Some(a), Some(b), ..) => equivalent_objects(a, b),
        (None, None, Some(a), Some(b)) => equivalent_values(a, b),
        _ => false,
    }
}

fn equivalent_objects(a: &Object, b: &Object) -> bool {
    // An id says where something stands, not what it is.
    let told = |object: &Object| object.keys().filter(|key| *key != "id").count();
    told(a) == told(b)
        && a.iter()
            .filter(|(key, _)| *key != "id")
            .all(|(key, value)| b.get(key).is_some_and(|other| equivalent_values(value, other)))
}

fn equivalent_values(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => equivalent_texts(a, b),
        (Value::Number(a), Value::Number(b)) => {
            a == b || matches!((decimal(a), decimal(b)), (Some(a), Some(b)) if equivalent_decimals(a, b))
        }
        (Value::Object(a), Value::Object(b)) => equivalent_objects(a, b),
        (Value::Array(a), Value::Array(b)) => {
            let mut rest: Vec<&Value> = b.iter().collect();
            a.len() == b.len()
                && a.iter().all(|value| {
                    let at = rest.iter().position(|other| equivalent_values(value, other));
                    at.map(|at| rest.swap_remove(at)).is_some()
                })
        }
        (a, b) => a == b,
    }
}

/// Which comes first; `None` when it cannot be told.
///
/// # Errors
///
/// [`EvalError::Wrong`] when they are of types that have no common order.
pub(crate) fn compare(a: &Item<'_>, b: &Item<'_>) -> Result<Option<Ordering>, EvalError> {
    const WRONG: EvalError = EvalError::Wrong("values without a common order are compared");
    let (a, b) = (a.atom(), b.atom());
    match (&a, &b) {
        (Atom::Absent, _) | (_, Atom::Absent) => Ok(None),
        (Atom::Beyond(_), _) | (_, Atom::Beyond(_)) => Err(BEYOND),
        (Atom::Integer(a), Atom::Integer(b)) => Ok(Some(a.cmp(b))),
        (Atom::Text(a), Atom::Text(b)) => Ok(Some(a.cmp(b))),
        (Atom::Temporal(a), Atom::Temporal(b)) => {
            let times = [a.kind(), b.kind()].map(|kind| kind == crate::TemporalKind::Time);
            if times == [true, false] || times == [false, true] { Err(WRONG) } else { Ok(a.compare(b)) }
        }
        (Atom::Temporal(a), Atom::Text(b)) => Ok(a.compare(&read_like(a, b).ok_or(WRONG)?)),
        (Atom::Text(a), Atom::Temporal(b)) => Ok(read_like(b, a).ok_or(WRONG)?.compare(b)),
        (Atom::Quantity(a), Atom::Quantity(b)) => Ok(a.compare(b)),
        _ => match (a.decimal(), b.decimal()) {
            (Some(a), Some(b)) => Ok(Some(a.cmp(&b))),
            (Some(number), None) => b.quantity_like(number).map(|(b, a)| a.compare(&b)).ok_or(WRONG),
            (None, Some(number)) => a.quantity_like(number).map(|(a, b)| a.compare(&b)).ok_or(WRONG),
            (None, None) => Err(WRONG),
        },
    }
}

impl<'b> Atom<'b> {
    /// The number, whole or not.
    pub(crate) fn decimal(&self) -> Option<Decimal> {
        match self {
            Self::Integer(number) => Some(Decimal::from(*number)),
            Self::Decimal(number) => Some(*number),
            _ => None,
        }
    }

    /// A quantity, and a bare number to compare it with as one.
    fn quantity_like(&self, number: Decimal) -> Option<(Quantity<'b>, Quantity<'b>)> {
        match self {
            Self::Quantity(quantity) => Some((quantity.clone(), Quantity::bare(number))),
            _ => None,
        }
    }
}
