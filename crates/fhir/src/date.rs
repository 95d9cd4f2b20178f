//! FHIR's dates as spans of microseconds: `2026-03` is all of March, UTC where no zone is given.
//!
//! <https://hl7.org/fhir/R4/datatypes.html#dateTime>, <https://hl7.org/fhir/R4/search.html#date>.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// The first and last microsecond of a date, dateTime, instant or a partial one; `None` when it is none of them.
pub fn bounds(text: &str) -> Option<(i64, i64)> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let (first, unit) = day(date)?;
    let Some(time) = time else {
        let next = match unit {
            DateUnit::Year => first.checked_add(1.year()),
            DateUnit::Month => first.checked_add(1.month()),
            DateUnit::Day => first.checked_add(1.day()),
        };
        // The last year of the calendar has no next: its last day is the 31st, whatever the unit.
        let last = next.and_then(|d| d.yesterday()).unwrap_or(Date::constant(9999, 12, 31));
        return Some((
            micros(first.at(0, 0, 0, 0)),
            micros(last.at(0, 0, 0, 0)) + 86_400 * MICROS_PER_SECOND - 1,
        ));
    };
    if !matches!(unit, DateUnit::Day) {
        return None;
    }
    let (clock, offset_seconds) = zone(time)?;
    let (time, width_micros) = time_of_day(clock)?;
    let low = micros(DateTime::from_parts(first, time)) - offset_seconds * MICROS_PER_SECOND;
    Some((low, low + width_micros - 1))
}

enum DateUnit {
    Year,
    Month,
    Day,
}

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
fn day(text: &str) -> Option<(Date, DateUnit)> {
    let mut parts = text.split('-');
    let year = i16::try_from(digits(parts.next()?, 4)?).ok()?;
    let (month, day, unit) = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => (1, 1, DateUnit::Year),
        (Some(month), None, _) => (digits(month, 2)?, 1, DateUnit::Month),
        (Some(month), Some(day), None) => (digits(month, 2)?, digits(day, 2)?, DateUnit::Day),
        _ => return None,
    };
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some((date, unit))
}

/// The time without its zone, and the zone in seconds east of Greenwich; no zone is UTC.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, 0)) };
    let (clock, offset) = text.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours <= 14 && minutes <= 59).then_some((clock, sign * (hours * 3_600 + minutes * 60)))
}

/// `hh:mm`, `hh:mm:ss` or with decimals; and how many microseconds wide that is.
fn time_of_day(text: &str) -> Option<(Time, i64)> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (second, micro, width_micros) = match parts.next() {
        None => (0, 0, 60 * MICROS_PER_SECOND),
        Some(seconds) => {
            let (whole, decimals) = seconds.split_once('.').map_or((seconds, None), |(w, d)| (w, Some(d)));
            let (micro, width_micros) = decimals.map_or(Some((0, MICROS_PER_SECOND)), fraction)?;
            // A leap second, `:60`, is counted as the second before it, as POSIX time does.
            (digits(whole, 2).filter(|s| *s <= 60)?.min(59), micro, width_micros)
        }
    };
    let nanosecond = i32::try_from(micro * 1_000).ok()?;
    let time = Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        nanosecond,
    );
    Some((time.ok()?, width_micros))
}

/// Decimals of a second in microseconds, and how wide the last of them is; beyond six they are cut.
fn fraction(decimals: &str) -> Option<(i64, i64)> {
    if decimals.is_empty() || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut width_micros = MICROS_PER_SECOND;
    let micros = decimals.bytes().take(6).fold(0, |sum, digit| {
        width_micros /= 10;
        sum + i64::from(digit - b'0') * width_micros
    });
    Some((micros, width_micros))
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    let good = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if good { text.parse().ok() } else { None }
}

/// Microseconds since 1970; a civil time of UTC can be counted to the end of the year 9999, a timestamp cannot.
fn micros(at: DateTime) -> i64 {
    let since = at.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    since.as_secs() * MICROS_PER_SECOND + i64::from(since.subsec_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let day = 86_400 * MICROS_PER_SECOND;
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // text                                first, width in microseconds
            ("1970",                            Some((0, 365 * day))),
            ("1972-02",                         Some((761 * day, 29 * day))),
            ("1970-01-02",                      Some((day, day))),
            ("1969-12-31",                      Some((-day, day))),
            ("1970-01-01T00:01",                Some((60_000_000, 60_000_000))),
            ("1970-01-01T00:00:01",             Some((1_000_000, 1_000_000))),
            ("1970-01-01T00:00:01Z",            Some((1_000_000, 1_000_000))),
            ("1970-01-01T01:00:01+01:00",       Some((1_000_000, 1_000_000))),
            ("1969-12-31T23:00:00.5-01:00",     Some((500_000, 100_000))),
            ("1970-01-01T00:00:00.000Z",        Some((0, 1_000))),
            ("1970-01-01T00:00:00.1234567Z",    Some((123_456, 1))),
            ("1969-12-31T23:59:59.5Z",          Some((-500_000, 100_000))),
            ("1970-01-01T23:59:60Z",            Some((day - 1_000_000, 1_000_000))),
            ("9999-12-31",                      Some((253_402_214_400_000_000, day))),
            ("9999",                            Some((253_370_764_800_000_000, 365 * day))),
            ("9999-12-31T23:59:59-14:00",       Some((253_402_351_199_000_000, 1_000_000))),
            ("70", None), ("1970-1", None), ("1970-13", None), ("1970-02-30", None), ("1970-01-01-01", None),
            ("1970-01T00:00", None), ("1970-01-01T", None), ("1970-01-01T24:00:00Z", None), ("", None),
            ("1970-01-01T00:00:61Z", None), ("1970-01-01T00:00:00.Z", None), ("1970-01-01T00:00:00+15:00", None),
            ("+970-01-01", None), ("1970-01-01 ", None), ("１９７０", None),
        ];
        for (text, expected) in cases {
            let found = bounds(text).map(|(low, high)| (low, high - low + 1));
            assert_eq!(found, expected, "{text}");
        }
    }
}
