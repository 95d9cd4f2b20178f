//! What <https://hl7.org/fhir/R4/http.html> says of the interactions with many records, sentence by sentence.
//!
//! `docs/conformance.md` has the page's sentences with the test that shows each.

use anamnesis_e2e::{Row, at, bundle, entry, issue, json, links, list, send, sentences, str};
use anamnesis_testkit::{Http, Options, Server};

const NONE: &[(&str, &str)] = &[];
const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];
const P1: &str = r#"{"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:mrn","value":"7"}],"birthDate":"1970-02-03"}"#;
const P2: &str = r#"{"resourceType":"Patient","id":"p2","identifier":[{"system":"urn:mrn","value":"8"}],"birthDate":"1970-02-04"}"#;
const NEW: &str = r#"{"resourceType":"Patient"}"#;

/// A server with two patients.
fn with_patients() -> (Server, Http) {
    let server = Server::start();
    let http = server.http();
    let made: [Row<'_>; 2] =
        [("", "PUT", "/Patient/p1", NONE, P1, 201, &[]), ("", "PUT", "/Patient/p2", NONE, P2, 201, &[])];
    sentences(&http, &made);
    (server, http)
}

/// A bundle of this type.
fn of(kind: &str, entries: &[String]) -> String {
    format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(","))
}

/// An observation of the patient a reference leads to.
fn observation(subject: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"subject":{{"reference":"{subject}"}}}}"#
    )
}

