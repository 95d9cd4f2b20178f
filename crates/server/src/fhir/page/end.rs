//! Where a page ended, as bytes and back.
//!
//! Invariant: bytes that are not exactly an end's give none.

use anamnesis_kernel::search::{After, Place, Real, SortKey};
use anamnesis_kernel::{Cursor, Instant, StreamName, Version};
use anamnesis_store::VersionPlace;

/// Where a page ended.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::fhir) enum End {
    /// At this place of a compartment.
    Place(Place),
    /// At this version of a record.
    Version(Version),
    /// At this version among those of many records.
    Change(VersionPlace),
    /// At this record, in the order of names.
    Name(StreamName),
    /// Within a search.
    Search(Turn),
}

/// Where a page of a search ended, and what the pages that follow have in common with it.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::fhir) struct Turn {
    /// What all pages are answered as of.
    pub(in crate::fhir) cursor: Cursor,
    /// How many records the search finds in all, where that was asked for.
    pub(in crate::fhir) total: Option<u64>,
    /// Where the page ended; none before the first.
    pub(in crate::fhir) after: Option<After>,
}

impl End {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        match self {
            Self::Place(place) => {
                out.push(b'p');
                write_place(place, &mut out);
            }
            Self::Version(version) => {
                out.push(b'v');
                out.extend(version.to_be_bytes());
            }
            Self::Change(place) => {
                out.push(b'c');
                out.extend(place.began.micros().to_be_bytes());
                out.extend(place.record.to_be_bytes());
                out.extend(place.partition.to_be_bytes());
            }
            Self::Name(name) => {
                out.push(b'n');
                out.extend(name.to_string().into_bytes());
            }
            Self::Search(turn) => {
                out.push(b's');
                turn.write(&mut out);
            }
        }
        out
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (form, rest) = bytes.split_first()?;
        let mut rest = Reader(rest);
        let end = match form {
            b'p' => Self::Place(rest.place()?),
            b'c' => Self::Change(VersionPlace {
                began: Instant::from_micros(i64::from_be_bytes(rest.take()?)),
                record: u64::from_be_bytes(rest.take()?),
                partition: u32::from_be_bytes(rest.take()?),
            }),
            b'v' => Self::Version(u64::from_be_bytes(rest.take()?)),
            b'n' => Self::Name(std::str::from_utf8(std::mem::take(&mut rest.0)).ok()?.parse().ok()?),
            b's' => Self::Search(rest.turn()?),
            _ => return None,
        };
        rest.0.is_empty().then_some(end)
    }
}

impl Turn {
    fn write(&self, out: &mut Vec<u8>) {
        write_text(&self.cursor.to_string(), out);
        out.push(self.total.is_some().into());
        out.extend(self.total.unwrap_or_default().to_be_bytes());
        let Some(after) = &self.after else { return };
        write_place(&after.place, out);
        for key in &after.keys {
            match key {
                SortKey::None => out.push(b'0'),
                SortKey::Integer(number) => {
                    out.push(b'i');
                    out.extend(number.to_be_bytes());
                }
                SortKey::Real(number) => {
                    out.push(b'r');
                    out.extend(number.get().to_be_bytes());
                }
                SortKey::Text(text) => {
                    out.push(b't');
                    write_text(text, out);
                }
            }
        }
    }
}

fn write_place(place: &Place, out: &mut Vec<u8>) {
    out.extend(place.date.to_be_bytes());
    out.extend(place.record.to_be_bytes());
    out.extend(place.partition.to_be_bytes());
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u64).to_be_bytes());
    out.extend(text.as_bytes());
}

/// What is left to be read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn text(&mut self) -> Option<&str> {
        let length = usize::try_from(u64::from_be_bytes(self.take()?)).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn place(&mut self) -> Option<Place> {
        Some(Place {
            date: i64::from_be_bytes(self.take()?),
            record: u64::from_be_bytes(self.take()?),
            partition: u32::from_be_bytes(self.take()?),
        })
    }

    fn turn(&mut self) -> Option<Turn> {
        let cursor = self.text()?.parse().ok()?;
        let [counted] = self.take()?;
        let total = u64::from_be_bytes(self.take()?);
        let total = (counted == 1).then_some(total);
        if self.0.is_empty() {
            return Some(Turn { cursor, total, after: None });
        }
        let place = self.place()?;
        let mut keys = Vec::new();
        while !self.0.is_empty() {
            let [form] = self.take()?;
            keys.push(match form {
                b'0' => SortKey::None,
                b'i' => SortKey::Integer(i64::from_be_bytes(self.take()?)),
                b'r' => SortKey::Real(Real::new(f64::from_be_bytes(self.take()?))?),
                b't' => SortKey::Text(self.text()?.into()),
                _ => return None,
            });
        }
        Some(Turn { cursor, total, after: Some(After { keys, place }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let place = Place { date: -7, record: u64::MAX, partition: 3 };
        let turn = |total, keys: Option<Vec<SortKey>>| {
            let cursor = Cursor { moment: Instant::from_micros(12), offsets: vec![3, 4] };
            End::Search(Turn { cursor, total, after: keys.map(|keys| After { keys, place }) })
        };
        let every_key = vec![
            SortKey::Text("Müller".into()),
            SortKey::None,
            SortKey::Integer(i64::MIN),
            SortKey::Real(Real::new(-1.5).unwrap()),
            SortKey::Text("".into()),
        ];
        let ends = [
            End::Place(place),
            End::Version(9),
            End::Change(VersionPlace { began: Instant::from_micros(-7), record: u64::MAX, partition: 3 }),
            End::Name("Organization/o1".parse().unwrap()),
            turn(None, None),
            turn(None, Some(vec![])),
            turn(Some(0), Some(vec![])),
            turn(Some(103), Some(every_key)),
        ];
        for end in ends {
            let bytes = end.to_bytes();
            assert!(End::from_bytes(&bytes) == Some(end.clone()));
            assert!(End::from_bytes(&[&bytes[..], &[1]].concat()) != Some(end.clone()), "nothing may follow");
            for length in 0..bytes.len() {
                assert!(End::from_bytes(&bytes[..length]) != Some(end.clone()), "cut to {length}");
            }
        }
    }
}
