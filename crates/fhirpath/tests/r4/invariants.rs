//! R4's invariants over R4's own valid examples: every one is decided, and none is broken.

use std::collections::{BTreeMap, BTreeSet};

use anamnesis_fhirpath::{Collection, Context, Expression, Kind, Model, Node, TypeRef};
use anamnesis_json::{Object, Value};

use crate::definitions::{Definitions, R4, data, examples};

/// What is broken all the same: key, example, reason.
const BROKEN: &[(&str, &str, &str)] = &[
    (
        "que-7",
        "Questionnaire-bb.json",
        "the rule asks for FHIRPath's Boolean where the answer is FHIR's boolean",
    ),
    ("txt-1", "ActivityDefinition-blood-tubes-supply.json", "its narrative is empty"),
    ("txt-2", "ActivityDefinition-blood-tubes-supply.json", "its narrative is empty"),
];

/// Invariants by the type they stand in and the element they stand at; the last is empty for those of the type itself.
type Rules<'r> = BTreeMap<(TypeRef, String), Vec<(&'r str, Expression)>>;

#[test]
fn valid_examples_break_no_invariant() {
    let (Some(data), Some(r4)) = (data(), R4.as_ref()) else { return };
    let rules = rules(r4);
    let mut walk = Walk { r4, rules: &rules, found: BTreeMap::new(), asked: 0 };
    for (file, resource) in examples(&data) {
        walk.resource(&resource, None, &file);
    }
    assert!(walk.asked > 100_000, "only {} questions were asked", walk.asked);
    let mut healed = Vec::new();
    for (key, file, why) in BROKEN {
        let said = walk.found.get_mut(&((*key).to_owned(), "is broken".to_owned()));
        if !said.is_some_and(|files| files.remove(*file)) {
            healed.push((key, file, why));
        }
    }
    walk.found.retain(|_, files| !files.is_empty());
    assert!(walk.found.is_empty(), "{:#?}", walk.found);
    assert!(healed.is_empty(), "these hold by now: {healed:?}");
}

fn rules(r4: &Definitions) -> Rules<'_> {
    let mut rules = Rules::new();
    for (key, path, text) in &r4.invariants {
        let place = match (r4.type_named(path), path.rsplit_once('.')) {
            (Some(of), _) => (of, String::new()),
            (None, Some((owner, step))) => {
                (r4.type_named(owner).expect("an owner is a type"), step.to_owned())
            }
            (None, None) => panic!("{path} is a type"),
        };
        let all = rules.entry(place).or_default();
        if !all.iter().any(|(known, _)| known == key) {
            all.push((key, Expression::parse(text).expect("it parses")));
        }
    }
    rules
}

struct Walk<'r> {
    r4: &'r Definitions,
    rules: &'r Rules<'r>,
    /// By key and what was said, the examples it was said of.
    found: BTreeMap<(String, String), BTreeSet<String>>,
    asked: usize,
}

impl Walk<'_> {
    fn resource(&mut self, object: &Object, root: Option<Node<'_>>, file: &str) {
        let node = Node::resource(object, Some(self.r4));
        let mut context = Context::typed(self.r4).resource(node);
        if let Some(root) = root {
            context = context.root_resource(root);
        }
        self.node(node, &context, file);
    }

    fn node(&mut self, node: Node<'_>, context: &Context<'_>, file: &str) {
        let Some(of) = node.type_ref() else { return };
        self.ask(of, "", node, context, file);
        let Some(object) = node.as_object() else { return };
        for (key, value) in object.iter() {
            let name = key.strip_prefix('_').unwrap_or(key);
            if name != key && object.contains_key(name) {
                continue;
            }
            let Some(element) = self.r4.element(of, name) else { continue };
            let step = if element.choice {
                let suffix = self.r4.name(element.of).len();
                format!("{}[x]", &name[..name.len() - suffix])
            } else {
                name.to_owned()
            };
            let beside = object.iter().find(|(k, _)| k.strip_prefix('_') == Some(name)).map(|(_, v)| v);
            let value = if name == key { value } else { &Value::Null };
            for (n, one) in value.each().enumerate() {
                let beside = beside.and_then(|b| b.each().nth(n)).and_then(Value::as_object);
                if element.kind == Kind::Resource {
                    let inside = one.as_object().expect("a resource is an object");
                    let root = (name == "contained").then_some(node);
                    self.resource(inside, root, file);
                    continue;
                }
                let child = Node::element(one, beside, Some(element.of), element.kind);
                self.ask(of, &step, child, context, file);
                self.node(child, context, file);
            }
        }
    }

    fn ask(&mut self, of: TypeRef, step: &str, node: Node<'_>, context: &Context<'_>, file: &str) {
        let rules = self.rules;
        for (key, expression) in rules.get(&(of, step.to_owned())).into_iter().flatten() {
            self.asked += 1;
            let said = match expression.holds(context, node) {
                Ok(true) => continue,
                Ok(false) => "is broken".to_owned(),
                Err(error) => error.to_string(),
            };
            self.found.entry(((*key).to_owned(), said)).or_default().insert(file.to_owned());
        }
    }
}

