//! Adding durations to temporal values.
//!
//! <https://hl7.org/fhirpath/N1/#datetime-arithmetic>: whole units alone count, months and years are the calendar's,
//! and to a partial value a smaller unit is added as as many whole ones of its own precision.

use jiff::Span;
use rust_decimal::prelude::ToPrimitive;

use super::{Precision, Temporal, TemporalKind, on_no_day};
use crate::EvalError;
use crate::quantity::{Calendar, Quantity};

impl Temporal {
    /// The value later by `by`, or earlier when `by` is negative; `None` beyond the ends of the calendar.
    ///
    /// # Errors
    ///
    /// [`EvalError::Wrong`] when the unit is no duration, or is UCUM's mean month or year.
    pub(crate) fn shift(&self, by: &Quantity<'_>) -> Result<Option<Self>, EvalError> {
        let unit =
            by.duration().ok_or(EvalError::Wrong("a date can only be moved by a calendar duration"))?;
        if !by.calendar && matches!(unit, Calendar::Year | Calendar::Month) {
            return Err(EvalError::Wrong("a date cannot be moved by a mean month or year"));
        }
        let Some(count) = by.value.trunc().to_i64() else { return Ok(None) };
        Ok(match self.kind {
            TemporalKind::Time => self.shift_time(count, unit)?,
            TemporalKind::Date | TemporalKind::DateTime => self.shift_date(count, unit),
        })
    }

    fn shift_date(&self, count: i64, unit: Calendar) -> Option<Self> {
        let (count, unit) = whole(count, unit, self.precision);
        let span = Span::new();
        let span = match unit {
            Calendar::Year => span.try_years(count),
            Calendar::Month => span.try_months(count),
            Calendar::Week => span.try_weeks(count),
            Calendar::Day => span.try_days(count),
            Calendar::Hour => span.try_hours(count),
            Calendar::Minute => span.try_minutes(count),
            Calendar::Second => span.try_seconds(count),
            Calendar::Millisecond => span.try_milliseconds(count),
        };
        let at = self.at.checked_add(span.ok()?).ok()?;
        (1..=9999).contains(&at.year()).then_some(Self { at, ..*self })
    }

    /// A time of day goes round at midnight.
    fn shift_time(&self, count: i64, unit: Calendar) -> Result<Option<Self>, EvalError> {
        let (count, unit) = whole(count, unit, self.precision);
        let millis_per = match unit {
            Calendar::Hour => 3_600_000,
            Calendar::Minute => 60_000,
            Calendar::Second => 1_000,
            Calendar::Millisecond => 1,
            _ => return Err(EvalError::Wrong("a time can only be moved by hours or less")),
        };
        const DAY_MILLIS: i64 = 86_400_000;
        let millis = (count % DAY_MILLIS) * millis_per % DAY_MILLIS;
        let Ok(span) = Span::new().try_milliseconds(millis) else { return Ok(None) };
        Ok(Some(Self { at: on_no_day(self.at.time().wrapping_add(span)), ..*self }))
    }
}

/// A duration in units a value of this precision can be moved by.
fn whole(count: i64, unit: Calendar, precision: Precision) -> (i64, Calendar) {
    let finest = match precision {
        Precision::Year => Calendar::Year,
        Precision::Month => Calendar::Month,
        Precision::Day => Calendar::Day,
        Precision::Hour => Calendar::Hour,
        Precision::Minute => Calendar::Minute,
        Precision::Second => return (count, unit),
    };
    let (mut count, mut unit) = (count, unit);
    while unit < finest {
        let (per, larger) = unit.larger(finest);
        count /= per;
        unit = larger;
    }
    (count, unit)
}

impl Calendar {
    /// How many of this unit the next larger one has, on the way to `goal`.
    fn larger(self, goal: Calendar) -> (i64, Calendar) {
        match self {
            Self::Millisecond => (1_000, Self::Second),
            Self::Second => (60, Self::Minute),
            Self::Minute => (60, Self::Hour),
            Self::Hour => (24, Self::Day),
            Self::Day if goal == Self::Year => (365, Self::Year),
            Self::Day => (30, Self::Month),
            Self::Week if goal == Self::Year => (52, Self::Year),
            Self::Week => (4, Self::Month),
            Self::Month | Self::Year => (12, Self::Year),
        }
    }
}
