//! The searches that US Core asks of a server, each SHALL and SHOULD of them, over Synthea's records and its own examples.
//!
//! What they must find is computed here by a plain filter over the records themselves, from the paths that US Core's
//! own SearchParameters name.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anamnesis_e2e::{at, bundle, entries, entry, indexed, list, str, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, shared_data, skipped};

const EXPECTATION: &str = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation";
const COMBINATION: &str =
    "http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination";

/// How many parameters US Core defines itself; its others restate those of R4.
const OWN: u64 = 6;

/// What neither Synthea nor the examples have: `Type/id`, and the rest of the record.
const MORE: [(&str, &str); 14] = [
    (
        "Patient/more",
        r#""name":[{"family":"More","given":["Ann"]}],"birthDate":"1940-02-01","deceasedDateTime":"2019-05-06T10:00:00Z""#,
    ),
    (
        "Encounter/more",
        r#""status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"type":[{"coding":[{"system":"urn:t","code":"t"}]}],"subject":{"reference":"Patient/more"},"identifier":[{"system":"urn:e","value":"7"}],"location":[{"location":{"reference":"Location/more"}}],"period":{"start":"2019-01-01","end":"2019-01-05"},"hospitalization":{"dischargeDisposition":{"coding":[{"system":"urn:d","code":"home"}]}}"#,
    ),
    (
        "Location/more",
        r#""name":"Ward 9","address":{"line":["1 High Street"],"city":"Ghent","postalCode":"9000","state":"VOV"}"#,
    ),
    (
        "Coverage/more",
        r#""status":"active","beneficiary":{"reference":"Patient/more"},"payor":[{"reference":"Patient/more"}]"#,
    ),
    (
        "MedicationDispense/more",
        r#""status":"completed","type":{"coding":[{"system":"urn:d","code":"FF"}]},"medicationCodeableConcept":{"text":"m"},"subject":{"reference":"Patient/more"}"#,
    ),
    (
        "PractitionerRole/more",
        r#""practitioner":{"reference":"Practitioner/more"},"specialty":[{"coding":[{"system":"urn:s","code":"s"}]}]"#,
    ),
    ("Practitioner/more", r#""identifier":[{"system":"urn:npi","value":"9"}],"name":[{"family":"Doctor"}]"#),
    (
        "Condition/more",
        r#""category":[{"coding":[{"system":"urn:c","code":"problem-list-item"}]}],"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"resolved"}]},"code":{"coding":[{"system":"urn:k","code":"k"}]},"subject":{"reference":"Patient/more"},"encounter":{"reference":"Encounter/more"},"onsetDateTime":"2018-01-02","abatementDateTime":"2018-02-03T10:00:00+01:00","recordedDate":"2018-01-03","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/condition-assertedDate","valueDateTime":"2018-01-02"}]"#,
    ),
    (
        "CareTeam/more",
        r#""status":"active","subject":{"reference":"Patient/more"},"participant":[{"role":[{"coding":[{"system":"urn:r","code":"nurse"}]}],"member":{"reference":"Practitioner/more"}}]"#,
    ),
    (
        "DocumentReference/more",
        r#""status":"current","type":{"coding":[{"system":"http://loinc.org","code":"34133-9"}]},"category":[{"coding":[{"system":"urn:c","code":"note"}]}],"subject":{"reference":"Patient/more"},"date":"2019-01-05T00:00:00Z","content":[{"attachment":{"url":"http://h/x"}}],"context":{"period":{"start":"2019-01-01","end":"2019-01-02"}}"#,
    ),
    (
        "CarePlan/more",
        r#""status":"active","intent":"plan","category":[{"coding":[{"system":"urn:c","code":"assess-plan"}]}],"subject":{"reference":"Patient/more"},"period":{"start":"2019-01-01"}"#,
    ),
    (
        "Device/more",
        r#""status":"active","type":{"coding":[{"system":"urn:d","code":"pump"}]},"patient":{"reference":"Patient/more"}"#,
    ),
    (
        "MedicationRequest/more",
        r#""status":"active","intent":"order","medicationCodeableConcept":{"text":"m"},"subject":{"reference":"Patient/more"},"encounter":{"reference":"Encounter/more"},"authoredOn":"2019-01-02""#,
    ),
    (
        "Goal/more",
        r#""lifecycleStatus":"active","description":{"text":"walk"},"subject":{"reference":"Patient/more"},"target":[{"dueDate":"2019-06-01"}]"#,
    ),
];

fn read(path: &Path) -> Value {
    anamnesis_json::parse(&std::fs::read(path).unwrap()).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "json") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn load(http: &Http, data: &Path) {
    let mut people = 0;
    for path in files(&data.join("synthea/loose")) {
        // Those that refer by criteria need what stands in other bundles.
        people += usize::from(http.post("/fhir", &read(&path)).status == 200);
    }
    assert!(people >= 3, "{people} bundles of Synthea");
    let mut taken = 0;
    for path in files(&data.join("us-core/examples")) {
        let resource = read(&path);
        let (kind, id) = (str(&resource, "resourceType").to_owned(), str(&resource, "id").to_owned());
        if kind != "Bundle" {
            taken += usize::from(http.put(&format!("/fhir/{kind}/{id}"), &resource).status == 201);
        }
    }
    assert!(taken >= 100, "{taken} examples of US Core");
    let more = MORE.map(|(name, rest)| {
        let (kind, id) = name.split_once('/').unwrap();
        entry("", "PUT", name, "", &format!(r#"{{"resourceType":"{kind}","id":"{id}",{rest}}}"#))
    });
    bundle(http, "transaction", &more).expect(200);
}

/// Registers US Core's parameters as they are: those that restate R4's are kept as records, and only its own are indexed.
fn register(http: &Http, data: &Path) {
    for path in files(&data.join("us-core/conformance/SearchParameter")) {
        let definition = read(&path);
        http.put(&format!("/fhir/SearchParameter/{}", str(&definition, "id")), &definition).expect(201);
    }
    indexed(http, OWN);
}

/// A parameter as US Core defines it.
struct Param {
    kind: String,
    expression: String,
}

/// The parameters, by type and code; those of all types under each.
fn params(data: &Path) -> BTreeMap<(String, String), Param> {
    let mut found = BTreeMap::new();
    for path in files(&data.join("us-core/conformance/SearchParameter")) {
        let definition = read(&path);
        let param = || Param {
            kind: str(&definition, "type").to_owned(),
            expression: str(&definition, "expression").to_owned(),
        };
        for base in list(&definition, "base") {
            found.insert((base.as_str().unwrap().to_owned(), str(&definition, "code").to_owned()), param());
        }
    }
    found
}

/// The searches that are asked for: a type, and the codes that stand together.
fn searches(statement: &Value) -> Vec<(String, Vec<String>)> {
    let is_asked = |of: &Value| {
        list(of, "extension")
            .iter()
            .any(|one| str(one, "url") == EXPECTATION && matches!(str(one, "valueCode"), "SHALL" | "SHOULD"))
    };
    let mut searches = Vec::new();
    for resource in list(statement, "rest.0.resource") {
        let kind = str(resource, "type").to_owned();
        for param in list(resource, "searchParam").iter().filter(|param| is_asked(param)) {
            searches.push((kind.clone(), vec![str(param, "name").to_owned()]));
        }
        let combinations = list(resource, "extension").iter().filter(|one| str(one, "url") == COMBINATION);
        for combination in combinations.filter(|one| is_asked(one)) {
            let required = list(combination, "extension").iter().filter(|one| str(one, "url") == "required");
            searches.push((kind.clone(), required.map(|one| str(one, "valueString").to_owned()).collect()));
        }
    }
    searches
}

/// What an expression leads to, of the few forms that US Core's have.
fn values<'a>(record: &'a Value, expression: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    for alternative in
        expression.split('|').map(|one| one.trim().trim_start_matches('(').trim_end_matches(')'))
    {
        if let Some((_, url)) = alternative.split_once(".extension.where(url = '") {
            let url = url.split('\'').next().unwrap();
            let named = list(record, "extension").iter().filter(|one| str(one, "url") == url);
            found.extend(named.flat_map(|one| children(one, "value", None)));
            continue;
        }
        let path = alternative.split(".where(").next().unwrap();
        let path = path.replace(" as ", ".as(");
        let (path, cast) = match path.split_once(".as(") {
            Some((path, cast)) => (path.to_owned(), Some(cast.trim_end_matches(')').to_owned())),
            None => (path, None),
        };
        let steps: Vec<&str> = path.split('.').skip(1).collect();
        let mut here = vec![record];
        for (n, step) in steps.iter().enumerate() {
            let last = n + 1 == steps.len();
            here = here
                .into_iter()
                .flat_map(|value| children(value, step, cast.as_deref().filter(|_| last)))
                .collect();
        }
        found.extend(here);
    }
    found
}

/// The first value of a record that can be searched by.
fn first<'a>(record: &'a Value, param: &Param) -> Option<&'a Value> {
    values(record, &param.expression).into_iter().find(|value| asked(&param.kind, value).is_some())
}

