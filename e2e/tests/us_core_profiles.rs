//! US Core as an operator would require it: its profiles sent as records, examples and spoilt ones written and looked at.

use std::fs;

use anamnesis_e2e::{int, json, list, send, str};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, shared_data, skipped};

const PROFILES: &str = include_str!("../../crates/fhir/tests/us_core/profiles.jsonl");
const PATIENT: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient";
const LAB: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab";

/// An example of US Core, if the shared data is here.
fn example(name: &str) -> Option<Value> {
    let file = shared_data()?.join("us-core/examples").join(name);
    Some(json(fs::read_to_string(file).expect("the example is in the shared data")))
}

/// The places of the errors, each with its text.
fn errors(outcome: &Value) -> Vec<String> {
    let of = list(outcome, "issue").iter().filter(|issue| str(issue, "severity") == "error");
    of.map(|issue| format!("{}: {}", str(issue, "expression.0"), str(issue, "diagnostics"))).collect()
}

fn told(outcome: &Value) -> Vec<&str> {
    let of = list(outcome, "issue").iter().filter(|issue| str(issue, "severity") == "information");
    of.map(|issue| str(issue, "diagnostics")).collect()
}

fn without(resource: &Value, key: &str) -> Value {
    let mut resource = resource.clone();
    resource.as_object_mut().expect("a resource is an object").remove(key);
    resource
}

/// Sends every profile, in the order of their names: one may come before the one it stands on.
fn register(http: &Http) -> usize {
    for line in PROFILES.lines() {
        let definition = json(line);
        http.put(&format!("/fhir/StructureDefinition/{}", str(&definition, "id")), &definition).expect(201);
    }
    PROFILES.lines().count()
}

/// <https://hl7.org/fhir/R4/profiling.html>
#[test]
fn what_claims_a_profile_follows_it() {
    let (Some(patient), Some(lab)) = (
        example("Patient/patient-infant-example.json"),
        example("Observation/observation-cbc-hemoglobin.json"),
    ) else {
        skipped("../shared/data is not here");
        return;
    };
    let server = Options::new().start();
    let http = server.http();
    assert_eq!(register(&http), 45);

    // Asked, and nothing written.
    let asked = format!("/fhir/Patient/$validate?profile={PATIENT}");
    assert_eq!(errors(&http.post(&asked, &patient).expect(200).json()), Vec::<String>::new());
    let nameless = without(&patient, "name");
    let outcome = http.post(&asked, &nameless).expect(200).json();
    assert_eq!(errors(&outcome), ["Patient.name: must be there"]);
    let unknown = "http://hl7.org/fhir/us/core/ValueSet/omb-race-category";
    assert!(told(&outcome).iter().any(|text| text.contains(unknown)), "{:?}", told(&outcome));
    assert_eq!(int(&http.get("/fhir/Patient").json(), "total"), 0);

    // Written, as the examples are: with `meta.profile`, its version behind a bar.
    http.put("/fhir/Patient/infant-example", &patient).expect(201);
    let refused = http.put("/fhir/Patient/infant-example", &nameless).expect(400).json();
    assert_eq!(errors(&refused), ["Patient.name: must be there"]);
    http.put("/fhir/Observation/cbc-hemoglobin", &lab).expect(201);
    let text = String::from_utf8(lab.to_text()).expect("JSON is UTF-8");
    let exam = text.replacen(r#""code":"laboratory""#, r#""code":"exam""#, 1);
    let refused = send(&http, "PUT", "/fhir/Observation/cbc-hemoglobin", &[], &exam).expect(400).json();
    assert_eq!(errors(&refused), ["Observation.category: must be there of the slice us-core"]);
    let valueless = without(&lab, "valueQuantity");
    let refused = http.put("/fhir/Observation/cbc-hemoglobin", &valueless).expect(400).json();
    assert!(errors(&refused).iter().any(|error| error.starts_with("Observation: us-core-2: ")));

    // What stands in another resource and names a profile follows it too.
    let bundle = |resource: &Value| {
        let text = String::from_utf8(resource.to_text()).expect("JSON is UTF-8");
        format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{text}}}]}}"#)
    };
    send(&http, "POST", "/fhir/Bundle", &[], &bundle(&patient)).expect(201);
    let refused = send(&http, "POST", "/fhir/Bundle", &[], &bundle(&nameless)).expect(400).json();
    assert_eq!(errors(&refused), ["Bundle.entry[0].resource.name: must be there"]);
    let transaction = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{},"request":{{"method":"PUT","url":"Patient/infant-example"}}}}]}}"#,
        String::from_utf8(nameless.to_text()).expect("JSON is UTF-8")
    );
    let refused = send(&http, "POST", "/fhir", &[], &transaction).expect(400).json();
    assert_eq!(errors(&refused), ["Bundle.entry[0].resource.name: must be there"]);
    assert_eq!(str(&http.get("/fhir/Patient/infant-example").json(), "meta.versionId"), "1");
}

/// The setting `profiles`: each is asked of its own type.
#[test]
fn what_is_required_holds_for_who_does_not_claim_it() {
    let server = Options::new().arg("--set").arg(format!("profiles={PATIENT},{LAB}")).start();
    let http = server.http();
    register(&http);
    let bare = r#"{"resourceType":"Patient","birthDate":"1961-03-09"}"#;
    let refused = send(&http, "POST", "/fhir/Patient", &[], bare).expect(400).json();
    assert_eq!(errors(&refused), ["Patient.identifier: must be there", "Patient.name: must be there"]);
    let good = r#"{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}],"name":[{"family":"Doe"}]}"#;
    send(&http, "POST", "/fhir/Patient", &[], good).expect(201);
    let other = r#"{"resourceType":"Basic","code":{"text":"x"}}"#;
    send(&http, "POST", "/fhir/Basic", &[], other).expect(201);
}
