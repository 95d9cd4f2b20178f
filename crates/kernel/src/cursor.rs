//! Where an event stands, and points of the whole log.

use std::fmt;
use std::str::FromStr;

use crate::{Instant, Partition};

/// Where an event stands: the partition, and how many events stand before it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The ordered log it stands in.
    pub partition: Partition,
    /// How many events stand before it, so the first is 0.
    pub offset: u64,
}

/// A point of the whole log: a moment, and for each partition how many of its events lie at or before it.
///
/// Outside it is opaque text of `A–Z a–z 0–9 - _ . ~`, with its version in front.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The moment of the last commit it includes, or the instant that was asked for.
    pub moment: Instant,
    /// By partition: how many events it includes.
    pub offsets: Vec<u64>,
}

/// A text that is no cursor of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct CursorError;

/// The longest cursor that is read, in bytes.
const TEXT_BYTES_MAX: usize = 2_048;

impl Cursor {
    /// The point before everything, in a log of `partitions`.
    pub fn beginning(partitions: usize) -> Self {
        Self { moment: Instant::from_micros(0), offsets: vec![0; partitions] }
    }

    /// How many events of `partition` it includes.
    pub fn offset(&self, partition: Partition) -> u64 {
        usize::try_from(partition).ok().and_then(|at| self.offsets.get(at)).copied().unwrap_or(0)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c1~{:x}~", self.moment.micros())?;
        for (n, offset) in self.offsets.iter().enumerate() {
            write!(f, "{}{offset:x}", if n > 0 { "." } else { "" })?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let lower_hex = |t: &str| !t.is_empty() && t.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() > TEXT_BYTES_MAX {
            return Err(CursorError);
        }
        let (moment, offsets) =
            text.strip_prefix("c1~").and_then(|t| t.split_once('~')).ok_or(CursorError)?;
        let number = |t: &str| {
            if lower_hex(t) { i64::from_str_radix(t, 16).map_err(|_| CursorError) } else { Err(CursorError) }
        };
        Ok(Self {
            moment: Instant::from_micros(number(moment)?),
            offsets: offsets
                .split('.')
                .map(|t| number(t).map(i64::unsigned_abs))
                .collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let cursor = Cursor { moment: Instant::from_micros(1_700_000_000_000_001), offsets: vec![0, 300, 7] };
        assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
        assert!(cursor.to_string().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)));
        for bad in [
            "",
            "c1~",
            "c1~1",
            "c1~1~",
            "c1~1~-1",
            "c1~+1~1",
            "c2~1~1",
            "c1~1~1..2",
            "c1~A~1",
            "c1~1~ffffffffffffffff",
        ] {
            assert_eq!(bad.parse::<Cursor>(), Err(CursorError), "{bad}");
        }
    }
}
