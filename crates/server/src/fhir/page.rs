//! Links to the next page: where the last one ended, signed, so that a link that comes back is one we gave.
//!
//! Invariant: a token is good for the question it was given with, and for no other.

use anamnesis_kernel::search::Place;
use anamnesis_kernel::{Instant, StreamName, Version};
use anamnesis_seal::StoreKeys;
use anamnesis_store::VersionPlace;

const SIGNATURE_BYTES: usize = 16;

/// Where a page ended.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum End {
    /// At this place of a search.
    Place(Place),
    /// At this version of a record.
    Version(Version),
    /// At this version among those of many records.
    Change(VersionPlace),
    /// At this record, in the order of names.
    Name(StreamName),
}

/// The token for a page that follows `end`; `question` is what was asked.
pub(super) fn token(keys: &StoreKeys, question: &str, end: &End) -> String {
    let bytes = end.to_bytes();
    let signature = keys.sign_link(&signed(question, &bytes));
    let mut out = String::with_capacity((bytes.len() + SIGNATURE_BYTES) * 2);
    for byte in bytes.iter().chain(&signature) {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    out
}

/// Where the page before ended; `None` when the token is not ours, or is another question's.
pub(super) fn read(keys: &StoreKeys, question: &str, token: &str) -> Option<End> {
    let digits: Vec<u8> = token.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| <[u8; 2]>::try_from(pair).map(|[a, b]| a << 4 | b))
        .collect::<Result<_, _>>()
        .ok()?;
    let (end, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_BYTES)?)?;
    keys.verify_link(&signed(question, end), signature).then(|| End::from_bytes(end)).flatten()
}

fn signed(question: &str, end: &[u8]) -> Vec<u8> {
    // The length keeps question and end apart.
    let length = (question.len() as u64).to_be_bytes();
    [&length, question.as_bytes(), end].concat()
}

impl End {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Place(place) => [
                &b"p"[..],
                &place.date.to_be_bytes(),
                &place.record.to_be_bytes(),
                &place.partition.to_be_bytes(),
            ]
            .concat(),
            Self::Version(version) => [&b"v"[..], &version.to_be_bytes()].concat(),
            Self::Change(place) => [
                &b"c"[..],
                &place.began.micros().to_be_bytes(),
                &place.record.to_be_bytes(),
                &place.partition.to_be_bytes(),
            ]
            .concat(),
            Self::Name(name) => [b"n", name.to_string().as_bytes()].concat(),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (form, rest) = bytes.split_first()?;
        match form {
            b'p' => {
                let (date, rest) = rest.split_first_chunk()?;
                let (record, rest) = rest.split_first_chunk()?;
                Some(Self::Place(Place {
                    date: i64::from_be_bytes(*date),
                    record: u64::from_be_bytes(*record),
                    partition: u32::from_be_bytes(rest.try_into().ok()?),
                }))
            }
            b'c' => {
                let (began, rest) = rest.split_first_chunk()?;
                let (record, rest) = rest.split_first_chunk()?;
                Some(Self::Change(VersionPlace {
                    began: Instant::from_micros(i64::from_be_bytes(*began)),
                    record: u64::from_be_bytes(*record),
                    partition: u32::from_be_bytes(rest.try_into().ok()?),
                }))
            }
            b'v' => Some(Self::Version(u64::from_be_bytes(rest.try_into().ok()?))),
            b'n' => Some(Self::Name(std::str::from_utf8(rest).ok()?.parse().ok()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_seal::SystemRandom;

    #[test]
    fn tokens() {
        let keys = StoreKeys::generate(&SystemRandom);
        let ends = [
            End::Place(Place { date: -7, record: u64::MAX, partition: 3 }),
            End::Version(9),
            End::Change(VersionPlace { began: Instant::from_micros(-7), record: u64::MAX, partition: 3 }),
            End::Name("Organization/o1".parse().unwrap()),
        ];
        for end in ends {
            let given = token(&keys, "Patient?name=a", &end);
            assert!(read(&keys, "Patient?name=a", &given) == Some(end));
            assert!(read(&keys, "Patient?name=b", &given).is_none(), "another question");
            assert!(
                read(&StoreKeys::generate(&SystemRandom), "Patient?name=a", &given).is_none(),
                "another store"
            );
            for at in 0..given.len() {
                let mut bent = given.clone().into_bytes();
                bent[at] = if bent[at] == b'0' { b'1' } else { b'0' };
                assert!(
                    read(&keys, "Patient?name=a", std::str::from_utf8(&bent).unwrap()).is_none(),
                    "tampered at {at}"
                );
            }
        }
        for odd in ["", "0", "zz", "ä", &"0".repeat(31), &"0".repeat(32), &"00".repeat(40)] {
            assert!(read(&keys, "", odd).is_none(), "{odd}");
        }
    }
}
