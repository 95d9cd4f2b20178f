//! From the order to the report: ServiceRequest, Specimen, results with units and ranges, DiagnosticReport.

use anamnesis_json::{Object, Value};
use compact_str::format_compact;

use super::Size;
use super::draft::Link;
use super::elements::{Code, MINUTE_US, bare, decimal, hl7, list, loinc, object, quantity, sct};
use super::life::{Life, Visit};

mod panels;

use panels::{Analyte, PANELS, Panel};

const LABORATORY: Code =
    hl7("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Laboratory");
const REPORT_CATEGORY: Code = hl7("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "Laboratory");
const INTERPRETATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
const ABSENT: Code = hl7("http://terminology.hl7.org/CodeSystem/data-absent-reason", "error", "Error");
const ORDER_CATEGORY: Code = sct("108252007", "Laboratory procedure");

/// Results of a small person's panel; the whole panel is for those who are told whole.
const SMALL_RESULTS: usize = 4;

/// Writes one panel of a visit: ordered, drawn, measured, reported.
pub(super) fn tell(life: &mut Life<'_>, visit: &Visit) {
    let panel = life.rng.one_of(&PANELS);
    let order = ordered(life, visit, panel);
    let specimen = collected(life, visit, panel, &order);
    let shown = if life.person.size == Size::Small { SMALL_RESULTS } else { panel.analytes.len() };
    let results: Vec<Value> = panel
        .analytes
        .iter()
        .take(shown)
        .map(|analyte| {
            let result = result(life, visit, analyte, &order, &specimen);
            let link = life.draft.link("Observation");
            life.draft.write(&link, result);
            life.draft.refer(&link).into()
        })
        .collect();
    reported(life, visit, panel, &order, &specimen, results);
}

fn ordered(life: &mut Life<'_>, visit: &Visit, panel: &Panel) -> Link {
    let request = object! {
        "status": "completed",
        "intent": "order",
        "category": list![ORDER_CATEGORY.concept()],
        "priority": if visit.unwell { "urgent" } else { "routine" },
        "code": panel.code.concept(),
        "subject": life.me(),
        "encounter": life.draft.refer(&visit.encounter),
        "authoredOn": life.time(visit.at.plus_micros(6 * MINUTE_US)),
        "requester": life.doctor(),
    };
    let link = life.draft.link("ServiceRequest");
    life.draft.write(&link, request);
    link
}

fn collected(life: &mut Life<'_>, visit: &Visit, panel: &Panel, order: &Link) -> Link {
    let drawn = life.time(visit.at.plus_micros(12 * MINUTE_US));
    let specimen = object! {
        "accessionIdentifier": object! {
            "system": "https://laboratory.example/identifiers/accession",
            "value": format_compact!("A{:08}", life.rng.below(100_000_000)),
        },
        "status": "available",
        "type": panel.specimen.concept(),
        "subject": life.me(),
        "receivedTime": life.time(visit.at.plus_micros(55 * MINUTE_US)),
        "request": list![life.draft.refer(order)],
        "collection": object! { "collector": life.doctor(), "collectedDateTime": drawn },
    };
    let link = life.draft.link("Specimen");
    life.draft.write(&link, specimen);
    link
}

/// One result; one in a hundred could not be measured, and one in fifty lies below what can be.
fn result(life: &mut Life<'_>, visit: &Visit, analyte: &Analyte, order: &Link, specimen: &Link) -> Object {
    let mut observation = object! {
        "basedOn": list![life.draft.refer(order)],
        "status": "final",
        "category": list![LABORATORY.concept()],
        "code": analyte.code.concept(),
        "subject": life.me(),
        "encounter": life.draft.refer(&visit.encounter),
        "effectiveDateTime": life.time(visit.at.plus_micros(12 * MINUTE_US)),
        "issued": life.time(visit.at.plus_micros(190 * MINUTE_US)),
        "performer": list![life.draft.refer(&life.organization)],
    };
    match life.rng.below(100) {
        0 => observation.push("dataAbsentReason", ABSENT.concept()),
        1 | 2 => {
            let mut value = quantity(decimal(analyte.low / 2, analyte.decimals), analyte.unit, analyte.unit);
            value.set("comparator", "<");
            observation.push("valueQuantity", value);
            observation.push("interpretation", list![bare(INTERPRETATION, "L")]);
        }
        _ => {
            let digits = analyte.measured(&mut life.rng);
            observation.push(
                "valueQuantity",
                quantity(decimal(digits, analyte.decimals), analyte.unit, analyte.unit),
            );
            observation.push("interpretation", list![bare(INTERPRETATION, analyte.flag(digits))]);
        }
    }
    observation.push("specimen", life.draft.refer(specimen));
    observation.push("referenceRange", list![analyte.range()]);
    observation
}

fn reported(
    life: &mut Life<'_>,
    visit: &Visit,
    panel: &Panel,
    order: &Link,
    specimen: &Link,
    results: Vec<Value>,
) {
    let mut report = object! {
        "basedOn": list![life.draft.refer(order)],
        "status": "final",
        "category": list![REPORT_CATEGORY.concept()],
        "code": panel.code.concept(),
        "subject": life.me(),
        "encounter": life.draft.refer(&visit.encounter),
        "effectiveDateTime": life.time(visit.at.plus_micros(12 * MINUTE_US)),
        "issued": life.time(visit.at.plus_micros(200 * MINUTE_US)),
        "performer": list![life.draft.refer(&life.organization)],
        "specimen": list![life.draft.refer(specimen)],
        "result": results,
    };
    if life.rng.chance(30) {
        report.push("conclusion", "Seen by the laboratory physician; no urgent finding.");
    }
    let link = life.draft.link("DiagnosticReport");
    life.draft.write(&link, report);
}
