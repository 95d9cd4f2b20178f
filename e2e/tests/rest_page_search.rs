//! What <https://hl7.org/fhir/R4/search.html> says of criteria, sentence by sentence; each test names its anchor.
//!
//! What it says of the answer, what comes along and pages among it, is in `rest_page_search_results.rs`.

use anamnesis_e2e::{Row, sentences};
use anamnesis_testkit::{Http, Server};

const NONE: &[(&str, &str)] = &[];
const STRICT: &[(&str, &str)] = &[("prefer", "handling=strict")];
const LENIENT: &[(&str, &str)] = &[("prefer", "handling=lenient")];

/// Two patients of one clinic, what was measured of them, and a few records to search by number and by address.
const RECORDS: &str = r#"{"resourceType":"Bundle","type":"transaction","entry":[
    {"request":{"method":"PUT","url":"Organization/region"},"resource":{"resourceType":"Organization","id":"region","name":"Region North"}},
    {"request":{"method":"PUT","url":"Organization/clinic"},"resource":{"resourceType":"Organization","id":"clinic","name":"City Clinic","partOf":{"reference":"Organization/region"}}},
    {"request":{"method":"PUT","url":"Practitioner/d"},"resource":{"resourceType":"Practitioner","id":"d","name":[{"family":"Okafor"}]}},
    {"request":{"method":"PUT","url":"Patient/a"},"resource":{"resourceType":"Patient","id":"a","meta":{"tag":[{"system":"urn:t","code":"x"}],"profile":["http://p.example.org/one"]},
     "gender":"female","birthDate":"1970-05-02","identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:mrn","value":"1,2"}],
     "name":[{"family":"Dvořák","given":["Anna","Maria"]}],"managingOrganization":{"reference":"Organization/clinic"}}},
    {"request":{"method":"PUT","url":"Patient/b"},"resource":{"resourceType":"Patient","id":"b","gender":"male","birthDate":"1970","name":[{"family":"Ahmed"}],"identifier":[{"value":"7"}]}},
    {"request":{"method":"PUT","url":"Observation/k1"},"resource":{"resourceType":"Observation","id":"k1","status":"final","code":{"text":"Serum potassium","coding":[{"system":"http://loinc.org","code":"2823-3","display":"Potassium"}]},
     "subject":{"reference":"Patient/a"},"effectiveDateTime":"2026-03-01T08:00:00+01:00","performer":[{"reference":"Practitioner/d"}],
     "valueQuantity":{"value":5.4,"unit":"milligram","system":"http://unitsofmeasure.org","code":"mg"}}},
    {"request":{"method":"PUT","url":"Observation/k2"},"resource":{"resourceType":"Observation","id":"k2","status":"preliminary","code":{"coding":[{"system":"urn:local","code":"2823-3"}]},
     "subject":{"reference":"Patient/b"},"effectivePeriod":{"start":"2026-03-02","end":"2026-03-04"},"valueQuantity":{"value":7.2,"unit":"drops"}}},
    {"request":{"method":"PUT","url":"Observation/bp"},"resource":{"resourceType":"Observation","id":"bp","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},
     "subject":{"reference":"Patient/a"},"effectiveDateTime":"2026-04-01","component":[
      {"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
      {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":80,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}},
    {"request":{"method":"PUT","url":"AuditEvent/seen"},"resource":{"resourceType":"AuditEvent","id":"seen","type":{"code":"rest"},"recorded":"2026-03-01T09:00:00Z",
     "agent":[{"who":{"reference":"Practitioner/d"},"requestor":true}],"source":{"observer":{"reference":"Organization/clinic"}},"entity":[{"what":{"reference":"Observation/k1"}}]}},
    {"request":{"method":"PUT","url":"ChargeItem/n1"},"resource":{"resourceType":"ChargeItem","id":"n1","status":"billed","code":{"text":"x"},"subject":{"reference":"Patient/a"},"factorOverride":100}},
    {"request":{"method":"PUT","url":"ChargeItem/n2"},"resource":{"resourceType":"ChargeItem","id":"n2","status":"billed","code":{"text":"x"},"subject":{"reference":"Patient/a"},"factorOverride":99.5}},
    {"request":{"method":"PUT","url":"ChargeItem/n3"},"resource":{"resourceType":"ChargeItem","id":"n3","status":"billed","code":{"text":"x"},"subject":{"reference":"Patient/a"},"factorOverride":100.5}},
    {"request":{"method":"PUT","url":"ChargeItem/n4"},"resource":{"resourceType":"ChargeItem","id":"n4","status":"billed","code":{"text":"x"},"subject":{"reference":"Patient/a"},"factorOverride":104}},
    {"request":{"method":"PUT","url":"ValueSet/v1"},"resource":{"resourceType":"ValueSet","id":"v1","status":"active","url":"http://acme.org/fhir/ValueSet/123"}},
    {"request":{"method":"PUT","url":"ValueSet/v2"},"resource":{"resourceType":"ValueSet","id":"v2","status":"active","url":"http://acme.org/fhir/ValueSet/123/_history/5",
     "compose":{"include":[{"system":"http://loinc.org","concept":[{"code":"2823-3"}]}]}}},
    {"request":{"method":"PUT","url":"CodeSystem/c"},"resource":{"resourceType":"CodeSystem","id":"c","status":"active","content":"complete","url":"urn:local",
     "concept":[{"code":"mineral","concept":[{"code":"2823-3"}]}]}},
    {"request":{"method":"PUT","url":"MolecularSequence/m"},"resource":{"resourceType":"MolecularSequence","id":"m","coordinateSystem":0,
     "referenceSeq":{"chromosome":{"coding":[{"code":"9"}]},"genomeBuild":"GRCh38","windowStart":1,"windowEnd":900},"variant":[{"start":128,"end":200},{"start":401,"end":500}]}},
    {"request":{"method":"PUT","url":"List/l"},"resource":{"resourceType":"List","id":"l","status":"current","mode":"working","entry":[{"item":{"reference":"Observation/k1"}}]}}]}"#;

fn with_records() -> (Server, Http) {
    let server = Server::start();
    let http = server.http();
    http.post("/fhir", &anamnesis_e2e::json(RECORDS)).expect(200);
    (server, http)
}

/// The sentence, what is asked, and the number that is found.
fn found(http: &Http, rows: &[(&str, &str, u32)]) {
    for (sentence, query, total) in rows {
        let shows = [&*format!(".total = {total}")];
        sentences(http, &[(sentence, "GET", query, NONE, "", 200, &shows)]);
    }
}

/// The sentence, and what is refused however it is handled.
fn refused(http: &Http, rows: &[(&str, &str)]) {
    for (sentence, query) in rows {
        for handling in [STRICT, LENIENT] {
            sentences(http, &[(sentence, "GET", query, handling, "", 400, &[".issue.0.diagnostics = *"])]);
        }
    }
}

/// <https://hl7.org/fhir/R4/search.html#errors>
#[test]
fn errors() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 6] = [
     // sentence                                    method    query                               headers  body status shows
        ("SHOULD ignore unknown parameters",        "GET",    "/Patient?colour=red",              NONE,    "",  200, &[".total = 2"]),
        ("lenient: ignored",                        "GET",    "/Patient?colour=red&name=ahmed",   LENIENT, "",  200, &[".total = 1"]),
        ("strict: an error",                        "GET",    "/Patient?colour=red",              STRICT,  "",  400, &[".issue.0.code = not-supported"]),
        ("a value of no meaning MAY be an error",   "GET",    "/Patient?birthdate=yesterday",     NONE,    "",  400, &[".issue.0.code = value"]),
        ("what is not there is not an error",       "GET",    "/Observation?code=urn:none|1",     STRICT,  "",  200, &[".total = 0"]),
        ("a reference to nobody is not an error",   "GET",    "/Observation?subject=Patient/no",  STRICT,  "",  200, &[".total = 0"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/search.html#all>, <https://hl7.org/fhir/R4/search.html#id>
#[test]
fn parameters_for_all_resources() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("_id: the logical id",                     "/Patient?_id=a",                                         1),
        ("_id: more than one",                      "/Patient?_id=a,b",                                       2),
        ("_lastUpdated: since",                     "/Patient?_lastUpdated=gt2001-01-01",                     2),
        ("_lastUpdated: before",                    "/Patient?_lastUpdated=lt2001-01-01",                     0),
        ("_tag",                                    "/Patient?_tag=urn:t|x",                                  1),
        ("_profile",                                "/Patient?_profile=http://p.example.org/one",             1),
        ("_security",                               "/Patient?_security=urn:s|x",                             0),
        ("_list: what a list has",                  "/Observation?_list=l",                                   1),
        ("_list: what it does not have",            "/Patient?_list=l",                                       0),
    ]);
    #[rustfmt::skip] // A table reads by column.
    refused(&http, &[
        ("_text needs an index of words",           "/Patient?_text=bone"),
        ("_content needs an index of words",        "/Patient?_content=bone"),
        ("_query: none is defined",                 "/Patient?_query=current-high-risk"),
        ("functional lists are not offered",        "/Observation?_list=$current-problems"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#modifiers>
#[test]
fn modifiers() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        (":missing=true: no value",                 "/Observation?performer:missing=true",                    2),
        (":missing=false: a value",                 "/Observation?performer:missing=false",                   1),
        (":missing=false: a value of the type",     "/Observation?patient:missing=false",                     3),
        (":missing=true: none of the type",         "/Observation?patient:missing=true",                      0),
        (":missing: what always has a value",       "/Patient?deceased:missing=true",                         0),
        (":exact: the whole, with case",            "/Patient?family:exact=Dvo%C5%99%C3%A1k",                 1),
        (":exact: not another case",                "/Patient?family:exact=dvo%C5%99%C3%A1k",                 0),
        (":contains: anywhere",                     "/Patient?family:contains=ORA",                           1),
        (":text: of a code",                        "/Observation?code:text=serum",                           1),
        (":not: what does not match",               "/Observation?status:not=final",                          1),
        (":not: also what has no value",            "/Observation?value-quantity:missing=true&status:not=preliminary", 1),
        (":in: a value set",                        "/Observation?code:in=http://acme.org/fhir/ValueSet/123/_history/5", 1),
        (":in: one of R4's own",                    "/Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender", 2),
        (":not-in: a value set",                    "/Observation?code:not-in=http://acme.org/fhir/ValueSet/123/_history/5", 2),
        (":below: subsumed by the code",            "/Observation?code:below=urn:local|mineral",              1),
        (":above: subsuming the code",              "/Observation?code:above=urn:local|2823-3",               1),
        (":of-type: identifiers by their type",     "/Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|1\\,2", 1),
        (":[type]: the type referred to",           "/Observation?subject:Patient=a",                         2),
    ]);
    #[rustfmt::skip] // A table reads by column.
    refused(&http, &[
        ("SHALL reject unsupported modifiers",      "/Patient?family:sounds=x"),
        ("SHALL reject unsupported modifiers",      "/Patient?birthdate:exact=1970"),
        ("a value set that is not known",           "/Observation?code:in=http://nowhere.example.org"),
        ("a hierarchy that is not known",           "/Observation?code:below=http://loinc.org|2823-3"),
        ("a type that cannot stand there",          "/Observation?subject:Practitioner=x"),
        ("neither true nor false",                  "/Patient?family:missing=perhaps"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#number>, <https://hl7.org/fhir/R4/search.html#prefix>
#[test]
fn numbers() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("100: [99.5 ... 100.5)",                   "/ChargeItem?factor-override=100",                        2),
        ("100.00: [99.995 ... 100.005)",            "/ChargeItem?factor-override=100.00",                     1),
        ("1e2: [95 ... 105)",                       "/ChargeItem?factor-override=1e2",                        4),
        ("lt100: less than exactly 100",            "/ChargeItem?factor-override=lt100",                      1),
        ("le100: less or equal to exactly 100",     "/ChargeItem?factor-override=le100",                      2),
        ("gt100: greater than exactly 100",         "/ChargeItem?factor-override=gt100",                      2),
        ("ge100: greater or equal to exactly 100",  "/ChargeItem?factor-override=ge100",                      3),
        ("ne100: not within",                       "/ChargeItem?factor-override=ne100",                      2),
        ("sa100: above",                            "/ChargeItem?factor-override=sa100",                      2),
        ("eb100: below",                            "/ChargeItem?factor-override=eb100",                      1),
        ("ap: within a tenth",                      "/ChargeItem?factor-override=ap95",                       4),
        ("ap: within a tenth",                      "/ChargeItem?factor-override=ap94",                       3),
    ]);
    refused(
        &http,
        &[
            ("not a number", "/ChargeItem?factor-override=many"),
            ("not a prefix", "/ChargeItem?factor-override=zz1"),
        ],
    );
}

/// <https://hl7.org/fhir/R4/search.html#date>
#[test]
fn dates() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("eq: the day has the moment",              "/Observation?date=2026-03-01",                           1),
        ("eq: the month has the period",            "/Observation?date=2026-03",                              2),
        ("ne: not within",                          "/Observation?date=ne2026-03",                            1),
        ("lt: before some of it",                   "/Observation?date=lt2026-03-03",                         2),
        ("gt: after some of it",                    "/Observation?date=gt2026-03-03",                         2),
        ("ge: after, or within",                    "/Observation?date=ge2026-03-01T07:00:00Z",               3),
        ("le: before, or within",                   "/Observation?date=le2026-03-01",                         1),
        ("sa: after all of it",                     "/Observation?date=sa2026-03-01",                         2),
        ("eb: before all of it",                    "/Observation?date=eb2026-03-02",                         1),
        ("a range: twice",                          "/Observation?date=ge2026-03-01&date=lt2026-03-02",       1),
        ("no zone is the server's: UTC",            "/Observation?date=2026-03-01T07:00:00",                  1),
    ]);
    refused(
        &http,
        &[("not a date", "/Observation?date=2026-02-30"), ("not a prefix", "/Observation?date=xx2026")],
    );
}

/// <https://hl7.org/fhir/R4/search.html#string>
#[test]
fn strings() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("equals or starts with",                   "/Patient?family=dvo",                                    1),
        ("case and accents do not count",           "/Patient?given=ANNA&family=dvorak",                      1),
        ("not from within",                         "/Patient?family=orak",                                   0),
        ("name: any part of it",                    "/Patient?name=maria",                                    1),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#uri>
#[test]
fn uris() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("precise, with case",                      "/ValueSet?url=http://acme.org/fhir/ValueSet/123",        1),
        ("precise, with case",                      "/ValueSet?url=http://ACME.org/fhir/ValueSet/123",        0),
        (":below",                                  "/ValueSet?url:below=http://acme.org/fhir/",              2),
        (":below",                                  "/ValueSet?url:below=http://acme.org/fhir/ValueSet/12",   0),
        (":above",                                  "/ValueSet?url:above=http://acme.org/fhir/ValueSet/123/_history/5", 2),
    ]);
    refused(&http, &[("above and below are of URLs, not of URNs", "/ValueSet?url:below=urn:oid:1.2.3")]);
}

