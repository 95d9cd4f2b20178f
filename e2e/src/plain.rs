//! Records as raw JSON, and criteria of searches computed over them in the plainest way.
//!
//! Invariant: nothing here was taken from the product but the reading of JSON; where both agree, both were thought of twice.

mod time;
mod world;

use std::collections::HashMap;

use anamnesis_json::Value;

pub use time::Span;
pub use world::World;

/// Records by their `Type/id`, and who refers to whom.
#[derive(Default)]
pub struct Records {
    records: Vec<Value>,
    places: HashMap<String, usize>,
    referring: HashMap<String, Vec<usize>>,
}

impl Records {
    /// Takes a record in, unless one of that name is there: whether it was taken.
    pub fn add(&mut self, record: Value) -> bool {
        let name = name(&record);
        if self.places.contains_key(&name) {
            return false;
        }
        let place = self.records.len();
        references(&record, &mut |target| {
            let referring = self.referring.entry(target.to_owned()).or_default();
            if referring.last() != Some(&place) {
                referring.push(place);
            }
        });
        self.places.insert(name, place);
        self.records.push(record);
        true
    }

    /// All of them.
    pub fn each(&self) -> impl Iterator<Item = Plain<'_>> {
        self.records.iter().map(|value| Plain { among: self, value })
    }
}

/// The `Type/id` of a record.
pub fn name(record: &Value) -> String {
    let part = |key| record.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{}/{}", part("resourceType"), part("id"))
}

/// Every `reference` in it, however deep; those of what it contains are not its own.
fn references(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(object) => {
            for (key, value) in object.iter().filter(|(key, _)| *key != "contained") {
                match (key, value.as_str()) {
                    ("reference", Some(target)) => found(target),
                    _ => references(value, found),
                }
            }
        }
        _ => {}
    }
}

/// A record, or a value in one, among all of them.
#[derive(Clone, Copy)]
pub struct Plain<'a> {
    among: &'a Records,
    value: &'a Value,
}

impl<'a> Plain<'a> {
    /// Its `Type/id`, of a record.
    pub fn name(self) -> String {
        name(self.value)
    }

    /// Whether it is a record of this type.
    pub fn is_a(self, kind: &str) -> bool {
        self.is("resourceType", kind)
    }

    /// Every value at a path of names, through arrays.
    pub fn all(self, path: &str) -> Vec<Plain<'a>> {
        let step = |values: Vec<&'a Value>, name: &str| -> Vec<&'a Value> {
            let members = values.into_iter().filter_map(|value| value.get(name));
            members.flat_map(|member| member.as_array().unwrap_or(std::slice::from_ref(member))).collect()
        };
        let values = path.split('.').fold(vec![self.value], step);
        values.into_iter().map(|value| Plain { among: self.among, value }).collect()
    }

    /// Whether anything is there.
    pub fn has(self, path: &str) -> bool {
        !self.all(path).is_empty()
    }

    fn texts(self, path: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.all(path).into_iter().filter_map(|found| found.value.as_str())
    }

    /// Whether this very text is there.
    pub fn is(self, path: &str, text: &str) -> bool {
        self.texts(path).any(|found| found == text)
    }

    /// Whether a text there begins so, in any case and with any accents; paths are parted by spaces.
    pub fn begins(self, paths: &str, text: &str) -> bool {
        paths.split(' ').any(|path| self.texts(path).any(|found| folded(found).starts_with(text)))
    }

    /// Whether a text there holds this one, likewise.
    pub fn holds(self, paths: &str, text: &str) -> bool {
        paths.split(' ').any(|path| self.texts(path).any(|found| folded(found).contains(text)))
    }

    /// Whether a coding, or an identifier, of this system is there.
    pub fn coded(self, path: &str, system: &str, code: &str) -> bool {
        let same =
            |one: &Plain<'_>| one.is("system", system) && (one.is("code", code) || one.is("value", code));
        self.all(path).iter().any(same)
    }

    /// Whether an amount there, in this unit by its code, is as it should be.
    pub fn amount(self, path: &str, unit: &str, good: impl Fn(f64) -> bool) -> bool {
        let amount = |one: &Plain<'_>| match one.value.get("value") {
            Some(Value::Number(text)) => text.parse().ok(),
            _ => None,
        };
        self.all(path)
            .iter()
            .any(|one| (unit.is_empty() || one.is("code", unit)) && amount(one).is_some_and(&good))
    }

    /// Whether a date, a moment or a period there compares so with a date.
    pub fn when(self, path: &str, compares: fn(Span, Span) -> bool, date: &str) -> bool {
        self.spans(path).any(|span| compares(span, Span::of(date)))
    }

    /// The spans of time at a path.
    pub fn spans(self, path: &str) -> impl Iterator<Item = Span> + use<'a> {
        self.all(path).into_iter().map(|one| match one.value.as_str() {
            Some(date) => Span::of(date),
            None => Span::between(one.texts("start").next(), one.texts("end").next()),
        })
    }

    /// Whether a reference there names this record.
    pub fn refers(self, path: &str, to: &str) -> bool {
        self.is(&format!("{path}.reference"), to)
    }

    /// The records that the references at a path lead to.
    pub fn follow(self, path: &str) -> Vec<Plain<'a>> {
        let among = self.among;
        let places = self.texts(&format!("{path}.reference")).filter_map(|name| among.places.get(name));
        places.filter_map(|place| among.records.get(*place)).map(|value| Plain { among, value }).collect()
    }

    /// The records of a type that refer to this one at a path.
    pub fn referring(self, kind: &str, path: &str) -> Vec<Plain<'a>> {
        let (among, own) = (self.among, self.name());
        let places = among.referring.get(&own).into_iter().flatten();
        let records = places.filter_map(|place| among.records.get(*place));
        let referring = records.map(|value| Plain { among, value });
        referring.filter(|one| one.is_a(kind) && one.refers(path, &own)).collect()
    }
}

/// Lower case without the accents that occur in Spanish, French and Portuguese names.
fn folded(text: &str) -> String {
    let plain = |c: char| match c {
        'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'î' | 'ï' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        other => other,
    };
    text.to_lowercase().chars().map(plain).collect()
}
