//! Whatever resource, bundle, patch or query: values or issues, never a panic, and no issue repeats a person's own words.

use anamnesis_fhir::outcome::Issue;
use anamnesis_fhir::patch::{Bounds, Failure, JsonPatch, Patch, PathPatch};
use anamnesis_fhir::subset::Subset;
use anamnesis_fhir::{Catalogue, Official, Params, bundle, check, compartment, index, meta, search};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Instant, ResourceId, ResourceType, StreamName};
use anamnesis_testkit::odd::{self, SECRET, tree};
use anamnesis_testkit::{People, Record, Rng};

const ROUNDS: u64 = 600;
const SEED: u64 = 1;

/// The records of some people, each with something of their own in it.
fn records() -> Vec<Record> {
    let mut records: Vec<Record> = People::small(3).iter().take(4).flat_map(|one| one.records()).collect();
    for record in &mut records {
        let text = Object::new()
            .with("status", "generated")
            .with("div", format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{SECRET}</div>"));
        record.resource.set("text", text);
        record.resource.set("language", SECRET);
    }
    records
}

/// The value, spoilt, as it comes through the parser; none where that refuses it.
fn spoilt(value: &Value, rng: &mut Rng) -> Option<Value> {
    let mut value = value.clone();
    for _ in 0..=rng.below(3) {
        tree::spoil(&mut value, rng);
    }
    anamnesis_json::parse(&value.to_text()).ok()
}

#[track_caller]
fn silent(issues: &[Issue], of: impl Fn() -> String) {
    for issue in issues {
        assert!(!issue.diagnostics.contains(SECRET), "{}\n{}", issue.diagnostics, of());
    }
}

/// With each round's chance: so many that the rooms behind the doors are reached, and the same at each run.
fn rounds(purpose: u64, mut round: impl FnMut(&mut Rng)) {
    for n in 0..ROUNDS {
        round(&mut Rng::new(SEED, (purpose << 32) + n));
    }
}

fn shown(value: &Value) -> String {
    String::from_utf8_lossy(&value.to_text()).into_owned()
}

#[test]
fn resources() {
    let records = records();
    let mut good = 0;
    rounds(1, |rng| {
        let record = rng.one_of(&records);
        let Some(Value::Object(mut elements)) = spoilt(&record.resource.clone().into(), rng) else { return };
        elements.remove("resourceType");
        elements.remove("id");
        let kind = ResourceType::parse(record.kind).unwrap_or_else(|| panic!("{} is a type", record.kind));
        let issues = check::issues(kind, &elements);
        good += u64::from(issues.is_empty());
        silent(&issues, || shown(&elements.clone().into()));
        // What a lenient server keeps is indexed, cut and labelled whatever it holds.
        let stream = StreamName::new(kind, ResourceId::new("a").unwrap_or_else(|_| panic!("a is an id")));
        let _ = index::index(&stream, &elements, &Catalogue::default());
        let _ = compartment::patients(&stream, &elements);
        let mut labelled = elements.clone();
        meta::add(&mut labelled, &elements);
        meta::remove(&mut labelled, &elements);
        for pair in [("_summary", "true"), ("_summary", "text"), ("_elements", "id,subject,language")] {
            let pairs = [(pair.0.to_owned(), pair.1.to_owned())];
            let Ok(subset) = Subset::parse(&pairs) else { panic!("{pair:?} is a subset") };
            subset.cut(&mut elements.clone());
        }
    });
    assert!(good > 10, "only {good} resources were still good");
}

#[test]
fn bundles() {
    let people = People::small(3);
    let mut good = 0;
    rounds(2, |rng| {
        let bundle = if rng.chance(50) {
            people.person(rng.below(4)).bundle()
        } else {
            people.person(0).bundle_with_ids()
        };
        let Some(bundle) = spoilt(&bundle, rng) else { return };
        match bundle::read(bundle.clone(), 1_000) {
            Ok(incoming) => {
                good += 1;
                let _ = bundle::conditional_references(&incoming.entries);
            }
            Err(issues) => silent(&issues, || shown(&bundle)),
        }
    });
    assert!(good > 10, "only {good} bundles were still good");
}

#[test]
fn patches() {
    const PATHS: &[&str] = &[
        "Patient.name[0]",
        "Patient.name",
        "Patient.descendants()",
        "Patient.address.where(city.exists())",
        "Patient",
        "Patient.language",
        "Patient.repeat(children())",
        "Observation.value",
        "Observation.code.coding[0]",
    ];
    const POINTERS: &[&str] = &[
        "",
        "/",
        "/name/0/family",
        "/name/-",
        "/name",
        "/text/div",
        "/language",
        "/code/coding/0",
        "/meta",
        "/id",
        "/~2",
    ];
    let bounds = Bounds { copied_bytes_max: 1 << 20, nesting_max: 64 };
    let records = records();
    let mut good = 0;
    rounds(3, |rng| {
        let operation = Object::new()
            .with("op", *rng.one_of(&["add", "remove", "replace", "move", "copy", "test"]))
            .with("path", *rng.one_of(POINTERS))
            .with("from", *rng.one_of(POINTERS))
            .with("value", odd::value(rng));
        let json = Value::Array(vec![operation.clone().into(), operation.into()]);
        let part = |name: &str, key: &str, value: Value| {
            Value::from(Object::new().with("name", name).with(key, value))
        };
        let key: &&str = rng.one_of(&["valueString", "valueHumanName", "valueCode"]);
        let parts = vec![
            part("type", "valueCode", (*rng.one_of(&["add", "insert", "delete", "replace", "move"])).into()),
            part("path", "valueString", (*rng.one_of(PATHS)).into()),
            part("name", "valueString", (*rng.one_of(&["name", "note", "birthDate", "language"])).into()),
            part("index", "valueInteger", Value::Number("0".into())),
            part("value", key, odd::value(rng)),
        ];
        let operation = Value::from(Object::new().with("name", "operation").with("part", parts));
        let paths =
            Value::from(Object::new().with("resourceType", "Parameters").with("parameter", vec![operation]));
        let whole =
            |value: Value, rng: &mut Rng| if rng.chance(60) { Some(value) } else { spoilt(&value, rng) };
        let (Some(json), Some(paths)) = (whole(json, rng), whole(paths, rng)) else { return };
        let read =
            [JsonPatch::read(json.clone()).map(Patch::Json), PathPatch::read(paths.clone()).map(Patch::Path)];
        let record = rng.one_of(&records);
        let resource = if rng.chance(70) {
            Some(record.resource.clone().into())
        } else {
            spoilt(&record.resource.clone().into(), rng)
        };
        let Some(resource) = resource else { return };
        for patch in read {
            match patch.and_then(|patch| patch.apply(resource.clone(), &bounds)) {
                Ok(after) => {
                    good += 1;
                    // What a patch makes can be sent and read again.
                    assert!(anamnesis_json::parse(&after.to_text()).is_ok(), "{}", shown(&after));
                }
                Err(Failure::Malformed(issues)) => {
                    silent(&issues, || format!("{}\n{}", shown(&json), shown(&paths)))
                }
                Err(Failure::Inapplicable(issue)) => {
                    silent(&[issue], || format!("{}\n{}", shown(&json), shown(&paths)))
                }
            }
        }
    });
    assert!(good > 10, "only {good} patches could be applied");
}

#[test]
fn queries() {
    let kinds = ["Patient", "Observation", "Encounter", "Basic", "MedicationRequest"];
    let values = [
        "Zz9Qxsecret",
        "urn:x|1",
        "ge2020",
        "eq2020-02-30",
        "5.4|http://unitsofmeasure.org|mg",
        "a,b,,",
        "\\,\\",
        "name co \"Zz9Qxsecret\" and not (birthdate ge 2020)",
        "((name eq (a",
        "Observation:subject:Patient",
        "-date,name,_id",
        "a$b$Zz9Qxsecret",
        "",
    ];
    let mut good = 0;
    rounds(4, |rng| {
        let kind = *rng.one_of(&kinds);
        let kind = ResourceType::parse(kind).unwrap_or_else(|| panic!("{kind} is a type"));
        let mut codes: Vec<String> =
            Official.codes(kind).into_iter().map(|known| known.code.to_string()).collect();
        let others = [
            "_filter",
            "_text",
            "_include",
            "_revinclude",
            "_sort",
            "_list",
            "_lastUpdated",
            "_has:Observation:patient:code",
        ];
        codes.extend(others.map(str::to_owned));
        let pairs: Vec<(String, String)> = (0..=rng.below(3))
            .map(|_| {
                let modifier = *rng.one_of(&[
                    "", "", "", ":exact", ":missing", ":not", ":in", ":", ":Patient", ".name", ":of-type",
                    ":iterate",
                ]);
                let name =
                    if rng.chance(90) { format!("{}{modifier}", rng.one_of(&codes)) } else { odd::key(rng) };
                let value = if rng.chance(70) { (*rng.one_of(&values)).to_owned() } else { odd::text(rng) };
                (name, value)
            })
            .collect();
        let limits = search::Limits { strict: rng.chance(50), ..search::Limits::default() };
        let params = Catalogue::default().with_full_text(rng.chance(50));
        let now = Instant::from_micros(0);
        let context = search::Context { params: &params, sets: &search::OfR4, limits: &limits, now };
        match search::parse(kind, &pairs, &context) {
            Ok(_) => good += 1,
            Err(issues) => silent(&issues, || format!("{pairs:?}")),
        }
    });
    assert!(good > 10, "only {good} queries were understood");
}
