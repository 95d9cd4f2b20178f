//! Up to where the views are complete, as it is kept in them.

use anamnesis_kernel::Instant;
use anamnesis_store::{Mark, Watermark};
use uuid::Uuid;

/// The watermark as one value: log id, moment, marks, and the shape's text to the end.
pub(super) fn to_bytes(watermark: &Watermark) -> Vec<u8> {
    let mut bytes = watermark.log.as_bytes().to_vec();
    bytes.extend(watermark.moment.micros().to_be_bytes());
    bytes.extend((watermark.marks.len() as u64).to_be_bytes());
    for mark in &watermark.marks {
        bytes.extend(mark.offset.to_be_bytes());
        bytes.extend(mark.leaf);
    }
    bytes.extend(watermark.shape.as_bytes());
    bytes
}

pub(super) fn from_bytes(bytes: &[u8]) -> Option<Watermark> {
    let (log, rest) = bytes.split_first_chunk::<16>()?;
    let (moment, rest) = rest.split_first_chunk::<8>()?;
    let (count, mut rest) = rest.split_first_chunk::<8>()?;
    let mut marks = Vec::new();
    for _ in 0..u64::from_be_bytes(*count) {
        let (offset, after) = rest.split_first_chunk::<8>()?;
        let (leaf, after) = after.split_first_chunk::<32>()?;
        marks.push(Mark { offset: u64::from_be_bytes(*offset), leaf: *leaf });
        rest = after;
    }
    Some(Watermark {
        log: Uuid::from_bytes(*log),
        shape: std::str::from_utf8(rest).ok()?.to_owned(),
        marks,
        moment: Instant::from_micros(i64::from_be_bytes(*moment)),
    })
}
