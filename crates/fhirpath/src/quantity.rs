//! Quantities: a decimal and a unit, UCUM's or a word of the calendar.
//!
//! <https://hl7.org/fhirpath/N1/#quantity>

use std::borrow::Cow;
use std::cmp::Ordering;

use anamnesis_json::{Object, Value};
use rust_decimal::Decimal;

use crate::Kind;
use crate::item::decimal;
use crate::ucum;

/// A decimal and a unit.
#[derive(Clone, PartialEq, Eq)]
pub struct Quantity<'a> {
    /// How much.
    pub value: Decimal,
    /// Of what: a UCUM code, or a word of the calendar in the singular.
    pub unit: Cow<'a, str>,
    /// Whether the unit is a word of the calendar, `4 days`.
    pub calendar: bool,
}

/// The calendar's units, smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Calendar {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Calendar {
    /// The unit a word means, in the singular or plural.
    pub(crate) fn word(text: &str) -> Option<Self> {
        Some(match text.strip_suffix('s').unwrap_or(text) {
            "millisecond" => Self::Millisecond,
            "second" => Self::Second,
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "year" => Self::Year,
            _ => return None,
        })
    }

    /// The word in the singular.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Millisecond => "millisecond",
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// UCUM's code for it; its month and year are means and not the calendar's.
    fn code(self) -> &'static str {
        match self {
            Self::Millisecond => "ms",
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "wk",
            Self::Month => "mo",
            Self::Year => "a",
        }
    }

    fn of_code(code: &str) -> Option<Self> {
        use Calendar::{Day, Hour, Millisecond, Minute, Month, Second, Week, Year};
        [Millisecond, Second, Minute, Hour, Day, Week, Month, Year].into_iter().find(|c| c.code() == code)
    }
}

impl<'a> Quantity<'a> {
    /// A number without a unit, which UCUM calls `1`.
    pub(crate) fn bare(value: Decimal) -> Self {
        Self { value, unit: Cow::Borrowed("1"), calendar: false }
    }

    /// A quantity of some unit; a word of the calendar is one in quotes, too.
    pub(crate) fn of(value: Decimal, unit: impl Into<Cow<'a, str>>) -> Self {
        let unit = unit.into();
        match Calendar::word(&unit) {
            Some(word) => Self { value, unit: Cow::Borrowed(word.name()), calendar: true },
            None => Self { value, unit, calendar: false },
        }
    }

    /// FHIR's Quantity as FHIRPath's: of an object of unknown type only if it looks like one, and nothing inside when
    /// its value is beyond computing with.
    pub(crate) fn of_object(object: &'a Object, kind: Kind) -> Option<Option<Self>> {
        let Some(Value::Number(value)) = object.get("value") else { return None };
        let unit = object.str("code").or_else(|| object.str("unit"));
        if kind != Kind::Quantity && unit.is_none() {
            return None;
        }
        let unit = Cow::Borrowed(unit.unwrap_or("1"));
        Some(decimal(value).map(|value| Self { value, unit, calendar: false }))
    }

