//! Seals events: encoded, compressed where that is shorter, encrypted under the subject's key.
//!
//! Invariant: what was sealed once opens for ever, so a form, its dictionary and its purposes are never changed.

use std::fmt;
use std::sync::LazyLock;

use uuid::Uuid;
use zeroize::Zeroizing;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

use crate::aead::{OpenError, Purpose, bound};
use crate::clear::{encode_onto, put_varint, take_varint};
use crate::random::Random;
use crate::{Clear, Opened, SubjectKey, SubjectNumber, decode_clear};

/// What is compressed against: FHIR's vocabulary, behind the zstd tables that say how often what occurs in records.
///
/// Frozen: any other is another form. A mean record takes 307 bytes with the tables and 346 without, in a third more
/// time; 670 without a dictionary.
pub(crate) const DICTIONARY: [&[u8]; 2] =
    [include_bytes!("../dictionary/fhir-1.tables"), include_bytes!("../dictionary/fhir-1.txt")];

/// The longest that compressed bytes may say they become, in bytes.
pub const CLEAR_BYTES_MAX: usize = 16 << 20;

/// Below this many bytes, compressing is not tried.
const COMPRESSED_BYTES_MIN: usize = 64;

/// How hard zstd looks. Level 5 makes records 4 % smaller and takes 2.4 times as long, which batches of appends feel.
/// Opening does not depend on it.
const LEVEL: i32 = 3;

/// The form byte of bytes as they are.
const PLAIN: u8 = 0;

/// The form byte of a zstd frame against [`DICTIONARY`], behind the length it becomes and without its magic number.
const ZSTD_1: u8 = 1;

/// What every zstd frame begins with (RFC 8878); taken off, since the form byte says as much.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

static COMPRESSING: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(&DICTIONARY.concat(), LEVEL));
static DECOMPRESSING: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(&DICTIONARY.concat()));

/// What sealed bytes are bound to: they open only beside the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound<'a> {
    /// The event's id.
    pub event_id: Uuid,
    /// Whose key it is.
    pub subject: SubjectNumber,
    /// The event's type.
    pub kind: &'a str,
    /// The shape its data was written in.
    pub schema_version: u16,
}

/// Seals and opens, one at a time; keeps what is costly to set up, so keep one for each thread.
pub struct Sealer {
    compressor: Compressor<'static>,
    decompressor: Decompressor<'static>,
    /// Room for the encoded and the compressed bytes, wiped when dropped.
    clear: Zeroizing<Vec<u8>>,
    packed: Zeroizing<Vec<u8>>,
}

impl Sealer {
    /// A sealer with its dictionary loaded.
    pub fn new() -> Self {
        // Both fail only where there is no memory for a context.
        let mut compressor =
            Compressor::with_prepared_dictionary(&COMPRESSING).expect("a new context takes a dictionary");
        compressor
            .set_parameter(CParameter::ContentSizeFlag(false))
            .expect("a new context takes a parameter");
        let decompressor =
            Decompressor::with_prepared_dictionary(&DECOMPRESSING).expect("a new context takes a dictionary");
        Self { compressor, decompressor, clear: Zeroizing::default(), packed: Zeroizing::default() }
    }

    /// Seals an event: nonce ‖ ciphertext ‖ tag.
    pub fn seal(
        &mut self,
        key: &SubjectKey,
        bound: &Bound<'_>,
        clear: &Clear<'_>,
        random: &dyn Random,
    ) -> Vec<u8> {
        self.clear.clear();
        encode_onto(clear, &mut self.clear);
        self.seal_clear(key, &bound.bytes(), random)
    }

    /// Opens what [`Sealer::seal`] sealed.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] when a bit is not as it was sealed, here or in `bound`.
    pub fn open(&mut self, key: &SubjectKey, bound: &Bound<'_>, sealed: &[u8]) -> Result<Opened, OpenError> {
        self.open_clear(key, &bound.bytes(), sealed)?;
        decode_clear(&self.clear)
    }

    /// Seals what is no event, such as a snapshot, bound to `name`, the caller's own text for what it is.
    pub fn seal_other(
        &mut self,
        key: &SubjectKey,
        name: &[u8],
        clear: &[u8],
        random: &dyn Random,
    ) -> Vec<u8> {
        self.clear.clear();
        self.clear.extend_from_slice(clear);
        self.seal_clear(key, &bound(Purpose::Other, &[name]), random)
    }

    /// Opens what [`Sealer::seal_other`] sealed.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] under another name too.
    pub fn open_other(&mut self, key: &SubjectKey, name: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.open_clear(key, &bound(Purpose::Other, &[name]), sealed)?;
        Ok(self.clear.to_vec())
    }