/// <https://hl7.org/fhir/R4/search.html#token>
#[test]
fn tokens() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("[code]: whatever its system",             "/Observation?code=2823-3",                               2),
        ("[system]|[code]",                         "/Observation?code=http://loinc.org|2823-3",              1),
        ("|[code]: without a system",               "/Patient?identifier=|7",                                 1),
        ("|[code]: without a system",               "/Observation?code=|2823-3",                              0),
        ("[system]|: any of it",                    "/Observation?code=http://loinc.org|",                    2),
        ("a code element",                          "/Patient?gender=female",                                 1),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#quantity>
#[test]
fn quantities() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("5.4: whatever its unit",                  "/Observation?value-quantity=5.4",                                1),
        ("5.4|system|code",                         "/Observation?value-quantity=5.4|http://unitsofmeasure.org|mg",   1),
        ("5.40e0: [5.395 ... 5.405)",               "/Observation?value-quantity=5.40e0|http://unitsofmeasure.org|mg", 1),
        ("5.4||mg: by code",                        "/Observation?value-quantity=5.4||mg",                            1),
        ("7.2||drops: or by the unit's name",       "/Observation?value-quantity=7.2||drops",                         1),
        ("another unit",                            "/Observation?value-quantity=5.4|http://unitsofmeasure.org|mmol", 0),
        ("in grams: what measures the same",        "/Observation?value-quantity=0.0054|http://unitsofmeasure.org|g", 1),
        ("le: at most",                             "/Observation?value-quantity=le5.4|http://unitsofmeasure.org|mg", 1),
        ("ap: about",                               "/Observation?value-quantity=ap5.8|http://unitsofmeasure.org|mg", 1),
    ]);
    refused(&http, &[("no number", "/Observation?value-quantity=|http://unitsofmeasure.org|mg")]);
}

