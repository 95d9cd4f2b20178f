//! Numbers, and where amounts lie to them: <https://hl7.org/fhir/R4/search.html#number>.

use anamnesis_kernel::search::{Param, Real, Test};

use super::decimal::Decimal;
use super::prefix::Prefix;
use super::wrong::Wrong;

/// Where the least that a record's number can be lies, and where the most; both inclusive.
type Lies = ((Real, Real), (Real, Real));

const ANY: (Real, Real) = (Real::LEAST, Real::GREATEST);

/// The tests of which one must hold.
pub(super) fn tests(param: Param, value: &str) -> Result<Vec<Test>, Wrong> {
    let (prefix, text) = Prefix::split(value)?;
    let number = Decimal::read(text).ok_or("not a number, such as 5.4 or lt5.40e-3")?;
    let lies = lies(prefix, number, Decimal::real).ok_or("a number beyond what can be compared")?;
    Ok(lies
        .into_iter()
        .map(|(low, high)| Test::Quantity { param, low, high, unit: None, system: None })
        .collect())
}

/// Where numbers lie that are so to this one; `real` may turn them into another unit.
///
/// A number compared by order is meant exactly, and its own precision counts for nothing.
pub(super) fn lies(
    prefix: Prefix,
    number: Decimal,
    real: impl Fn(Decimal) -> Option<Real>,
) -> Option<Vec<Lies>> {
    let exactly = real(number)?;
    let (first, beyond) = number.written();
    let (first, beyond) = (real(first)?, real(beyond)?);
    let (before, last) = (just_below(first), just_below(beyond));
    Some(match prefix {
        Prefix::Equal => vec![((first, Real::GREATEST), (Real::LEAST, last))],
        Prefix::Unequal => vec![((Real::LEAST, before), ANY), (ANY, (beyond, Real::GREATEST))],
        Prefix::Less => vec![((Real::LEAST, just_below(exactly)), ANY)],
        Prefix::AtMost => vec![((Real::LEAST, exactly), ANY)],
        Prefix::Greater => vec![(ANY, (just_above(exactly), Real::GREATEST))],
        Prefix::AtLeast => vec![(ANY, (exactly, Real::GREATEST))],
        Prefix::StartsAfter => vec![((just_above(exactly), Real::GREATEST), ANY)],
        Prefix::EndsBefore => vec![(ANY, (Real::LEAST, just_below(exactly)))],
        Prefix::About => {
            let (least, most) = number.about();
            vec![((Real::LEAST, real(most)?), (real(least)?, Real::GREATEST))]
        }
    })
}

fn just_below(number: Real) -> Real {
    Real::new(number.get().next_down()).unwrap_or(number)
}

fn just_above(number: Real) -> Real {
    Real::new(number.get().next_up()).unwrap_or(number)
}
