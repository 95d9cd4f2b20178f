//! Moments as HTTP writes them: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>.

use std::time::{Duration, UNIX_EPOCH};

use anamnesis_kernel::Instant;
use httpdate::{HttpDate, parse_http_date};

/// The last microsecond of the year 9999, after which HTTP has no dates.
const LAST_MICROS: u64 = 253_402_300_799_999_999;

/// `Sun, 06 Nov 1994 08:49:37 GMT`, cut to the second; none before 1970, when nothing was recorded.
pub(super) fn http_date(at: Instant) -> Option<HttpDate> {
    let micros = u64::try_from(at.micros()).ok().filter(|micros| *micros <= LAST_MICROS)?;
    Some(HttpDate::from(UNIX_EPOCH + Duration::from_micros(micros)))
}

/// The last microsecond of the second a date names, in any of the three forms HTTP has had.
pub(super) fn end_of_second(text: &str) -> Option<Instant> {
    let since_epoch = parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let second = i64::try_from(since_epoch.as_secs()).ok()?;
    Some(Instant::from_micros(second.checked_mul(1_000_000)?.checked_add(999_999)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("1994-11-06T08:49:37.999Z", Some("Sun, 06 Nov 1994 08:49:37 GMT")),
            ("1970-01-01T00:00:00Z",     Some("Thu, 01 Jan 1970 00:00:00 GMT")),
            ("2024-02-29T23:59:59Z",     Some("Thu, 29 Feb 2024 23:59:59 GMT")),
            ("2026-03-01T00:00:00Z",     Some("Sun, 01 Mar 2026 00:00:00 GMT")),
            ("1969-12-31T23:59:59Z",     None),
        ];
        for (instant, expected) in cases {
            let date = http_date(instant.parse().unwrap()).map(|date| date.to_string());
            assert_eq!(date.as_deref(), expected);
        }
        assert_eq!(http_date(Instant::from_micros(i64::MAX)), None);
    }

    #[test]
    fn dates_that_come_in() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Sun, 06 Nov 1994 08:49:37 GMT",  Some("1994-11-06T08:49:37.999999Z")),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some("1994-11-06T08:49:37.999999Z")),
            ("Sun Nov  6 08:49:37 1994",       Some("1994-11-06T08:49:37.999999Z")),
            ("1994-11-06T08:49:37Z",           None),
            ("Sun, 06 Nov 1994",               None),
            ("yesterday",                      None),
            ("",                               None),
        ];
        for (text, expected) in cases {
            assert_eq!(end_of_second(text), expected.map(|instant| instant.parse().unwrap()), "{text}");
        }
    }
}
