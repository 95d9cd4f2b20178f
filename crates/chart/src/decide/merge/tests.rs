//! Given, when, then of merging: what each side's stream holds, and what is left when it is undone.

use anamnesis_json::parse;
use anamnesis_kernel::Instant;

use super::*;
use crate::decide::{Command, Context, Door, decide};
use crate::evolve::evolve;

const A: &str = "Patient/a";
const B: &str = "Patient/b";
const BY_B: &str = "{'other':{'reference':'Patient/b'},'type':'replaced-by'}";
const OF_A: &str = "{'other':{'reference':'Patient/a'},'type':'replaces'}";

fn object(text: &str) -> Object {
    let text = text.replace("BY_B", BY_B).replace("OF_A", OF_A).replace('\'', "\"");
    parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e}: {text}")).as_object().unwrap().clone()
}

fn shown(elements: &Object) -> String {
    let text = String::from_utf8(elements.to_text()).unwrap().replace('"', "'");
    text.replace(BY_B, "BY_B").replace(OF_A, "OF_A")
}

fn name(text: &str) -> StreamName {
    text.parse().unwrap()
}

/// Merges record a, which yields, or b, which stays, with the other.
fn merging(side: Side, given: Option<&str>, held: &[&str]) -> Result<Vec<NewEvent>, Vec<Refusal>> {
    let (own, other) = if side == Side::Yields { (A, B) } else { (B, A) };
    let held_at = Cursor { moment: Instant::from_micros(1), offsets: vec![7] };
    let held = held.iter().map(|text| name(text)).collect();
    let command = Command::Merge(Merge { side, other: name(other), held, held_at });
    let state = State { version: 1, elements: given.map(object) };
    decide(&state, &Context { stream: &name(own), reason: None, door: Door::Fhir }, command)
}

#[test]
fn merges() {
    use Side::{Stays, Yields};
    let of_other = "{'link':[{'other':{'reference':'Patient/c'},'type':'seealso'}]}";
    #[rustfmt::skip]
    let cases = [
     // side     given                              then
        (Yields, "{'x':1}",                         "{'active':false,'link':[BY_B],'merge':{'into':'Patient/b','held':['Observation/o'],'held_at':'c1~1~7'}}"),
        (Yields, "{'active':true,'_active':{'id':'i'}}", "{'active':false,'link':[BY_B],'_active':{'id':'i'},'merge':{'into':'Patient/b','active':true,'held':['Observation/o'],'held_at':'c1~1~7'}}"),
        (Yields, of_other,                          "{'link':[{'other':{'reference':'Patient/c'},'type':'seealso'},BY_B],'active':false,'merge':{'into':'Patient/b','held':['Observation/o'],'held_at':'c1~1~7'}}"),
        (Yields, "{'active':false,'link':[BY_B]}",  "BusinessRule Patient.link: it has yielded already, to Patient/b"),
        (Yields, "{'link':[{'type':'replaced-by'}]}", "BusinessRule Patient.link: it has yielded already, to another record"),
        (Stays,  "{'active':true}",                 "{'link':[OF_A],'merge':{'from':'Patient/a','held':['Observation/o'],'held_at':'c1~1~7'}}"),
        (Stays,  "{'link':[OF_A]}",                 "{'merge':{'from':'Patient/a','held':['Observation/o'],'held_at':'c1~1~7'}}"),
        (Stays,  "{'link':[{'other':{'reference':'Patient/c/_history/2'},'type':'replaced-by'}]}", "BusinessRule Patient.link: it has yielded itself, to Patient/c: merge into that"),
        (Stays,  "{'link':[{'other':{'reference':'http://elsewhere/Patient/c'},'type':'replaced-by'}]}", "BusinessRule Patient.link: it has yielded itself, to another record: merge into that"),
    ];
    for (side, given, then) in cases {
        let found = match merging(side, Some(given), &["Observation/o"]) {
            Ok(events) => events.iter().map(|event| shown(&event.data)).collect::<Vec<_>>().join("; "),
            Err(no) => {
                let text = |no: &Refusal| format!("{:?} {}: {}", no.cause, no.path, no.text);
                no.iter().map(text).collect::<Vec<_>>().join("; ")
            }
        };
        assert_eq!(found, then, "{given}");
    }
    assert_eq!(merging(Stays, None, &[]).unwrap_err()[0].cause, Cause::Deleted);
}

/// A merge, what happened since, and what is left when it is undone.
#[test]
fn undone_after_whatever_happened() {
    use Side::{Stays, Yields};
    type Since = &'static [(&'static str, &'static str)];
    #[rustfmt::skip]
    let cases: [(Side, &str, Since, &str); 9] = [
     // side     given                since                                                     then
        (Yields, "{'x':1}",           &[],                                                      "{'x':1}"),
        (Yields, "{'active':true}",   &[],                                                      "{'active':true}"),
        (Yields, "{'active':false}",  &[("PatientRevised", "{'x':1}")],                         "{'active':false,'x':1}"),
        (Yields, "{'active':true}",   &[("PatientReactivated", "{'active':true}"), ("PatientDeactivated", "{'active':false}")], "{'active':false}"),
        (Yields, "{'x':1}",           &[("PatientLinked", "{'link':[{'other':{'reference':'Patient/c'},'type':'seealso'},BY_B]}")], "{'x':1,'link':[{'other':{'reference':'Patient/c'},'type':'seealso'}]}"),
        (Yields, "{'x':1}",           &[("PatientLinked", "{'link':null}")],                    "{'x':1}"),
        (Stays,  "{'active':true}",   &[("PatientDeactivated", "{'active':false}")],            "{'active':false}"),
        (Stays,  "{'link':[OF_A]}",   &[("PatientRevised", "{'x':1}")],                         "{'link':[OF_A],'x':1}"),
        (Stays,  "{'x':1}",           &[("PatientLinked", "{'link':[{'other':{'reference':'Patient/a/_history/4'},'type':'replaces'},{'other':{'reference':'Patient/a'},'type':'refer'}]}")], "{'x':1,'link':[{'other':{'reference':'Patient/a'},'type':'refer'}]}"),
    ];
    for (side, given, since, then) in cases {
        let other = name(if side == Side::Yields { B } else { A });
        let merge = merging(side, Some(given), &[]).unwrap().remove(0);
        let mut events = vec![(merge.kind.to_string(), merge.data)];
        events.extend(since.iter().map(|(kind, data)| ((*kind).to_owned(), object(data))));
        let (mut elements, mut merged) = (Some(object(given)), None);
        for (n, (kind, data)) in events.iter().enumerate() {
            let event = EventRef { kind, whole: false, data };
            merged = Merged::after(merged, side, &other, &format!("e{n}"), &event);
            elements = evolve(elements, &event);
        }
        let state = State { version: events.len() as u64 + 1, elements: elements.clone() };
        let undo = Unmerge { side, other: other.clone(), merged: merged.clone().unwrap() };
        let undone = unmerge(&state, undo).unwrap().remove(0);
        assert_eq!(undone.data.get("merge").and_then(|merge| merge.get("undoes")?.as_str()), Some("e0"));
        let event = EventRef { kind: &undone.kind, whole: false, data: &undone.data };
        assert_eq!(shown(&evolve(elements, &event).unwrap()), then, "{given} {since:?}");
        assert_eq!(Merged::after(merged.clone(), side, &other, "u", &event), None);
        let elsewhere = name("Patient/elsewhere");
        assert!(Merged::after(merged, side, &elsewhere, "u", &event).is_some(), "another merge stands");
    }
}
