//! FHIR R4 data types as JSON (<https://hl7.org/fhir/R4/datatypes.html>): codes, quantities, dates.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::Instant;
use compact_str::{CompactString, format_compact};
use jiff::Timestamp;
use jiff::tz::Offset;

/// An object, written as JSON is.
macro_rules! object {
    ($($key:literal: $value:expr),* $(,)?) => {
        anamnesis_json::Object::new()$(.with($key, $value))*
    };
}

/// An array of whatever becomes a value.
macro_rules! list {
    ($($value:expr),* $(,)?) => {
        anamnesis_json::Value::Array(vec![$(anamnesis_json::Value::from($value)),*])
    };
}

pub(super) use {list, object};

/// One day in microseconds.
pub(super) const DAY_US: i64 = 86_400_000_000;
/// One minute in microseconds.
pub(super) const MINUTE_US: i64 = 60_000_000;
/// A year in days, near enough for ages.
pub(super) const YEAR_DAYS: i64 = 365;

/// A code of a code system, with what it means.
#[derive(Clone, Copy)]
pub(super) struct Code {
    system: &'static str,
    pub(super) code: &'static str,
    pub(super) display: &'static str,
}

/// A code of SNOMED CT.
pub(super) const fn sct(code: &'static str, display: &'static str) -> Code {
    Code { system: "http://snomed.info/sct", code, display }
}

/// A code of LOINC.
pub(super) const fn loinc(code: &'static str, display: &'static str) -> Code {
    Code { system: "http://loinc.org", code, display }
}

/// A code of RxNorm.
pub(super) const fn rxnorm(code: &'static str, display: &'static str) -> Code {
    Code { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code, display }
}

/// A code of CVX.
pub(super) const fn cvx(code: &'static str, display: &'static str) -> Code {
    Code { system: "http://hl7.org/fhir/sid/cvx", code, display }
}

/// A code of one of HL7's own systems, named in full.
pub(super) const fn hl7(system: &'static str, code: &'static str, display: &'static str) -> Code {
    Code { system, code, display }
}

impl Code {
    /// As a Coding.
    pub(super) fn coding(&self) -> Object {
        object! { "system": self.system, "code": self.code, "display": self.display }
    }

    /// As a CodeableConcept.
    pub(super) fn concept(&self) -> Object {
        object! { "coding": list![self.coding()], "text": self.display }
    }
}

/// A CodeableConcept of a code that needs no words, such as a clinical status.
pub(super) fn bare(system: &'static str, code: &'static str) -> Object {
    object! { "coding": list![object! { "system": system, "code": code }] }
}

/// A number with `decimals` of its last digits behind the point, zeros kept: `(150, 2)` is `1.50`.
pub(super) fn decimal(digits: i64, decimals: u32) -> Value {
    let one = 10_u64.saturating_pow(decimals);
    let size = digits.unsigned_abs();
    let sign = if digits < 0 { "-" } else { "" };
    Value::Number(match usize::try_from(decimals) {
        Ok(width) if width > 0 => format_compact!("{sign}{}.{:0width$}", size / one, size % one),
        _ => format_compact!("{digits}"),
    })
}

/// A whole number.
pub(super) fn whole(number: i64) -> Value {
    decimal(number, 0)
}

/// A Quantity in a unit of UCUM.
pub(super) fn quantity(value: Value, unit: &'static str, ucum: &'static str) -> Object {
    object! { "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": ucum }
}

/// A date: `2024-05-01`.
pub(super) fn date(at: Instant) -> CompactString {
    let day = civil(at, Offset::UTC).date();
    format_compact!("{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

/// A month, for what is remembered no better: `2024-05`.
pub(super) fn month(at: Instant) -> CompactString {
    let day = civil(at, Offset::UTC).date();
    format_compact!("{:04}-{:02}", day.year(), day.month())
}

/// A dateTime to the second, in a zone some hours east of UTC: `2024-05-01T10:00:00+02:00`.
pub(super) fn date_time(at: Instant, east_hours: i8) -> CompactString {
    let local = civil(at, Offset::from_hours(east_hours).unwrap_or(Offset::UTC));
    let sign = if east_hours < 0 { '-' } else { '+' };
    format_compact!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:00",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second(),
        east_hours.unsigned_abs(),
    )
}

fn civil(at: Instant, offset: Offset) -> jiff::civil::DateTime {
    offset.to_datetime(Timestamp::from_microsecond(at.micros()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_zeros() {
        let cases = [
            ((150, 2), "1.50"),
            ((5, 1), "0.5"),
            ((-5, 2), "-0.05"),
            ((140, 0), "140"),
            ((-7, 0), "-7"),
            ((1000, 3), "1.000"),
        ];
        for ((digits, decimals), text) in cases {
            assert_eq!(decimal(digits, decimals).to_text(), text.as_bytes());
        }
    }

    #[test]
    fn times_by_zone() {
        let at: Instant = "2024-12-31T23:30:05Z".parse().unwrap();
        assert_eq!(date(at), "2024-12-31");
        assert_eq!(month(at), "2024-12");
        assert_eq!(date_time(at, 1), "2025-01-01T00:30:05+01:00");
        assert_eq!(date_time(at, -5), "2024-12-31T18:30:05-05:00");
        assert_eq!(date_time(at, 0), "2024-12-31T23:30:05+00:00");
    }
}
