//! How long typical invariants take: nanoseconds each, the best of many rounds.
//!
//! `cargo run --release -p anamnesis-fhirpath --example measure`

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "an example that tells, and shares the model of the tests"
)]

use std::hint::black_box;
use std::time::Instant;

use anamnesis_fhirpath::{Context, Expression, Kind, Model, Node};

#[path = "../tests/r4/definitions.rs"]
mod definitions;

/// A vital sign as Synthea writes it, made up.
const OBSERVATION: &str = r#"{
  "resourceType": "Observation", "id": "5c1", "meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/vitalsigns"]},
  "status": "final",
  "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs", "display": "vital-signs"}]}],
  "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2", "display": "Body Height"}], "text": "Body Height"},
  "subject": {"reference": "urn:uuid:1d604da9-9a81-4ba9-80c2-de3375d59b40"},
  "encounter": {"reference": "urn:uuid:034e9e3b-2def-4559-bb2a-7850888ae060"},
  "effectiveDateTime": "2011-07-28T15:02:18-04:00", "issued": "2011-07-28T15:02:18.000-04:00",
  "valueQuantity": {"value": 165.2, "unit": "cm", "system": "http://unitsofmeasure.org", "code": "cm"}
}"#;

fn main() {
    let Some(r4) = definitions::R4.as_ref() else { return };
    let value = anamnesis_json::parse(OBSERVATION.as_bytes()).expect("it is JSON");
    let object = value.as_object().expect("it is an object");
    let observation = Node::resource(object, Some(r4));
    let period = anamnesis_json::parse(
        br#"{"start": "2011-07-28T15:02:18-04:00", "end": "2011-07-28T15:17:18-04:00"}"#,
    );
    let period = period.expect("it is JSON");
    let typed = |name: &str, value| Node::element(value, None, r4.type_named(name), Kind::of(name));
    let (code, subject) =
        (object.get("code").expect("it has one"), object.get("subject").expect("it has one"));
    let quantity = object.get("valueQuantity").expect("it has one");
    let context = Context::typed(r4).resource(observation);
    let untyped = Context::untyped().resource(observation);
    let cases = [
        ("dom-2", observation),
        ("dom-3", observation),
        ("dom-4", observation),
        ("dom-5", observation),
        ("obs-6", observation),
        ("obs-7", observation),
        ("ele-1", typed("CodeableConcept", code)),
        ("ref-1", typed("Reference", subject)),
        ("per-1", typed("Period", &period)),
        ("qty-3", typed("Quantity", quantity)),
    ];
    let mut sum = 0;
    for (key, node) in cases {
        let (_, _, text) = r4.invariants.iter().find(|(known, ..)| known == key).expect("R4 has it");
        let expression = Expression::parse(text).expect("it parses");
        let typed = best(|| expression.holds(&context, node) == Ok(true));
        let bare = best(|| expression.holds(&untyped, node) == Ok(true));
        sum += typed;
        println!("{key}: {typed} ns with types, {bare} ns without");
    }
    println!("together: {sum} ns with types");
    let runaways = [
        "0.repeat($this + 1)",
        "%resource.descendants().repeat(%resource.descendants() | $this)",
        "'x'.select($this.combine($this)).repeat($this + 'x')",
        "repeat(children().select(%resource.descendants().where(matches('^(a|b|ab)*c') or $this.toString().length() > 3)))",
        "(1 | 2 | 3).repeat($this * 3 + 1 / 7)",
    ];
    for text in runaways {
        let expression = Expression::parse(text).expect("it parses");
        let start = Instant::now();
        let said = expression.evaluate(&context, observation).map(|found| found.len());
        println!("{said:?} after {} ms: {text}", start.elapsed().as_millis());
    }
}

/// Nanoseconds of one call, the best of a hundred rounds of a thousand.
fn best(mut ask: impl FnMut() -> bool) -> u128 {
    let round = |ask: &mut dyn FnMut() -> bool| {
        let start = Instant::now();
        for _ in 0..1_000 {
            assert!(black_box(ask()));
        }
        start.elapsed().as_nanos() / 1_000
    };
    (0..100).map(|_| round(&mut ask)).min().unwrap_or_default()
}
