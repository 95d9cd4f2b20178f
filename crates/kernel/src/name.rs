//! Names of records: a stream is named like its FHIR reference, `Patient/p1`.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use uuid::Uuid;

use crate::ResourceType;

/// A FHIR id: 1 to 64 of `A-Z a-z 0-9 - .` (<https://hl7.org/fhir/R4/datatypes.html#id>).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(CompactString);

/// The stream of one record: its type and id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName {
    /// The type of the record.
    pub kind: ResourceType,
    /// Its id.
    pub id: ResourceId,
}

/// Why a text names no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a type R4 has.
    #[error("not a resource type of FHIR R4")]
    Kind,
    /// Not a FHIR id.
    #[error("not an id: 1 to 64 of A-Z a-z 0-9 - .")]
    Id,
    /// Not of the form `Type/id`.
    #[error("not of the form Type/id")]
    Form,
}

impl ResourceId {
    /// Takes `text` if it is a FHIR id.
    ///
    /// # Errors
    ///
    /// [`NameError::Id`] when it is not.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if (1..=64).contains(&text.len()) && text.bytes().all(good) {
            Ok(Self(text.into()))
        } else {
            Err(NameError::Id)
        }
    }

    /// The id a UUID makes, in its usual lower-case form.
    pub fn from_uuid(uuid: Uuid) -> Self {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        Self(CompactString::new(uuid.hyphenated().encode_lower(&mut text)))
    }

    /// The UUID this id spells in its usual lower-case form, if it does.
    pub fn to_uuid(&self) -> Option<Uuid> {
        if self.0.len() != uuid::fmt::Hyphenated::LENGTH {
            return None;
        }
        let uuid = Uuid::parse_str(&self.0).ok()?;
        (Self::from_uuid(uuid) == *self).then_some(uuid)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl StreamName {
    /// Names the record of this type and id.
    pub const fn new(kind: ResourceType, id: ResourceId) -> Self {
        Self { kind, id }
    }

    /// Whether it is a Patient's.
    pub fn is_patient(&self) -> bool {
        self.kind == ResourceType::PATIENT
    }
}

impl FromStr for StreamName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (kind, id) = text.split_once('/').ok_or(NameError::Form)?;
        Ok(Self { kind: ResourceType::parse(kind).ok_or(NameError::Kind)?, id: ResourceId::new(id)? })
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

/// An id can be a patient's number elsewhere, so it is not shown.
impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Shows the type and not the id.
impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/…", self.kind)
    }
}

/// The slot of an id: carried by the UUIDv8 ids minted here, a hash (FNV-1a) of any other.
///
/// `partition = slot mod number of partitions`; a pure function, so any process finds a record without asking.
pub fn slot_of(id: &ResourceId) -> u16 {
    if let Some(uuid) = id.to_uuid()
        && uuid.get_version_num() == 8
    {
        // The variant takes the two highest bits of byte 8, so the slot is bytes 9 and 10.
        let [_, _, _, _, _, _, _, _, _, nine, ten, ..] = *uuid.as_bytes();
        return u16::from_be_bytes([nine, ten]);
    }
    let hash = id.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let [a, b, c, d, e, f, g, h] = hash.to_be_bytes();
    u16::from_be_bytes([a ^ c ^ e ^ g, b ^ d ^ f ^ h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let name = |text: &str| text.parse::<StreamName>().map(|n| n.to_string());
        assert_eq!(name("Patient/p1").as_deref(), Ok("Patient/p1"));
        assert_eq!(name("Patient"), Err(NameError::Form));
        assert_eq!(name("Dragon/p1"), Err(NameError::Kind));
        for id in ["", "a b", "a/b", "ä", "a_b", &"x".repeat(65)] {
            assert_eq!(name(&format!("Patient/{id}")), Err(NameError::Id), "{id}");
        }
    }

    #[test]
    fn debug_shows_no_id() {
        let name: StreamName = "Patient/mrn-12345".parse().unwrap();
        assert!(!format!("{name:?}").contains("12345"));
    }

    #[test]
    fn a_minted_id_carries_its_slot() {
        let mut bytes = [0x11; 16];
        bytes[9..11].copy_from_slice(&[0xab, 0xcd]);
        let id = ResourceId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid());
        assert_eq!(slot_of(&id), 0xabcd);
        assert_ne!(slot_of(&ResourceId::new("p1").unwrap()), slot_of(&ResourceId::new("p2").unwrap()));
    }
}
