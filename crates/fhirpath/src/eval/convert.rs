//! Turning values of one type into another, and the clock.
//!
//! <https://hl7.org/fhirpath/N1/#conversion>, <https://hl7.org/fhirpath/N1/#utility-functions>

use rust_decimal::Decimal;

use super::{Eval, Result, Scope};
use crate::expr::Call;
use crate::function::{Function, Target};
use crate::item::Atom;
use crate::quantity::{Quantity, plain_decimal};
use crate::{Collection, EvalError, Item, Temporal, TemporalKind};

impl<'a> Eval<'_, 'a> {
    pub(super) fn to(&self, target: Target, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let base = self.eval(&call.base, scope)?;
        let Some(item) = base.single()? else { return Ok(Collection::EMPTY) };
        self.converted(item, target, call, scope).map(Collection::from)
    }

    pub(super) fn converts_to(
        &self,
        target: Target,
        call: &'a Call,
        scope: Scope<'_, 'a>,
    ) -> Result<Option<bool>> {
        let base = self.eval(&call.base, scope)?;
        let Some(item) = base.single()? else { return Ok(None) };
        Ok(Some(self.converted(item, target, call, scope)?.is_some()))
    }

    /// The item as another type; a quantity in the unit asked for, if one is.
    fn converted(
        &self,
        item: &Item<'a>,
        target: Target,
        call: &'a Call,
        scope: Scope<'_, 'a>,
    ) -> Result<Option<Item<'a>>> {
        let converted = converted(&item.atom(), target);
        let unit = self.argument(call, 0, scope)?;
        Ok(match (converted, self.string(&unit)?) {
            (Some(Item::Quantity(quantity)), Some(unit)) => quantity.in_unit(unit).map(Item::from),
            (converted, _) => converted,
        })
    }

    /// Whether two quantities are of units that can be compared.
    pub(super) fn comparable(&self, a: &Collection<'a>, b: &Collection<'a>) -> Result<Option<bool>> {
        let Some((a, b)) = a.single()?.zip(b.single()?) else { return Ok(None) };
        match (a.atom(), b.atom()) {
            (Atom::Quantity(a), Atom::Quantity(b)) => Ok(Some(a.aligned(&b).is_some())),
            _ => Err(EvalError::Wrong("comparable() wants quantities")),
        }
    }

    pub(super) fn clock(&self, function: Function) -> Result<Collection<'a>> {
        let now = self.context.now.ok_or(EvalError::Unsupported("a clock, where none was given,"))?;
        Ok(Collection::one(match function {
            Function::Today => now.to_date(),
            Function::TimeOfDay => now.to_time(),
            _ => now,
        }))
    }
}

fn converted<'a>(atom: &Atom<'_>, target: Target) -> Option<Item<'a>> {
    match target {
        Target::Boolean => boolean(atom).map(Item::from),
        Target::Integer => match atom {
            Atom::Integer(number) => Some(Item::from(*number)),
            Atom::Boolean(flag) => Some(Item::from(i64::from(*flag))),
            Atom::Text(text) => whole(text).map(Item::from),
            _ => None,
        },
        Target::Decimal => match atom {
            Atom::Boolean(flag) => Some(Item::from(Decimal::from(u8::from(*flag)))),
            Atom::Text(text) => plain_decimal(text).map(Item::from),
            atom => atom.decimal().map(Item::from),
        },
        Target::String => string(atom).map(Item::from),
        Target::Date => temporal(atom, Temporal::date).map(Temporal::to_date).map(Item::from),
        Target::DateTime => temporal(atom, Temporal::date_time).map(Temporal::to_date_time).map(Item::from),
        Target::Time => match atom {
            Atom::Text(text) => Temporal::time(text).map(Item::from),
            Atom::Temporal(temporal) if temporal.kind() == TemporalKind::Time => Some(Item::from(*temporal)),
            _ => None,
        },
        Target::Quantity => match atom {
            Atom::Quantity(quantity) => Some(Item::from(quantity.with(quantity.value))),
            Atom::Boolean(flag) => Some(Item::from(Quantity::bare(Decimal::from(u8::from(*flag))))),
            Atom::Text(text) => Quantity::read(text).map(Item::from),
            atom => atom.decimal().map(|number| Item::from(Quantity::bare(number))),
        },
    }
}

fn boolean(atom: &Atom<'_>) -> Option<bool> {
    match atom {
        Atom::Boolean(flag) => Some(*flag),
        Atom::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" | "1.0" => Some(true),
            "false" | "f" | "no" | "n" | "0" | "0.0" => Some(false),
            _ => None,
        },
        atom => match atom.decimal()? {
            number if number == Decimal::ONE => Some(true),
            number if number.is_zero() => Some(false),
            _ => None,
        },
    }
}

/// Digits with a sign or without.
fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let good = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if good { text.parse().ok() } else { None }
}

fn temporal(atom: &Atom<'_>, read: fn(&str) -> Option<Temporal>) -> Option<Temporal> {
    match atom {
        // A date may be given with more than is asked for.
        Atom::Text(text) => read(text).or_else(|| Temporal::date_time(text)),
        Atom::Temporal(temporal) if temporal.kind() != TemporalKind::Time => Some(*temporal),
        _ => None,
    }
}

fn string(atom: &Atom<'_>) -> Option<String> {
    Some(match atom {
        Atom::Boolean(flag) => flag.to_string(),
        Atom::Integer(number) => number.to_string(),
        Atom::Decimal(number) => number.to_string(),
        Atom::Text(text) => (*text).to_owned(),
        Atom::Temporal(temporal) => temporal.to_string(),
        Atom::Quantity(quantity) => quantity.to_string(),
        Atom::Beyond(node) => match node.as_leaf()? {
            anamnesis_json::Value::Number(text) => text.to_string(),
            _ => return None,
        },
        Atom::Absent | Atom::Type(_) | Atom::Object(_) => return None,
    })
}
