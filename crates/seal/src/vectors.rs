//! The vectors of the log's format: `vectors/format-1.json` says, for fixed inputs, the bytes that stand for ever.
//!
//! Invariant: a line of it is never changed. A format that needs other bytes is another format with its own file.

use std::fmt::Write as _;

use anamnesis_kernel::{Actor, Instant, Source, StreamName};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::aead::{Purpose, bound};
use crate::digest::leaf;
use crate::{
    Bound, Clear, Entry, EpochKey, Hash, MasterKey, Sealer, StoreKeys, SubjectKey, SubjectNumber, Tag, Tree,
    decode_clear, encode_clear, sha256,
};

const VECTORS: &str = include_str!("../vectors/format-1.json");

const BOUND: Bound<'static> = Bound {
    event_id: Uuid::from_u128(0x0190_0000_0000_8000_8000_0000_0000_0002),
    subject: SubjectNumber(0x1122_3344_5566_7788),
    kind: "LabResultFinalized",
    schema_version: 1,
};

const DATA: &[u8] = br#"{"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2339-0","display":"Glucose"}],"text":"Glucose"},"subject":{"reference":"Patient/p1"},"valueQuantity":{"value":91.40,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}"#;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// What the file says under `name`; each name stands in it once.
fn said(name: &str) -> &'static str {
    let (_, rest) =
        VECTORS.split_once(&format!("\"{name}\": \"")).unwrap_or_else(|| panic!("{name} is missing"));
    rest.split_once('"').unwrap().0
}

/// The nonce of every vector: 0, 1, 2 … 11.
fn counting(bytes: &mut [u8]) {
    for (byte, n) in bytes.iter_mut().zip(0..) {
        *byte = n;
    }
}

fn entry<'a>(sealed: &[u8]) -> Entry<'a> {
    Entry {
        commit_id: Uuid::from_u128(0x0190_0000_0000_8000_8000_0000_0000_0001),
        event_id: BOUND.event_id,
        stream_tag: Tag([0xa1; 16]),
        version: 3,
        subject: BOUND.subject,
        kind: BOUND.kind,
        schema_version: BOUND.schema_version,
        moment: Instant::from_micros(1_772_366_400_000_001),
        sealed_hash: sha256(sealed),
    }
}

struct Facts {
    stream: StreamName,
    subject: StreamName,
    actor: Actor,
    source: Source,
}

impl Facts {
    fn new() -> Self {
        Self {
            stream: "Observation/o1".parse().unwrap(),
            subject: "Patient/p1".parse().unwrap(),
            actor: Actor {
                user: Some("u1".into()),
                client: Some("c1".into()),
                on_behalf_of: Some("b1".into()),
                purpose: Some("TREAT".into()),
            },
            source: Source {
                door: "hl7v2".into(),
                application: Some("LAB".into()),
                facility: Some("F1".into()),
                control_id: Some("42".into()),
            },
        }
    }

    fn clear(&self) -> Clear<'_> {
        Clear {
            stream: &self.stream,
            occurred_at: Some(Instant::from_micros(1_772_366_000_000_000)),
            subject: Some(&self.subject),
            actor: &self.actor,
            source: &self.source,
            correlation_id: Some("order 7"),
            causation_id: Some(Uuid::from_u128(9)),
            reason: Some("repeated"),
            metadata: Some(br#"{"a":1}"#),
            whole: true,
            data: DATA,
        }
    }
}