/// What stands under a name, or under that name with the name of a type behind it.
fn children<'a>(value: &'a Value, step: &str, cast: Option<&str>) -> Vec<&'a Value> {
    let members = value.as_object().into_iter().flat_map(|object| object.iter());
    let named = |key: &str| {
        key.strip_prefix(step).is_some_and(|rest| match cast {
            None => {
                rest.is_empty()
                    || rest.starts_with(|c: char| c.is_ascii_uppercase()) && value.get(step).is_none()
            }
            Some(cast) => rest.eq_ignore_ascii_case(cast),
        })
    };
    members.filter(|(key, _)| named(key)).flat_map(|(_, value)| value.each()).collect()
}

/// A value to search by, as a client writes it.
fn asked(kind: &str, value: &Value) -> Option<String> {
    match kind {
        "token" => tokens(value).into_iter().next().map(|(system, code)| match system {
            Some(system) => format!("{system}|{code}"),
            None => code,
        }),
        "reference" => value.as_str().or(at(value, "reference").as_str()).map(str::to_owned),
        "string" => strings(value).into_iter().next(),
        "date" => Some(span(value)?.2),
        _ => None,
    }
}

/// Whether a value is found by what [`asked`] gave of another one, under a prefix for dates.
fn meets(kind: &str, value: &Value, wanted: &Value, prefix: &str) -> bool {
    match kind {
        "token" => tokens(wanted).first().is_some_and(|wanted| tokens(value).contains(wanted)),
        "reference" => asked(kind, value) == asked(kind, wanted),
        "string" => {
            let wanted = strings(wanted).first().unwrap().to_lowercase();
            strings(value).iter().any(|one| one.to_lowercase().starts_with(&wanted))
        }
        _ => match (span(value), span(wanted).and_then(|(_, _, day)| span(&Value::from(day)))) {
            (Some((low, high, _)), Some((first, last, _))) => {
                let within = low >= first && high <= last;
                match prefix {
                    "ge" => within || high > last,
                    "le" => within || low < first,
                    _ => within,
                }
            }
            _ => false,
        },
    }
}

