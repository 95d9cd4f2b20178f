//! What a leaf of the log's tree holds, in clear: nothing that names or describes a person.
//!
//! Invariant: two different entries never encode to the same bytes, and an entry is shorter than 300 bytes.

use anamnesis_kernel::{Instant, Version};
use uuid::Uuid;

use crate::digest::{Hash, leaf};
use crate::random::{Random, draw};

/// The number of this layout, its first byte.
const FORMAT: u8 = 1;

/// How long the name of an event type may be, in bytes.
pub const KIND_BYTES_MAX: usize = 100;

/// A name that only the store can make: a keyed hash, HMAC-SHA-256 cut to 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub [u8; 16]);

/// The number of a subject in the log: random and positive, so it says nothing about whom it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectNumber(pub i64);

impl SubjectNumber {
    /// Draws a number from 1 to 2⁶³ − 1. The store sees to it that no two subjects share one.
    pub fn generate(random: &dyn Random) -> Self {
        Self((i64::from_be_bytes(draw(random)) & i64::MAX).max(1))
    }
}

/// One event as the log's tree holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What it was appended together with.
    pub commit_id: Uuid,
    /// Its own id.
    pub event_id: Uuid,
    /// The keyed hash of its stream's name.
    pub stream_tag: Tag,
    /// Its number within the stream, from 1.
    pub version: Version,
    /// Whose key its sealed bytes need.
    pub subject: SubjectNumber,
    /// Its type: ASCII, at most [`KIND_BYTES_MAX`].
    pub kind: &'a str,
    /// The shape its data was written in.
    pub schema_version: u16,
    /// The moment of its commit.
    pub moment: Instant,
    /// The SHA-256 of its sealed bytes: nonce, ciphertext and tag.
    pub sealed_hash: Hash,
}

impl Entry<'_> {
    /// Appends the bytes that the leaf is the hash of, big-endian throughout.
    pub fn encode(&self, out: &mut Vec<u8>) {
        debug_assert!(self.kind.len() <= KIND_BYTES_MAX && self.kind.is_ascii());
        out.push(FORMAT);
        out.extend_from_slice(self.commit_id.as_bytes());
        out.extend_from_slice(self.event_id.as_bytes());
        out.extend_from_slice(&self.stream_tag.0);
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&self.subject.0.to_be_bytes());
        out.extend_from_slice(&self.schema_version.to_be_bytes());
        out.extend_from_slice(&self.moment.micros().to_be_bytes());
        out.extend_from_slice(&self.sealed_hash);
        // The type is last, the one part without a fixed length, so no two entries meet in the same bytes.
        out.extend_from_slice(self.kind.as_bytes());
    }

    /// The leaf: SHA-256(0x00 ‖ entry), of RFC 6962.
    pub fn leaf(&self) -> Hash {
        let mut entry = Vec::with_capacity(300);
        self.encode(&mut entry);
        leaf(&entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_in_the_leaf() {
        let entry = Entry {
            commit_id: Uuid::from_u128(1),
            event_id: Uuid::from_u128(2),
            stream_tag: Tag([3; 16]),
            version: 4,
            subject: SubjectNumber(5),
            kind: "PatientRegistered",
            schema_version: 6,
            moment: Instant::from_micros(7),
            sealed_hash: [8; 32],
        };
        let others = [
            Entry { commit_id: Uuid::from_u128(9), ..entry },
            Entry { event_id: Uuid::from_u128(9), ..entry },
            Entry { stream_tag: Tag([9; 16]), ..entry },
            Entry { version: 9, ..entry },
            Entry { subject: SubjectNumber(9), ..entry },
            Entry { kind: "PatientRegistere", ..entry },
            Entry { schema_version: 9, ..entry },
            Entry { moment: Instant::from_micros(9), ..entry },
            Entry { sealed_hash: [9; 32], ..entry },
        ];
        for other in others {
            assert_ne!(other.leaf(), entry.leaf(), "{other:?}");
        }
        let longest = "K".repeat(KIND_BYTES_MAX);
        let mut bytes = Vec::new();
        Entry { kind: &longest, ..entry }.encode(&mut bytes);
        assert!(bytes.len() < 300, "{}", bytes.len());
    }

    #[test]
    fn a_subject_number_is_positive() {
        for byte in [0x00, 0x7f, 0x80, 0xff] {
            let all = move |bytes: &mut [u8]| bytes.fill(byte);
            assert!(SubjectNumber::generate(&all).0 > 0, "{byte}");
        }
    }
}
