//! Everything at the FHIR door that reads.

use super::{Maker, Shot, escaped};
use anamnesis_testkit::odd;

const NAMES: &[&str] = &[
    "_id",
    "_lastUpdated",
    "_count",
    "_summary",
    "_elements",
    "_sort",
    "_page",
    "_format",
    "_pretty",
    "_include",
    "_include:iterate",
    "_revinclude",
    "_list",
    "_has:Observation:patient:code",
    "_asOf",
    "_since",
    "_at",
    "_type",
    "_tag",
    "_profile",
    "_total",
    "_text",
    "_content",
    "_security",
    "_source",
    "_has:QuestionnaireResponse:questionnaire:status",
    "instantiates-canonical",
    "instantiates-canonical.title",
    "component-code-value-quantity",
    "combo-code",
    "_filter",
    "name",
    "family",
    "given",
    "birthdate",
    "gender",
    "identifier",
    "address",
    "address-city",
    "phone",
    "subject",
    "patient",
    "patient.name",
    "subject:Patient",
    "code",
    "category",
    "status",
    "date",
    "value-quantity",
    "encounter",
    "clinical-status",
    "url",
    "start",
    "end",
    "active",
    "telecom",
    "dragon",
    "",
];
const MODIFIERS: &[&str] =
    &["", "", "", "", "", ":exact", ":contains", ":missing", ":not", ":text", ":in", ":", ":Patient", ":x:y"];
const VALUES: &[&str] = &[
    "Zz9Qxsecret",
    "urn:fuzz|1",
    "|1",
    "urn:fuzz|",
    "|",
    "true",
    "false",
    "count",
    "text",
    "data",
    "id,name",
    "-date",
    "1",
    "0",
    "-1",
    "99999999999999999999",
    "ge2020",
    "lt2026-01-01T00:00:00Z",
    "eq2020-02-30",
    "ap2000",
    "sa",
    "ne",
    "2020-13",
    "0000",
    "9999-12-31T23:59:59.999999999+14:00",
    "Patient/f1",
    "f1",
    "Patient/f1/_history/1",
    "http://x/fhir/Patient/f1",
    "female,male",
    ",,,",
    "\\,",
    "a\\",
    "5.4|http://unitsofmeasure.org|mg",
    "lt1e400",
    "json",
    "xml",
    "application/fhir+json",
    "http://loinc.org|8302-2",
    "final",
    "",
    " ",
    "\0",
    "é",
    "a|b|c|d",
    "*",
    "Observation:subject",
    "Observation:patient:Patient",
    "Provenance:*",
    "Procedure:instantiates-canonical",
    "8480-6$gt100",
    "fever OR (cough NOT cold*)",
    "http://x/definition|2",
    "Patient,Observation",
    "name,-birthdate,_lastUpdated",
    "code eq a and not (date gt 2020)",
];

impl Maker<'_> {
    /// Any read.
    pub(super) fn read(&mut self) -> Shot {
        let (method, target) = self.target();
        let shot = Shot::new(method, format!("/fhir/{target}"));
        if method == "POST" {
            let (path, query) = target.split_once('?').unwrap_or((&target, ""));
            let shot = Shot::new(method, format!("/fhir/{path}"));
            if path.ends_with("_search") {
                return shot.body("application/x-www-form-urlencoded", query);
            }
            let parameters =
                r#"{"resourceType":"Parameters","parameter":[{"name":"_count","valueInteger":5}]}"#;
            return shot.body("application/fhir+json", parameters);
        }
        if !self.told.links.is_empty() && self.rng.chance(15) {
            return Shot { target: self.rng.one_of(&self.told.links).clone(), ..shot };
        }
        shot
    }

    /// Method and URL below the base.
    pub(super) fn target(&mut self) -> (&'static str, String) {
        let method = *self.rng.one_of(&["GET", "GET", "GET", "GET", "HEAD"]);
        let target = match self.rng.below(17) {
            0 | 1 => self.place(),
            2 => format!("{}/_history/{}", self.place(), self.version()),
            3 => format!("{}/_history{}", self.place(), self.query()),
            4 => format!("{}/_history{}", self.kind(), self.query()),
            5 => format!("_history{}", self.query()),
            6 => format!("{}/$everything{}", self.place(), self.query()),
            7 => format!("{}/$meta", self.place()),
            8 => "metadata".to_owned(),
            9 => return ("POST", format!("{}/_search{}", self.kind(), self.query())),
            10 => return ("POST", format!("Patient/{}/$everything", self.small_id())),
            11 => self.query(),
            12 => format!("{}/{}{}", self.place(), self.kind(), self.query()),
            13 => format!("Patient/{}/*{}", self.small_id(), self.query()),
            _ => format!("{}{}", self.kind(), self.query()),
        };
        (method, target)
    }

    /// A query with its question mark; sometimes none.
    fn query(&mut self) -> String {
        let count = self.rng.below(4);
        let mut query = String::new();
        for n in 0..count {
            query.push(if n == 0 { '?' } else { '&' });
            let (name, modifier) = (*self.rng.one_of(NAMES), *self.rng.one_of(MODIFIERS));
            let value = match self.rng.below(12) {
                0 => odd::text(self.rng).chars().take(3_000).collect(),
                1 => self.cursor(),
                2 => self.place(),
                _ => (*self.rng.one_of(VALUES)).to_owned(),
            };
            query.push_str(&format!("{name}{modifier}={}", escaped(&value)));
        }
        query
    }
}
