//! A moment in microseconds since 1970, written in RFC 3339, UTC, with six decimals.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// A text that is not an instant with a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an instant with a zone, such as 2026-03-01T12:00:00Z")]
pub struct InstantError;

impl Instant {
    /// The instant this many microseconds after 1970 began.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 began.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Later by `micros`, or the last instant there is.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// As FHIR's `instant` shows it here: cut to milliseconds.
    pub fn to_millis_text(self) -> String {
        self.text(3, self.0.div_euclid(1_000) * 1_000)
    }

    fn text(self, decimals: u8, micros: i64) -> String {
        match Timestamp::from_microsecond(micros) {
            Ok(at) => DateTimePrinter::new().precision(Some(decimals)).timestamp_to_string(&at),
            Err(_) => format!("{micros}us"),
        }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(6, self.0))
    }
}

impl FromStr for Instant {
    type Err = InstantError;

    fn from_str(text: &str) -> Result<Self, InstantError> {
        let at: Timestamp = text.parse().map_err(|_| InstantError)?;
        Ok(Self(at.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let at: Instant = "2026-03-01T12:00:00.1234567+01:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-03-01T11:00:00.123456Z");
        assert_eq!(at.to_millis_text(), "2026-03-01T11:00:00.123Z");
        assert_eq!(Instant::from_micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!("2026-03-01T12:00:00".parse::<Instant>(), Err(InstantError));
        assert_eq!("2026-03-01".parse::<Instant>(), Err(InstantError));
    }
}