/// <https://hl7.org/fhir/R4/search.html#reference>
#[test]
fn references() {
    let (server, http) = with_records();
    let absolute = format!("/Observation?subject={}/fhir/Patient/a", server.url());
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("[id]",                                    "/Observation?subject=a",                                 2),
        ("[type]/[id]",                             "/Observation?subject=Patient/a",                         2),
        ("[url]: our own is local",                 &absolute,                                                2),
        ("[url]: another's is not",                 "/Observation?subject=http://else.example.org/Patient/a", 0),
        ("another type with that id",               "/Observation?subject=Group/a",                           0),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#composite>
#[test]
fn composites() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("values that go together",                 "/Observation?code-value-quantity=http://loinc.org|2823-3$gt5||mg",           1),
        ("values that go together",                 "/Observation?code-value-quantity=http://loinc.org|2823-3$gt6||mg",           0),
        ("in one component",                        "/Observation?component-code-value-quantity=http://loinc.org|8480-6$gt100",   1),
        ("not of two components",                   "/Observation?component-code-value-quantity=http://loinc.org|8462-4$gt100",   0),
        ("or by comma",                             "/Observation?component-code-value-quantity=http://loinc.org|8462-4$gt100,http://loinc.org|8480-6$gt100", 1),
        ("a part of the record, others of one element", "/MolecularSequence?chromosome-variant-coordinate=|9$gt100$lt300", 1),
        ("not of two elements",                     "/MolecularSequence?chromosome-variant-coordinate=|9$lt200$gt400",            0),
        ("not of another record's part",            "/MolecularSequence?chromosome-variant-coordinate=|8$gt100$lt300",            0),
    ]);
    refused(&http, &[("a value for each part", "/Observation?code-value-quantity=http://loinc.org|2823-3")]);
}

