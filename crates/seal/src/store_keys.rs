//! The store's own keys: names that only it can make, for streams, claims, idempotency and page links.
//!
//! Invariant: they are the same in every process and after a restart, and no two uses share a hash.

use std::fmt;

use anamnesis_kernel::StreamName;
use aws_lc_rs::hmac;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::aead::{Cipher, OpenError, Purpose, bound};
use crate::random::{Random, draw};
use crate::{Hash, Tag};

/// The keys, prepared, made from one secret each.
pub struct StoreKeys {
    secrets: Zeroizing<[[u8; 32]; Self::NAMES.len()]>,
    tags: hmac::Key,
    claims: hmac::Key,
    idempotency: hmac::Key,
    links: Cipher,
    outcomes: Cipher,
}

/// What a keyed hash is of: its first byte. A number never changes its meaning.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Use {
    Stream = 1,
    Subject = 2,
    Claim = 3,
    IdempotencyKey = 4,
    Content = 5,
    MintedCluster = 6,
    Minted = 7,
    // 8 signed page links, when they were not sealed.
    LinkKey = 9,
}

impl StoreKeys {
    /// The names their secrets are wrapped under, in the order of [`StoreKeys::from_secrets`].
    pub const NAMES: [&str; 5] = ["tags", "claims", "idempotency", "links", "outcomes"];

    /// New keys, for a new store.
    pub fn generate(random: &dyn Random) -> Self {
        let mut secrets = Zeroizing::new([[0; 32]; Self::NAMES.len()]);
        for secret in secrets.iter_mut() {
            *secret = draw(random);
        }
        Self::from_secrets(&secrets)
    }

    /// The keys of these secrets, in the order of [`StoreKeys::NAMES`].
    pub fn from_secrets(secrets: &[[u8; 32]; Self::NAMES.len()]) -> Self {
        let [tags, claims, idempotency, links, outcomes] = secrets;
        let key = |secret| hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self {
            secrets: Zeroizing::new(*secrets),
            tags: key(tags),
            claims: key(claims),
            idempotency: key(idempotency),
            links: Cipher::new(&keyed(&key(links), Use::LinkKey, &[])),
            outcomes: Cipher::new(outcomes),
        }
    }

    /// Each secret with its name, to be wrapped and kept.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &[u8; 32])> {
        Self::NAMES.into_iter().zip(self.secrets.iter())
    }

    /// The name of a stream in the log.
    pub fn stream_tag(&self, stream: &StreamName) -> Tag {
        cut(keyed(&self.tags, Use::Stream, &[stream.to_string().as_bytes()]))
    }

    /// The name of a subject among the keys; unlike that of its stream, so that keys and log do not join by it.
    pub fn subject_tag(&self, stream: &StreamName) -> Tag {
        cut(keyed(&self.tags, Use::Subject, &[stream.to_string().as_bytes()]))
    }

    /// The claim of a conditional write's normalised criteria.
    pub fn claim(&self, criteria: &str) -> Tag {
        cut(keyed(&self.claims, Use::Claim, &[criteria.as_bytes()]))
    }

    /// The name of an idempotency key.
    pub fn idempotency_key(&self, key: &[u8]) -> Tag {
        cut(keyed(&self.idempotency, Use::IdempotencyKey, &[key]))
    }

    /// The keyed hash of a request's content: tells the same from other without giving the content back.
    pub fn content(&self, bytes: &[u8]) -> Hash {
        keyed(&self.idempotency, Use::Content, &[bytes])
    }

    /// The `n`th id made under an idempotency key: UUIDv8, so that a retry meets its first try.
    ///
    /// The first 6 bytes depend on the key alone, so the ids of one commit lie together in an index.
    pub fn minted(&self, key: &Tag, n: u32, slot: u16) -> Uuid {
        let [a, b, c, d, e, f, ..] = keyed(&self.idempotency, Use::MintedCluster, &[&key.0]);
        let [g, h, i, l, m, o, p, q, ..] = keyed(&self.idempotency, Use::Minted, &[&key.0, &n.to_be_bytes()]);
        let [high, low] = slot.to_be_bytes();
        uuid::Builder::from_custom_bytes([a, b, c, d, e, f, g, h, i, high, low, l, m, o, p, q]).into_uuid()
    }

    /// Seals what an entry came to, bound to its key.
    pub fn seal_outcome(&self, key: &Tag, outcome: &[u8], random: &dyn Random) -> Vec<u8> {
        self.outcomes.seal(&bound(Purpose::Outcome, &[&key.0]), &[outcome], random)
    }

    /// What [`StoreKeys::seal_outcome`] sealed.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] under another key too.
    pub fn open_outcome(&self, key: &Tag, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.outcomes.open(&bound(Purpose::Outcome, &[&key.0]), sealed)
    }

    /// Seals where a page ended, bound to the question it is a page of: what comes back is one we gave, and who has
    /// the link learns nothing from it, though records may have been ordered by names.
    ///
    /// The same place of the same question is the same link each time, which AES-GCM-SIV allows: all that a nonce used
    /// again tells is that two links are equal (RFC 8452).
    pub fn seal_link(&self, question: &[u8], link: &[u8]) -> Vec<u8> {
        self.links.seal(&bound(Purpose::Link, &[question]), &[link], &NoNonce)
    }

    /// What [`StoreKeys::seal_link`] sealed.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] when it is not ours, or another question's.
    pub fn open_link(&self, question: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.links.open(&bound(Purpose::Link, &[question]), sealed)
    }
}

