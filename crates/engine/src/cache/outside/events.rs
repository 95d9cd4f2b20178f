//! The newest events of a stream as they are kept outside: as the log has them, and sealed once more together.
//!
//! Invariant: what opens is what was sealed, of this stream, version and leaf; what does not is nothing.

use anamnesis_kernel::{Instant, Position, Version};
use anamnesis_seal::{Hash, SubjectKey, SubjectNumber, SystemRandom, Tag};
use anamnesis_store::StoredEvent;
use uuid::Uuid;

use crate::codec::SEALER;

/// The form of what is kept; another form is another number.
const FORM: u8 = 1;
/// The form, the version and the leaf stand before what is sealed.
const HEAD_BYTES: usize = 1 + 8 + 32;
/// How much of a stream is kept, at most.
const EVENTS_BYTES_MAX: usize = 256 << 10;

/// Seals the newest of these events, which end with the newest of their stream, for whom that one is about.
pub(crate) fn sealed(key: &SubjectKey, events: &[StoredEvent]) -> Option<Vec<u8>> {
    let last = events.last()?;
    let mut bytes = 0;
    let kept = events.iter().rev().take_while(|event| {
        bytes += event.sealed.len();
        // What is about others is not kept among theirs.
        event.subject == last.subject && bytes <= EVENTS_BYTES_MAX
    });
    let kept = kept.count().min(usize::try_from(super::super::events::RECENT_EVENTS_MAX).ok()?);
    let mut clear = Vec::new();
    for event in events.get(events.len() - kept..)? {
        write(event, &mut clear);
    }
    if clear.is_empty() {
        return None;
    }
    let mut whole = Vec::with_capacity(HEAD_BYTES + clear.len() + 64);
    whole.push(FORM);
    whole.extend_from_slice(&last.version.to_be_bytes());
    whole.extend_from_slice(&last.leaf);
    let bound = bound(last.stream, &whole);
    let sealed = SEALER.with_borrow_mut(|sealer| sealer.seal_other(key, &bound, &clear, &SystemRandom));
    whole.extend_from_slice(&sealed);
    Some(whole)
}

/// Opens what [`sealed`] sealed: at least one event, without a gap, the last of which it was sealed for.
pub(crate) fn opened(key: &SubjectKey, stream: Tag, bytes: &[u8]) -> Option<Vec<StoredEvent>> {
    let (head, sealed) = bytes.split_at_checked(HEAD_BYTES)?;
    if head.first() != Some(&FORM) {
        return None;
    }
    let bound = bound(stream, head);
    let clear = SEALER.with_borrow_mut(|sealer| sealer.open_other(key, &bound, sealed)).ok()?;
    let mut rest = &clear[..];
    let mut events: Vec<StoredEvent> = Vec::new();
    while !rest.is_empty() {
        let event = read(&mut rest, stream)?;
        if events.last().is_some_and(|before| before.version + 1 != event.version) {
            return None;
        }
        events.push(event);
    }
    let last = events.last()?;
    (head.get(1..9)? == last.version.to_be_bytes() && head.get(9..)? == last.leaf).then_some(events)
}

fn bound(stream: Tag, head: &[u8]) -> Vec<u8> {
    [&b"events"[..], &stream.0, head].concat()
}