/// <https://hl7.org/fhir/R4/search.html#combining>, <https://hl7.org/fhir/R4/search.html#escaping>
#[test]
fn combining_and_escaping() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("AND by repetition",                       "/Patient?given=anna&given=maria",                        1),
        ("AND by repetition",                       "/Patient?given=anna&given=bob",                          0),
        ("OR by comma",                             "/Patient?family=ahmed,dvorak",                           2),
        ("\\, is a comma of the value",             "/Patient?identifier=urn:mrn|1\\,2",                      1),
        ("without it there are two values",         "/Patient?identifier=urn:mrn|1,2",                        0),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#chaining>, <https://hl7.org/fhir/R4/search.html#has>
#[test]
fn ways_to_other_records() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("subject.name: of whom it is",             "/Observation?subject.name=dvorak",                                       2),
        ("subject:Patient.name: of that type",      "/Observation?subject:Patient.name=ahmed",                                1),
        ("each chain for itself",                   "/Observation?subject.name=dvorak&subject.gender=male",                   0),
        ("over several records",                    "/Observation?patient.organization.partof.name=region",                   2),
        ("_has: what refers to it",                 "/Patient?_has:Observation:patient:code=http://loinc.org|2823-3",         1),
        ("_has: or",                                "/Patient?_has:Observation:patient:code=2823-3,85354-9",                  2),
        ("_has within _has",                        "/Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/d", 1),
        ("there and back",                          "/Encounter?subject._has:Observation:patient:code=2823-3",                0),
        ("a chain behind _has",                     "/Patient?_has:Observation:patient:performer:Practitioner.name=okafor",   1),
    ]);
    #[rustfmt::skip] // A table reads by column.
    refused(&http, &[
        ("a chain that leads nowhere",              "/Observation?subject.colour=red"),
        ("a chain through what does not refer",     "/Observation?code.name=red"),
        ("a chain back that leads nowhere",         "/Practitioner?_has:Observation:patient:code=1"),
    ]);
}

