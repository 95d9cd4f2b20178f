//! Dates and moments as spans of time: <https://hl7.org/fhir/R4/search.html#date>.

use anamnesis_kernel::Instant;
use anamnesis_kernel::search::{Param, Test};

use super::prefix::Prefix;
use super::wrong::Wrong;
use crate::date;

/// Where the first microsecond of a record's span lies, and where the last.
type Lies = ((i64, i64), (i64, i64));

const ANY: (i64, i64) = (i64::MIN, i64::MAX);

/// The tests of which one must hold of a record's span.
pub(super) fn tests(param: Param, value: &str, now: Instant) -> Result<Vec<Test>, Wrong> {
    let (prefix, span) = read(value)?;
    Ok(lies(prefix, span, now).into_iter().map(|(low, high)| Test::Date { param, low, high }).collect())
}

/// A span that shares a moment with this one.
pub(super) fn overlapping(param: Param, value: &str) -> Result<Test, Wrong> {
    let (first, last) = read(value)?.1;
    Ok(Test::Date { param, low: (i64::MIN, last), high: (first, i64::MAX) })
}

/// The tests of which one must hold of the moment at which a record's version began.
pub(super) fn updated(value: &str, now: Instant) -> Result<Vec<Test>, Wrong> {
    let (prefix, span) = read(value)?;
    let both = |low: (i64, i64), high: (i64, i64)| (low.0.max(high.0), low.1.min(high.1));
    let moments = lies(prefix, span, now).into_iter().map(|(low, high)| both(low, high));
    let instant = Instant::from_micros;
    Ok(moments.map(|(from, to)| Test::Updated(instant(from), instant(to))).collect())
}

fn read(value: &str) -> Result<(Prefix, (i64, i64)), Wrong> {
    let (prefix, text) = Prefix::split(value)?;
    Ok((prefix, date::bounds(text).ok_or("not a date, such as 2026-03-01 or ge2026-03")?))
}

fn lies(prefix: Prefix, (first, last): (i64, i64), now: Instant) -> Vec<Lies> {
    let below = ((i64::MIN, first.saturating_sub(1)), ANY);
    let above = (ANY, (last.saturating_add(1), i64::MAX));
    let within = ((first, i64::MAX), (i64::MIN, last));
    match prefix {
        Prefix::Equal => vec![within],
        Prefix::Unequal => vec![below, above],
        Prefix::Less => vec![below],
        Prefix::Greater => vec![above],
        Prefix::AtMost => vec![below, within],
        Prefix::AtLeast => vec![above, within],
        Prefix::StartsAfter => vec![(above.1, ANY)],
        Prefix::EndsBefore => vec![(ANY, below.0)],
        Prefix::About => {
            // R4: a tenth of the gap between now and the date.
            let now = now.micros();
            let gap = first.saturating_sub(now).max(now.saturating_sub(last)).max(0);
            let (first, last) = (first.saturating_sub(gap / 10), last.saturating_add(gap / 10));
            vec![((i64::MIN, last), (first, i64::MAX))]
        }
    }
}