/// A reference to nowhere, and a dateless period: what the examples do not show.
#[test]
fn broken_invariants_are_found() {
    let Some(r4) = R4.as_ref() else { return };
    let rule = |key: &str| {
        let (_, _, text) = r4.invariants.iter().find(|(known, ..)| known == key).expect("R4 has it");
        Expression::parse(text).expect("it parses")
    };
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("obs-6", r#"{"resourceType":"Observation","valueString":"x","dataAbsentReason":{"text":"y"}}"#, Some(false)),
        ("obs-6", r#"{"resourceType":"Observation","dataAbsentReason":{"text":"y"}}"#,                   Some(true)),
        ("obs-7", r#"{"resourceType":"Observation","valueString":"x","code":{"coding":[{"code":"a"}]},"component":[{"code":{"coding":[{"code":"a"}]}}]}"#, Some(false)),
        ("obs-7", r#"{"resourceType":"Observation","valueString":"x","code":{"coding":[{"code":"a"}]},"component":[{"code":{"coding":[{"code":"b"}]}}]}"#, Some(true)),
        ("dom-2", r#"{"resourceType":"Patient","contained":[{"resourceType":"Patient","contained":[{"resourceType":"Patient"}]}]}"#, Some(false)),
        ("dom-3", r#"{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}]}"#, Some(false)),
        ("dom-3", r##"{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}],"managingOrganization":{"reference":"#o"}}"##, Some(true)),
        ("dom-4", r#"{"resourceType":"Patient","contained":[{"resourceType":"Patient","meta":{"versionId":"1"}}]}"#, Some(false)),
        ("dom-5", r#"{"resourceType":"Patient","contained":[{"resourceType":"Patient","meta":{"security":[{"code":"R"}]}}]}"#, Some(false)),
        ("que-2", r#"{"resourceType":"Questionnaire","item":[{"linkId":"1"},{"linkId":"2","item":[{"linkId":"1"}]}]}"#, Some(false)),
        ("app-3", r#"{"resourceType":"Appointment","status":"booked"}"#,                                 Some(false)),
        ("app-3", r#"{"resourceType":"Appointment","status":"proposed"}"#,                               Some(true)),
        ("bdl-7", r#"{"resourceType":"Bundle","type":"batch","entry":[{"fullUrl":"urn:a"},{"fullUrl":"urn:a"}]}"#, Some(false)),
    ];
    for (key, text, expected) in cases {
        let resource = anamnesis_json::parse(text.as_bytes()).expect(text);
        let node = Node::resource(resource.as_object().expect(text), Some(r4));
        let context = Context::typed(r4).resource(node);
        assert_eq!(rule(key).truth(&context, node), Ok(expected), "{key} {text}");
    }
    #[rustfmt::skip] // A table reads by column.
    let of_types = [
        ("per-1", "Period",    r#"{"start":"2012-02","end":"2012-01"}"#,                 Some(false)),
        ("per-1", "Period",    r#"{"start":"2012-01-01","end":"2012-01-01T10:00:00Z"}"#, None),
        ("per-1", "Period",    r#"{"start":"2012"}"#,                                    Some(true)),
        ("ref-1", "Reference", r##"{"reference":"#nowhere"}"##,                          Some(false)),
        ("ref-1", "Reference", r#"{"reference":"Patient/1"}"#,                           Some(true)),
        ("qty-3", "Quantity",  r#"{"value":1,"code":"mg"}"#,                             Some(false)),
        ("rng-2", "Range",     r#"{"low":{"value":2,"unit":"m"},"high":{"value":1,"unit":"m"}}"#, Some(false)),
        ("rng-2", "Range",     r#"{"low":{"value":2,"code":"mm"},"high":{"value":1,"code":"m"}}"#, Some(true)),
        ("ele-1", "Coding",    r#"{"id":"1"}"#,                                          Some(false)),
        ("ele-1", "Coding",    r#"{"code":"1"}"#,                                        Some(true)),
        ("ext-1", "Extension", r#"{"url":"u"}"#,                                         Some(false)),
        ("ext-1", "Extension", r#"{"url":"u","valueString":"x"}"#,                       Some(true)),
        ("age-1", "Age",       r#"{"value":-1,"code":"a","system":"http://unitsofmeasure.org"}"#, Some(false)),
    ];
    let patient = anamnesis_json::parse(br#"{"resourceType":"Patient"}"#).expect("JSON");
    let resource = Node::resource(patient.as_object().expect("an object"), Some(r4));
    for (key, name, text, expected) in of_types {
        let value = anamnesis_json::parse(text.as_bytes()).expect(text);
        let node = Node::element(&value, None, r4.type_named(name), Kind::of(name));
        let context = Context::typed(r4).resource(resource);
        assert_eq!(rule(key).truth(&context, node), Ok(expected), "{key} {text}");
    }
    let none: Collection<'_> = Collection::EMPTY;
    assert_eq!(none.truth(), Ok(None));
}

#[test]
fn a_type_that_does_not_exist_is_told() {
    let Some(r4) = R4.as_ref() else { return };
    let patient = anamnesis_json::parse(br#"{"resourceType":"Patient","gender":"male"}"#).expect("JSON");
    let node = Node::resource(patient.as_object().expect("an object"), Some(r4));
    let said = |text: &str| {
        Expression::parse(text).expect(text).truth(&Context::typed(r4), node).map_err(|e| e.to_string())
    };
    assert_eq!(said("gender is code"), Ok(Some(true)));
    assert_eq!(said("gender is string"), Ok(Some(true)));
    assert_eq!(said("gender is id"), Ok(Some(false)));
    assert_eq!(said("gender is cod"), Err("no such type".to_owned()));
    assert_eq!(said("gender.as(cod).exists()"), Err("no such type".to_owned()));
    assert_eq!(said("birthDate is dat"), Ok(None));
}