    fn seal_clear(&mut self, key: &SubjectKey, bound: &[u8], random: &dyn Random) -> Vec<u8> {
        match compress(&mut self.compressor, &self.clear, &mut self.packed) {
            Some(frame) => {
                let mut head = vec![ZSTD_1];
                put_varint(&mut head, self.clear.len());
                key.cipher().seal(bound, &[&head, frame], random)
            }
            None => key.cipher().seal(bound, &[&[PLAIN], &self.clear], random),
        }
    }

    /// Opens into `self.clear`.
    fn open_clear(&mut self, key: &SubjectKey, bound: &[u8], sealed: &[u8]) -> Result<(), OpenError> {
        self.clear.clear();
        self.packed.clear();
        // Room for the magic number in front, so that a frame need not be moved to have it again.
        self.packed.extend_from_slice(&MAGIC);
        key.cipher().open_onto(bound, sealed, &mut self.packed)?;
        let (_, opened) = self.packed.split_at(MAGIC.len());
        match opened.split_first() {
            Some((&PLAIN, clear)) => {
                self.clear.extend_from_slice(clear);
                Ok(())
            }
            Some((&ZSTD_1, rest)) => {
                let (length, frame) = take_varint(rest)?;
                if length > CLEAR_BYTES_MAX {
                    return Err(OpenError::Format);
                }
                let start = self.packed.len() - frame.len() - MAGIC.len();
                let (_, frame) = self.packed.split_at_mut(start);
                frame.iter_mut().zip(MAGIC).for_each(|(to, from)| *to = from);
                self.clear.reserve(length);
                let written = self
                    .decompressor
                    .decompress_to_buffer(frame, &mut *self.clear)
                    .map_err(|_| OpenError::Format)?;
                if written == length { Ok(()) } else { Err(OpenError::Format) }
            }
            _ => Err(OpenError::Format),
        }
    }
}

impl Bound<'_> {
    fn bytes(&self) -> Vec<u8> {
        bound(
            Purpose::Event,
            &[
                self.event_id.as_bytes(),
                &self.subject.0.to_be_bytes(),
                &self.schema_version.to_be_bytes(),
                self.kind.as_bytes(),
            ],
        )
    }
}

impl Default for Sealer {
    fn default() -> Self {
        Self::new()
    }
}

/// What it last saw is not shown.
impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

/// The zstd frame of `clear` without its magic number, if there is one and it is shorter.
fn compress<'a>(
    compressor: &mut Compressor<'static>,
    clear: &[u8],
    packed: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    if !(COMPRESSED_BYTES_MIN..=CLEAR_BYTES_MAX).contains(&clear.len()) {
        return None;
    }
    packed.clear();
    packed.reserve(zstd::zstd_safe::compress_bound(clear.len()));
    compressor.compress_to_buffer(clear, packed).ok()?;
    let frame = packed.strip_prefix(&MAGIC)?;
    // The length takes up to four bytes more than the form byte alone.
    (frame.len() + 4 <= clear.len()).then_some(frame)
}

#[cfg(test)]
mod tests {
    use anamnesis_kernel::{Actor, Instant, Source, StreamName};
    use proptest::prelude::*;

    use super::*;
    use crate::SystemRandom;
    use crate::aead::Cipher;