/// <https://hl7.org/fhir/R4/search_filter.html>
#[test]
fn filters() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    found(&http, &[
        ("co: contains",                            "/Patient?_filter=name%20co%20%22ORA%22",                                 1),
        ("eq and ge",                               "/Patient?_filter=given%20eq%20%22anna%22%20and%20birthdate%20ge%201970-01-01", 1),
        ("a token",                                 "/Observation?_filter=code%20eq%20http://loinc.org|2823-3",               1),
        ("a path",                                  "/Observation?_filter=subject.name%20co%20%22ORA%22",                     2),
        ("left to right, and binds no closer",      "/Patient?_filter=gender%20eq%20male%20or%20gender%20eq%20female%20and%20family%20eq%20ahmed", 1),
        ("parentheses",                             "/Patient?_filter=gender%20eq%20female%20or%20(gender%20eq%20male%20and%20family%20eq%20ahmed)", 2),
        ("not",                                     "/Patient?_filter=not%20(gender%20eq%20male)",                            1),
        ("pr: present",                             "/Observation?_filter=performer%20pr%20true",                             1),
        ("po: overlaps",                            "/Observation?_filter=date%20po%202026-03-03",                            1),
        ("re: refers",                              "/Observation?_filter=subject%20re%20Patient/a",                          2),
    ]);
    #[rustfmt::skip] // A table reads by column.
    refused(&http, &[
        ("ew: no index has the ends",               "/Patient?_filter=family%20ew%20rak"),
        ("filters within paths",                    "/Observation?_filter=component[code%20eq%20x].value%20pr%20true"),
        ("what is no expression",                   "/Patient?_filter=family"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#sort>, <https://hl7.org/fhir/R4/search.html#contained>
#[test]
fn orders_and_other_results() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 8] = [
     // sentence                                    method    query                                      headers body status shows
        ("ascending",                               "GET",    "/Observation?_sort=date",                 NONE,   "",  200, &[".entry.0.resource.id = k1", ".entry.2.resource.id = bp"]),
        ("- is descending",                         "GET",    "/Observation?_sort=-date",                NONE,   "",  200, &[".entry.0.resource.id = bp", ".entry.2.resource.id = k1"]),
        ("by several, in turn",                     "GET",    "/Observation?_sort=status,-date",         NONE,   "",  200, &[".entry.0.resource.id = bp", ".entry.1.resource.id = k1", ".entry.2.resource.id = k2"]),
        ("none comes last",                         "GET",    "/Observation?_sort=value-quantity",       NONE,   "",  200, &[".entry.0.resource.id = k1", ".entry.2.resource.id = bp"]),
        ("none comes last",                         "GET",    "/Observation?_sort=-value-quantity",      NONE,   "",  200, &[".entry.0.resource.id = k2", ".entry.2.resource.id = bp"]),
        ("by what is no parameter",                 "GET",    "/Observation?_sort=colour",               NONE,   "",  400, &[".issue.0.code = not-supported"]),
        ("_contained=false is the default",         "GET",    "/Observation?_contained=false",           NONE,   "",  200, &[".total = 3"]),
        ("contained resources are not searched",    "GET",    "/Observation?_contained=true",            NONE,   "",  400, &[".issue.0.code = not-supported"]),
    ];
    sentences(&http, &rows);
}

/// Limits have names, and say no before anything is searched.
#[test]
fn limits() {
    let (_server, http) = with_records();
    let values = format!("/Patient?_id={}", vec!["a"; 5_000].join(","));
    let deep = format!("/Organization?{}name=x", "partof.".repeat(20));
    let nested = format!("/Patient?_filter={}gender%20eq%20male{}", "(".repeat(100), ")".repeat(100));
    let includes = format!("/Patient?{}", vec!["_include=*"; 100].join("&"));
    let around = format!("/AuditEvent?{}_id=x", "entity.".repeat(6));
    for query in [values, deep, nested, includes, around] {
        let rows: [Row<'_>; 1] =
            [("too costly", "GET", &query, NONE, "", 400, &[".issue.0.code = too-costly"])];
        sentences(&http, &rows);
    }
    sentences(
        &http,
        &[("a page has its most", "GET", "/Patient?_count=1000000000", NONE, "", 200, &[".total = 2"])],
    );
}

/// A transaction is not told no where it cannot be known: <https://hl7.org/fhir/R4/http.html#trules>.
#[test]
fn criteria_about_what_a_transaction_itself_writes() {
    let (_server, http) = with_records();
    let observation =
        |of: &str| format!(r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}}{of}}}"#);
    let transaction = |of: &str, criteria: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"transaction","entry":[
                {{"request":{{"method":"POST","url":"Observation"}},"resource":{}}},
                {{"request":{{"method":"PUT","url":"Observation?{criteria}"}},"resource":{}}}]}}"#,
            observation(of),
            observation("")
        )
    };
    let of_a = r#","subject":{"reference":"Patient/a"}"#;
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // what is posted, and the criteria beside it                        status shows
        (transaction(of_a, "patient.name=ahmed"),                         400, ".issue.0.code = not-supported"),
        (transaction("", "_lastUpdated=gt2001-01-01&status=final"),       400, ".issue.0.code = not-supported"),
        (transaction("", "patient.name=ahmed"),                           200, ".entry.1.response.status = ~200"),
        (transaction(of_a, "patient.name=ahmed&status=preliminary"),      200, ".entry.1.response.status = ~201"),
    ];
    for (body, status, shows) in &cases {
        sentences(&http, &[("what is not known", "POST", "", NONE, body, *status, &[shows])]);
    }
}