fn tokens(value: &Value) -> Vec<(Option<String>, String)> {
    if let Some(code) = value.as_str() {
        return vec![(None, code.to_owned())];
    }
    let one = |value: &Value| {
        let code = at(value, "code").as_str().or(at(value, "value").as_str())?;
        Some((at(value, "system").as_str().map(str::to_owned), code.to_owned()))
    };
    match value.get("coding") {
        Some(codings) => codings.each().filter_map(one).collect(),
        None => one(value).into_iter().collect(),
    }
}

/// The texts of a name or an address.
fn strings(value: &Value) -> Vec<String> {
    if let Some(text) = value.as_str() {
        return vec![text.to_owned()];
    }
    let parts = [
        "family",
        "given",
        "prefix",
        "suffix",
        "text",
        "line",
        "city",
        "district",
        "state",
        "postalCode",
        "country",
    ];
    let found = parts.iter().filter_map(|part| value.get(part)).flat_map(Value::each);
    found.filter_map(|part| part.as_str().map(str::to_owned)).collect()
}

/// The first and last second of a date or Period, and the day it begins or ends on.
fn span(value: &Value) -> Option<(i64, i64, String)> {
    if let Some(text) = value.as_str() {
        let (low, high) = seconds(text)?;
        return Some((low, high, text.get(..10).unwrap_or(text).to_owned()));
    }
    let of = |key: &str| value.get(key).and_then(Value::as_str);
    let day = of("start").or(of("end"))?;
    let low = of("start").map_or(Some(i64::MIN), |text| Some(seconds(text)?.0))?;
    let high = of("end").map_or(Some(i64::MAX), |text| Some(seconds(text)?.1))?;
    Some((low, high, day.get(..10).unwrap_or(day).to_owned()))
}

