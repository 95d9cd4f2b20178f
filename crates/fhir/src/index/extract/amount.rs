//! Numbers and amounts: <https://hl7.org/fhir/R4/search.html#quantity>.
//!
//! Invariant: what is kept is the number as it was written; how precise a search means its own is for the search.

use anamnesis_json::Value;
use anamnesis_kernel::search::{Key, Real};
use compact_str::CompactString;

use crate::key;

const CURRENCIES: &str = "urn:iso:std:iso:4217";

/// A number without a unit.
pub(super) fn number(value: &Value, give: &mut dyn FnMut(Key)) {
    if let Some(number) = real(value) {
        let (unit, system) = Default::default();
        give(Key::Quantity { low: number, high: number, unit, system });
    }
}

/// An amount in the code of its unit, and in the unit's name where that is another; a comparator opens the span.
pub(super) fn quantity(value: &Value, give: &mut dyn FnMut(Key)) {
    let Some(number) = value.get("value").and_then(real) else { return };
    let (below, above) = (Real::new(number.get().next_down()), Real::new(number.get().next_up()));
    let (low, high) = match value.get("comparator").and_then(Value::as_str) {
        Some("<") => (Real::LEAST, below.unwrap_or(number)),
        Some("<=") => (Real::LEAST, number),
        Some(">=") => (number, Real::GREATEST),
        Some(">") => (above.unwrap_or(number), Real::GREATEST),
        _ => (number, number),
    };
    in_units(low, high, value, give);
}

/// From its low to its high; without one of them it is open, and the wrong way round it is none.
pub(super) fn range(value: &Value, give: &mut dyn FnMut(Key)) {
    let side = |name: &str| value.get(name).and_then(|side| Some((side, side.get("value").and_then(real)?)));
    let (low, high) = (side("low"), side("high"));
    let Some((measured, _)) = low.or(high) else { return };
    let least = low.map_or(Real::LEAST, |(_, number)| number);
    let most = high.map_or(Real::GREATEST, |(_, number)| number);
    if least <= most {
        in_units(least, most, measured, give);
    }
}

/// An amount of money in its currency.
pub(super) fn money(value: &Value, give: &mut dyn FnMut(Key)) {
    let Some(number) = value.get("value").and_then(real) else { return };
    let currency = text(value, "currency");
    let system = if currency.is_empty() { CompactString::default() } else { CURRENCIES.into() };
    give(Key::Quantity { low: number, high: number, unit: currency, system });
}

fn in_units(low: Real, high: Real, measured: &Value, give: &mut dyn FnMut(Key)) {
    let (code, name) = (text(measured, "code"), text(measured, "unit"));
    if code.is_empty() {
        return give(Key::Quantity { low, high, unit: name, system: CompactString::default() });
    }
    if !name.is_empty() && name != code {
        give(Key::Quantity { low, high, unit: name, system: CompactString::default() });
    }
    give(Key::Quantity { low, high, unit: code, system: text(measured, "system") });
}

fn text(value: &Value, name: &str) -> CompactString {
    value.get(name).and_then(Value::as_str).map(key::exact).unwrap_or_default()
}

fn real(value: &Value) -> Option<Real> {
    match value {
        Value::Number(text) => text.parse().ok().and_then(Real::new),
        _ => None,
    }
}
