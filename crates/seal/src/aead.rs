//! One way to seal: AES-256-GCM-SIV (RFC 8452), as nonce ‖ ciphertext ‖ tag.
//!
//! Invariant: what is sealed for one purpose never opens for another, for the purpose is the first byte bound to it.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::random::{Random, draw};

/// The bytes of the tag behind the ciphertext.
const TAG_BYTES: usize = 16;

/// Why sealed bytes gave nothing. Each variant is something else for the caller to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another key, other bytes, or bound to something else: damage, or the wrong master key.
    #[error("the sealed bytes do not fit their key and what they are bound to")]
    Damaged,
    /// Good bytes in a form that is not known here: a newer program wrote them.
    #[error("the sealed bytes are in a form this version does not know")]
    Format,
}

/// What something is sealed for: the first byte of the associated data. A number never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Purpose {
    Event = 1,
    Other = 2,
    EpochKey = 3,
    SubjectKey = 4,
    StoreSecret = 5,
    Outcome = 6,
    Link = 7,
}

/// What sealed bytes are bound to: their purpose and what names them, without being part of them.
pub(crate) fn bound(purpose: Purpose, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    bytes.push(purpose as u8);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// A key with its schedule prepared, so that many small seals cost one.
pub(crate) struct Cipher {
    secret: Zeroizing<[u8; 32]>,
    prepared: LessSafeKey,
}

impl Cipher {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM_SIV, secret).expect("32 bytes are a key");
        // The library wipes the schedule it prepares when it frees it.
        Self { secret: Zeroizing::new(*secret), prepared: LessSafeKey::new(key) }
    }

    pub(crate) fn generate(random: &dyn Random) -> Self {
        Self::new(&Zeroizing::new(draw(random)))
    }

    pub(crate) fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Seals the concatenation of `parts` under a nonce drawn from `random`.
    pub(crate) fn seal(&self, bound: &[u8], parts: &[&[u8]], random: &dyn Random) -> Vec<u8> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut sealed = Vec::with_capacity(NONCE_LEN + length + TAG_BYTES);
        let nonce: [u8; NONCE_LEN] = draw(random);
        sealed.extend_from_slice(&nonce);
        for part in parts {
            sealed.extend_from_slice(part);
        }
        let (_, clear) = sealed.split_at_mut(NONCE_LEN);
        let tag = self
            .prepared
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), clear)
            .expect("nothing here is near the cipher's limit of 2^36 bytes");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens into `clear`, after the bytes that it holds already.
    pub(crate) fn open_onto(
        &self,
        bound: &[u8],
        sealed: &[u8],
        clear: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::Damaged)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(OpenError::Damaged)?;
        let before = clear.len();
        clear.resize(before + ciphertext.len(), 0);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let (_, out) = clear.split_at_mut(before);
        self.prepared
            .open_separate_gather(nonce, Aad::from(bound), ciphertext, tag, out)
            .map_err(|_| OpenError::Damaged)
    }

    pub(crate) fn open(&self, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut clear = Vec::new();
        self.open_onto(bound, sealed, &mut clear)?;
        Ok(clear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn seals_as_rfc_8452_says() {
        // Appendix C.2: <https://www.rfc-editor.org/rfc/rfc8452#appendix-C.2>.
        let first = |byte: u8| move |bytes: &mut [u8]| bytes.iter_mut().take(1).for_each(|b| *b = byte);
        let cipher = Cipher::generate(&first(1));
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let nonce = "030000000000000000000000";
        let empty = cipher.seal(&[], &[], &first(3));
        assert_eq!(hex(&empty), format!("{nonce}07f5f4169bbf55a8400cd47ea6fd400f"));
        let eight = cipher.seal(&[], &[&[1, 0, 0, 0], &[0; 4]], &first(3));
        assert_eq!(hex(&eight), format!("{nonce}c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused() {
        let cipher = Cipher::generate(&SystemRandom);
        let aad = bound(Purpose::Other, &[b"what it is bound to"]);
        let sealed = cipher.seal(&aad, &[b"some", b"thing"], &SystemRandom);
        assert_eq!(cipher.open(&aad, &sealed), Ok(b"something".to_vec()));
        for bit in 0..sealed.len() * 8 {
            let mut other = sealed.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(cipher.open(&aad, &other), Err(OpenError::Damaged), "sealed bit {bit}");
        }
        for bit in 0..aad.len() * 8 {
            let mut other = aad.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(cipher.open(&other, &sealed), Err(OpenError::Damaged), "bound bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(cipher.open(&aad, &sealed[..length]), Err(OpenError::Damaged), "length {length}");
        }
        assert_eq!(Cipher::generate(&SystemRandom).open(&aad, &sealed), Err(OpenError::Damaged));
    }
}
