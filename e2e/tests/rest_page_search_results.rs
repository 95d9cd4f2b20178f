//! What <https://hl7.org/fhir/R4/search.html> says of the answer, sentence by sentence; each test names its anchor.
//!
//! What it says of criteria is in `rest_page_search.rs`.

use std::collections::BTreeSet;

use anamnesis_e2e::{Row, int, links, list, pages, sentences, str};
use anamnesis_testkit::{Http, Server};

const NONE: &[(&str, &str)] = &[];
const STRICT: &[(&str, &str)] = &[("prefer", "handling=strict")];
const LENIENT: &[(&str, &str)] = &[("prefer", "handling=lenient")];
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

/// <https://hl7.org/fhir/R4/search.html#include>, <https://hl7.org/fhir/R4/search.html#revinclude>
#[test]
fn what_comes_along() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 13] = [
     // sentence                                    method    path                                                      headers body status shows
        ("_include: what is referred to",           "GET",    "/Observation?_id=k1&_include=Observation:subject",       NONE,   "",  200, &[".total = 1", ".entry.0.search.mode = match", ".entry.1.search.mode = include", ".entry.1.resource.id = a", ".entry.2 = -"]),
        ("once, whoever refers to it",              "GET",    "/Observation?_include=Observation:subject",              NONE,   "",  200, &[".total = 2", ".entry.2.resource.id = a", ".entry.3 = -"]),
        ("of the type named alone",                 "GET",    "/Observation?_id=k1&_include=Observation:subject:Patient", NONE, "",  200, &[".entry.1.resource.id = a"]),
        ("and of no other",                         "GET",    "/Observation?_id=k1&_include=Observation:subject:Group", NONE,   "",  200, &[".entry.1 = -"]),
        ("of matches alone",                        "GET",    "/Observation?_id=k1&_include=Observation:subject&_include=Patient:organization", NONE, "", 200, &[".entry.1.resource.id = a", ".entry.2 = -"]),
        (":iterate: of what is included too",       "GET",    "/Observation?_id=k1&_include=Observation:subject&_include:iterate=Patient:organization", NONE, "", 200, &[".entry.1.resource.id = *", ".entry.2.search.mode = include", ". = ~City Clinic", ".entry.3 = -"]),
        (":iterate: again and again",               "GET",    "/Patient?_id=a&_include=Patient:organization&_include:iterate=Organization:partof", NONE, "", 200, &[".entry.2.search.mode = include", ". = ~Region North", ".entry.3 = -"]),
        ("*: whatever is referred to",              "GET",    "/Observation?_id=k1&_include=*",                         NONE,   "",  200, &[".entry.1.resource.id = a", ".entry.2 = -"]),
        ("_revinclude: what refers to it",          "GET",    "/Patient?_id=a&_revinclude=Observation:subject",         NONE,   "",  200, &[".total = 1", ".entry.1.search.mode = include", ".entry.2.resource.resourceType = Observation", ".entry.3 = -"]),
        ("several, and both ways",                  "GET",    "/Patient?_revinclude=Observation:subject&_include=Patient:organization", NONE, "", 200, &[".total = 1", ".entry.3.search.mode = include", ".entry.4 = -"]),
        ("none is left out for want of matches",    "GET",    "/Patient?_id=no&_revinclude=Observation:subject",        NONE,   "",  200, &[".total = 0", ".entry = -"]),
        ("with what a page has",                    "GET",    "/Observation?_count=1&_include=Observation:subject",     NONE,   "",  200, &[".total = 2", ".entry.1.resource.id = a", ".link.1.relation = *"]),
        ("the self link says so",                   "GET",    "/Observation?_include=Observation:subject",              NONE,   "",  200, &[".link.0.url = ~_include=Observation:subject"]),
    ];
    sentences(&http, &rows);
}

/// What may be searched beside one type: <https://hl7.org/fhir/R4/http.html#vsearch>; by POST too.
#[test]
fn types_and_compartments() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 9] = [
     // sentence                                    method    path                                   headers body                   status shows
        ("all types: [base]?",                      "GET",    "?_id=a,clinic",                       NONE,   "",                    200, &[".total = 2"]),
        ("some types: _type",                       "GET",    "?_type=Patient,Organization",         NONE,   "",                    200, &[".total = 3"]),
        ("what is no type",                         "GET",    "?_type=Dragon",                       NONE,   "",                    400, &[]),
        ("a compartment",                           "GET",    "/Patient/a/Observation",              NONE,   "",                    200, &[".total = 2"]),
        ("a compartment, with criteria",            "GET",    "/Patient/a/Observation?date=2026-03-01", NONE, "",                   200, &[".total = 1", ".entry.0.resource.id = k1"]),
        ("a whole compartment",                     "GET",    "/Patient/a/*",                        NONE,   "",                    200, &[".total = 3"]),
        ("what has no compartment",                 "GET",    "/Organization/region/Patient",        NONE,   "",                    404, &[]),
        ("POST [base]/_search",                     "POST",   "/_search",                            FORM,   "_type=Patient&_id=a", 200, &[".total = 1"]),
        ("POST of a compartment",                   "POST",   "/Patient/a/Observation/_search",      FORM,   "date=2026-03-02",     200, &[".total = 1", ".entry.0.resource.id = k2"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/search.html#conformance>, <https://hl7.org/fhir/R4/search.html#errors>
#[test]
fn what_was_understood_is_said() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 5] = [
     // sentence                                    method    path                                   headers  body               status shows
        ("SHALL return what was searched by",       "GET",    "/Observation?_id=k1&_count=5",        NONE,    "",                200, &[".type = searchset", ".link.0.relation = self", ".link.0.url = ~_id=k1"]),
        ("of a POST too",                           "POST",   "/Observation/_search?_id=k1,k2",      FORM,    "status=final",    200, &[".link.0.relation = self", ".link.0.url = ~status=final", ".link.0.url = ~_id=k1"]),
        ("what was passed over is named",           "GET",    "/Observation?_id=k1&colour=red",      LENIENT, "",                200, &[".total = 1", ".entry.1.search.mode = outcome", ".entry.1.resource.issue.0.severity = warning", ".entry.1.resource.issue.0.diagnostics = ~colour", ".link.0.url = ~_id=k1"]),
        ("so it is if nothing is said of handling", "GET",    "/Observation?_id=k1&colour=red",      NONE,    "",                200, &[".entry.1.resource.resourceType = OperationOutcome", ".entry.2 = -"]),
        ("strict: refused",                         "GET",    "/Observation?_id=k1&colour=red",      STRICT,  "",                400, &[".issue.0.code = not-supported"]),
    ];
    sentences(&http, &rows);
}

/// Links lead from page to page, each with the total, until there is none: <https://hl7.org/fhir/R4/http.html#paging>.
#[test]
fn links_lead_through_the_pages() {
    let (_server, http) = with_records();
    for search in [
        "/Observation?_count=1",
        "/Observation?_sort=date&_count=1",
        "/Patient/a/Observation?_count=1",
        "?_type=Observation&_count=1",
    ] {
        let pages = pages(&http, &format!("/fhir{search}"));
        let ids: BTreeSet<_> = pages.iter().map(|page| str(page, "entry.0.resource.id")).collect();
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["k1", "k2"], "{search}");
        assert_eq!(pages.len(), 2, "{search}: the last page has no next");
        for page in &pages {
            assert_eq!(int(page, "total"), 2, "{search}");
            assert_eq!(list(page, "entry").len(), 1, "{search}");
            assert!(links(page, "self").is_some(), "{search}");
        }
    }
}
