//! The laws of the chart, for whatever may come.

use anamnesis_chart::{
    Command, Context, Door, Elements, EventRef, State, catalogue, decide, evolve, find, take_apart, upcast,
};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{ResourceType, StreamName};
use proptest::prelude::*;

const TYPES: [&str; 9] = [
    "Patient",
    "Encounter",
    "Condition",
    "Observation",
    "DiagnosticReport",
    "Specimen",
    "MedicationRequest",
    "Claim",
    "Goal",
];

fn text(of: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::select(of).prop_map(Value::from)
}

fn concept(of: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::select(of).prop_map(|code| {
        let coding = Object::new().with("code", code);
        Object::new().with("coding", vec![Value::from(coding)]).into()
    })
}

/// Elements that rules look at, with values they know and values they do not.
fn element() -> impl Strategy<Value = (String, Value)> {
    let status = text(&[
        "registered",
        "preliminary",
        "final",
        "corrected",
        "active",
        "finished",
        "entered-in-error",
        "odd",
    ]);
    let key = prop::sample::select(vec![
        "name",
        "address",
        "birthDate",
        "_birthDate",
        "valueString",
        "valueQuantity",
        "component",
        "conclusion",
        "result",
        "location",
        "period",
        "note",
        "meta",
        "text",
        "link",
        "active",
        "deceasedBoolean",
        "extension",
    ]);
    let clinical = concept(&["active", "resolved", "remission"]);
    let verification = concept(&["confirmed", "provisional", "entered-in-error"]);
    let subject = text(&["Patient/p1", "Patient/p2", "Group/g"]);
    prop_oneof![
        4 => (key, value()).prop_map(|(key, value)| (key.to_owned(), value)),
        2 => status.prop_map(|value| ("status".to_owned(), value)),
        1 => clinical.prop_map(|value| ("clinicalStatus".to_owned(), value)),
        1 => verification.prop_map(|value| ("verificationStatus".to_owned(), value)),
        1 => concept(&["laboratory", "vital-signs"]).prop_map(|value| ("category".to_owned(), vec![value].into())),
        1 => subject.prop_map(|value| ("subject".to_owned(), Object::new().with("reference", value).into())),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3_u64).prop_map(Value::from),
        text(&["a", "b", "1970-01-01"]),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|map| map.into_iter().collect::<Object>().into()),
        ]
    })
}

fn elements() -> impl Strategy<Value = Elements> {
    prop::collection::vec(element(), 0..8).prop_map(|pairs| {
        let mut elements = Object::new();
        for (key, value) in pairs {
            elements.set(key, value);
        }
        elements
    })
}

fn stream() -> impl Strategy<Value = StreamName> {
    prop::sample::select(&TYPES[..]).prop_map(|kind| format!("{kind}/x").parse().expect("a stream name"))
}

/// What a resource with these elements is after its way through the front door; none if it is refused there.
fn taken(kind: ResourceType, elements: &Elements) -> Option<Elements> {
    let mut resource = elements.clone();
    resource.set("resourceType", kind.name());
    take_apart(resource.into()).ok().map(|(_, _, elements)| elements)
}

proptest! {
    #[test]
    fn folding_what_was_decided_gives_what_was_put(stream in stream(), before in prop::option::of(elements()), after in elements()) {
        let before = before.and_then(|before| taken(stream.kind, &before));
        let Some(after) = taken(stream.kind, &after) else { return Ok(()) };
        let state = State { version: u64::from(before.is_some()), elements: before.clone() };
        let context = Context { stream: &stream, reason: None, door: Door::Fhir };
        let Ok(events) = decide(&state, &context, Command::Put(after.clone())) else { return Ok(()) };
        prop_assert_eq!(events.is_empty(), before.as_ref().is_some_and(|before| before.same(&after)));
        for event in &events {
            let named = find(&event.kind).is_none_or(|row| row.fits(stream.kind));
            prop_assert!(named, "{} on {}", event.kind, stream.kind);
        }
        let folded = events.iter().fold(before, |state, event| {
            evolve(state, &EventRef { kind: &event.kind, whole: event.whole, data: &event.data })
        });
        prop_assert!(folded.is_some_and(|folded| folded.same(&after)));
    }

    #[test]
    fn what_is_appended_folds_to_what_a_put_could_have_made(stream in stream(), before in elements(), n in any::<prop::sample::Index>(), data in elements()) {
        let Some(before) = taken(stream.kind, &before) else { return Ok(()) };
        let state = State { version: 1, elements: Some(before.clone()) };
        let context = Context { stream: &stream, reason: Some("why"), door: Door::Api };
        let rows: Vec<_> = catalogue().iter().filter(|row| row.fits(stream.kind)).collect();
        let command = Command::Append { kind: n.get(&rows).kind.into(), schema_version: None, data };
        let Ok(events) = decide(&state, &context, command) else { return Ok(()) };
        prop_assert!(events.len() <= 1);
        for event in events {
            let after = evolve(Some(before.clone()), &EventRef { kind: &event.kind, whole: event.whole, data: &event.data });
            prop_assert!(after.is_some_and(|after| !after.same(&before)));
        }
    }

    #[test]
    fn any_sequence_of_events_folds(events in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), 0..4_u16, elements()), 0..20)) {
        let mut names: Vec<&str> = catalogue().iter().map(|row| row.kind).collect();
        names.extend(["PatientDeleted", "ClaimRevised", "NobodyKnowsThis", ""]);
        let mut state = None;
        for (n, whole, version, data) in events {
            let kind = n.get(&names);
            let Ok(data) = upcast(kind, version, data) else { continue };
            state = evolve(state, &EventRef { kind, whole, data: &data });
        }
    }
}
