//! The people who do not exist are good ones, and nothing that is sent makes the check panic.

use anamnesis_json::Value;
use anamnesis_kernel::ResourceType;
use anamnesis_testkit::People;
use proptest::prelude::*;

use crate::check::{Extent, ISSUES_MAX, check, issues};

#[test]
fn people_are_valid() {
    let mut seen = 0;
    for person in (0..40).map(|n| People::new(1).person(n)) {
        let bundle = person.bundle_with_ids();
        for entry in bundle.get("entry").unwrap().each() {
            let resource = entry.get("resource").unwrap();
            let kind =
                resource.get("resourceType").and_then(Value::as_str).and_then(ResourceType::parse).unwrap();
            let found = issues(kind, resource.as_object().unwrap());
            assert!(found.is_empty(), "{kind}: {found:#?}");
            seen += 1;
        }
    }
    assert!(seen > 400, "{seen}");
}

/// JSON with names that resources have, in places where they may not be.
fn anything() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "resourceType",
        "id",
        "name",
        "_name",
        "given",
        "_given",
        "status",
        "contained",
        "reference",
        "subject",
        "value",
        "valueQuantity",
        "valueString",
        "_valueString",
        "extension",
        "url",
        "entry",
        "resource",
        "text",
        "div",
        "meta",
        "birthDate",
        "_birthDate",
        "code",
        "coding",
        "system",
        "period",
        "start",
        "item",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::sample::select(vec![
            "Patient",
            "Observation",
            "Bundle",
            "#p",
            "Patient/1",
            "2024-02-30T",
            "final",
            "<div",
            ""
        ])
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn anything_is_answered(value in anything(), whole in any::<bool>()) {
        let extent = if whole { Extent::Whole } else { Extent::Part };
        if let Some(object) = value.as_object() {
            for kind in ["Patient", "Observation", "Bundle", "Questionnaire"] {
                prop_assert!(check(ResourceType::parse(kind).unwrap(), object, extent).len() <= ISSUES_MAX);
            }
        }
    }
}
