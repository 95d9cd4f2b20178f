//! A record's state as it is kept outside the log, in a snapshot or a cache: sealed with its subject's key.
//!
//! Invariant: it opens only beside the stream, version, shape, moment and leaf that it was sealed for, and nothing of it
//! opens once the subject's key was destroyed.

use anamnesis_chart::State;
use anamnesis_json::Value;
use anamnesis_kernel::{Instant, StreamName};
use anamnesis_seal::{Hash, Sealer, SubjectKey, SubjectNumber, SystemRandom, Tag};
use anamnesis_store::SealedState;

use super::shape::shape;
use crate::codec::SEALER;

/// A record's state at one version, with whose key seals it and where it comes from.
#[derive(Clone)]
pub(crate) struct Folded {
    /// The version, and the elements where there is a live record.
    pub(crate) state: State,
    /// Whose key seals it.
    pub(crate) subject: StreamName,
    /// The moment of the event at that version.
    pub(crate) moment: Instant,
    /// The leaf of that event.
    pub(crate) leaf: Hash,
}

/// Seals a state with its subject's key.
pub(crate) fn seal(stream: Tag, folded: &Folded, subject: SubjectNumber, key: &SubjectKey) -> SealedState {
    let Folded { state, subject: name, moment, leaf } = folded;
    let mut kept = SealedState {
        stream,
        version: state.version,
        shape: shape(),
        subject,
        moment: *moment,
        leaf: *leaf,
        sealed: Vec::new(),
    };
    let name = name.to_string();
    let mut clear = Vec::with_capacity(1_024);
    clear.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    clear.extend_from_slice(name.as_bytes());
    // A deleted record has no elements, and so no text.
    if let Some(elements) = &state.elements {
        anamnesis_json::write_object(elements, &mut clear);
    }
    let bound = bound(&kept);
    kept.sealed = SEALER.with_borrow_mut(|sealer| sealer.seal_other(key, &bound, &clear, &SystemRandom));
    kept
}

/// Opens what [`seal`] sealed; none where a bit of it is not as it was, or other code sealed it.
pub(crate) fn open(kept: &SealedState, key: &SubjectKey) -> Option<Folded> {
    if kept.shape != shape() {
        return None;
    }
    let bound = bound(kept);
    let opened = SEALER.with_borrow_mut(|sealer: &mut Sealer| sealer.open_other(key, &bound, &kept.sealed));
    let clear = opened.ok()?;
    let (length, rest) = clear.split_first()?;
    let (name, text) = rest.split_at_checked(usize::from(*length))?;
    let subject = std::str::from_utf8(name).ok()?.parse().ok()?;
    let elements = match text {
        [] => None,
        text => match anamnesis_json::parse(text) {
            Ok(Value::Object(elements)) => Some(elements),
            _ => return None,
        },
    };
    let state = State { version: kept.version, elements };
    Some(Folded { state, subject, moment: kept.moment, leaf: kept.leaf })
}

/// What a sealed state is bound to: all that stands beside it.
fn bound(kept: &SealedState) -> Vec<u8> {
    [&b"state"[..], &kept.head()].concat()
}

#[cfg(test)]
mod tests {
    use anamnesis_store::Shape;

    use super::*;

    fn folded(elements: Option<&str>) -> Folded {
        let elements = elements.map(|text| match anamnesis_json::parse(text.as_bytes()) {
            Ok(Value::Object(elements)) => elements,
            _ => unreachable!("the cases are objects"),
        });
        Folded {
            state: State { version: 300, elements },
            subject: "Patient/p1".parse().unwrap(),
            moment: Instant::from_micros(7),
            leaf: [9; 32],
        }
    }

    fn text(folded: &Folded) -> Option<Vec<u8>> {
        folded.state.elements.as_ref().map(anamnesis_json::Object::to_text)
    }

    #[test]
    fn there_and_back() {
        let key = SubjectKey::generate(&SystemRandom);
        let long = format!(r#"{{"text":"{}"}}"#, "long ".repeat(10_000));
        for elements in [None, Some("{}"), Some(r#"{"b":1.50,"a":[null,"\u0001é"]}"#), Some(&long)] {
            let before = folded(elements);
            let kept = seal(Tag([1; 16]), &before, SubjectNumber(5), &key);
            let bytes = kept.to_bytes();
            assert_eq!(SealedState::from_bytes(&bytes), Some(kept));
            let after = open(&SealedState::from_bytes(&bytes).unwrap(), &key).unwrap();
            assert_eq!(text(&after), text(&before));
            assert_eq!(after.state.version, 300);
            assert_eq!(
                (after.subject, after.moment, after.leaf),
                (before.subject, before.moment, before.leaf)
            );
        }
    }

    #[test]
    fn nothing_opens_that_is_not_as_it_was() {
        let key = SubjectKey::generate(&SystemRandom);
        let kept = seal(Tag([1; 16]), &folded(Some(r#"{"active":true}"#)), SubjectNumber(5), &key);
        let bytes = kept.to_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&SealedState::from_bytes(&other).unwrap(), &key).is_none(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            let opened = SealedState::from_bytes(&bytes[..length]).and_then(|kept| open(&kept, &key));
            assert!(opened.is_none(), "length {length}");
        }
        assert!(open(&kept, &SubjectKey::generate(&SystemRandom)).is_none(), "another key");
        assert!(open(&kept, &key).is_some());
    }

    #[test]
    fn what_other_code_sealed_is_not_opened() {
        let key = SubjectKey::generate(&SystemRandom);
        let mut kept = seal(Tag([1; 16]), &folded(Some("{}")), SubjectNumber(5), &key);
        kept.shape = Shape([0; 16]);
        let bound = bound(&kept);
        kept.sealed = Sealer::new().seal_other(&key, &bound, b"\x0aPatient/p1{}", &SystemRandom);
        assert!(open(&kept, &key).is_none());
        kept.shape = shape();
        assert!(open(&kept, &key).is_none(), "it was bound to the other shape");
    }
}
