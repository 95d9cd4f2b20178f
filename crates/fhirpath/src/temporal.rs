//! Dates, dateTimes and times with the precision they were written with, compared as FHIRPath compares them.
//!
//! Invariant: two values that differ only in how much they say are neither equal nor unequal.
//!
//! <https://hl7.org/fhirpath/N1/#datetime-equality>, <https://hl7.org/fhirpath/N1/#comparison>.

use std::cmp::Ordering;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

mod read;
mod shift;

/// Which of FHIRPath's three types a temporal value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemporalKind {
    /// `@2015-02-04`
    Date,
    /// `@2015-02-04T14:34`
    DateTime,
    /// `@T14:34`
    Time,
}

/// How much a temporal value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// The year alone.
    Year,
    /// Year and month.
    Month,
    /// The whole date.
    Day,
    /// The hour, and all before it.
    Hour,
    /// The minute, and all before it.
    Minute,
    /// The second, and all before it; decimals of it are of the same precision.
    Second,
}

/// A date, dateTime or time.
#[derive(Clone, Copy)]
pub struct Temporal {
    pub(crate) kind: TemporalKind,
    pub(crate) precision: Precision,
    /// What is not said is the first there is.
    pub(crate) at: DateTime,
    /// Decimals of the second that were written.
    pub(crate) decimals: u8,
    /// Minutes east of Greenwich.
    pub(crate) zone_minutes: Option<i16>,
}

/// How far zones lie from Greenwich at most, <https://hl7.org/fhir/R4/datatypes.html#dateTime>.
const ZONE_HOURS_MAX: i64 = 14;

impl Temporal {
    /// Which of the three types it has.
    pub fn kind(&self) -> TemporalKind {
        self.kind
    }

    /// How much it says.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The date alone.
    pub(crate) fn to_date(self) -> Self {
        let at = self.at.date().at(0, 0, 0, 0);
        let precision = self.precision.min(Precision::Day);
        Self { kind: TemporalKind::Date, precision, at, decimals: 0, zone_minutes: None }
    }

    /// The same moment as a dateTime.
    pub(crate) fn to_date_time(self) -> Self {
        Self { kind: TemporalKind::DateTime, ..self }
    }

    /// The time of day alone.
    pub(crate) fn to_time(self) -> Self {
        Self { kind: TemporalKind::Time, at: on_no_day(self.at.time()), zone_minutes: None, ..self }
    }

    /// Which comes first; `None` when they do not say enough to tell, or are a time and a date.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        if (self.kind == TemporalKind::Time) != (other.kind == TemporalKind::Time) {
            return None;
        }
        let (a, b) = match (self.zone_minutes, other.zone_minutes) {
            (Some(a), Some(b)) if a != b => (self.utc(a), other.utc(b)),
            (Some(_), None) | (None, Some(_)) if self.has_clock() && other.has_clock() => {
                return self.compare_one_zoned(other);
            }
            _ => (self.at, other.at),
        };
        let common = self.precision.min(other.precision);
        let order = cut(a, common).cmp(&cut(b, common));
        (order.is_ne() || self.precision == other.precision).then_some(order)
    }

    /// With a zone on one side only, they can be told apart when no zone would turn them round.
    fn compare_one_zoned(&self, other: &Self) -> Option<Ordering> {
        let a = self.utc(self.zone_minutes.unwrap_or_default());
        let b = other.utc(other.zone_minutes.unwrap_or_default());
        let apart = a.duration_since(b).as_secs().abs();
        (apart > (ZONE_HOURS_MAX + 1) * 3_600).then(|| a.cmp(&b))
    }

    /// Whether they say the same, and equally much.
    pub(crate) fn equivalent(&self, other: &Self) -> bool {
        self.kind_or_date_time() == other.kind_or_date_time()
            && self.precision == other.precision
            && self.compare(other) == Some(Ordering::Equal)
    }

    fn kind_or_date_time(&self) -> TemporalKind {
        if self.kind == TemporalKind::Date { TemporalKind::DateTime } else { self.kind }
    }

    fn has_clock(&self) -> bool {
        self.precision >= Precision::Hour
    }

    /// At Greenwich; beyond the calendar's ends it stays where it is.
    fn utc(&self, zone_minutes: i16) -> DateTime {
        self.at.saturating_sub(i64::from(zone_minutes).minutes())
    }
}

