//! Adding, subtracting, multiplying, dividing, and joining strings.
//!
//! <https://hl7.org/fhirpath/N1/#math>

use rust_decimal::Decimal;

use super::{Eval, Result};
use crate::equal::BEYOND;
use crate::expr::Arithmetic;
use crate::item::Atom;
use crate::quantity::Quantity;
use crate::{Collection, EvalError, Item};

const WRONG: EvalError = EvalError::Wrong("an operator is used on values it is not for");

impl<'a> Eval<'_, 'a> {
    /// Nothing of nothing; what is too large is nothing, too.
    pub(super) fn arithmetic(
        &self,
        op: Arithmetic,
        left: &Collection<'a>,
        right: &Collection<'a>,
    ) -> Result<Collection<'a>> {
        if op == Arithmetic::Concatenate {
            return self.concatenated(left, right);
        }
        let Some((left, right)) = left.single()?.zip(right.single()?) else { return Ok(Collection::EMPTY) };
        let (left, right) = (left.atom(), right.atom());
        let value: Option<Item<'a>> = match (&left, &right) {
            (Atom::Absent, _) | (_, Atom::Absent) => None,
            (Atom::Beyond(_), _) | (_, Atom::Beyond(_)) => return Err(BEYOND),
            (Atom::Integer(a), Atom::Integer(b)) => integers(op, *a, *b),
            (Atom::Text(a), Atom::Text(b)) if op == Arithmetic::Add => {
                self.charge_string(a.len() + b.len())?;
                Some(Item::from(format!("{a}{b}")))
            }
            (Atom::Temporal(at), Atom::Quantity(by)) if op == Arithmetic::Add => {
                at.shift(by)?.map(Item::from)
            }
            (Atom::Temporal(at), Atom::Quantity(by)) if op == Arithmetic::Subtract => {
                at.shift(&by.negative())?.map(Item::from)
            }
            (Atom::Quantity(a), Atom::Quantity(b)) => quantities(op, a, b)?.map(Item::from),
            _ => match (left.decimal(), right.decimal()) {
                (Some(a), Some(b)) => decimals(op, a, b),
                (None, Some(b)) => scaled(op, &left, b)?.map(Item::from),
                (Some(a), None) if op == Arithmetic::Multiply => scaled(op, &right, a)?.map(Item::from),
                _ => return Err(WRONG),
            },
        };
        Ok(Collection::from(value))
    }

    /// `&`: nothing is the empty string.
    fn concatenated(&self, left: &Collection<'a>, right: &Collection<'a>) -> Result<Collection<'a>> {
        let left = self.string(left)?.unwrap_or_default();
        let right = self.string(right)?.unwrap_or_default();
        self.charge_string(left.len() + right.len())?;
        Ok(Collection::one(format!("{left}{right}")))
    }

    pub(super) fn negative(&self, items: &Collection<'a>) -> Result<Collection<'a>> {
        let Some(item) = items.single()? else { return Ok(Collection::EMPTY) };
        Ok(match item.atom() {
            Atom::Absent => Collection::EMPTY,
            Atom::Beyond(_) => return Err(BEYOND),
            Atom::Integer(number) => Collection::from(number.checked_neg()),
            Atom::Decimal(number) => Collection::one(-number),
            Atom::Quantity(quantity) => Collection::one(quantity.negative()),
            _ => return Err(WRONG),
        })
    }

    pub(super) fn positive(&self, items: Collection<'a>) -> Result<Collection<'a>> {
        let fits = match items.single()? {
            None => true,
            Some(item) => matches!(item.atom(), Atom::Integer(_) | Atom::Decimal(_) | Atom::Quantity(_)),
        };
        if fits { Ok(items) } else { Err(WRONG) }
    }
}

fn integers<'a>(op: Arithmetic, a: i64, b: i64) -> Option<Item<'a>> {
    match op {
        Arithmetic::Add => a.checked_add(b).map(Item::from),
        Arithmetic::Subtract => a.checked_sub(b).map(Item::from),
        Arithmetic::Multiply => a.checked_mul(b).map(Item::from),
        Arithmetic::Div => a.checked_div(b).map(Item::from),
        Arithmetic::Mod => a.checked_rem(b).map(Item::from),
        // A quotient is a decimal, even of whole numbers.
        _ => Decimal::from(a).checked_div(Decimal::from(b)).map(Item::from),
    }
}

fn decimals<'a>(op: Arithmetic, a: Decimal, b: Decimal) -> Option<Item<'a>> {
    match op {
        Arithmetic::Add => a.checked_add(b).map(Item::from),
        Arithmetic::Subtract => a.checked_sub(b).map(Item::from),
        Arithmetic::Multiply => a.checked_mul(b).map(Item::from),
        Arithmetic::Divide => a.checked_div(b).map(Item::from),
        Arithmetic::Mod => a.checked_rem(b).map(Item::from),
        _ => i64::try_from(a.checked_div(b)?.trunc()).ok().map(Item::from),
    }
}

/// Sums are in the unit of the left side.
fn quantities(op: Arithmetic, a: &Quantity<'_>, b: &Quantity<'_>) -> Result<Option<Quantity<'static>>> {
    let sum = |add: fn(Decimal, Decimal) -> Option<Decimal>| {
        if a.unit == b.unit {
            return add(a.value, b.value).map(|value| a.with(value));
        }
        // Aligned values are in common units; one of the left side's tells how to come back.
        let (left, right) = a.aligned(b)?;
        let per = a.aligned_one(b)?;
        add(left, right)?.checked_div(per).map(|value| a.with(value.normalize()))
    };
    match op {
        Arithmetic::Add => Ok(sum(Decimal::checked_add)),
        Arithmetic::Subtract => Ok(sum(Decimal::checked_sub)),
        Arithmetic::Multiply => Ok(a.times(b)),
        Arithmetic::Divide => Ok(a.divided(b)),
        _ => Err(WRONG),
    }
}

/// A quantity so many times.
fn scaled(op: Arithmetic, quantity: &Atom<'_>, by: Decimal) -> Result<Option<Quantity<'static>>> {
    let Atom::Quantity(quantity) = quantity else { return Err(WRONG) };
    match op {
        Arithmetic::Multiply => Ok(quantity.value.checked_mul(by).map(|value| quantity.with(value))),
        Arithmetic::Divide => Ok(quantity.value.checked_div(by).map(|value| quantity.with(value))),
        _ => Err(WRONG),
    }
}
