//! Dates and times as R4 writes them, and only those that exist: a byte at a time, since every write has several.

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    date(text.as_bytes()).is_some_and(<[u8]>::is_empty)
}

/// A date, or one to the day with a time and a zone.
pub(super) fn is_date_time(text: &str) -> bool {
    is_date(text) || is_instant(text)
}

/// A date to the day with a time and a zone.
pub(super) fn is_instant(text: &str) -> bool {
    let Some((day, time)) = text.as_bytes().split_at_checked(10) else { return false };
    let Some(time) = time.strip_prefix(b"T") else { return false };
    date(day).is_some_and(<[u8]>::is_empty) && clock(time).is_some_and(is_zone)
}

/// `hh:mm:ss`, perhaps with decimals.
pub(super) fn is_time(text: &str) -> bool {
    clock(text.as_bytes()).is_some_and(<[u8]>::is_empty)
}

/// What stands behind a date that exists.
fn date(text: &[u8]) -> Option<&[u8]> {
    let (year, rest) = number(text, 4)?;
    let Some(rest) = rest.strip_prefix(b"-") else { return (year > 0).then_some(rest) };
    let (month, rest) = number(rest, 2)?;
    let Some(rest) = rest.strip_prefix(b"-") else {
        return (year > 0 && (1..=12).contains(&month)).then_some(rest);
    };
    let (day, rest) = number(rest, 2)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (year > 0 && (1..=days).contains(&day)).then_some(rest)
}

/// What stands behind `hh:mm:ss` and its decimals; a leap second is one of any minute.
fn clock(text: &[u8]) -> Option<&[u8]> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (second, mut rest) = number(rest.strip_prefix(b":")?, 2)?;
    if let Some(decimals) = rest.strip_prefix(b".") {
        let count = decimals.iter().take_while(|b| b.is_ascii_digit()).count();
        rest = decimals.get(count..).filter(|_| count > 0)?;
    }
    (hour < 24 && minute < 60 && second <= 60).then_some(rest)
}

/// `Z`, or up to fourteen hours either way.
fn is_zone(text: &[u8]) -> bool {
    let offset = || {
        let (hour, rest) = number(text.strip_prefix(b"+").or(text.strip_prefix(b"-"))?, 2)?;
        let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
        Some(rest.is_empty() && (hour < 14 && minute < 60 || hour == 14 && minute == 0))
    };
    text == b"Z" || offset().unwrap_or(false)
}

/// A number of exactly so many digits, and what stands behind it.
fn number(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let add = |sum: u32, b: &u8| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0'));
    Some((number.iter().try_fold(0, add)?, rest))
}
