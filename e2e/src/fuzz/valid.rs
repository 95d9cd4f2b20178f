//! Requests that a good client could send, to every door; the fuzz begins with these and spoils them.
//!
//! Invariant: one is a pure function of chance and of what the client was told before, and few records are asked about
//! by all, so that clients meet.

mod api;
mod bundles;
mod headers;
mod patches;
mod reads;
mod writes;

use anamnesis_json::{Object, Value};
use anamnesis_testkit::{People, Record, Rng, Step};

use super::shot::Shot;
use anamnesis_testkit::odd::SECRET;

/// How many people the requests are about.
pub(super) const PEOPLE: u64 = 3;
/// How many small patients there are beside them, `f0`, `f1` …
const SMALL: u64 = 6;
/// How much a client remembers of each kind.
const REMEMBERED: usize = 24;

/// What the requests are about.
pub(super) struct World {
    /// Their records, by ids known beforehand, with something planted in each that is a person's own.
    pub(super) records: Vec<Record>,
    /// What happens to them after.
    pub(super) steps: Vec<Step>,
}

impl World {
    /// The world of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let people: Vec<_> = People::small(seed).iter().take(usize::try_from(PEOPLE).unwrap_or(1)).collect();
        let mut records: Vec<_> = people.iter().flat_map(anamnesis_testkit::Person::records).collect();
        for record in &mut records {
            for (_, value) in record.resource.iter_mut() {
                plant(value);
            }
        }
        Self { records, steps: people.iter().flat_map(anamnesis_testkit::Person::history).collect() }
    }
}

/// What a client was told, to ask about later.
#[derive(Default)]
pub(super) struct Told {
    /// Cursors, its own and those of others.
    pub(super) cursors: Vec<String>,
    /// Where next pages are.
    pub(super) links: Vec<String>,
    /// Records that the server named.
    pub(super) made: Vec<String>,
}

impl Told {
    /// Takes in what an answer tells.
    pub(super) fn hear(&mut self, cursor: Option<&str>, location: Option<&str>, body: &[u8]) {
        let keep = |all: &mut Vec<String>, one: &str| {
            if all.len() >= REMEMBERED {
                all.remove(0);
            }
            all.push(one.to_owned());
        };
        if let Some(cursor) = cursor {
            keep(&mut self.cursors, cursor);
        }
        let place = location.and_then(|place| place.split_once("/fhir/")?.1.split_once("/_history"));
        if let Some((record, _)) = place {
            keep(&mut self.made, record);
        }
        let text = String::from_utf8_lossy(body.get(..3_000).unwrap_or(body));
        let next = text.split_once(r#""relation":"next","url":""#).and_then(|(_, rest)| rest.split_once('"'));
        if let Some((_, path)) = next.and_then(|(url, _)| url.split_once("/fhir")) {
            keep(&mut self.links, &format!("/fhir{path}"));
        }
    }
}

/// Chance, the world, and what was told: all that a request is made of.
pub(super) struct Maker<'a> {
    pub(super) rng: &'a mut Rng,
    pub(super) world: &'a World,
    pub(super) told: &'a Told,
}

impl Maker<'_> {
    /// A request to any door.
    pub(super) fn shot(&mut self) -> Shot {
        let shot = match self.rng.below(100) {
            0..=13 => self.update(),
            14..=20 => self.create(),
            21..=26 => self.delete(),
            27..=33 => self.patch(),
            34..=45 => self.bundle(),
            46..=49 => self.labels(),
            50..=51 => self.binary(),
            52..=54 => self.merge(),
            55 => self.definition(),
            56 => self.validate(),
            57..=70 => self.read(),
            71..=88 => self.commit(),
            _ => self.ask_api(),
        };
        self.with_headers(shot)
    }

    /// One of the records.
    pub(super) fn record(&mut self) -> Record {
        self.rng.one_of(&self.world.records).clone()
    }

    /// The id of a small patient.
    pub(super) fn small_id(&mut self) -> String {
        format!("f{}", self.rng.below(SMALL))
    }

    /// A small patient, who may have changed.
    pub(super) fn small(&mut self, id: Option<&str>) -> Object {
        let n = self.rng.below(SMALL);
        let identifier = Object::new().with("system", "urn:fuzz").with("value", n.to_string());
        let name = Object::new().with("family", SECRET).with("given", vec![Value::from(SECRET)]);
        let mut patient = Object::new().with("resourceType", "Patient");
        if let Some(id) = id {
            patient.push("id", id);
        }
        let city = format!("{SECRET} {}", self.rng.below(5));
        if self.rng.chance(20) {
            let url = format!("http://fuzz.example/e{}", self.rng.below(writes::EXTENSIONS));
            let extension = Object::new().with("url", url).with("valueString", SECRET);
            patient.push("extension", vec![Value::from(extension)]);
        }
        patient
            .with("identifier", vec![Value::from(identifier)])
            .with("name", vec![Value::from(name)])
            .with("gender", *self.rng.one_of(&["female", "male", "other", "unknown"]))
            .with("address", vec![Value::from(Object::new().with("city", city.as_str()))])
    }

    /// The reference of a record that may be there.
    pub(super) fn place(&mut self) -> String {
        match self.rng.below(6) {
            0 | 1 => self.record().stream(),
            2 if !self.told.made.is_empty() => self.rng.one_of(&self.told.made).clone(),
            3 => format!("{}/nobody", self.rng.one_of(&["Patient", "Observation", "Condition"])),
            _ => format!("Patient/{}", self.small_id()),
        }
    }

    /// A version that may be there.
    pub(super) fn version(&mut self) -> u64 {
        if self.rng.chance(80) { 1 + self.rng.below(6) } else { self.rng.below(u64::MAX) }
    }

    /// A cursor of anybody's, or none at all.
    pub(super) fn cursor(&mut self) -> String {
        match self.rng.below(8) {
            0 => "Zz9Qxsecret".to_owned(),
            1 => self.version().to_string(),
            _ if self.told.cursors.is_empty() => String::new(),
            _ => self.rng.one_of(&self.told.cursors).clone(),
        }
    }
}

/// Writes down that a text is a person's own, wherever elements hold such a text.
fn plant(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(plant),
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match value {
                    Value::String(text) if matches!(key, "family" | "city" | "text" | "display") => {
                        *text = format!("{text} {SECRET}").into();
                    }
                    value => plant(value),
                }
            }
        }
        _ => {}
    }
}

/// The text of a resource.
fn text(resource: Object) -> Vec<u8> {
    Value::from(resource).to_text()
}

/// A text as a part of a URL.
pub(super) fn escaped(text: &str) -> String {
    let mut url = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(byte.into());
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}
