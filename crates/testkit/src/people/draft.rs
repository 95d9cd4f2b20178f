//! The records of one life as they are written, and the Bundle they make.
//!
//! Invariant: ids do not depend on how records refer to each other, so both kinds of bundle tell of the same records.

use anamnesis_json::{Object, Value};
use compact_str::{CompactString, format_compact};

use super::elements::object;
use super::rng::Rng;

/// One resource of a person, by the id it has.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// Its FHIR type.
    pub kind: &'static str,
    /// Its id, a UUID in its usual form.
    pub id: CompactString,
    /// The whole resource; it carries its `id` only where records refer to each other by id.
    pub resource: Object,
}

impl Record {
    /// The name of its stream: `Type/id`.
    pub fn stream(&self) -> String {
        format!("{}/{}", self.kind, self.id)
    }
}

/// Shows the type alone.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/…", self.kind)
    }
}

/// How records refer to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// By `urn:uuid:`, to be resolved when the transaction is taken.
    Urn,
    /// By `Type/id`, each under the id it brings.
    Ids,
}

/// What a reference leads to.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) kind: &'static str,
    pub(super) id: CompactString,
}

/// Records on their way into a bundle.
pub(super) struct Draft {
    ids: Rng,
    links: Links,
    records: Vec<Record>,
}

impl Draft {
    pub(super) fn new(ids: Rng, links: Links) -> Self {
        Self { ids, links, records: Vec::with_capacity(64) }
    }

    /// A record to come, with an id of its own.
    pub(super) fn link(&mut self, kind: &'static str) -> Link {
        Link { kind, id: self.ids.uuid().into() }
    }

    /// A Reference to it.
    pub(super) fn refer(&self, to: &Link) -> Object {
        let text = match self.links {
            Links::Urn => format_compact!("urn:uuid:{}", to.id),
            Links::Ids => format_compact!("{}/{}", to.kind, to.id),
        };
        object! { "reference": text }
    }

    /// Writes the record that `link` leads to.
    pub(super) fn write(&mut self, link: &Link, elements: Object) {
        let mut resource = Object::with_capacity(elements.len() + 2);
        resource.push("resourceType", link.kind);
        if self.links == Links::Ids {
            resource.push("id", link.id.clone());
        }
        for (key, value) in elements {
            resource.push(key, value);
        }
        self.records.push(Record { kind: link.kind, id: link.id.clone(), resource });
    }

    pub(super) fn into_records(self) -> Vec<Record> {
        self.records
    }
}

/// The records as a transaction: <https://hl7.org/fhir/R4/http.html#transaction>.
pub(super) fn bundle(records: Vec<Record>, links: Links) -> Value {
    let entry = |record: Record| {
        let (method, url) = match links {
            Links::Urn => ("POST", CompactString::from(record.kind)),
            Links::Ids => ("PUT", format_compact!("{}/{}", record.kind, record.id)),
        };
        Value::from(object! {
            "fullUrl": format_compact!("urn:uuid:{}", record.id),
            "resource": record.resource,
            "request": object! { "method": method, "url": url },
        })
    };
    let entries: Vec<Value> = records.into_iter().map(entry).collect();
    Value::from(object! { "resourceType": "Bundle", "type": "transaction", "entry": entries })
}
