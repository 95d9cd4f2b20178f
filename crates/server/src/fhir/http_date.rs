//! Moments as HTTP writes them: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>.

use anamnesis_kernel::Instant;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Sun, 06 Nov 1994 08:49:37 GMT`, cut to the second.
pub(super) fn http_date(at: Instant) -> String {
    let seconds = at.micros().div_euclid(1_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let name = |names: &[&'static str], n: i64| {
        usize::try_from(n).ok().and_then(|n| names.get(n)).copied().unwrap_or_default()
    };
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        name(&DAYS, days.rem_euclid(7)),
        name(&MONTHS, month - 1),
        second / 3_600,
        second / 60 % 60,
        second % 60,
    )
}

/// The date of a day counted from 1970-01-01, by years that begin in March so that leap days come last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("1994-11-06T08:49:37.999Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("1970-01-01T00:00:00Z",     "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("2024-02-29T23:59:59Z",     "Thu, 29 Feb 2024 23:59:59 GMT"),
            ("2026-03-01T00:00:00Z",     "Sun, 01 Mar 2026 00:00:00 GMT"),
            ("1969-12-31T23:59:59Z",     "Wed, 31 Dec 1969 23:59:59 GMT"),
        ];
        for (instant, expected) in cases {
            assert_eq!(http_date(instant.parse().unwrap()), expected);
        }
    }
}
