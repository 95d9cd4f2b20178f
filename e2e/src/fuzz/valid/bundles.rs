//! Bundles: batches and transactions of every kind of entry, whose references lead everywhere.

use anamnesis_json::{Object, Value};

use super::{Maker, Shot, text};

impl Maker<'_> {
    /// A bundle posted to the base.
    pub(super) fn bundle(&mut self) -> Shot {
        let kind = *self.rng.one_of(&["transaction", "transaction", "transaction", "batch"]);
        let count = if self.rng.chance(5) { 100 } else { 1 + self.rng.below(6) };
        let urls: Vec<_> = (0..count).map(|_| format!("urn:uuid:{}", self.rng.uuid())).collect();
        let entries: Vec<_> = urls.iter().map(|url| Value::from(self.entry(url, &urls))).collect();
        let bundle = Object::new().with("resourceType", "Bundle").with("type", kind).with("entry", entries);
        let target = *self.rng.one_of(&["/fhir", "/fhir", "/fhir/"]);
        Shot::new("POST", target).body("application/fhir+json", text(bundle))
    }

    fn entry(&mut self, url: &str, urls: &[String]) -> Object {
        let (method, target, resource) = self.asked(urls);
        let mut request = Object::new().with("method", method).with("url", target.as_str());
        if method == "POST" && self.rng.chance(40) {
            request.push("ifNoneExist", self.criteria());
        }
        if matches!(method, "PUT" | "DELETE" | "PATCH") && self.rng.chance(15) {
            request.push("ifMatch", format!("W/\"{}\"", self.version()));
        }
        if method == "GET" && self.rng.chance(20) {
            request.push("ifNoneMatch", format!("W/\"{}\"", self.version()));
        }
        let mut entry = Object::new();
        if self.rng.chance(90) {
            entry.push("fullUrl", url);
        }
        if let Some(resource) = resource {
            entry.push("resource", resource);
        }
        entry.with("request", request)
    }

    /// Method, URL and resource of an entry.
    fn asked(&mut self, urls: &[String]) -> (&'static str, String, Option<Value>) {
        let record = self.record();
        match self.rng.below(12) {
            0 | 1 => {
                let patient = self.small(None);
                ("POST", "Patient".to_owned(), Some(patient.into()))
            }
            2 | 3 => {
                let kind = record.kind.to_owned();
                ("POST", kind, Some(self.referring(record, urls)))
            }
            4 => ("PUT", record.stream(), Some(self.referring(record, urls))),
            5 | 6 => {
                let id = self.small_id();
                let patient = self.small(Some(&id));
                ("PUT", format!("Patient/{id}"), Some(patient.into()))
            }
            7 => {
                let patient = self.small(None);
                ("PUT", format!("Patient?{}", self.criteria()), Some(patient.into()))
            }
            8 => ("DELETE", self.place(), None),
            9 => ("DELETE", format!("Patient?{}", self.criteria()), None),
            10 => ("PATCH", self.place(), Some(self.path_patch().into())),
            _ => {
                let (method, target) = self.target();
                let method = if method == "HEAD" { "HEAD" } else { "GET" };
                (method, target, None)
            }
        }
    }

    /// The record, whose subject may be anybody.
    fn referring(&mut self, record: anamnesis_testkit::Record, urls: &[String]) -> Value {
        let mut resource = record.resource;
        if resource.contains_key("subject") {
            let reference = self.reference(urls);
            resource.set("subject", Object::new().with("reference", reference));
        }
        resource.into()
    }

    /// A reference of any kind.
    fn reference(&mut self, urls: &[String]) -> String {
        match self.rng.below(9) {
            0..=3 => self.rng.one_of(urls).clone(),
            4 => format!("Patient?{}", self.criteria()),
            5 => format!("http://example.org/fhir/{}", self.place()),
            6 => format!("{}/_history/{}", self.place(), self.version()),
            7 => format!("urn:uuid:{}", self.rng.uuid()),
            _ => self.place(),
        }
    }
}
