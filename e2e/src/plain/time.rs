//! A date as the time from its first microsecond to its last, and how two of them compare.

/// Microseconds since 1970 in UTC, the last one included.
#[derive(Clone, Copy)]
pub struct Span {
    first: i64,
    last: i64,
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

impl Span {
    /// Of a year, a month, a day, or a moment to the second or finer with its zone; no zone is UTC.
    ///
    /// # Panics
    ///
    /// When it is none of these.
    pub fn of(date: &str) -> Self {
        let (day, time) = date.split_once('T').unwrap_or((date, ""));
        let mut parts = day.split('-').map(number);
        let (year, month, dom) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let start = |month, dom| days(year, month, dom) * DAY;
        let (first, long) = match (month, dom) {
            (None, _) => (start(1, 1), days(year + 1, 1, 1) * DAY - start(1, 1)),
            (Some(12), None) => (start(12, 1), 31 * DAY),
            (Some(month), None) => (start(month, 1), start(month + 1, 1) - start(month, 1)),
            (Some(month), Some(dom)) => (start(month, dom), DAY),
        };
        if time.is_empty() {
            return Self { first, last: first + long - 1 };
        }
        let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at(zone_at);
        let (seconds, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let seconds = seconds.split(':').map(number).fold(0, |sum, part| sum * 60 + part);
        let fine = (0..fraction.len()).fold(SECOND, |fine, _| fine / 10);
        let ahead = match zone.get(1..) {
            None | Some("") => 0,
            Some(hours) => hours.split(':').map(number).fold(0, |sum, part| sum * 60 + part),
        };
        let ahead = if zone.starts_with('-') { -ahead } else { ahead };
        let within = if fraction.is_empty() { 0 } else { number(fraction) * fine };
        let first = first + (seconds - ahead * 60) * SECOND + within;
        Self { first, last: first + fine - 1 }
    }

    /// Of a period, open where it has no date.
    pub fn between(start: Option<&str>, end: Option<&str>) -> Self {
        Self {
            first: start.map_or(i64::MIN, |date| Self::of(date).first),
            last: end.map_or(i64::MAX, |date| Self::of(date).last),
        }
    }

    /// Its first microsecond.
    pub fn first(self) -> i64 {
        self.first
    }

    /// Wholly within the other: the prefix `eq`; those below are named by theirs.
    pub fn within(self, date: Self) -> bool {
        date.first <= self.first && self.last <= date.last
    }
    /// Not wholly within: `ne`.
    pub fn not_within(self, date: Self) -> bool {
        !Self::within(self, date)
    }
    /// Some of it is later.
    pub fn gt(self, date: Self) -> bool {
        self.last > date.last
    }
    /// Some of it is earlier.
    pub fn lt(self, date: Self) -> bool {
        self.first < date.first
    }
    /// Later, or within.
    pub fn ge(self, date: Self) -> bool {
        Self::gt(self, date) || Self::within(self, date)
    }
    /// Earlier, or within.
    pub fn le(self, date: Self) -> bool {
        Self::lt(self, date) || Self::within(self, date)
    }
    /// All of it is later.
    pub fn sa(self, date: Self) -> bool {
        self.first > date.last
    }
    /// All of it is earlier.
    pub fn eb(self, date: Self) -> bool {
        self.last < date.first
    }
}

fn number(digits: &str) -> i64 {
    digits.parse().unwrap_or_else(|_| panic!("{digits} is no number of a date"))
}

/// Days since 1970 of a day of the Gregorian calendar.
fn days(year: i64, month: i64, dom: i64) -> i64 {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let of_year = |year: i64| if leap(year) { 366 } else { 365 };
    let years: i64 =
        if year < 1970 { -(year..1970).map(of_year).sum::<i64>() } else { (1970..year).map(of_year).sum() };
    let of_month = |month: i64| match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    years + (1..month).map(of_month).sum::<i64>() + dom - 1
}