/// The file as this program would write it, but for the compressed bytes, which another zstd may make differently.
fn written() -> String {
    let facts = Facts::new();
    let key = SubjectKey::from_bytes(&[0x11; 32]);
    let plaintext = [&[0][..], &encode_clear(&facts.clear())].concat();
    let aad = bound(
        Purpose::Event,
        &[
            BOUND.event_id.as_bytes(),
            &BOUND.subject.0.to_be_bytes(),
            &BOUND.schema_version.to_be_bytes(),
            BOUND.kind.as_bytes(),
        ],
    );
    let sealed = key.cipher().seal(&aad, &[&plaintext], &counting);
    let entry = entry(&sealed);
    let mut encoded = Vec::new();
    entry.encode(&mut encoded);

    let mut tree = Tree::default();
    let mut roots = vec![hex(&tree.root())];
    let mut leaves = Vec::new();
    let mut tree_of_7 = String::new();
    for n in 0..8_u8 {
        leaves.push(hex(&leaf(&[n])));
        tree.push(leaf(&[n]));
        roots.push(hex(&tree.root()));
        if n == 6 {
            tree_of_7 = hex(&tree.to_bytes());
        }
    }

    let epoch = MasterKey::from_bytes(&[0x22; 32]);
    let epoch_key = |byte: u8| EpochKey::generate(&move |bytes: &mut [u8]| bytes.fill(byte));
    let keys = StoreKeys::from_secrets(&[[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]]);
    let idempotency = keys.idempotency_key(b"key 1");
    let lines = [
        ("dictionary_sha256", said_dictionary()),
        ("nonce", "000102030405060708090a0b".to_owned()),
        ("event_key", hex(&[0x11; 32])),
        ("event_aad", hex(&aad)),
        ("event_plaintext", hex(&plaintext)),
        ("event_sealed", hex(&sealed)),
        ("event_sealed_zstd", said("event_sealed_zstd").to_owned()),
        ("entry_commit_id", entry.commit_id.to_string()),
        ("entry_event_id", entry.event_id.to_string()),
        ("entry_stream_tag", hex(&entry.stream_tag.0)),
        ("entry_version", entry.version.to_string()),
        ("entry_subject", entry.subject.0.to_string()),
        ("entry_schema_version", entry.schema_version.to_string()),
        ("entry_moment", entry.moment.micros().to_string()),
        ("entry_sealed_hash", hex(&entry.sealed_hash)),
        ("entry_kind", entry.kind.to_owned()),
        ("entry_encoded", hex(&encoded)),
        ("entry_leaf", hex(&entry.leaf())),
        ("tree_entries", "00 01 02 03 04 05 06 07".to_owned()),
        ("tree_leaves", leaves.join(" ")),
        ("tree_roots", roots.join(" ")),
        ("tree_bytes_of_7", tree_of_7),
        ("master_key", hex(&[0x22; 32])),
        ("epoch_key", hex(&[0x33; 32])),
        ("epoch_7_wrapped", hex(&epoch.wrap_epoch(7, &epoch_key(0x33), &counting))),
        ("subject_key_wrapped", hex(&epoch_key(0x33).wrap(BOUND.subject, &key, &counting))),
        ("secret_tags_wrapped", hex(&epoch_key(0x33).wrap_secret("tags", &[1; 32], &counting))),
        ("stream_tag_patient_p1", hex(&keys.stream_tag(&facts.subject).0)),
        ("subject_tag_patient_p1", hex(&keys.subject_tag(&facts.subject).0)),
        ("claim_patient_identifier_1", hex(&keys.claim("Patient?identifier=1").0)),
        ("idempotency_key_1", hex(&idempotency.0)),
        ("content_1", hex(&keys.content(b"content 1"))),
        ("minted_0_in_slot_abcd", keys.minted(&idempotency, 0, 0xabcd).to_string()),
        ("link_page_2", hex(&keys.seal_link(b"Patient?name=a", b"page=2"))),
        ("outcome_201", hex(&keys.seal_outcome(&idempotency, b"201", &counting))),
    ];
    let lines: Vec<_> = lines.iter().map(|(name, value)| format!("  \"{name}\": \"{value}\"")).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

fn said_dictionary() -> String {
    hex(&sha256(&crate::sealer::DICTIONARY.concat()))
}

#[test]
fn this_program_writes_the_bytes_of_the_vectors() {
    let written = written();
    for (ours, theirs) in written.lines().zip(VECTORS.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(written, VECTORS);
}

#[test]
fn what_was_sealed_still_opens() {
    let key = SubjectKey::from_bytes(&unhex(said("event_key")).try_into().unwrap());
    let expected = decode_clear(&encode_clear(&Facts::new().clear())).unwrap();
    for name in ["event_sealed", "event_sealed_zstd"] {
        assert!(Sealer::new().open(&key, &BOUND, &unhex(said(name))) == Ok(expected.clone()), "{name}");
    }
}

#[test]
fn another_implementation_finds_the_same_leaves_and_roots() {
    let prefixed = |prefix: u8, parts: &[&[u8]]| -> Hash {
        Sha256::digest([&[prefix][..], &parts.concat()].concat()).into()
    };
    assert_eq!(said("entry_leaf"), hex(&prefixed(0, &[&unhex(said("entry_encoded"))])));
    assert_eq!(said("entry_sealed_hash"), hex(&Sha256::digest(unhex(said("event_sealed")))));

    let mut level: Vec<Hash> = said("tree_entries").split(' ').map(|e| prefixed(0, &[&unhex(e)])).collect();
    assert_eq!(said("tree_leaves"), level.iter().map(|l| hex(l)).collect::<Vec<_>>().join(" "));
    let roots: Vec<_> = said("tree_roots").split(' ').collect();
    // Of 8 leaves the tree is full, so its root is that of pairs of pairs of pairs; of 5 it is not.
    let five = level[..5].to_vec();
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| prefixed(1, &[&pair[0], &pair[1]])).collect();
    }
    assert_eq!(roots[8], hex(&level[0]));
    let pair = |at: usize| prefixed(1, &[&five[at], &five[at + 1]]);
    assert_eq!(roots[5], hex(&prefixed(1, &[&prefixed(1, &[&pair(0), &pair(2)]), &five[4]])));
    assert_eq!(roots[0], hex(&Sha256::digest([])));
}

#[test]
fn another_implementation_finds_the_same_tags() {
    // HMAC as RFC 2104 defines it, for keys shorter than a block.
    let hmac = |key: u8, message: &[u8]| {
        let pad = |with: u8| {
            let mut block = [with; 64];
            block[..32].iter_mut().for_each(|byte| *byte ^= key);
            block
        };
        let inner = Sha256::digest([&pad(0x36)[..], message].concat());
        hex(&Sha256::digest([&pad(0x5c)[..], &inner].concat()))
    };
    let cases: [(&str, u8, &[u8]); 5] = [
        ("stream_tag_patient_p1", 1, b"\x01Patient/p1"),
        ("subject_tag_patient_p1", 1, b"\x02Patient/p1"),
        ("claim_patient_identifier_1", 2, b"\x03Patient?identifier=1"),
        ("idempotency_key_1", 3, b"\x04key 1"),
        ("content_1", 3, b"\x05content 1"),
    ];
    for (name, key, message) in cases {
        assert!(hmac(key, message).starts_with(said(name)), "{name}");
    }
    let key = unhex(said("idempotency_key_1"));
    let cluster = hmac(3, &[&[6][..], &key].concat());
    let id = said("minted_0_in_slot_abcd").replace('-', "");
    assert_eq!(id[..12], cluster[..12]);
    assert_eq!(id[18..22], *"abcd");
}