    const BOUND: Bound<'static> = Bound {
        event_id: Uuid::from_u128(7),
        subject: SubjectNumber(8),
        kind: "LabResultFinalized",
        schema_version: 1,
    };

    fn clear<'a>(stream: &'a StreamName, actor: &'a Actor, source: &'a Source, data: &'a [u8]) -> Clear<'a> {
        Clear {
            stream,
            occurred_at: Some(Instant::from_micros(1)),
            subject: None,
            actor,
            source,
            correlation_id: None,
            causation_id: None,
            reason: None,
            metadata: None,
            whole: true,
            data,
        }
    }

    /// Seals and opens `data`, and tells how many bytes it took.
    fn there_and_back(sealer: &mut Sealer, data: &[u8]) -> usize {
        let (stream, actor, source) =
            ("Observation/o1".parse().unwrap(), Actor::default(), Source::default());
        let key = SubjectKey::generate(&SystemRandom);
        let sealed = sealer.seal(&key, &BOUND, &clear(&stream, &actor, &source, data), &SystemRandom);
        let opened = Sealer::new().open(&key, &BOUND, &sealed).unwrap();
        assert!(opened.data == data && opened.stream == stream && opened.whole);
        sealed.len()
    }

    /// A little generator, so that what cannot be compressed is the same at every run.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn sealed_is_never_longer_than_plain_and_mostly_shorter() {
        let mut sealer = Sealer::new();
        // Nonce and tag, form byte, and around the data: the stream, a flag, the moment, tags and lengths.
        let around = |data: usize| 28 + 1 + 16 + 2 + 10 + 2 + usize::from(data > 127);
        let result = br#"{"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"2339-0","display":"Glucose"}],"text":"Glucose"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-03-01T12:00:00Z","valueQuantity":{"value":91.4,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}"#;
        let length = there_and_back(&mut sealer, result);
        assert!(length < result.len() / 3, "{length} of {}", result.len());
        for data in [&b"{}"[..], &noise(40), &noise(1_000)] {
            assert!(there_and_back(&mut sealer, data) <= around(data.len()) + data.len(), "{}", data.len());
        }
    }

    #[test]
    fn events_of_every_size() {
        let mut sealer = Sealer::new();
        let words = br#","code":{"coding":[{"system":"http://loinc.org","code":"#;
        for length in
            [0, 1, 63, 64, 65, 127, 128, 16_383, 16_384, 1 << 20, CLEAR_BYTES_MAX - 1, CLEAR_BYTES_MAX]
        {
            let data: Vec<u8> = words.iter().copied().cycle().take(length).collect();
            there_and_back(&mut sealer, &data);
        }
        there_and_back(&mut sealer, &noise(3 << 20));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused() {
        let mut sealer = Sealer::new();
        let (stream, actor, source) = ("Patient/p1".parse().unwrap(), Actor::default(), Source::default());
        let key = SubjectKey::generate(&SystemRandom);
        let sealed = sealer.seal(&key, &BOUND, &clear(&stream, &actor, &source, b"{}"), &SystemRandom);
        for bit in 0..sealed.len() * 8 {
            let mut other = sealed.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(sealer.open(&key, &BOUND, &other).err(), Some(OpenError::Damaged), "bit {bit}");
        }
        let others = [
            Bound { event_id: Uuid::from_u128(6), ..BOUND },
            Bound { subject: SubjectNumber(9), ..BOUND },
            Bound { kind: "LabResultCorrected", ..BOUND },
            Bound { schema_version: 2, ..BOUND },
        ];
        for other in others {
            assert_eq!(sealer.open(&key, &other, &sealed).err(), Some(OpenError::Damaged), "{other:?}");
        }
        assert!(sealer.open(&key, &BOUND, &sealed).is_ok());
    }

    #[test]
    fn what_is_no_event_is_bound_to_its_name() {
        let mut sealer = Sealer::new();
        let key = SubjectKey::generate(&SystemRandom);
        let sealed = sealer.seal_other(&key, b"snapshot 3", b"state", &SystemRandom);
        assert_eq!(sealer.open_other(&key, b"snapshot 3", &sealed), Ok(b"state".to_vec()));
        assert_eq!(sealer.open_other(&key, b"snapshot 4", &sealed), Err(OpenError::Damaged));
        // Nor does it open as an event, whatever name it was given.
        let named = sealer.seal_other(&key, &BOUND.bytes()[1..], b"state", &SystemRandom);
        assert_eq!(sealer.open(&key, &BOUND, &named).err(), Some(OpenError::Damaged));
    }

    #[test]
    fn forms_that_are_not_known_are_told_from_damage() {
        let mut long = vec![ZSTD_1];
        put_varint(&mut long, CLEAR_BYTES_MAX + 1);
        let cases: [(&str, &[u8]); 6] = [
            ("nothing", &[]),
            ("a later form", &[2, 1, 2, 3]),
            ("no length", &[ZSTD_1]),
            ("too long", &long),
            ("no frame", &[ZSTD_1, 5]),
            ("not a frame", &[ZSTD_1, 5, 1, 2, 3, 4, 5, 6, 7]),
        ];
        let cipher = Cipher::new(&[5; 32]);
        let key = SubjectKey::from_bytes(&[5; 32]);
        for (case, opened) in cases {
            let sealed = cipher.seal(&BOUND.bytes(), &[opened], &SystemRandom);
            assert_eq!(Sealer::new().open(&key, &BOUND, &sealed).err(), Some(OpenError::Format), "{case}");
        }
    }

    #[test]
    fn a_frame_that_is_longer_or_shorter_than_it_said_is_refused() {
        let mut sealer = Sealer::new();
        let (cipher, key) = (Cipher::new(&[5; 32]), SubjectKey::from_bytes(&[5; 32]));
        let text = vec![b'a'; 1 << 20];
        let frame = compress(&mut sealer.compressor, &text, &mut sealer.packed).unwrap().to_vec();
        for (said, expected) in
            [(1 << 20, None), (1_000, Some(OpenError::Format)), ((1 << 20) + 1, Some(OpenError::Format))]
        {
            let mut head = vec![ZSTD_1];
            put_varint(&mut head, said);
            let sealed = cipher.seal(&bound(Purpose::Other, &[b"t"]), &[&head, &frame], &SystemRandom);
            assert_eq!(Sealer::new().open_other(&key, b"t", &sealed).err(), expected, "{said}");
            assert_eq!(
                sealer.open_other(&key, b"t", &sealed).err(),
                expected,
                "{said}, with room from before"
            );
        }
    }

    proptest! {
        #[test]
        fn any_data_comes_back(data in prop::collection::vec(any::<u8>(), 0..600)) {
            there_and_back(&mut Sealer::new(), &data);
        }
    }
}
