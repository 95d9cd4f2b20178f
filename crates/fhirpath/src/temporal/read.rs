//! Temporal values from text, as FHIR and FHIRPath write them.

use jiff::civil::{Date, Time};

use super::{Precision, Temporal, TemporalKind, on_no_day};

impl Temporal {
    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub fn date(text: &str) -> Option<Self> {
        let (date, precision) = date(text)?;
        Some(Self {
            kind: TemporalKind::Date,
            precision,
            at: date.at(0, 0, 0, 0),
            decimals: 0,
            zone_minutes: None,
        })
    }

    /// A date, or one with `T` and perhaps a time and a zone.
    pub fn date_time(text: &str) -> Option<Self> {
        let (day, clock) = text.split_once('T').unwrap_or((text, ""));
        let (date, precision) = date(day)?;
        if clock.is_empty() {
            let of_date = Self::date(day)?;
            return Some(Self { kind: TemporalKind::DateTime, ..of_date });
        }
        if precision != Precision::Day {
            return None;
        }
        let (clock, zone_minutes) = zone(clock)?;
        let (time, precision, decimals) = time(clock)?;
        Some(Self {
            kind: TemporalKind::DateTime,
            precision,
            at: date.to_datetime(time),
            decimals,
            zone_minutes,
        })
    }

    /// `hh`, `hh:mm`, `hh:mm:ss` or with decimals, without a zone.
    pub fn time(text: &str) -> Option<Self> {
        let (time, precision, decimals) = time(text)?;
        Some(Self { kind: TemporalKind::Time, precision, at: on_no_day(time), decimals, zone_minutes: None })
    }
}

fn date(text: &str) -> Option<(Date, Precision)> {
    let mut parts = text.split('-');
    let year = i16::try_from(digits(parts.next()?, 4)?).ok()?;
    let (month, day, precision) = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => (1, 1, Precision::Year),
        (Some(month), None, _) => (digits(month, 2)?, 1, Precision::Month),
        (Some(month), Some(day), None) => (digits(month, 2)?, digits(day, 2)?, Precision::Day),
        _ => return None,
    };
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some((date, precision))
}

/// The time without its zone, and the zone.
fn zone(text: &str) -> Option<(&str, Option<i16>)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, Some(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, None)) };
    let (clock, offset) = text.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    Some((clock, Some(sign * i16::try_from(hours * 60 + minutes).ok()?)))
}

fn time(text: &str) -> Option<(Time, Precision, u8)> {
    let mut parts = text.splitn(3, ':');
    let hour = digits(parts.next()?, 2)?;
    let (minute, precision) = match parts.next() {
        None => (0, Precision::Hour),
        Some(minute) => (digits(minute, 2)?, Precision::Minute),
    };
    let (second, nanosecond, precision, decimals) = match parts.next() {
        None => (0, 0, precision, 0),
        Some(seconds) => {
            let (whole, decimals) = seconds.split_once('.').map_or((seconds, None), |(w, d)| (w, Some(d)));
            let (nanosecond, count) = decimals.map_or(Some((0, 0)), fraction)?;
            // A leap second, `:60`, is counted as the second before it, as POSIX time does.
            (digits(whole, 2).filter(|s| *s <= 60)?.min(59), nanosecond, Precision::Second, count)
        }
    };
    let small = |n: i32| i8::try_from(n).ok();
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, nanosecond).ok()?;
    Some((time, precision, decimals))
}

/// Decimals of a second in nanoseconds, and how many there are; beyond nine they are cut.
fn fraction(decimals: &str) -> Option<(i32, u8)> {
    if decimals.is_empty() || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nine = decimals.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanoseconds = nine.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    Some((nanoseconds, u8::try_from(decimals.len().min(9)).ok()?))
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<i32> {
    let good = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if good { text.parse().ok() } else { None }
}
