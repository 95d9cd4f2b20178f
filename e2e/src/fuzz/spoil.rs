//! What is done to a good request: to its bytes, to the tree of its body, or to what it means.

use anamnesis_testkit::Rng;

use super::shot::Shot;
use anamnesis_testkit::odd::{self, tree};

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];
const KINDS: &[&str] = &[
    "application/fhir+json",
    "application/json",
    "application/json-patch+json",
    "application/x-www-form-urlencoded",
    "application/fhir+xml",
    "application/fhir+json; charset=latin1",
    "text/plain",
    "image/png",
    "",
];
const SEGMENTS: &[&str] = &[
    "$validate",
    "$merge",
    "$everything",
    "$meta",
    "$meta-add",
    "_history",
    "_search",
    "%2F",
    "..",
    ".",
    "",
    "%00",
    "%ff",
    "%",
    "Patient",
    "Dragon",
    "f1",
    "1",
    "é",
    "metadata",
    "commits",
    "events",
    "streams",
];

/// Spoils a request a little.
pub(super) fn spoil(shot: &mut Shot, rng: &mut Rng) {
    for _ in 0..=rng.below(3) {
        match rng.below(20) {
            0..=9 => in_tree(shot, rng),
            10..=12 if !shot.body.is_empty() => odd::changed_bytes(&mut shot.body, rng),
            13..=15 => target(shot, rng),
            16 => shot.method = (*rng.one_of(METHODS)).to_owned(),
            17 => header(shot, rng),
            18 => shot.body.clear(),
            _ => head(shot, rng),
        }
    }
}

/// In the tree of the body, where there is one.
fn in_tree(shot: &mut Shot, rng: &mut Rng) {
    let Ok(mut value) = anamnesis_json::parse(&shot.body) else {
        return odd::changed_bytes(&mut shot.body, rng);
    };
    for _ in 0..=rng.below(2) {
        tree::spoil(&mut value, rng);
    }
    shot.body = value.to_text();
}

/// In the URL; it stays one that can stand in a request line.
fn target(shot: &mut Shot, rng: &mut Rng) {
    let (path, query) = match shot.target.split_once('?') {
        Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
        None => (shot.target.clone(), None),
    };
    let mut parts: Vec<&str> = path.split('/').collect();
    let place = 1 + usize::try_from(rng.below(parts.len() as u64)).unwrap_or_default();
    let segment = *rng.one_of(SEGMENTS);
    match rng.below(4) {
        0 => parts.insert(place.min(parts.len()), segment),
        1 => parts.truncate(place.max(2)),
        2 => {
            if let Some(part) = parts.get_mut(place) {
                *part = segment;
            }
        }
        _ => {}
    }
    let mut path = parts.join("/");
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    let query = match (rng.below(3), query) {
        (0, query) => Some(format!("{}&x={}", query.unwrap_or_default(), odd::text(rng))),
        // A name may be told again, so what is a person's own must stand behind one.
        (1, Some(query)) => {
            let changed = odd::changed(&query, rng);
            let named = |pair: &str| if pair.contains('=') { pair.to_owned() } else { format!("x={pair}") };
            Some(changed.split('&').map(named).collect::<Vec<_>>().join("&"))
        }
        (_, query) => query,
    };
    let target = query.map_or(path.clone(), |query| format!("{path}?{query}"));
    // What no request line can hold is spoilt apart, where a server need not answer.
    let sendable = |c: char| c.is_ascii_graphic() && !"\"<>`^\\{}#".contains(c);
    let pieces = target.chars().take(20_000).map(|c| match sendable(c) {
        true => c.to_string(),
        false => super::valid::escaped(c.encode_utf8(&mut [0; 4])),
    });
    shot.target = pieces.collect();
}

fn header(shot: &mut Shot, rng: &mut Rng) {
    let count = shot.headers.len() as u64;
    let place = usize::try_from(rng.below(count)).unwrap_or_default();
    let there = shot.headers.get_mut(place);
    match (rng.below(5), there) {
        (0, Some(_)) => drop(shot.headers.remove(place)),
        (1, Some((name, value))) => {
            let twice = (name.clone(), value.clone());
            shot.headers.push(twice);
        }
        (2, Some((name, value))) if name == "content-type" => *value = (*rng.one_of(KINDS)).to_owned(),
        (3, _) => {
            shot.headers.push(("content-encoding".to_owned(), (*rng.one_of(&["gzip", "br", "x"])).to_owned()))
        }
        (_, Some((_, value))) => {
            let changed = odd::changed(value, rng);
            *value = changed.chars().filter(|c| !c.is_control()).take(8_000).collect();
        }
        (_, None) => {}
    }
}

/// In the bytes of the head.
fn head(shot: &mut Shot, rng: &mut Rng) {
    let place = usize::try_from(rng.below(400)).unwrap_or_default();
    shot.flaws.push((place, *rng.one_of(b"\0\r\n :/?#%\xff\x80A")));
}
