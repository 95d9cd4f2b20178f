//! A record's id as an index holds it: 17 bytes for a UUID in its usual form, else its text.
//!
//! Invariant: one-to-one, since no FHIR id begins with a zero byte.

use anamnesis_kernel::ResourceId;
use uuid::Uuid;

const UUID_MARK: u8 = 0;

/// The bytes that stand for a local id.
pub(crate) fn id_bytes(id: &ResourceId) -> Vec<u8> {
    match id.to_uuid() {
        Some(uuid) => std::iter::once(UUID_MARK).chain(*uuid.as_bytes()).collect(),
        None => id.as_str().as_bytes().to_vec(),
    }
}

/// The bytes that stand for the target of a reference: an id, or with no type any text.
pub(crate) fn target_bytes(kind: u16, id: &str) -> Vec<u8> {
    match ResourceId::new(id) {
        Ok(id) if kind > 0 => id_bytes(&id),
        _ => id.as_bytes().to_vec(),
    }
}

/// The id that `bytes` stand for, if they do.
pub(crate) fn id_from_bytes(bytes: &[u8]) -> Option<ResourceId> {
    match bytes {
        [UUID_MARK, rest @ ..] => Uuid::from_slice(rest).ok().map(ResourceId::from_uuid),
        text => std::str::from_utf8(text).ok().and_then(|text| ResourceId::new(text).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in
            ["p1", "01234567-89ab-cdef-0123-456789abcdef", "01234567-89AB-cdef-0123-456789abcdef", "x"]
        {
            let id = ResourceId::new(text).unwrap();
            assert_eq!(id_from_bytes(&id_bytes(&id)), Some(id));
        }
        assert_eq!(id_bytes(&ResourceId::new("01234567-89ab-cdef-0123-456789abcdef").unwrap()).len(), 17);
    }
}
