//! Measured amounts: `5.4|http://unitsofmeasure.org|mg`, `5.4||mg`, `5.4`: <https://hl7.org/fhir/R4/search.html#quantity>.

use anamnesis_kernel::search::{Param, Real, Test};
use compact_str::CompactString;

use super::decimal::Decimal;
use super::escape::{split, unescaped};
use super::number;
use super::prefix::Prefix;
use super::sets::Sets;
use super::wrong::Wrong;
use crate::key;

const UCUM: &str = "http://unitsofmeasure.org";

/// The tests of which one must hold: in the unit that is asked for, and in those of UCUM that measure the same.
pub(super) fn tests(param: Param, value: &str, sets: &dyn Sets) -> Result<Vec<Test>, Wrong> {
    let parts: Vec<CompactString> = split(value, '|').into_iter().map(unescaped).collect();
    let (number, system, unit) = match parts.as_slice() {
        [number] => (number, "", ""),
        [number, system, unit] => (number, system.as_str(), unit.as_str()),
        _ => return Err("not a number, or a number with its unit: number|system|code or number||unit".into()),
    };
    let (prefix, text) = Prefix::split(number)?;
    let number = Decimal::read(text).ok_or("not a number, such as 5.4 or lt5.40e-3")?;
    let in_unit = |unit: &str, real: &dyn Fn(Decimal) -> Option<Real>| -> Option<Vec<Test>> {
        let given = |text: &str| (!text.is_empty()).then(|| key::exact(text));
        let lies = number::lies(prefix, number, real)?;
        let test =
            |(low, high)| Test::Quantity { param, low, high, unit: given(unit), system: given(system) };
        Some(lies.into_iter().map(test).collect())
    };
    let mut tests = in_unit(unit, &Decimal::real).ok_or("a number beyond what can be compared")?;
    if system == UCUM && !unit.is_empty() {
        for other in sets.units().iter().filter(|other| other.as_str() != unit) {
            let ratio = anamnesis_fhirpath::unit_ratio(unit, other);
            let Some(ratio) = ratio.and_then(|(digits, scale)| Decimal::scaled(digits, scale)) else {
                continue;
            };
            // An amount that cannot be said in that unit is none that was measured in it.
            tests.extend(in_unit(other, &|one| one.times(ratio)?.real()).unwrap_or_default());
        }
    }
    Ok(tests)
}
