//! What is asked over HTTP: the dozen shapes of search that applications send, each for many people's values.

use std::ops::Range;

use anamnesis_json::{Object, Value};
use anamnesis_testkit::people::{Person, Record};

use super::history::people;

/// How many people's values a shape is asked for.
const ASKED: u64 = 200;

/// A shape of search, and its query for one person, where that person has what it asks by.
pub(super) struct Shape {
    pub(super) title: &'static str,
    pub(super) full_text: bool,
    of: fn(&Person, &[Record]) -> Option<String>,
}

#[rustfmt::skip] // A table reads by column.
pub(super) const SHAPES: [Shape; 12] = [
    shape("by patient",           |person, _| Some(format!("Observation?patient={}", person.stream()))),
    shape("code",                 |_, records| Some(format!("Observation?code={}", code(result(records)?)?))),
    shape("code and date range",  code_and_year),
    shape("name",                 |_, records| Some(format!("Patient?name={}", family(records)?))),
    shape("identifier",           identifier),
    shape("include",              |person, _| Some(format!("MedicationRequest?patient={}&_include=MedicationRequest:encounter&_include=MedicationRequest:requester", person.stream()))),
    shape("reverse include",      |person, _| Some(format!("Patient?_id={}&_revinclude=Condition:subject&_revinclude=AllergyIntolerance:patient", person.id()))),
    shape("chain",                |_, records| Some(format!("Condition?patient.name={}", family(records)?))),
    shape("_has",                 |_, records| Some(format!("Patient?_has:Condition:patient:code={}", code(problem(records)?)?))),
    shape("newest 20 of a category, by date", |_, _| Some("Observation?category=laboratory&_sort=-date&_count=20".into())),
    shape("count alone",          |_, records| Some(format!("Observation?code={}&_summary=count", code(result(records)?)?))),
    Shape { full_text: true, ..shape("full text", words) },
];

const fn shape(title: &'static str, of: fn(&Person, &[Record]) -> Option<String>) -> Shape {
    Shape { title, full_text: false, of }
}

impl Shape {
    /// The queries for people of whom there is something to ask; `as_of` is a cursor.
    pub(super) fn paths(&self, of: &Range<u64>, as_of: Option<&str>) -> Vec<String> {
        let people = of.clone().take(ASKED as usize).map(|n| people().person(n));
        let queries = people.filter_map(|person| (self.of)(&person, &person.records()));
        let moment = as_of.map(|cursor| format!("&_asOf={cursor}")).unwrap_or_default();
        queries.map(|query| format!("/fhir/{query}{moment}")).collect()
    }
}

fn code_and_year(_: &Person, records: &[Record]) -> Option<String> {
    let result = result(records)?;
    let year: u32 = result.str("effectiveDateTime")?.get(..4)?.parse().ok()?;
    Some(format!("Observation?code={}&date=ge{year}&date=lt{}", code(result)?, year + 1))
}

fn identifier(_: &Person, records: &[Record]) -> Option<String> {
    let first = patient(records)?.get("identifier")?.as_array()?.first()?.as_object()?;
    let text = format!("{}|{}", first.str("system")?, first.str("value")?);
    Some(format!("Patient?identifier={}", encoded(&text)))
}

/// Two words that a problem's display has.
fn words(_: &Person, records: &[Record]) -> Option<String> {
    let display = coding(problem(records)?)?.str("display")?;
    let two: Vec<&str> = display.split([' ', '(', ')']).filter(|word| word.len() > 3).take(2).collect();
    Some(format!("Condition?_content={}", encoded(&two.join(" "))))
}

fn of_kind<'r>(records: &'r [Record], kind: &'static str) -> impl Iterator<Item = &'r Object> {
    records.iter().filter(move |record| record.kind == kind).map(|record| &record.resource)
}

fn patient(records: &[Record]) -> Option<&Object> {
    of_kind(records, "Patient").next()
}

fn family(records: &[Record]) -> Option<String> {
    let name = patient(records)?.get("name")?.as_array()?.first()?;
    Some(encoded(name.get("family")?.as_str()?))
}

/// The last result of a laboratory, or other measurement.
fn result(records: &[Record]) -> Option<&Object> {
    of_kind(records, "Observation").last()
}

fn problem(records: &[Record]) -> Option<&Object> {
    of_kind(records, "Condition").last()
}

fn coding(resource: &Object) -> Option<&Object> {
    resource.get("code")?.get("coding").and_then(Value::as_array)?.first()?.as_object()
}

fn code(resource: &Object) -> Option<String> {
    let coding = coding(resource)?;
    Some(encoded(&format!("{}|{}", coding.str("system")?, coding.str("code")?)))
}

/// Percent-encoded, so that it can stand in a query.
fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b':' | b'/');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
