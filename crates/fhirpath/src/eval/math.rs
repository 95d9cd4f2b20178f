//! Functions on numbers.
//!
//! <https://hl7.org/fhirpath/N1/#math-1>

use rust_decimal::{Decimal, MathematicalOps, RoundingStrategy};

use super::{Eval, Result, Scope};
use crate::equal::BEYOND;
use crate::expr::Call;
use crate::function::Function;
use crate::item::Atom;
use crate::quantity::Quantity;
use crate::{Collection, EvalError};

const NO_NUMBER: EvalError = EvalError::Wrong("a number is wanted");
/// Beyond it every number is too large, and getting there is slow.
const POWER_MAX: u64 = 1_000;

impl<'a> Eval<'_, 'a> {
    /// Nothing of nothing; what has no result, such as the root of less than nothing, is nothing.
    pub(super) fn math(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let base = self.eval(&call.base, scope)?;
        let argument = self.argument(call, 0, scope)?;
        self.charge(50)?;
        let Some(item) = base.single()? else { return Ok(Collection::EMPTY) };
        let atom = item.atom();
        let number = match &atom {
            Atom::Absent => return Ok(Collection::EMPTY),
            Atom::Beyond(_) => return Err(BEYOND),
            Atom::Quantity(quantity) => return on_quantity(call.function, quantity),
            atom => atom.decimal().ok_or(NO_NUMBER)?,
        };
        let other = match argument.single()? {
            None if !call.arguments.is_empty() => return Ok(Collection::EMPTY),
            None => None,
            Some(item) => Some(item.atom().decimal().ok_or(NO_NUMBER)?),
        };
        let whole = |number: Decimal| Collection::from(i64::try_from(number).ok());
        Ok(match call.function {
            Function::Abs => match atom {
                Atom::Integer(number) => Collection::from(number.checked_abs()),
                _ => Collection::one(number.abs()),
            },
            Function::Ceiling => whole(number.ceil()),
            Function::Floor => whole(number.floor()),
            Function::Truncate => whole(number.trunc()),
            // Zeros at the end of an endless number say nothing.
            Function::Exp => Collection::from(number.checked_exp().map(|n| n.normalize())),
            Function::Ln => Collection::from(number.checked_ln().map(|n| n.normalize())),
            Function::Sqrt => Collection::from(number.sqrt().map(|n| n.normalize())),
            Function::Log => Collection::from(other.and_then(|base| logarithm(number, base))),
            Function::Power => match (atom, other) {
                (Atom::Integer(base), Some(exponent)) if exponent.is_integer() => {
                    let exact = u32::try_from(exponent).ok().and_then(|exponent| base.checked_pow(exponent));
                    match exact {
                        Some(exact) => Collection::one(exact),
                        None => Collection::from(power(number, exponent)),
                    }
                }
                (_, other) => Collection::from(other.and_then(|exponent| power(number, exponent))),
            },
            _ => {
                let places = other.unwrap_or_default();
                let places =
                    u32::try_from(places).map_err(|_| EvalError::Wrong("places cannot be negative"))?;
                Collection::one(number.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero))
            }
        })
    }
}

fn on_quantity<'a>(function: Function, quantity: &Quantity<'_>) -> Result<Collection<'a>> {
    match function {
        Function::Abs => Ok(Collection::one(quantity.with(quantity.value.abs()))),
        _ => Err(NO_NUMBER),
    }
}

/// The logarithm, whole where it is.
fn logarithm(number: Decimal, base: Decimal) -> Option<Decimal> {
    let (number, base) = (number.checked_ln()?, base.checked_ln()?);
    // Of two rounded logarithms the last places mean nothing.
    number.checked_div(base).map(|quotient| quotient.round_dp(8).normalize())
}

/// The power; a broken one of less than nothing has no value.
fn power(base: Decimal, exponent: Decimal) -> Option<Decimal> {
    if exponent.is_integer() {
        let size = u64::try_from(exponent.abs()).ok().filter(|size| *size <= POWER_MAX)?;
        let power = base.checked_powu(size)?;
        return if exponent.is_sign_negative() {
            Decimal::ONE.checked_div(power).map(|inverse| inverse.normalize())
        } else {
            Some(power)
        };
    }
    if base.is_sign_negative() {
        return None;
    }
    base.checked_powd(exponent).map(|power| power.normalize())
}
