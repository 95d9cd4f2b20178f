//! What the tests of the embedded store append.

use anamnesis_kernel::Instant;
use anamnesis_seal::{SubjectNumber, Tag, sha256};
use anamnesis_store::{Commit, Expected, SealedEvent, StreamAppend};
use uuid::Uuid;

/// When every test begins: 2026-01-01.
pub(crate) const NOW: Instant = Instant::from_micros(1_767_225_600_000_000);

/// The stream all commits are to.
pub(crate) const STREAM: Tag = Tag([1; 16]);

/// A commit of one event to the stream, of so many sealed bytes that are nowhere else in a file.
pub(crate) fn commit(n: u64, bytes: usize) -> Commit {
    let mut seed = sha256(&n.to_be_bytes());
    let mut sealed = Vec::with_capacity(bytes + seed.len());
    while sealed.len() < bytes {
        sealed.extend(seed);
        seed = sha256(&seed);
    }
    sealed.truncate(bytes);
    let event = SealedEvent {
        event_id: Uuid::from_u128(u128::from(n) + 1),
        chosen_id: false,
        subject: SubjectNumber(1),
        kind: "PatientRevised".into(),
        schema_version: 1,
        sealed_hash: sha256(&sealed),
        sealed,
    };
    let stream = StreamAppend { stream: STREAM, expected: Expected::Exact(n), events: vec![event] };
    Commit {
        commit_id: Uuid::from_u128(u128::from(n) + 1_000_000),
        now: NOW,
        streams: vec![stream],
        claims: Vec::new(),
        idempotency: None,
    }
}
