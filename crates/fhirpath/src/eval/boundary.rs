//! How little and how much a value of limited precision may mean.
//!
//! <https://build.fhir.org/ig/HL7/FHIRPath/#lowboundaryprecision-integer-decimal--date--datetime--time>

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Eval, Result, Scope};
use crate::equal::BEYOND;
use crate::expr::Call;
use crate::function::Function;
use crate::item::Atom;
use crate::{Collection, EvalError, Item, Precision, Temporal, TemporalKind};

/// Places of a boundary when none are asked for, and the most that can be.
const PLACES: i64 = 8;
const PLACES_MAX: i64 = 28;

impl<'a> Eval<'_, 'a> {
    pub(super) fn boundary(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let base = self.eval(&call.base, scope)?;
        let Some(item) = base.single()? else { return Ok(Collection::EMPTY) };
        let asked = self.integer(&self.argument(call, 0, scope)?)?;
        let high = call.function == Function::HighBoundary;
        let atom = item.atom();
        if call.function == Function::Precision {
            return Ok(match &atom {
                Atom::Temporal(temporal) => Collection::one(temporal.digits()),
                atom => Collection::from(atom.decimal().map(|number| Item::from(i64::from(number.scale())))),
            });
        }
        let bound = |number: Decimal| decimal(number, asked.unwrap_or(PLACES), high);
        Ok(match &atom {
            Atom::Absent => Collection::EMPTY,
            Atom::Beyond(_) => return Err(BEYOND),
            Atom::Integer(number) => Collection::from(bound(Decimal::from(*number))),
            Atom::Decimal(number) => Collection::from(bound(*number)),
            Atom::Quantity(quantity) => {
                Collection::from(bound(quantity.value).map(|value| Item::from(quantity.with(value))))
            }
            Atom::Temporal(temporal) => Collection::from(temporal.boundary(asked, high)),
            _ => return Err(EvalError::Wrong("a number, date or time is wanted")),
        })
    }
}

/// Half a unit of the last place down or up, with so many places.
fn decimal(number: Decimal, places: i64, high: bool) -> Option<Decimal> {
    if !(0..=PLACES_MAX).contains(&places) {
        return None;
    }
    let half = Decimal::try_new(5, number.scale() + 1).ok()?;
    let edge = if high { number.checked_add(half)? } else { number.checked_sub(half)? };
    let outward =
        if high { RoundingStrategy::ToPositiveInfinity } else { RoundingStrategy::ToNegativeInfinity };
    let places = u32::try_from(places).ok()?;
    let mut rounded = edge.round_dp_with_strategy(places, outward);
    rounded.rescale(places);
    (rounded.scale() == places).then_some(rounded)
}

impl Temporal {
    /// How many digits it has.
    fn digits(&self) -> usize {
        let date = match self.precision {
            Precision::Year => return 4,
            Precision::Month => return 6,
            Precision::Day => return 8,
            _ if self.kind == TemporalKind::Time => 0,
            _ => 8,
        };
        date + match self.precision {
            Precision::Hour => 2,
            Precision::Minute => 4,
            _ => 6 + usize::from(self.decimals),
        }
    }

    /// The first or last moment it may mean, with so many digits: 4, 6, 8 for a date, up to 17 for a moment.
    fn boundary(&self, digits: Option<i64>, high: bool) -> Option<Self> {
        use Precision::{Day, Hour, Minute, Month, Second, Year};
        let most = match self.kind {
            TemporalKind::Date => 8,
            TemporalKind::DateTime => 17,
            TemporalKind::Time => 9,
        };
        let digits = digits.unwrap_or(most);
        let (precision, decimals) = match (self.kind, digits) {
            (TemporalKind::Time, 2) => (Hour, 0),
            (TemporalKind::Time, 4) => (Minute, 0),
            (TemporalKind::Time, 6) => (Second, 0),
            (TemporalKind::Time, 9) => (Second, 3),
            (TemporalKind::Time, _) => return None,
            (_, 4) => (Year, 0),
            (_, 6) => (Month, 0),
            (_, 8) => (Day, 0),
            (TemporalKind::Date, _) => return None,
            (_, 10) => (Hour, 0),
            (_, 12) => (Minute, 0),
            (_, 14) => (Second, 0),
            (_, 17) => (Second, 3),
            _ => return None,
        };
        // Without a zone, the earliest moment is that of the easternmost one.
        let zone_minutes = match self.zone_minutes {
            None if self.kind == TemporalKind::DateTime && precision >= Hour => {
                Some(if high { -12 * 60 } else { 14 * 60 })
            }
            zone => zone,
        };
        let at = if high { self.last()? } else { self.at };
        Some(Self { precision, decimals, zone_minutes, at, ..*self })
    }

    /// The last millisecond it may mean.
    fn last(&self) -> Option<jiff::civil::DateTime> {
        use jiff::ToSpan;
        let next = match self.precision {
            Precision::Year => self.at.checked_add(1.year()),
            Precision::Month => self.at.checked_add(1.month()),
            Precision::Day => self.at.checked_add(1.day()),
            Precision::Hour => self.at.checked_add(1.hour()),
            Precision::Minute => self.at.checked_add(1.minute()),
            Precision::Second if self.decimals == 0 => self.at.checked_add(1.second()),
            Precision::Second => return Some(self.at),
        };
        match next {
            Ok(next) => next.checked_sub(1.millisecond()).ok(),
            // The last year of the calendar has no next.
            Err(_) => Some(jiff::civil::DateTime::constant(9999, 12, 31, 23, 59, 59, 999_000_000)),
        }
    }
}
