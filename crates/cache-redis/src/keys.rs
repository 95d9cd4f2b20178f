//! Where things stand in Redis: all that is kept of one person is the fields of one key.
//!
//! Invariant: a key names a store and a person's random number, a field the keyed hash of a stream: nobody by name.

use anamnesis_seal::SubjectNumber;
use anamnesis_store::{Cached, Place};
use uuid::Uuid;

/// The keys of one store.
pub(crate) struct Keys {
    head: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str, store: Uuid) -> Self {
        Self { head: format!("{prefix}:{}:", store.simple()) }
    }

    /// The key of all that is kept of a subject.
    pub(crate) fn of(&self, subject: SubjectNumber) -> String {
        format!("{}{:016x}", self.head, subject.0)
    }

    /// A key that nothing stands under: what may be done with it may be done with the others.
    pub(crate) fn none(&self) -> String {
        format!("{}none", self.head)
    }
}

/// The field of a place within its subject's key.
pub(crate) fn field(place: &Place) -> [u8; 17] {
    let mut field = [match place.what {
        Cached::State => b's',
        Cached::Events => b'e',
    }; 17];
    if let Some((_, stream)) = field.split_first_mut() {
        stream.copy_from_slice(&place.stream.0);
    }
    field
}

#[cfg(test)]
mod tests {
    use anamnesis_seal::Tag;

    use super::*;

    #[test]
    fn two_places_never_share_one() {
        let stores = [Uuid::from_u128(1), Uuid::from_u128(2)].map(|store| Keys::new("anamnesis", store));
        let mut seen = std::collections::HashSet::new();
        for store in &stores {
            for subject in [0, 1, -1, i64::MAX].map(SubjectNumber) {
                for stream in [Tag([0; 16]), Tag([1; 16])] {
                    for what in [Cached::State, Cached::Events] {
                        assert!(seen.insert((store.of(subject), field(&Place { subject, stream, what }))));
                    }
                }
                assert_ne!(store.of(subject), store.none());
            }
        }
        let key = "anamnesis:00000000000000000000000000000001:ffffffffffffffff";
        assert_eq!(stores.first().map(|store| store.of(SubjectNumber(-1))).as_deref(), Some(key));
    }
}