/// <https://hl7.org/fhir/R4/http.html#search>, <https://hl7.org/fhir/R4/http.html#vsearch>
#[test]
fn search() {
    let (_server, http) = with_patients();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 20] = [
     // sentence                                    method  path                                              headers body   status shows
        ("200 and a searchset",                     "GET",  "/Patient?identifier=urn:mrn|7",                  NONE, "",      200, &[".type = searchset", ".total = 1", ".entry.0.resource.id = p1", ".entry.0.search.mode = match"]),
        ("of zero or more resources",               "GET",  "/Patient?identifier=urn:mrn|9",                  NONE, "",      200, &[".type = searchset", ".total = 0", ".entry = -"]),
        ("a fullUrl for each",                      "GET",  "/Patient?_id=p1",                                NONE, "",      200, &[".entry.0.fullUrl = ~/fhir/Patient/p1"]),
        ("by POST of a form, with the same meaning", "POST", "/Patient/_search",                              FORM, "identifier=urn:mrn%7C7", 200, &[".type = searchset", ".total = 1", ".entry.0.resource.id = p1"]),
        ("by POST, with parameters in the URL",     "POST", "/Patient/_search?identifier=urn:mrn|7",          FORM, "",      200, &[".total = 1", ".entry.0.resource.id = p1"]),
        ("both places mean the same: repeated",     "POST", "/Patient/_search?birthdate=ge1970-02-03",        FORM, "birthdate=lt1970-02-04", 200, &[".total = 1", ".entry.0.resource.id = p1"]),
        ("repeated in the URL too",                 "GET",  "/Patient?birthdate=ge1970-02-03&birthdate=lt1970-02-04", NONE, "", 200, &[".total = 1"]),
        ("a form alone",                            "POST", "/Patient/_search",                               &[("content-type", "text/plain")], "x", 415, &[]),
        ("a search that fails is a 4xx",            "GET",  "/Patient?birthdate=yesterday",                   NONE, "",      400, &[]),
        ("a search that fails is a 4xx, by POST",   "POST", "/Patient/_search",                               FORM, "birthdate=yesterday", 400, &[]),
        ("type not supported: 404",                 "GET",  "/Dragon?name=x",                                 NONE, "",      404, &[]),
        ("what is not understood is left out",      "GET",  "/Patient?dragon=7",                              NONE, "",      200, &[".total = 2", ".link.0.url = ~/fhir/Patient"]),
        ("or refused where that is preferred",      "GET",  "/Patient?dragon=7",                              &[("prefer", "handling=strict")], "", 400, &[]),
        ("of a compartment",                        "GET",  "/Patient/p1/Observation",                        NONE, "",      200, &[".type = searchset", ".total = 0"]),
        ("of a compartment, by POST",               "POST", "/Patient/p1/Observation/_search",                FORM, "status=final", 200, &[".type = searchset", ".total = 0"]),
        ("of a compartment, all types",             "GET",  "/Patient/p1/*",                                  NONE, "",      200, &[".total = 1", ".entry.0.resource.id = p1"]),
        ("of all types",                            "GET",  "?_type=Patient,Observation&_id=p1",              NONE, "",      200, &[".total = 1", ".entry.0.resource.id = p1"]),
        ("of all types",                            "GET",  "/?_id=p1",                                       NONE, "",      200, &[".total = 1"]),
        ("of all types, by POST",                   "POST", "/_search",                                       FORM, "_id=p1&_type=Patient", 200, &[".total = 1"]),
        ("and declared",                            "GET",  "/metadata",                                      NONE, "",      200, &[".rest.0.interaction.0.code = transaction", ".rest.0.interaction.1.code = batch", ".rest.0.interaction.2.code = history-system", ".rest.0.interaction.3.code = search-system", ".rest.0.interaction.4 = -"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#paging>
#[test]
fn paging() {
    let (_server, http) = with_patients();
    for first in ["/fhir/Patient?_count=1", "/fhir/_history?_count=1", "/fhir/Patient/_history?_count=1"] {
        let page = http.get(first).expect(200).json();
        assert_eq!(list(&page, "entry").len(), 1, "{first}: no more than was asked for");
        assert!(links(&page, "self").is_some(), "{first}: all searches say what they are");
        let next = links(&page, "next").unwrap();
        let second = http.get(&next).expect(200).json();
        assert_eq!(list(&second, "entry").len(), 1, "{first}: the count holds across pages");
        assert_ne!(str(&second, "entry.0.fullUrl"), str(&page, "entry.0.fullUrl"), "{first}");
        assert!(links(&second, "next").is_none(), "{first}: the last has no next");
        issue(http.get(&format!("{next}0")), 400);
    }
    // A search by POST is followed by GET, or by POST where the client turns the link into a form.
    let posted =
        http.send("POST", "/fhir/Patient/_search", FORM, Some(b"_count=1".to_vec())).expect(200).json();
    let next = links(&posted, "next").unwrap();
    let by_get = http.get(&next).expect(200).json();
    let (_, form) = next.split_once('?').unwrap();
    let by_post = http.send("POST", "/fhir/Patient/_search", FORM, Some(form.into())).expect(200).json();
    assert_eq!(at(&by_get, "entry"), at(&by_post, "entry"));
    assert_eq!((at(&by_get, "total").as_u64(), list(&by_get, "entry").len()), (Some(2), 1));
}

/// <https://hl7.org/fhir/R4/http.html#capabilities>, <https://hl7.org/fhir/R4/http.html#conformance-rules>
#[test]
fn capabilities() {
    let (server, http) = with_patients();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 8] = [
        ("a resource that describes the server",    "GET",  "/metadata",                    NONE, "",  200, &[".resourceType = CapabilityStatement", ".fhirVersion = 4.0.1", ".rest.0.mode = server"]),
        ("an ETag",                                 "GET",  "/metadata",                    NONE, "",  200, &["etag: ~W/\""]),
        ("mode may be ignored",                     "GET",  "/metadata?mode=normative",     NONE, "",  200, &[".resourceType = CapabilityStatement"]),
        ("mode may be ignored",                     "GET",  "/metadata?mode=terminology",   NONE, "",  200, &[".resourceType = CapabilityStatement"]),
        ("_elements and _summary",                  "GET",  "/metadata?_elements=software", NONE, "",  200, &[".software.name = Anamnesis", ".rest = -"]),
        ("it says how integrity is handled",        "GET",  "/metadata",                    NONE, "",  200, &[".rest.0.documentation = ~A transaction is one commit"]),
        ("it is not written",                       "POST", "/metadata",                    NONE, NEW, 405, &[]),
        ("the end-point of that type is another",   "GET",  "/CapabilityStatement",         NONE, "",  200, &[".type = searchset", ".total = 0"]),
    ];
    sentences(&http, &rows);

    // The tag stays while the statement does, and changes with it.
    let tag = |http: &Http| http.get("/fhir/metadata").expect(200).header("etag").unwrap().to_owned();
    let before = tag(&http);
    send(&http, "POST", "/fhir/Patient", NONE, NEW).expect(201);
    assert_eq!(tag(&http), before);
    let other = Options::new().arg("--conditional-delete").arg("multiple").start();
    assert_ne!(tag(&other.http()), before);
    assert!(server.pid().is_some());
}

/// <https://hl7.org/fhir/R4/http.html#transaction>
#[test]
fn entries() {
    let (_server, http) = with_patients();
    let no_request = format!(r#"{{"resource":{NEW}}}"#);
    let no_resource = entry("", "POST", "Patient", "", "");
    let good = entry("", "POST", "Patient", "", NEW);
    let one = |kind: &str, entry: &String| of(kind, std::slice::from_ref(entry));
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 12] = [
        ("a request in each entry",                 "POST", "",  NONE, &one("transaction", &no_request),                             400, &[".issue.0.expression.0 = Bundle.entry[0].request"]),
        ("a request in each entry",                 "POST", "",  NONE, &one("batch", &no_request),                                   200, &[".entry.0.response.status = 400 Bad Request"]),
        ("a resource for a POST",                   "POST", "",  NONE, &one("transaction", &no_resource),                            400, &[".issue.0.expression.0 = Bundle.entry[0].resource"]),
        ("a resource for a POST",                   "POST", "",  NONE, &one("batch", &no_resource),                                  200, &[".entry.0.response.status = 400 Bad Request"]),
        ("a resource for a PUT",                    "POST", "",  NONE, &one("transaction", &entry("", "PUT", "Patient/p1", "", "")), 400, &[".issue.0.expression.0 = Bundle.entry[0].resource"]),
        ("a mix of interactions",                   "POST", "",  NONE, &of("batch", &[good.clone(), entry("", "GET", "Patient/p1", "", ""), entry("", "GET", "Patient?_id=p1", "", ""), entry("", "PUT", "Patient/p3", "", &P1.replace("p1", "p3")), entry("", "DELETE", "Patient/p3", "", "")]), 200, &[".entry.0.response.status = 201 Created", ".entry.1.resource.id = p1", ".entry.2.resource.type = searchset", ".entry.4 = *"]),
        ("operations too",                          "POST", "",  NONE, &one("batch", &entry("", "GET", "Patient/p1/$everything", "", "")), 200, &[".entry.0.resource.type = searchset"]),
        ("as if an individual interaction: meta",   "POST", "",  NONE, &one("transaction", &entry("", "PUT", "Patient/p4", "", r#"{"resourceType":"Patient","id":"p4","meta":{"versionId":"99"}}"#)), 200, &[".entry.0.response.etag = W/\"1\""]),
        ("as if an individual interaction: checked", "POST", "", NONE, &one("transaction", &entry("", "POST", "Patient", "", r#"{"resourceType":"Patient","gender":7}"#)), 400, &[".issue.0.expression.0 = Bundle.entry[0].resource.gender"]),
        ("as if an individual interaction: version", "POST", "", NONE, &one("transaction", &entry("", "PUT", "Patient/p1", r#","ifMatch":"W/\"7\"""#, P1)), 412, &[".issue.0.code = conflict"]),
        ("a Bundle is what is posted",              "POST", "",  NONE, NEW,                                                          400, &[".issue.0.expression.0 = Bundle"]),
        ("of type batch or transaction",            "POST", "",  NONE, &of("history", &[good]),                                      400, &[".issue.0.expression.0 = Bundle.type"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#brules>
#[test]
fn batch_rules() {
    let (_server, http) = with_patients();
    let mother = entry("urn:uuid:a", "POST", "Patient", "", NEW);
    let wrong = entry("", "POST", "Patient", "", r#"{"resourceType":"Patient","gender":7}"#);
    let see = |subject: &str| entry("", "POST", "Observation", "", &observation(subject));
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 6] = [
        ("200 whatever becomes of the entries",     "POST", "",  NONE, &of("batch", std::slice::from_ref(&wrong)),                                200, &[".type = batch-response", ".entry.0.response.status = 400 Bad Request", ".entry.0.response.outcome.resourceType = OperationOutcome"]),
        ("one does not alter another",              "POST", "",  NONE, &of("batch", &[wrong, mother.clone()]),                        200, &[".entry.0.response.status = 400 Bad Request", ".entry.1.response.status = 201 Created"]),
        ("no reference to what the batch creates",  "POST", "",  NONE, &of("batch", &[mother.clone(), see("urn:uuid:a")]),            200, &[".entry.0.response.status = 201 Created", ".entry.1.response.status = 400 Bad Request", ".entry.1.response.outcome.issue.0.expression.0 = Bundle.entry[1].resource.subject.reference"]),
        ("a search is a reference in a transaction alone", "POST", "", NONE, &of("batch", &[see("Patient?identifier=urn:mrn|7")]),    200, &[".entry.0.response.status = 400 Bad Request"]),
        ("references to what is there are fine",    "POST", "",  NONE, &of("batch", &[mother, see("Patient/p1")]),                    200, &[".entry.1.response.status = 201 Created"]),
        ("nothing dangles",                         "GET",  "/Observation?_summary=count", NONE, "",                                  200, &[".total = 1"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#trules>
#[test]
fn transaction_rules() {
    let (_server, http) = with_patients();
    let new = || entry("urn:uuid:a", "POST", "Patient", "", NEW);
    let see = |subject: &str| entry("", "POST", "Observation", "", &observation(subject));
    let twice =
        [entry("", "PUT", "Patient/p1", "", P1), entry("", "DELETE", "Patient?identifier=urn:mrn|7", "", "")];
    let wrong = entry("", "POST", "Patient", "", r#"{"resourceType":"Patient","gender":7}"#);
    let elsewhere = entry("http://elsewhere.example/fhir/Patient/p1", "PUT", "Patient/p1", "", P1);
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 11] = [
        ("all are taken: 200",                      "POST", "",  NONE, &of("transaction", &[new(), see("urn:uuid:a")]),               200, &[".type = transaction-response", ".entry.0.response.status = 201 Created", ".entry.1.response.status = 201 Created"]),
        ("or all are rejected: 4xx",                "POST", "",  NONE, &of("transaction", &[new(), wrong]),                           400, &[".issue.0.expression.0 = Bundle.entry[1].resource.gender"]),
        ("nothing of the rejected is kept",         "GET",  "/Patient?_summary=count", NONE, "",                                      200, &[".total = 3"]),
        ("no resources are no error",               "POST", "",  NONE, r#"{"resourceType":"Bundle","type":"transaction"}"#,           200, &[".type = transaction-response"]),
        ("identities that overlap: fails",          "POST", "",  NONE, &of("transaction", &twice),                                    400, &[".issue.0.code = duplicate"]),
        ("a search that finds one is replaced",     "POST", "",  NONE, &of("transaction", &[see("Patient?identifier=urn:mrn|7")]),     200, &[".entry.0.response.status = 201 Created"]),
        ("a search that finds one is replaced",     "GET",  "/Observation?subject=Patient/p1", NONE, "",                              200, &[".total = 1", ".entry.0.resource.subject.reference = Patient/p1"]),
        ("a search that finds none: fails",         "POST", "",  NONE, &of("transaction", &[see("Patient?identifier=urn:mrn|9")]),     412, &[".issue.0.expression.0 = Bundle.entry[0].resource.subject.reference"]),
        ("a search that finds several: fails",      "POST", "",  NONE, &of("transaction", &[see("Patient?birthdate=1970-02")]),        412, &[".issue.0.expression.0 = Bundle.entry[0].resource.subject.reference"]),
        ("only filters are allowed in it",          "POST", "",  NONE, &of("transaction", &[see("Patient?_count=1")]),                 400, &[]),
        ("the base of an update's fullUrl is ours", "POST", "",  NONE, &of("transaction", &[elsewhere]),                              200, &[".entry.0.response.status = 200 OK"]),
    ];
    sentences(&http, &rows);
}

/// "Servers SHALL replace all matching links in the bundle". <https://hl7.org/fhir/R4/http.html#trules>
#[test]
fn links_in_a_transaction() {
    let server = Server::start();
    let http = server.http();
    let (here, there) =
        ("urn:uuid:aaaaaaaa-0000-4000-8000-000000000001", "urn:uuid:aaaaaaaa-0000-4000-8000-00000000000f");
    let resource = format!(
        concat!(
            r#"{{"resourceType":"Basic","id":"b1","code":{{"text":"x"}},"meta":{{"profile":["{here}"]}},"#,
            r#""text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"{here}\">a</a><img src=\"{here}\" alt=\"i\"/>{here}</div>"}},"#,
            r#""extension":[{{"url":"urn:x","valueUri":"{here}"}},{{"url":"urn:x","valueUrl":"{here}"}},{{"url":"urn:x","valueUuid":"{here}"}},"#,
            r#"{{"url":"urn:x","valueCanonical":"{here}"}},{{"url":"urn:x","valueString":"{here}"}},{{"url":"urn:x","valueUri":"{there}"}}],"#,
            r#""subject":{{"reference":"{here}"}},"author":{{"reference":"Practitioner/elsewhere"}}}}"#
        ),
        here = here,
        there = there
    );
    let entries = [entry(here, "POST", "Patient", "", NEW), entry("", "PUT", "Basic/b1", "", &resource)];
    let answer = bundle(&http, "transaction", &entries).expect(200).json();
    let made = str(&answer, "entry.0.response.location").split("/_history").next().unwrap().to_owned();
    let kept = http.get("/fhir/Basic/b1").expect(200).json();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("subject.reference",            &*made),
        ("author.reference",             "Practitioner/elsewhere"),
        ("extension.0.valueUri",         &*made),
        ("extension.1.valueUrl",         &*made),
        ("extension.2.valueUuid",        here),
        ("extension.3.valueCanonical",   here),
        ("extension.4.valueString",      here),
        ("extension.5.valueUri",         there),
        ("meta.profile.0",               here),
    ];
    for (place, wanted) in cases {
        assert_eq!(str(&kept, place), wanted, "{place}");
    }
    let div = str(&kept, "text.div");
    assert!(div.contains(&format!("href=\"{made}\"")) && div.contains(&format!("src=\"{made}\"")), "{div}");
    assert!(div.contains(&format!("/>{here}<")), "text is no link: {div}");
}

/// <https://hl7.org/fhir/R4/http.html#transaction-response>
#[test]
fn transaction_response() {
    let (_server, http) = with_patients();
    let entries = [
        entry("", "GET", "Patient/p2", "", ""),
        entry("", "PUT", "Patient/p1", "", &P1.replace("1970", "1971")),
        entry("", "DELETE", "Patient/never", "", ""),
        entry("", "POST", "Patient", "", NEW),
    ];
    let lines = [
        ".entry.0.resource.id = p2",
        ".entry.1.response.status = 200 OK",
        ".entry.1.response.etag = W/\"2\"",
        ".entry.2.response.status = 204 No Content",
        ".entry.3.response.status = 201 Created",
        ".entry.3.response.location = ~/_history/1",
        ".entry.3.response.etag = W/\"1\"",
        ".entry.4 = -",
    ];
    let minimal = of("transaction", &[entry("", "POST", "Patient", "", NEW)]);
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 6] = [
        ("an entry for each, in the same order",    "POST", "",  NONE, &of("batch", &entries),                         200, &lines),
        ("",                                        "PUT",  "/Patient/p1", NONE, P1,                                   200, &[]),
        ("an entry for each, in the same order",    "POST", "",  NONE, &of("transaction", &entries).replace("1971", "1972"), 200, &[".type = transaction-response", lines[0], lines[1], lines[3], lines[4], lines[5], lines[6], lines[7], ".entry.1.response.etag = W/\"4\""]),
        ("no resources where none are preferred",   "POST", "",  &[("prefer", "return=minimal")], &minimal,            200, &[".entry.0.resource = -"]),
        ("resources where they are preferred",      "POST", "",  &[("prefer", "return=representation")], &minimal,     200, &[".entry.0.resource.resourceType = Patient"]),
        ("a failed transaction is one outcome",     "POST", "",  NONE, &of("transaction", &[entry("", "PUT", "Patient/p9", "", P1)]), 400, &[".entry = -", ".issue.0.diagnostics = *"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#history>
#[test]
fn history() {
    let (_server, http) = with_patients();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 19] = [
        ("",                                        "POST",   "/Patient",                                     NONE, NEW, 201, &[]),
        ("",                                        "DELETE", "/Patient?identifier=urn:mrn|8",                NONE, "",  204, &[]),
        ("a Bundle of type history",                "GET",    "/_history",                                    NONE, "",  200, &[".resourceType = Bundle", ".type = history", ".total = 4"]),
        ("oldest versions last",                    "GET",    "/Patient/p2/_history",                         NONE, "",  200, &[".entry.0.response.etag = W/\"2\"", ".entry.1.response.etag = W/\"1\""]),
        ("a deletion: a request, no resource",      "GET",    "/Patient/_history",                            NONE, "",  200, &[".entry.0.request.method = DELETE", ".entry.0.request.url = Patient/p2", ".entry.0.resource = -"]),
        ("a conditional one is a direct one",       "GET",    "/Patient/p2/_history",                         NONE, "",  200, &[".entry.0.request.url = Patient/p2"]),
        ("a create: POST, the type, a resource",    "GET",    "/Patient/_history",                            NONE, "",  200, &[".entry.1.request.method = POST", ".entry.1.request.url = Patient", ".entry.1.resource.id = *"]),
        ("an update: PUT and a resource",           "GET",    "/Patient/p1/_history",                         NONE, "",  200, &[".entry.0.request.method = PUT", ".entry.0.resource.id = p1"]),
        ("when each was processed",                 "GET",    "/Patient/p1/_history",                         NONE, "",  200, &[".entry.0.response.lastModified = ~Z"]),
        ("_since: at or after the instant",         "GET",    "/_history?_since=2020-01-01T00:00:00Z",        NONE, "",  200, &[".total = 4"]),
        ("_since stands once",                      "GET",    "/_history?_since=2020&_since=2021",            NONE, "",  400, &[]),
        ("_at: what was current then",              "GET",    "/_history?_at=2001",                           NONE, "",  200, &[".entry = -"]),
        ("_at stands once",                         "GET",    "/_history?_at=2020&_at=2021",                  NONE, "",  400, &[]),
        ("_count stands once",                      "GET",    "/_history?_count=2&_count=3",                  NONE, "",  400, &[]),
        ("_list, here of a list that is empty",     "GET",    "/_history?_list=List/1",                       NONE, "",  200, &[".total = 0", ".entry = -"]),
        ("_list known by what it means is refused", "GET",    "/_history?_list=$current-problems",            NONE, "",  400, &[]),
        ("_list SHALL stand once",                  "GET",    "/_history?_list=1&_list=2",                    NONE, "",  400, &[]),
        ("no history: 404 and why",                 "GET",    "/Patient/never/_history",                      NONE, "",  404, &[".issue.0.diagnostics = *"]),
        ("it is read and not written",              "POST",   "/Patient/_history",                            NONE, NEW, 405, &[]),
    ];
    sentences(&http, &rows);
    // A read makes no entry.
    http.get("/fhir/Patient/p1").expect(200);
    let all = json(http.get("/fhir/_history").expect(200).text());
    assert_eq!(list(&all, "entry").len(), 4);
}
