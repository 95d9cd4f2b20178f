//! Searches over people whom others made up find what a plain filter over the raw bundles finds, all of it and no more.
//!
//! The filters are written for this test and know nothing of the index: see [`plain`](anamnesis_e2e::plain). Records
//! are written under the ids that the bundles give them, so that both sides name the same.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by its panic what it found")]

use std::collections::{BTreeMap, BTreeSet};

use anamnesis_e2e::plain::{Plain, Span, World, name};
use anamnesis_e2e::{at, entries, int, list, pages, str};
use anamnesis_testkit::Http;

const LOINC: &str = "http://loinc.org";
const SNOMED: &str = "http://snomed.info/sct";
const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const SYNTHEA: &str = "https://github.com/synthetichealth/synthea";
/// Somebody with many encounters.
const SOMEBODY: &str = "Patient/fb13e626-1400-45a1-9a99-29c6e7a0e8e4";
const NAMES: &str = "name.family name.given name.prefix name.suffix name.text";
const ADDRESS: &str = "address.line address.city address.district address.state address.postalCode address.country address.text";

/// Whether a record is one that the search must find.
type Filter = fn(Plain<'_>) -> bool;

/// A search below `/fhir/`, and the same in plain words; it is of the type before the question mark.
#[rustfmt::skip] // A table reads by column.
const SEARCHES: &[(&str, Filter)] = &[
    // Texts.
    ("Patient?name=sa",                                     |r| r.begins(NAMES, "sa")),
    ("Patient?family=b,W",                                  |r| r.begins("name.family", "b") || r.begins("name.family", "w")),
    ("Patient?family:contains=NEZ",                          |r| r.holds("name.family", "nez")),
    ("Patient?family:exact=Blick",                          |r| r.is("name.family", "Blick")),
    ("Practitioner?given=agustin",                          |r| r.begins("name.given", "agustin")),
    ("Patient?address=bos",                                 |r| r.begins(ADDRESS, "bos")),
    ("Patient?address-city:contains=field",                 |r| r.holds("address.city", "field")),
    ("Location?name=steward",                               |r| r.begins("name", "steward")),
    ("Observation?value-string=never",                      |r| r.begins("valueString valueCodeableConcept.text", "never")),
    // Codes.
    ("Patient?gender=female",                               |r| r.is("gender", "female")),
    ("Patient?gender:not=female",                           |r| !r.is("gender", "female")),
    ("Patient?identifier=http://hl7.org/fhir/sid/us-ssn|",  |r| r.is("identifier.system", "http://hl7.org/fhir/sid/us-ssn")),
    ("Patient?identifier=651a56f9-3699-4c4a-8693-ec81aec0031f", |r| r.is("identifier.value", "651a56f9-3699-4c4a-8693-ec81aec0031f")),
    ("Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|651a56f9-3699-4c4a-8693-ec81aec0031f", |r| r.all("identifier").iter().any(|one|
        one.coded("type.coding", "http://terminology.hl7.org/CodeSystem/v2-0203", "MR") && one.is("value", "651a56f9-3699-4c4a-8693-ec81aec0031f"))),
    ("Patient?phone=555-596-7162,555-588-7087",             |r| r.is("telecom.value", "555-596-7162") || r.is("telecom.value", "555-588-7087")),
    ("Patient?language=es",                                 |r| r.is("communication.language.coding.code", "es")),
    ("Patient?deceased=false",                              |r| !r.has("deceasedDateTime")),
    ("Patient?deceased=true",                               |r| r.has("deceasedDateTime")),
    ("Observation?code=http://loinc.org|8302-2",            |r| r.coded("code.coding", LOINC, "8302-2")),
    ("Observation?code=8302-2,29463-7&category=vital-signs", |r| r.coded("category.coding", CATEGORY, "vital-signs") && (r.is("code.coding.code", "8302-2") || r.is("code.coding.code", "29463-7"))),
    ("Observation?code=urn:none|8302-2,http://loinc.org|39156-5", |r| r.coded("code.coding", LOINC, "39156-5")),
    ("Observation?component-code=8480-6",                   |r| r.is("component.code.coding.code", "8480-6")),
    ("Observation?combo-code=http://loinc.org|8462-4",      |r| r.coded("code.coding", LOINC, "8462-4") || r.coded("component.code.coding", LOINC, "8462-4")),
    ("Observation?value-concept=http://snomed.info/sct|266919005", |r| r.coded("valueCodeableConcept.coding", SNOMED, "266919005")),
    ("Observation?category:not=survey,laboratory,vital-signs", |r| !["survey", "laboratory", "vital-signs"].iter().any(|code| r.is("category.coding.code", code))),
    ("Condition?clinical-status=http://terminology.hl7.org/CodeSystem/condition-clinical|resolved", |r| r.coded("clinicalStatus.coding", CLINICAL, "resolved")),
    ("Condition?category:not=encounter-diagnosis",          |r| !r.is("category.coding.code", "encounter-diagnosis")),
    ("Condition?code:text=acute",                           |r| r.begins("code.text code.coding.display", "acute")),
    ("Encounter?class=http://terminology.hl7.org/CodeSystem/v3-ActCode|EMER,IMP", |r| r.coded("class", ACT, "EMER") || r.is("class.code", "IMP")),
    ("Encounter?reason-code:missing=false",                 |r| r.has("reasonCode")),
    ("Encounter?type:text=emergency",                       |r| r.begins("type.text type.coding.display", "emergency")),
    ("ImagingStudy?modality=DX,CR&bodysite=http://snomed.info/sct|", |r| (r.is("series.modality.code", "DX") || r.is("series.modality.code", "CR")) && r.is("series.bodySite.system", SNOMED)),
    ("MedicationRequest?code=http://www.nlm.nih.gov/research/umls/rxnorm|583214&status=stopped", |r| r.coded("medicationCodeableConcept.coding", RXNORM, "583214") && r.is("status", "stopped")),
    ("DocumentReference?status=current",                    |r| r.is("status", "current")),
    ("Claim?use=claim&priority=normal&status=active&patient=fb13e626-1400-45a1-9a99-29c6e7a0e8e4", |r| r.is("use", "claim") && r.refers("patient", SOMEBODY)),
    // Dates.
    ("Patient?birthdate=1915-07-03",                        |r| r.when("birthDate", Span::within, "1915-07-03")),
    ("Patient?birthdate=ge1950&birthdate=lt1970-06",        |r| r.when("birthDate", Span::ge, "1950") && r.when("birthDate", Span::lt, "1970-06")),
    ("Patient?birthdate=ne1924-06",                         |r| r.when("birthDate", Span::not_within, "1924-06")),
    ("Patient?death-date=le2010-01-17T19:20:07Z",           |r| r.when("deceasedDateTime", Span::le, "2010-01-17T19:20:07Z")),
    ("Patient?death-date:missing=true",                     |r| !r.has("deceasedDateTime")),
    ("Encounter?date=2012-06",                              |r| r.when("period", Span::within, "2012-06")),
    ("Encounter?date=gt2012-06-02T12:37:03%2B02:00&date=eb2013", |r| r.when("period", Span::gt, "2012-06-02T10:37:03Z") && r.when("period", Span::eb, "2013")),
    ("Encounter?date=sa2020-12",                            |r| r.when("period", Span::sa, "2020-12")),
    ("CarePlan?date=ge2018-05",                             |r| r.when("period", Span::ge, "2018-05")),
    ("CarePlan?date=eb2001-12-06",                          |r| r.when("period", Span::eb, "2001-12-06")),
    ("DocumentReference?date=1955-02-15T08:42:20.799Z",     |r| r.when("date", Span::within, "1955-02-15T08:42:20.799Z")),
    ("DocumentReference?period=le1956-05",                  |r| r.when("context.period", Span::le, "1956-05")),
    ("Procedure?date=lt1990",                               |r| r.when("performedPeriod", Span::lt, "1990")),
    ("SupplyDelivery?status=completed",                     |r| r.is("status", "completed")),
    ("MedicationAdministration?effective-time=ge2000",      |r| r.when("effectiveDateTime", Span::ge, "2000")),
    // Amounts.
    ("Observation?code=8302-2&value-quantity=gt180|http://unitsofmeasure.org|cm", |r| r.is("code.coding.code", "8302-2") && r.amount("valueQuantity", "cm", |n| n > 180.0)),
    ("Observation?value-quantity=72||kg",                   |r| r.amount("valueQuantity", "kg", |n| (71.5..72.5).contains(&n))),
    ("Observation?value-quantity=27.37",                    |r| r.amount("valueQuantity", "", |n| (27.365..27.375).contains(&n))),
    ("Observation?code=8302-2&value-quantity=ap100",        |r| r.is("code.coding.code", "8302-2") && r.amount("valueQuantity", "", |n| (90.0..=110.0).contains(&n))),
    ("Observation?component-value-quantity=ge150||mm[Hg]",  |r| r.amount("component.valueQuantity", "mm[Hg]", |n| n >= 150.0)),
    ("Observation?combo-value-quantity=lt55||mm[Hg]",       |r| r.amount("valueQuantity", "mm[Hg]", |n| n < 55.0) || r.amount("component.valueQuantity", "mm[Hg]", |n| n < 55.0)),
    ("Observation?code=29463-7&value-quantity=ne70||kg&value-quantity=le80||kg", |r| r.is("code.coding.code", "29463-7") && r.amount("valueQuantity", "kg", |n| !(69.5..70.5).contains(&n)) && r.amount("valueQuantity", "kg", |n| n <= 80.0)),
    // Values that go together.
    ("Observation?code-value-quantity=http://loinc.org|39156-5$gt30||kg/m2", |r| r.coded("code.coding", LOINC, "39156-5") && r.amount("valueQuantity", "kg/m2", |n| n > 30.0)),
    ("Observation?component-code-value-quantity=http://loinc.org|8462-4$ge90", |r| r.all("component").iter().any(|one| one.coded("code.coding", LOINC, "8462-4") && one.amount("valueQuantity", "", |n| n >= 90.0))),
    ("Observation?code-value-concept=72166-2$266919005&date=ge2015", |r| r.is("code.coding.code", "72166-2") && r.is("valueCodeableConcept.coding.code", "266919005") && r.when("effectiveDateTime", Span::ge, "2015")),
    // References and addresses.
    ("Encounter?subject=Patient/fb13e626-1400-45a1-9a99-29c6e7a0e8e4", |r| r.refers("subject", SOMEBODY)),
    ("Encounter?patient:Patient=fb13e626-1400-45a1-9a99-29c6e7a0e8e4&class=IMP", |r| r.refers("subject", SOMEBODY) && r.is("class.code", "IMP")),
    ("Procedure?reason-reference:missing=true",             |r| !r.has("reasonReference")),
    ("PractitionerRole?practitioner:identifier=http://hl7.org/fhir/sid/us-npi|9999999989,http://hl7.org/fhir/sid/us-npi|9999999979", |r| r.coded("practitioner.identifier", "http://hl7.org/fhir/sid/us-npi", "9999999989") || r.coded("practitioner.identifier", "http://hl7.org/fhir/sid/us-npi", "9999999979")),
    ("Location?organization:identifier=https://github.com/synthetichealth/synthea|5e765f2b-e908-3888-9fc7-df2cb87beb58", |r| r.coded("managingOrganization.identifier", SYNTHEA, "5e765f2b-e908-3888-9fc7-df2cb87beb58")),
    ("Patient?_profile=http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient", |r| r.is("meta.profile", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient")),
    ("Condition?_profile:below=http://hl7.org/fhir/us/core",  |r| r.all("meta").iter().any(|meta| meta.begins("profile", "http://hl7.org/fhir/us/core/"))),
    ("AllergyIntolerance?_tag=https://smarthealthit.org/tags|synthea-5-2019&code=419474003", |r| r.coded("meta.tag", "https://smarthealthit.org/tags", "synthea-5-2019") && r.is("code.coding.code", "419474003")),
    ("Goal?_id=5e8a90fc-8cdd-4b73-ae37-b3a73f649cc8,nobody", |r| r.is("id", "5e8a90fc-8cdd-4b73-ae37-b3a73f649cc8")),
    ("CareTeam?_lastUpdated=gt2001-01-01&status=inactive",  |r| r.is("status", "inactive")),
    // Ways to other records, and back.
    ("Condition?subject.gender=female&clinical-status=active", |r| r.is("clinicalStatus.coding.code", "active") && r.follow("subject").iter().any(|one| one.is("gender", "female"))),
    ("Observation?code=8302-2&patient.birthdate=lt1940",    |r| r.is("code.coding.code", "8302-2") && r.follow("subject").iter().any(|one| one.when("birthDate", Span::lt, "1940"))),
    ("MedicationRequest?encounter.class=IMP",               |r| r.follow("encounter").iter().any(|one| one.is("class.code", "IMP"))),
    ("Condition?encounter.service-provider.address-city=boston", |r| r.follow("encounter").iter().any(|one| one.follow("serviceProvider").iter().any(|one| one.begins("address.city", "boston")))),
    ("Procedure?encounter:Encounter.patient.family=b",      |r| r.follow("encounter").iter().any(|one| one.follow("subject").iter().any(|one| one.begins("name.family", "b")))),
    ("DiagnosticReport?result.code=2339-0&result.value-quantity=gt95", |r| { let results = r.follow("result");
        results.iter().any(|one| one.is("code.coding.code", "2339-0")) && results.iter().any(|one| one.amount("valueQuantity", "", |n| n > 95.0)) }),
    ("Patient?_has:Condition:patient:code=http://snomed.info/sct|444814009", |r| r.referring("Condition", "subject").iter().any(|one| one.coded("code.coding", SNOMED, "444814009"))),
    ("Patient?_has:Immunization:patient:vaccine-code=114&gender=male", |r| r.is("gender", "male") && r.referring("Immunization", "patient").iter().any(|one| one.is("vaccineCode.coding.code", "114"))),
    ("Encounter?_has:Condition:encounter:clinical-status=active&class=IMP,EMER", |r| (r.is("class.code", "IMP") || r.is("class.code", "EMER")) && r.referring("Condition", "encounter").iter().any(|one| one.is("clinicalStatus.coding.code", "active"))),
    ("Patient?_has:Encounter:patient:_has:Condition:encounter:code=195662009", |r| r.referring("Encounter", "subject").iter().any(|one| one.referring("Condition", "encounter").iter().any(|one| one.is("code.coding.code", "195662009")))),
    ("Observation?code=8302-2&patient._has:Condition:patient:code=10509002", |r| r.is("code.coding.code", "8302-2") && r.follow("subject").iter().any(|one| one.referring("Condition", "subject").iter().any(|one| one.is("code.coding.code", "10509002")))),
    ("Encounter?_filter=class%20eq%20EMER%20and%20not%20(date%20ge%202000)", |r| r.is("class.code", "EMER") && !r.when("period", Span::ge, "2000")),
    // Compartments, and all types.
    ("Patient/fb13e626-1400-45a1-9a99-29c6e7a0e8e4/Condition?clinical-status=active", |r| r.is_a("Condition") && r.refers("subject", SOMEBODY) && r.is("clinicalStatus.coding.code", "active")),
    ("?_type=Condition,Procedure&patient=fb13e626-1400-45a1-9a99-29c6e7a0e8e4", |r| (r.is_a("Condition") || r.is_a("Procedure")) && r.refers("subject", SOMEBODY)),
];

/// A search, and the records that must come along with what it finds.
type Company = for<'a> fn(Plain<'a>) -> Vec<Plain<'a>>;

#[rustfmt::skip] // A table reads by column.
const INCLUDES: &[(&str, Filter, Company)] = &[
    ("Condition?code=10509002&_include=Condition:subject",      |r| r.is("code.coding.code", "10509002"), |r| r.follow("subject")),
    ("Condition?code=10509002&_include=Condition:encounter&_include:iterate=Encounter:service-provider", |r| r.is("code.coding.code", "10509002"),
        |r| r.follow("encounter").into_iter().flat_map(|one| { let mut all = one.follow("serviceProvider"); all.push(one); all }).collect()),
    ("CarePlan?status=active&_include=CarePlan:goal&_include=CarePlan:condition", |r| r.is("status", "active"), |r| { let mut all = r.follow("goal"); all.extend(r.follow("addresses")); all }),
    ("Patient?birthdate=1915-07-03&_revinclude=Condition:patient", |r| r.is("birthDate", "1915-07-03"), |r| r.referring("Condition", "subject")),
    ("Encounter?class=EMER&_revinclude=Condition:encounter&_revinclude=Procedure:encounter", |r| r.is("class.code", "EMER"),
        |r| { let mut all = r.referring("Condition", "encounter"); all.extend(r.referring("Procedure", "encounter")); all }),
];

/// What a search is ordered by; what has none comes last.
type Key = fn(Plain<'_>) -> Option<i64>;

#[rustfmt::skip] // A table reads by column.
const ORDERS: &[(&str, bool, Key)] = &[
    ("Patient?_sort=birthdate",          true,  |r| r.spans("birthDate").next().map(Span::first)),
    ("Patient?_sort=-birthdate",         false, |r| r.spans("birthDate").next().map(Span::first)),
    ("Patient?_sort=death-date",         true,  |r| r.spans("deceasedDateTime").next().map(Span::first)),
    ("Patient?_sort=-death-date",        false, |r| r.spans("deceasedDateTime").next().map(Span::first)),
    ("Encounter?class=IMP&_sort=date",   true,  |r| r.spans("period").next().map(Span::first)),
    ("Condition?_sort=-abatement-date",  false, |r| r.spans("abatementDateTime").next().map(Span::first)),
];

#[test]
fn searches_find_what_a_plain_filter_finds() {
    let Some(world) = World::new() else { return };
    let http = world.server.http();
    let mut wrong = in_order(&world, &http);
    for (search, filter) in SEARCHES {
        let expected = expected(&world, search, *filter);
        let found = Found::of(&http, search);
        if expected.is_empty() {
            wrong.push(format!("{search}: finds nothing, and shows nothing"));
        }
        if found.matches != expected || found.total != expected.len() as u64 {
            wrong.push(difference(search, found.total, &found.matches, &expected));
        }
    }
    for (search, filter, company) in INCLUDES {
        let expected = expected(&world, search, *filter);
        let matches = world.records.each().filter(|one| expected.contains(&one.name()));
        let company: BTreeSet<_> = matches.flat_map(company).map(Plain::name).collect();
        let found = Found::of(&http, search);
        if company.is_empty() {
            wrong.push(format!("{search}: brings nothing along, and shows nothing"));
        }
        if found.matches != expected || found.includes != company {
            wrong.push(difference(search, found.total, &found.includes, &company));
        }
    }
    assert!(wrong.is_empty(), "{} searches differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The searches whose answers are not in the order they ask for.
fn in_order(world: &World, http: &Http) -> Vec<String> {
    let mut wrong = Vec::new();
    for (search, up, key) in ORDERS {
        let kind = search.split('?').next().unwrap();
        let of_kind = world.records.each().filter(|one| one.is_a(kind));
        let keys: BTreeMap<String, Option<i64>> = of_kind.map(|one| (one.name(), key(one))).collect();
        let found = entries(http, &format!("/fhir/{search}&_count=50"));
        let ordered: Vec<_> = found.iter().map(|record| keys.get(&name(record)).unwrap()).collect();
        let in_order = ordered.is_sorted_by(|a, b| match (a, b) {
            (Some(a), Some(b)) => *up && a <= b || !*up && a >= b,
            (_, None) => true,
            (None, Some(_)) => false,
        });
        if !in_order || ordered.len() < 20 {
            wrong.push(format!("{search}: {ordered:?}"));
        }
    }
    wrong
}

/// All that one search found, over its pages.
struct Found {
    total: u64,
    matches: BTreeSet<String>,
    includes: BTreeSet<String>,
}

impl Found {
    fn of(http: &Http, search: &str) -> Self {
        let pages = pages(http, &format!("/fhir/{search}&_count=300").replace("/fhir/?", "/fhir?"));
        let total = int(pages.first().unwrap(), "total");
        let mut found = Self { total, matches: BTreeSet::new(), includes: BTreeSet::new() };
        for entry in pages.iter().flat_map(|page| list(page, "entry")) {
            let name = name(at(entry, "resource"));
            match str(entry, "search.mode") {
                "match" => assert!(found.matches.insert(name.clone()), "{search}: {name} is found twice"),
                "include" => drop(found.includes.insert(name)),
                mode => panic!("{search}: {name} is there as {mode}"),
            }
        }
        found
    }
}

fn difference(search: &str, total: u64, found: &BTreeSet<String>, expected: &BTreeSet<String>) -> String {
    let some =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).take(3).cloned().collect::<Vec<_>>();
    let (more, less) = (some(found, expected), some(expected, found));
    format!(
        "{search}: total {total}, found {}, expected {}; too many {more:?}, missing {less:?}",
        found.len(),
        expected.len()
    )
}

/// The names of the records that a search must find.
fn expected(world: &World, search: &str, filter: Filter) -> BTreeSet<String> {
    let kind = search.split('?').next().unwrap();
    let of_one_type = !kind.is_empty() && !kind.contains('/');
    let candidates = world.records.each().filter(|one| !of_one_type || one.is_a(kind));
    candidates.filter(|one| filter(*one)).map(Plain::name).collect()
}