fn write(event: &StoredEvent, out: &mut Vec<u8>) {
    out.extend_from_slice(&event.position.partition.to_be_bytes());
    out.extend_from_slice(&event.position.offset.to_be_bytes());
    out.extend_from_slice(&event.version.to_be_bytes());
    out.extend_from_slice(event.event_id.as_bytes());
    out.extend_from_slice(event.commit_id.as_bytes());
    out.extend_from_slice(&event.subject.0.to_be_bytes());
    out.extend_from_slice(&event.schema_version.to_be_bytes());
    out.extend_from_slice(&event.moment.micros().to_be_bytes());
    out.extend_from_slice(&event.leaf);
    // A type's name is no longer than a byte can say, and an event no longer than four can.
    out.push(u8::try_from(event.kind.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(event.kind.as_bytes());
    out.extend_from_slice(&u32::try_from(event.sealed.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&event.sealed);
}

fn read(rest: &mut &[u8], stream: Tag) -> Option<StoredEvent> {
    let position =
        Position { partition: u32::from_be_bytes(take(rest)?), offset: u64::from_be_bytes(take(rest)?) };
    let version: Version = u64::from_be_bytes(take(rest)?);
    let [event_id, commit_id] = [take(rest)?, take(rest)?].map(Uuid::from_bytes);
    let subject = SubjectNumber(i64::from_be_bytes(take(rest)?));
    let schema_version = u16::from_be_bytes(take(rest)?);
    let moment = Instant::from_micros(i64::from_be_bytes(take(rest)?));
    let leaf: Hash = take(rest)?;
    let [length] = take(rest)?;
    let kind = String::from_utf8(slice(rest, usize::from(length))?.to_vec()).ok()?;
    let length = u32::from_be_bytes(take(rest)?);
    let sealed = slice(rest, usize::try_from(length).ok()?)?.to_vec();
    Some(StoredEvent {
        position,
        version,
        event_id,
        commit_id,
        stream,
        subject,
        kind,
        schema_version,
        moment,
        sealed,
        leaf,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*taken)
}

fn slice<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(version: Version, subject: i64, bytes: usize) -> StoredEvent {
        let byte = u8::try_from(version % 251).unwrap();
        StoredEvent {
            position: Position { partition: 3, offset: 7 * version },
            version,
            event_id: Uuid::from_u128(version.into()),
            commit_id: Uuid::from_u128(1_000 + u128::from(version)),
            stream: Tag([4; 16]),
            subject: SubjectNumber(subject),
            kind: "PatientRevised".into(),
            schema_version: 2,
            moment: Instant::from_micros(i64::try_from(version).unwrap()),
            sealed: vec![byte; bytes],
            leaf: [byte; 32],
        }
    }

    fn kept(events: &[StoredEvent]) -> Vec<Version> {
        let key = SubjectKey::generate(&SystemRandom);
        let bytes = sealed(&key, events).unwrap();
        let opened = opened(&key, Tag([4; 16]), &bytes).unwrap();
        assert_eq!(opened[..], events[events.len() - opened.len()..]);
        opened.iter().map(|event| event.version).collect()
    }

    #[test]
    fn the_newest_of_one_person_come_back_as_they_were() {
        let of = |versions: std::ops::RangeInclusive<u64>, subject, bytes| {
            versions.map(move |version| event(version, subject, bytes))
        };
        assert_eq!(kept(&of(1..=3, 5, 300).collect::<Vec<_>>()), [1, 2, 3]);
        assert_eq!(kept(&of(1..=130, 5, 0).collect::<Vec<_>>()), (31..=130).collect::<Vec<_>>());
        assert_eq!(kept(&of(1..=10, 5, 100_000).collect::<Vec<_>>()), [9, 10], "no more than there is room");
        let moved: Vec<_> = of(1..=4, 5, 10).chain(of(5..=6, 8, 10)).collect();
        assert_eq!(kept(&moved), [5, 6], "none that another's key seals");
        let key = SubjectKey::generate(&SystemRandom);
        assert_eq!(sealed(&key, &[]), None);
        assert_eq!(sealed(&key, &[event(1, 5, EVENTS_BYTES_MAX + 1)]), None);
    }

    #[test]
    fn nothing_opens_that_is_not_as_it_was() {
        let key = SubjectKey::generate(&SystemRandom);
        let bytes = sealed(&key, &[event(1, 5, 3), event(2, 5, 3)]).unwrap();
        let stream = Tag([4; 16]);
        assert!(opened(&key, stream, &bytes).is_some());
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(opened(&key, stream, &other).is_none(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(opened(&key, stream, &bytes[..length]).is_none(), "length {length}");
        }
        assert!(opened(&key, Tag([5; 16]), &bytes).is_none(), "another stream");
        assert!(opened(&SubjectKey::generate(&SystemRandom), stream, &bytes).is_none(), "another key");
    }
}
