//! What <https://hl7.org/fhir/R4/search.html> says of the answer, sentence by sentence; each test names its anchor.
//!
//! What it says of criteria is in `rest_page_search.rs`.

use anamnesis_e2e::{Row, sentences};
use anamnesis_testkit::{Http, Server};

const NONE: &[(&str, &str)] = &[];
const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];

/// A patient of a clinic in a region, two results of theirs, and who looked at one.
const RECORDS: &str = r#"{"resourceType":"Bundle","type":"transaction","entry":[
    {"request":{"method":"PUT","url":"Organization/region"},"resource":{"resourceType":"Organization","id":"region","name":"Region North"}},
    {"request":{"method":"PUT","url":"Organization/clinic"},"resource":{"resourceType":"Organization","id":"clinic","name":"City Clinic","partOf":{"reference":"Organization/region"}}},
    {"request":{"method":"PUT","url":"Patient/a"},"resource":{"resourceType":"Patient","id":"a","name":[{"family":"Ahmed"}],"managingOrganization":{"reference":"Organization/clinic"}}},
    {"request":{"method":"PUT","url":"Observation/k1"},"resource":{"resourceType":"Observation","id":"k1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"effectiveDateTime":"2026-03-01"}},
    {"request":{"method":"PUT","url":"Observation/k2"},"resource":{"resourceType":"Observation","id":"k2","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"effectiveDateTime":"2026-03-02"}}]}"#;

fn with_records() -> (Server, Http) {
    let server = Server::start();
    let http = server.http();
    http.post("/fhir", &anamnesis_e2e::json(RECORDS)).expect(200);
    (server, http)
}

/// <https://hl7.org/fhir/R4/search.html#count>, <https://hl7.org/fhir/R4/search.html#total>, <https://hl7.org/fhir/R4/search.html#summary>
#[test]
fn counts_and_parts() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 8] = [
     // sentence                                    method    path                                   headers body          status shows
        ("_count: at most so many a page",          "GET",    "/Observation?_count=1",               NONE,   "",           200, &[".total = 2", ".entry.0.resource.id = k2", ".entry.1 = -"]),
        ("_count=0: as _summary=count",             "GET",    "/Observation?_count=0",               NONE,   "",           200, &[".total = 2", ".entry = -"]),
        ("_summary=count: the number alone",        "GET",    "/Observation?_summary=count",         NONE,   "",           200, &[".total = 2", ".entry = -"]),
        ("_total=none: no number",                  "GET",    "/Observation?_total=none",            NONE,   "",           200, &[".total = -"]),
        ("_total=accurate: the exact number",       "GET",    "/Observation?_total=accurate",        NONE,   "",           200, &[".total = 2"]),
        ("_total: no other kind",                   "GET",    "/Observation?_total=all",             NONE,   "",           400, &[]),
        ("_elements: some elements, and a tag",     "GET",    "/Observation?_elements=status",       NONE,   "",           200, &[".entry.0.resource.subject = -", ".entry.0.resource.meta.tag.0.code = SUBSETTED"]),
        ("POST has the same meaning",               "POST",   "/Observation/_search?_id=k1,k2",      FORM,   "status=final", 200, &[".total = 2"]),
    ];
    sentences(&http, &rows);
}

/// What comes along is checked against what there is, whoever answers it:
/// <https://hl7.org/fhir/R4/search.html#include>, <https://hl7.org/fhir/R4/search.html#revinclude>.
#[test]
fn includes_that_cannot_be() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 4] = [
     // sentence                                    method    path                                            headers body status shows
        ("a type and a parameter",                  "GET",    "/Observation?_include=Observation",            NONE,   "",  400, &[".issue.0.diagnostics = ~_include: "]),
        ("of type reference",                       "GET",    "/Observation?_include=Observation:status",     NONE,   "",  400, &[".issue.0.diagnostics = ~_include: "]),
        ("a third part names the target's type",    "GET",    "/Observation?_include=Observation:subject:Claim", NONE, "", 400, &[".issue.0.diagnostics = ~_include: "]),
        ("no other modifier than :iterate",         "GET",    "/Observation?_revinclude:twice=Patient:link",  NONE,   "",  400, &[".issue.0.diagnostics = ~_revinclude:twice: "]),
    ];
    sentences(&http, &rows);
}
