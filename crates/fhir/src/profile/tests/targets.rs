//! Whether what a reference leads to follows the profile named for it, where it is at hand.

use super::*;

fn of(url: &str, kind: &str, elements: &str) -> (String, Arc<Profile>) {
    let text = format!(
        r#"{{"resourceType":"StructureDefinition","url":"{url}","type":"{kind}","baseDefinition":"http://hl7.org/fhir/StructureDefinition/{kind}","differential":{{"element":[{elements}]}}}}"#
    );
    (url.to_owned(), Arc::new(Profile::compile(&json(&text)).unwrap()))
}

fn leads_to(targets: &str) -> String {
    format!(r#"{{"id":"Observation.subject","type":[{{"code":"Reference","targetProfile":[{targets}]}}]}}"#)
}

#[test]
fn contained() {
    let profiles = [
        of("http://named", "Patient", r#"{"id":"Patient.name","min":1}"#),
        of("http://born", "Patient", r#"{"id":"Patient.birthDate","min":1}"#),
        of("http://ours", "Group", r#"{"id":"Group.name","min":1}"#),
        // What it contains is looked for in what contains it.
        of(
            "http://near",
            "Patient",
            r#"{"id":"Patient","constraint":[{"key":"n","severity":"error","human":"x","expression":"managingOrganization.resolve().exists()"}]}"#,
        ),
    ];
    let known = Known { profiles: HashMap::from(profiles), ..Known::default() };
    let (one, two) = (leads_to(r#""http://named""#), leads_to(r#""http://named","http://born""#));
    let (or_any, gone) = (
        leads_to(r#""http://named","http://hl7.org/fhir/StructureDefinition/Patient""#),
        leads_to(r#""http://named","http://gone""#),
    );
    let (other, near) = (leads_to(r#""http://named","http://ours""#), leads_to(r#""http://near""#));
    let to = |patient: &str| {
        format!(
            r##"{{"subject":{{"reference":"#p"}},"contained":[{{"resourceType":"Patient","id":"p"{patient}}},{{"resourceType":"Organization","id":"o"}}]}}"##
        )
    };
    let named = to(r#","name":[{"text":"x"}]"#);
    let born = to(r#","birthDate":"2020""#);
    let neither = to("");
    let stands_near = to(r##","managingOrganization":{"reference":"#o"}"##);
    #[rustfmt::skip] // A table reads by column.
    table("Observation", &known, &[
     // the profile       resource      findings
        (one.as_str(),    named.as_str(), ""),
        (&one,            &born,        "value Observation.subject: must lead to what follows http://named"),
        (&two,            &born,        ""),
        (&two,            &neither,     "value Observation.subject: must lead to what follows http://named or http://born"),
        (&or_any,         &neither,     ""),
        (&gone,           &named,       ""),
        (&gone,           &neither,     "i Observation.subject: whether what it leads to follows http://named cannot be told here"),
        (&other,          &neither,     "value Observation.subject: must lead to what follows http://named"),
        (&near,           &stands_near, ""),
        (&near,           &neither,     "value Observation.subject: must lead to what follows http://near"),
        (&one,            r#"{"subject":{"reference":"Patient/elsewhere"}}"#, "i Observation.subject: whether what it leads to follows http://named is not checked: it is not in here"),
        (&one,            r#"{"subject":{"display":"somebody"}}"#, ""),
        (&one,            r#"{"subject":{"reference":"Group/g"}}"#, "value Observation.subject: must lead to Patient"),
    ]);
}

/// Two records that lead to one another are each held to their profile, and no one walks in a ring.
#[test]
fn in_the_same_bundle() {
    let back = |kind: &str, element: &str, url: &str| {
        format!(
            r#"{{"id":"{kind}.{element}","min":1,"type":[{{"code":"Reference","targetProfile":["{url}"]}}]}}"#
        )
    };
    let known = Known {
        profiles: HashMap::from([
            of("http://a", "Encounter", &back("Encounter", "partOf", "http://b")),
            of("http://b", "Encounter", &back("Encounter", "partOf", "http://a")),
        ]),
        ..Known::default()
    };
    let said = |second: &str| {
        let bundle = json(&format!(
            r#"{{"resourceType":"Bundle","entry":[
            {{"fullUrl":"http://x/Encounter/1","resource":{{"resourceType":"Encounter","meta":{{"profile":["http://a"]}},"partOf":{{"reference":"Encounter/2"}}}}}},
            {{"fullUrl":"http://x/Encounter/2","resource":{{"resourceType":"Encounter"{second}}}}}]}}"#
        ));
        let whole = Claim::of(ResourceType::parse("Bundle").unwrap(), bundle.as_object().unwrap());
        let claim = whole.inside().remove(0);
        let found = known.profile("http://a").unwrap().check(&claim, &known, Wanted::All);
        found.into_iter().map(|one| one.issue.diagnostics).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(said(r#","partOf":{"reference":"Encounter/1"}"#), "");
    assert_eq!(said(""), "must lead to what follows http://b");
}

/// Ten thousand references to one large record look at it once.
#[test]
fn many_lead_to_one() {
    let known = Known {
        profiles: HashMap::from([of("http://named", "Patient", r#"{"id":"Patient.name.family","min":1}"#)]),
        ..Known::default()
    };
    let names = vec![r#"{"family":"x"}"#; 10_000].join(",");
    let references = vec![r##"{"reference":"#p"}"##; 10_000].join(",");
    let observation = format!(
        r##"{{"performer":[{references}],"contained":[{{"resourceType":"Patient","id":"p","name":[{names},{{"text":"y"}}]}}]}}"##
    );
    let element =
        r#"{"id":"Observation.performer","type":[{"code":"Reference","targetProfile":["http://named"]}]}"#;
    let profile = profile("Observation", element);
    let observation = json(&observation);
    let claim = Claim::of(ResourceType::parse("Observation").unwrap(), observation.as_object().unwrap());
    let found = profile.check(&claim, &known, Wanted::Faults);
    assert_eq!(found.len(), crate::check::ISSUES_MAX);
    assert_eq!(claim.followed.borrow().len(), 1);
}