    /// `1`, `1.5 'mg'` or `4 days`, as `toQuantity` reads them.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let end =
            text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(text.len());
        let (number, rest) = text.split_at_checked(end)?;
        let value = plain_decimal(number)?;
        let unit = rest.trim_start();
        if unit.is_empty() {
            return Some(Self::bare(value));
        }
        if unit.len() == rest.len() {
            return None;
        }
        match unit.strip_prefix('\'').and_then(|unit| unit.strip_suffix('\'')) {
            Some(code) if !code.is_empty() => {
                Some(Self { value, unit: Cow::Owned(code.to_owned()), calendar: false })
            }
            Some(_) => None,
            None => Calendar::word(unit).map(|word| Self {
                value,
                unit: Cow::Borrowed(word.name()),
                calendar: true,
            }),
        }
    }

    /// The same, borrowing the unit.
    pub(crate) fn borrowed(&self) -> Quantity<'_> {
        Quantity { value: self.value, unit: Cow::Borrowed(&self.unit), calendar: self.calendar }
    }

    /// The unit as one of the calendar's, if it is a duration.
    pub(crate) fn duration(&self) -> Option<Calendar> {
        if self.calendar { Calendar::word(&self.unit) } else { Calendar::of_code(&self.unit) }
    }

    /// The unit's UCUM code.
    fn code(&self) -> &str {
        match Calendar::word(&self.unit) {
            Some(word) if self.calendar => word.code(),
            _ => &self.unit,
        }
    }

    /// Whether the unit is a month or a year of the calendar, which has no fixed length.
    fn is_elastic(&self) -> bool {
        self.calendar && matches!(Calendar::word(&self.unit), Some(Calendar::Month | Calendar::Year))
    }

    /// Both values in one unit; `None` when their units measure different things or are not known.
    pub(crate) fn aligned(&self, other: &Quantity<'_>) -> Option<(Decimal, Decimal)> {
        if self.unit == other.unit {
            return Some((self.value, other.value));
        }
        let (a, b) = (self.code(), other.code());
        if self.is_elastic() != other.is_elastic() {
            return None;
        }
        if self.is_elastic() {
            let months = |q: &Quantity<'_>| {
                let per = if Calendar::word(&q.unit) == Some(Calendar::Year) { 12 } else { 1 };
                q.value.checked_mul(Decimal::from(per))
            };
            return months(self).zip(months(other));
        }
        if a == b {
            return Some((self.value, other.value));
        }
        let (a, b) = (ucum::canonical(a)?, ucum::canonical(b)?);
        if a.powers != b.powers {
            return None;
        }
        self.value.checked_mul(a.factor).zip(other.value.checked_mul(b.factor))
    }

    /// The same unit with another value.
    pub(crate) fn with(&self, value: Decimal) -> Quantity<'static> {
        Quantity { value, unit: Cow::Owned(self.unit.clone().into_owned()), calendar: self.calendar }
    }

    /// The same, the other way.
    pub(crate) fn negative(&self) -> Quantity<'static> {
        self.with(-self.value)
    }

    /// The same in another unit; `None` when that measures something else or is not known.
    pub(crate) fn in_unit(&self, unit: &str) -> Option<Quantity<'static>> {
        let one = Quantity::of(Decimal::ONE, unit.to_owned());
        let (value, per) = self.aligned(&one)?;
        value.checked_div(per).map(|value| one.with(value))
    }

    /// What one of this unit is among values [`aligned`](Self::aligned) with `other`.
    pub(crate) fn aligned_one(&self, other: &Quantity<'_>) -> Option<Decimal> {
        self.with(Decimal::ONE).aligned(other).map(|(one, _)| one)
    }

    /// Which is less; `None` when they cannot be compared.
    pub(crate) fn compare(&self, other: &Quantity<'_>) -> Option<Ordering> {
        self.aligned(other).map(|(a, b)| a.cmp(&b))
    }

    /// The product, whose unit is the product of the units.
    pub(crate) fn times(&self, other: &Quantity<'_>) -> Option<Quantity<'static>> {
        let unit = match (&*self.unit, &*other.unit) {
            ("1", unit) | (unit, "1") => unit.to_owned(),
            _ => format!("({}).({})", self.code(), other.code()),
        };
        Some(Quantity {
            value: self.value.checked_mul(other.value)?,
            unit: Cow::Owned(unit),
            calendar: false,
        })
    }

    /// The quotient, whose unit is the quotient of the units.
    pub(crate) fn divided(&self, other: &Quantity<'_>) -> Option<Quantity<'static>> {
        let unit = match (&*self.unit, &*other.unit) {
            (unit, "1") => unit.to_owned(),
            (a, b) if a == b => "1".to_owned(),
            _ => format!("({})/({})", self.code(), other.code()),
        };
        Some(Quantity {
            value: self.value.checked_div(other.value)?,
            unit: Cow::Owned(unit),
            calendar: false,
        })
    }
}

/// A decimal of digits, a point and a sign alone.
pub(crate) fn plain_decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
    let good = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if good(whole) && good(places) { text.parse().ok() } else { None }
}

/// `1.5 'mg'` or `4 days`.
impl std::fmt::Display for Quantity<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.calendar {
            let plural = if self.value == Decimal::ONE { "" } else { "s" };
            write!(f, "{} {}{plural}", self.value, self.unit)
        } else {
            write!(f, "{} '{}'", self.value, self.unit)
        }
    }
}

/// Shows the unit and never the value: it may be a patient's.
impl std::fmt::Debug for Quantity<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a quantity")
    }
}