/// Nothing smaller than `precision`.
fn cut(at: DateTime, precision: Precision) -> DateTime {
    let (date, time) = (at.date(), at.time());
    let on = |month, day| Date::new(date.year(), month, day).unwrap_or(date).at(0, 0, 0, 0);
    match precision {
        Precision::Year => on(1, 1),
        Precision::Month => on(date.month(), 1),
        Precision::Day => date.at(0, 0, 0, 0),
        Precision::Hour => date.at(time.hour(), 0, 0, 0),
        Precision::Minute => date.at(time.hour(), time.minute(), 0, 0),
        Precision::Second => at,
    }
}

/// The day times of day are counted on.
fn on_no_day(time: Time) -> DateTime {
    Date::constant(1970, 1, 1).to_datetime(time)
}

/// The text FHIRPath and FHIR write, without `@`.
impl std::fmt::Display for Temporal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (date, time) = (self.at.date(), self.at.time());
        if self.kind != TemporalKind::Time {
            write!(f, "{:04}", date.year())?;
            if self.precision >= Precision::Month {
                write!(f, "-{:02}", date.month())?;
            }
            if self.precision >= Precision::Day {
                write!(f, "-{:02}", date.day())?;
            }
            if self.precision < Precision::Hour {
                return Ok(());
            }
            f.write_str("T")?;
        }
        write!(f, "{:02}", time.hour())?;
        if self.precision >= Precision::Minute {
            write!(f, ":{:02}", time.minute())?;
        }
        if self.precision >= Precision::Second {
            write!(f, ":{:02}", time.second())?;
            if self.decimals > 0 {
                let nine = format!("{:09}", time.subsec_nanosecond());
                write!(f, ".{}", nine.get(..usize::from(self.decimals)).unwrap_or(&nine))?;
            }
        }
        match self.zone_minutes {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(zone) => {
                let (sign, minutes) = if zone < 0 { ('-', -zone) } else { ('+', zone) };
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

/// Shows the precision and never the value: it may be a patient's.
impl std::fmt::Debug for Temporal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a {:?} to the {:?}", self.kind, self.precision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons() {
        use Ordering::{Equal, Greater, Less};
        let read = |text: &str| match text.strip_prefix('T') {
            Some(time) => Temporal::time(time).expect(text),
            None => Temporal::date(text).or_else(|| Temporal::date_time(text)).expect(text),
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("2012",                          "2012",                          Some(Equal)),
            ("2012",                          "2013",                          Some(Less)),
            ("2012",                          "2012-01",                       None),
            ("2012-04-15",                    "2012-04-15T10:00:00Z",          None),
            ("2012-04-16",                    "2012-04-15T10:00:00Z",          Some(Greater)),
            ("2012-04-15T15:00:00",           "2012-04-15T15:00:00.0",         Some(Equal)),
            ("2012-04-15T15:00:00+02:00",     "2012-04-15T13:00:00Z",          Some(Equal)),
            ("2012-04-15T15:00:00+02:00",     "2012-04-15T13:00:00.001Z",      Some(Less)),
            ("2012-04-15T15:00:00",           "2012-04-15T10:00:00Z",          None),
            ("2012-04-17T15:00:00",           "2012-04-15T10:00:00Z",          Some(Greater)),
            ("T10:30",                        "T10:30:00",                     None),
            ("T10:30",                        "T10:31:00",                     Some(Less)),
            ("T10:30",                        "2012",                          None),
        ];
        for (a, b, expected) in cases {
            assert_eq!(read(a).compare(&read(b)), expected, "{a} {b}");
            assert_eq!(read(b).compare(&read(a)), expected.map(Ordering::reverse), "{b} {a}");
        }
    }
}