/// The same nonce each time.
struct NoNonce;

impl Random for NoNonce {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn keyed(key: &hmac::Key, what: Use, parts: &[&[u8]]) -> Hash {
    let mut context = hmac::Context::with_key(key);
    context.update(&[what as u8]);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.sign().as_ref());
    hash
}

fn cut(hash: Hash) -> Tag {
    let mut tag = [0; 16];
    tag.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    Tag(tag)
}

/// Secrets are not shown.
impl fmt::Debug for StoreKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKeys")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use anamnesis_kernel::{ResourceId, slot_of};

    use super::*;
    use crate::SystemRandom;

    #[test]
    fn no_two_uses_share_a_hash() {
        let keys = StoreKeys::from_secrets(&[[1; 32]; 5]);
        let stream: StreamName = "Patient/p1".parse().unwrap();
        let text = b"Patient/p1";
        let tags = [
            keys.stream_tag(&stream),
            keys.subject_tag(&stream),
            keys.claim("Patient/p1"),
            keys.idempotency_key(text),
            cut(keys.content(text)),
        ];
        assert_eq!(tags.into_iter().collect::<HashSet<_>>().len(), tags.len());
    }

    #[test]
    fn the_same_secrets_make_the_same_keys() {
        let keys = StoreKeys::generate(&SystemRandom);
        let mut secrets = [[0; 32]; 5];
        for ((name, secret), (to, expected)) in keys.secrets().zip(secrets.iter_mut().zip(StoreKeys::NAMES)) {
            assert_eq!(name, expected);
            *to = *secret;
        }
        let again = StoreKeys::from_secrets(&secrets);
        let key = keys.idempotency_key(b"k");
        assert_eq!(again.idempotency_key(b"k"), key);
        let sealed = keys.seal_outcome(&key, b"201", &SystemRandom);
        assert_eq!(again.open_outcome(&key, &sealed), Ok(b"201".to_vec()));
        assert_eq!(again.open_outcome(&keys.idempotency_key(b"l"), &sealed), Err(OpenError::Damaged));
        assert_eq!(format!("{keys:?}"), "StoreKeys");
    }

    #[test]
    fn minted_ids_lie_together_and_carry_their_slot() {
        let keys = StoreKeys::generate(&SystemRandom);
        let key = keys.idempotency_key(b"k");
        let ids: HashSet<_> = (0..1_000).map(|n| keys.minted(&key, n, 0xabcd)).collect();
        assert_eq!(ids.len(), 1_000);
        for id in &ids {
            assert_eq!(id.get_version_num(), 8);
            assert_eq!(slot_of(&ResourceId::from_uuid(*id)), 0xabcd);
            assert_eq!(id.as_bytes()[..6], keys.minted(&key, 0, 1).as_bytes()[..6]);
        }
        assert_eq!(keys.minted(&key, 5, 9), keys.minted(&key, 5, 9));
    }

    #[test]
    fn a_link_opens_for_its_question_alone() {
        let keys = StoreKeys::generate(&SystemRandom);
        let sealed = keys.seal_link(b"name=a", b"Example");
        assert_eq!(sealed, keys.seal_link(b"name=a", b"Example"), "the same link each time");
        assert_eq!(keys.open_link(b"name=a", &sealed), Ok(b"Example".to_vec()));
        assert!(!sealed.windows(7).any(|part| part == b"Example"), "nothing of it shows");
        assert_eq!(keys.open_link(b"name=b", &sealed), Err(OpenError::Damaged));
        assert_eq!(keys.open_link(b"name=a", &sealed[1..]), Err(OpenError::Damaged));
        let others = StoreKeys::generate(&SystemRandom);
        assert_eq!(others.open_link(b"name=a", &sealed), Err(OpenError::Damaged));
    }
}