fn seconds(text: &str) -> Option<(i64, i64)> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let days = |year: i64, month: i64| {
        // From the first of March, so that the leap day comes last: by the days of a civil calendar.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5
            - 719_468
    };
    let year = number(0, 4)?;
    let next = |year: i64, month: i64| if month == 12 { days(year + 1, 1) } else { days(year, month + 1) };
    match text.len() {
        4 => Some((days(year, 1) * 86_400, days(year + 1, 1) * 86_400 - 1)),
        7 => Some((days(year, number(5, 7)?) * 86_400, next(year, number(5, 7)?) * 86_400 - 1)),
        _ => {
            let midnight = (days(year, number(5, 7)?) + number(8, 10)? - 1) * 86_400;
            if text.len() == 10 {
                return Some((midnight, midnight + 86_399));
            }
            let zone = text.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
            let minutes = |zone: &str| {
                Some(zone.get(1..3)?.parse::<i64>().ok()? * 60 + zone.get(4..6)?.parse::<i64>().ok()?)
            };
            let offset = match zone.get(..1) {
                Some("+") => minutes(zone)?,
                Some("-") => -minutes(zone)?,
                _ => 0,
            };
            let at =
                midnight + number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)? - offset * 60;
            Some((at, at))
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// The parameters of each type that the server says it takes.
fn served(http: &Http) -> BTreeSet<(String, String)> {
    let said = http.get("/fhir/metadata").expect(200).json();
    let of = |resource: &Value| {
        let kind = str(resource, "type").to_owned();
        list(resource, "searchParam")
            .iter()
            .map(|one| (kind.clone(), str(one, "name").to_owned()))
            .collect::<Vec<_>>()
    };
    list(&said, "rest.0.resource").iter().flat_map(of).collect()
}

#[test]
fn every_search_that_us_core_asks_for_finds_what_it_should() {
    let Some(data) = shared_data() else { return skipped("there is no shared/data") };
    let server = Options::new().start();
    let http = server.http();
    load(&http, &data);
    register(&http, &data);
    let statement =
        read(&data.join("us-core/conformance/CapabilityStatement/CapabilityStatement-us-core-server.json"));
    let (params, served) = (params(&data), served(&http));
    let mut records: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let (mut asked_for, mut missing, mut without) = (0, Vec::new(), Vec::new());
    for (kind, codes) in searches(&statement) {
        if let Some(code) = codes.iter().find(|code| !served.contains(&(kind.clone(), (*code).clone()))) {
            missing.push(format!("{kind}?{code}"));
            continue;
        }
        let all = records
            .entry(kind.clone())
            .or_insert_with(|| entries(&http, &format!("/fhir/{kind}?_count=1000")));
        let asked_by: Vec<(&str, &Param)> =
            codes.iter().map(|code| (code.as_str(), &params[&(kind.clone(), code.clone())])).collect();
        let with_all = |record: &&Value| asked_by.iter().all(|(_, param)| first(record, param).is_some());
        let Some(sample) = all.iter().find(with_all) else {
            without.push(format!("{kind}?{}", codes.join("&")));
            continue;
        };
        let prefixes: &[&str] =
            if asked_by.iter().any(|(_, param)| param.kind == "date") { &["ge", "le", ""] } else { &[""] };
        for prefix in prefixes {
            let mut query = Vec::new();
            for (code, param) in &asked_by {
                let value = asked(&param.kind, first(sample, param).unwrap()).unwrap();
                let prefix = if param.kind == "date" { prefix } else { "" };
                query.push(format!("{code}={prefix}{}", encoded(&value.replace(',', "\\,"))));
            }
            let is_found = |record: &&Value| {
                asked_by.iter().all(|(_, param)| {
                    let wanted = first(sample, param).unwrap();
                    values(record, &param.expression)
                        .iter()
                        .any(|value| meets(&param.kind, value, wanted, prefix))
                })
            };
            let ids = |found: &mut dyn Iterator<Item = &Value>| {
                found.map(|one| str(one, "id").to_owned()).collect::<BTreeSet<_>>()
            };
            let expected = ids(&mut all.iter().filter(is_found));
            let search = format!("/fhir/{kind}?{}", query.join("&"));
            let found = ids(&mut entries(&http, &format!("{search}&_count=500")).iter());
            assert_eq!(found, expected, "{search}, as in {}", text(sample));
            asked_for += 1;
        }
    }
    assert!(missing.is_empty(), "not served: {missing:?}");
    assert!(without.is_empty(), "no record to search for: {without:?}");
    assert!(asked_for > 100, "{asked_for}");
}

/// <http://hl7.org/fhir/us/core/CapabilityStatement-us-core-server.html>
#[test]
fn what_us_core_wants_to_come_along_comes_along() {
    let Some(data) = shared_data() else { return skipped("there is no shared/data") };
    let server = Options::new().start();
    let http = server.http();
    load(&http, &data);
    let statement =
        read(&data.join("us-core/conformance/CapabilityStatement/CapabilityStatement-us-core-server.json"));
    let said = http.get("/fhir/metadata").expect(200).json();
    let mut tried = 0;
    for resource in list(&statement, "rest.0.resource") {
        let kind = str(resource, "type");
        let ours = list(&said, "rest.0.resource").iter().find(|one| str(one, "type") == kind).unwrap();
        for reverse in list(resource, "searchRevInclude").iter().filter_map(Value::as_str) {
            assert!(
                list(ours, "searchRevInclude").iter().any(|one| one.as_str() == Some(reverse)),
                "{kind} {reverse}"
            );
            let found = http.get(&format!("/fhir/{kind}?_count=1")).expect(200).json();
            let id = str(&found, "entry.0.resource.id");
            let provenance = format!(
                r#"{{"resourceType":"Provenance","id":"of-{kind}","recorded":"2026-03-01T00:00:00Z","target":[{{"reference":"{kind}/{id}"}}],"agent":[{{"who":{{"display":"x"}}}}]}}"#
            );
            http.put(&format!("/fhir/Provenance/of-{kind}"), &anamnesis_e2e::json(provenance)).expect(201);
            let found = http.get(&format!("/fhir/{kind}?_id={id}&_revinclude={reverse}")).expect(200).json();
            let brought = list(&found, "entry").iter().any(|one| {
                str(one, "search.mode") == "include" && str(one, "resource.id") == format!("of-{kind}")
            });
            assert!(brought, "{kind} {reverse}");
            tried += 1;
        }
        for include in list(resource, "searchInclude").iter().filter_map(Value::as_str) {
            let by = include.splitn(3, ':').take(2).collect::<Vec<_>>().join(":");
            assert!(list(ours, "searchInclude").iter().any(|one| one.as_str() == Some(&by)), "{kind} {by}");
            http.get(&format!("/fhir/{kind}?_include={include}")).expect(200);
            tried += 1;
        }
    }
    assert!(tried > 15, "{tried}");
}
