//! What <https://hl7.org/fhir/R4/http.html> says of the interactions with one record, sentence by sentence.
//!
//! `docs/conformance.md` has the page's sentences with the test that shows each.

use anamnesis_e2e::{Row, sentences};
use anamnesis_testkit::{Http, Options, Server};

const NONE: &[(&str, &str)] = &[];
const IF_7: &[(&str, &str)] = &[("if-match", "W/\"7\"")];
const IF_1: &[(&str, &str)] = &[("if-match", "W/\"1\"")];
const P1: &str =
    r#"{"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:mrn","value":"7"}],"active":true}"#;
const P1_CHANGED: &str =
    r#"{"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:mrn","value":"7"}],"active":false}"#;
const P2: &str = r#"{"resourceType":"Patient","id":"p2","identifier":[{"system":"urn:mrn","value":"7"}]}"#;
const SEVEN: &str = r#"{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"7"}]}"#;
const EIGHT: &str = r#"{"resourceType":"Patient","id":"p8","identifier":[{"system":"urn:mrn","value":"8"}]}"#;
/// What a client claims of versions and instants, with a tag that is its own to give.
const CLAIMS: &str = r#"{"resourceType":"Patient","id":"mine","meta":{"versionId":"99","lastUpdated":"2001-01-01T00:00:00Z","tag":[{"system":"urn:t","code":"c"}]}}"#;
const BY_MRN: &str = "/Patient?identifier=urn:mrn|7";

/// A server with one patient.
fn with_patient() -> (Server, Http) {
    let server = Server::start();
    let http = server.http();
    sentences(&http, &[("", "PUT", "/Patient/p1", NONE, P1, 201, &[])]);
    (server, http)
}

/// <https://hl7.org/fhir/R4/http.html#read>
#[test]
fn read() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 10] = [
     // sentence                                    method    path                            headers body status shows
        ("the id is that of the URL",               "GET",    "/Patient/p1",                  NONE,   "",  200, &[".id = p1", ".resourceType = Patient"]),
        ("an ETag and Last-Modified",               "GET",    "/Patient/p1",                  NONE,   "",  200, &["etag: W/\"1\"", "last-modified: *"]),
        ("unknown is 404",                          "GET",    "/Patient/never",               NONE,   "",  404, &[".issue.0.code = not-found"]),
        ("what cannot be an id is unknown",         "GET",    "/Patient/a_b",                 NONE,   "",  404, &[".issue.0.code = not-found"]),
        ("_summary, and SUBSETTED",                 "GET",    "/Patient/p1?_summary=text",    NONE,   "",  200, &[".meta.tag.0.code = SUBSETTED"]),
        ("_elements, and SUBSETTED",                "GET",    "/Patient/p1?_elements=active", NONE,   "",  200, &[".meta.tag.0.code = SUBSETTED"]),
        ("a part is no base for an update",         "PUT",    "/Patient/p1",                  NONE,   r#"{"resourceType":"Patient","id":"p1","meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]},"active":true}"#, 422, &[".issue.0.expression.0 = Patient.meta.tag"]),
        ("deleted is 410",                          "DELETE", "/Patient/p1",                  NONE,   "",  204, &[]),
        ("deleted is 410, with an ETag",            "GET",    "/Patient/p1",                  NONE,   "",  410, &[".issue.0.code = deleted", "etag: W/\"2\""]),
        ("deleted is 410, with an ETag",            "HEAD",   "/Patient/p1",                  NONE,   "",  410, &["etag: W/\"2\""]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#vread>
#[test]
fn vread() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 9] = [
        ("",                                        "PUT",    "/Patient/p1",             NONE,   P1_CHANGED, 200, &[]),
        ("id and versionId are those of the URL",   "GET",    "/Patient/p1/_history/1",  NONE,   "",  200, &[".id = p1", ".meta.versionId = 1", ".active = true"]),
        ("an ETag and Last-Modified",               "GET",    "/Patient/p1/_history/1",  NONE,   "",  200, &["etag: W/\"1\"", "last-modified: *"]),
        ("the current version too",                 "GET",    "/Patient/p1/_history/2",  NONE,   "",  200, &[".meta.versionId = 2", ".active = false"]),
        ("an unknown version is 404",               "GET",    "/Patient/p1/_history/3",  NONE,   "",  404, &[".issue.0.code = not-found"]),
        ("a version id is opaque",                  "GET",    "/Patient/p1/_history/x",  NONE,   "",  404, &[".issue.0.code = not-found"]),
        ("the version that deleted is 410",         "DELETE", "/Patient/p1",             NONE,   "",  204, &["etag: W/\"3\""]),
        ("the version that deleted is 410",         "GET",    "/Patient/p1/_history/3",  NONE,   "",  410, &[".issue.0.code = deleted"]),
        ("past versions stay",                      "GET",    "/Patient/p1/_history/1",  NONE,   "",  200, &[".active = true"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#update>, <https://hl7.org/fhir/R4/http.html#upsert>,
/// <https://hl7.org/fhir/R4/http.html#rejecting-updates>
#[test]
fn update() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 14] = [
        ("a new current version: 200",              "PUT",    "/Patient/p1",      NONE, P1_CHANGED,                                   200, &["etag: W/\"2\"", "last-modified: *", "location: -", ".meta.versionId = 2"]),
        ("an initial version: 201 and Location",    "PUT",    "/Patient/mine",    NONE, CLAIMS,                                       201, &["etag: W/\"1\"", "last-modified: *", "location: ~/fhir/Patient/mine/_history/1"]),
        ("versionId and lastUpdated are ignored",   "GET",    "/Patient/mine",    NONE, "",                                           200, &[".meta.versionId = 1", ".meta.lastUpdated = ~20", ".meta.tag.0.code = c"]),
        ("lastUpdated is the new correct value",    "GET",    "/Patient/_history?_since=2020-01-01T00:00:00Z&_count=1", NONE, "",     200, &[".entry.0.resource.id = mine"]),
        ("the id must be there: 400",               "PUT",    "/Patient/p1",      NONE, r#"{"resourceType":"Patient"}"#,              400, &[".issue.0.expression.0 = Patient.id"]),
        ("the id must agree: 400",                  "PUT",    "/Patient/p1",      NONE, P2,                                           400, &[".issue.0.expression.0 = Patient.id"]),
        ("the body is a resource of that type",     "PUT",    "/Patient/p1",      NONE, r#"{"resourceType":"Person","id":"p1"}"#,     400, &[".issue.0.expression.0 = resourceType"]),
        ("the body is a resource",                  "PUT",    "/Patient/p1",      NONE, "[]",                                         400, &[]),
        ("what is submitted is read again",         "GET",    "/Patient/p1",      NONE, "",                                           200, &[".active = false", ".identifier.0.value = 7", ".meta.versionId = 2"]),
        ("update as create is declared",            "GET",    "/metadata",        NONE, "",                                           200, &[".rest.0.resource.0.updateCreate = true"]),
        ("an id that is none cannot be created",    "PUT",    "/Patient/a_b",     NONE, r#"{"resourceType":"Patient","id":"a_b"}"#,   400, &[]),
        ("no past version is updated",              "PUT",    "/Patient/p1/_history/1", NONE, P1,                                     405, &[]),
        ("brought back to life: 201",               "DELETE", "/Patient/p1",      NONE, "",                                           204, &[]),
        ("brought back to life: 201",               "PUT",    "/Patient/p1",      NONE, P1,                                           201, &["etag: W/\"4\"", "location: ~/_history/4"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#cond-update>
#[test]
fn conditional_update() {
    let server = Server::start();
    let http = server.http();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 9] = [
        ("no match, no id: created",                "PUT",    BY_MRN,                             NONE, SEVEN, 201, &["location: *"]),
        ("one match, no id: updated",               "PUT",    BY_MRN,                             NONE, SEVEN, 200, &["location: -"]),
        ("one match, another id: 400",              "PUT",    BY_MRN,                             NONE, P2,    400, &[".issue.0.code = value"]),
        ("no match, an id: update as create",       "PUT",    "/Patient?identifier=urn:mrn|8",    NONE, EIGHT, 201, &[".id = p8"]),
        ("one match, that id: updated",             "PUT",    "/Patient?identifier=urn:mrn|8",    NONE, EIGHT, 200, &[".id = p8"]),
        ("",                                        "POST",   "/Patient",                         NONE, SEVEN, 201, &[]),
        ("several match: 412",                      "PUT",    BY_MRN,                             NONE, SEVEN, 412, &[".issue.0.code = multiple-matches"]),
        ("the server's own search",                 "PUT",    "/Patient?dragon=7",                NONE, SEVEN, 400, &[]),
        ("it is declared",                          "GET",    "/metadata",                        NONE, "",    200, &[".rest.0.resource.0.conditionalUpdate = true"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#concurrency>
#[test]
fn concurrency() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 8] = [
        ("an ETag with each resource",              "GET",    "/Patient/p1",  NONE,                        "",         200, &["etag: W/\"1\"", ".meta.versionId = 1"]),
        ("If-Match quotes the ETag",                "PUT",    "/Patient/p1",  IF_1,                        P1_CHANGED, 200, &["etag: W/\"2\""]),
        ("another version is 412",                  "PUT",    "/Patient/p1",  IF_1,                        P1,         412, &[".issue.0.code = conflict"]),
        ("instead of updating",                     "GET",    "/Patient/p1",  NONE,                        "",         200, &["etag: W/\"2\"", ".active = false"]),
        ("If-Match is not demanded",                "PUT",    "/Patient/p1",  NONE,                        P1,         200, &["etag: W/\"3\""]),
        ("what is no ETag is 400",                  "PUT",    "/Patient/p1",  &[("if-match", "\"a\"")],    P1,         400, &[]),
        ("a version of what is not there is 412",   "PUT",    "/Patient/p2",  IF_1,                        P2,         412, &[]),
        ("in a bundle it is the versionId",         "GET",    "/Patient",     NONE,                        "",         200, &["etag: -", ".entry.0.resource.meta.versionId = 3"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#concurrency>, where the setting `fhir.require_if_match` demands it.
#[test]
fn concurrency_demanded() {
    let server = Options::new().arg("--require-if-match").start();
    let http = server.http();
    let off = r#"[{"op":"replace","path":"/active","value":false}]"#;
    const JSON: (&str, &str) = ("content-type", "application/json-patch+json");
    let bundle = |kind: &str, more: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{{"resource":{P1},"request":{{"method":"PUT","url":"Patient/p1"{more}}}}}]}}"#
        )
    };
    let (batch, transaction) = (bundle("batch", ""), bundle("transaction", ""));
    let versioned = bundle("transaction", r#","ifMatch":"W/\"3\"""#);
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 17] = [
        ("what is not there has no version",        "PUT",    "/Patient/p1",  NONE,                            P1,           201, &["etag: W/\"1\""]),
        ("without one, an update is 400",           "PUT",    "/Patient/p1",  NONE,                            P1_CHANGED,   400, &[".issue.0.code = required"]),
        ("instead of updating",                     "GET",    "/Patient/p1",  NONE,                            "",           200, &["etag: W/\"1\""]),
        ("with one it is done",                     "PUT",    "/Patient/p1",  IF_1,                            P1_CHANGED,   200, &["etag: W/\"2\""]),
        ("another version is 412",                  "PUT",    "/Patient/p1",  IF_1,                            P1,           412, &[]),
        ("that it must not be there is said too",   "PUT",    "/Patient/p1",  &[("if-none-match", "*")],       P1,           412, &[]),
        ("without one, a patch is 400",             "PATCH",  "/Patient/p1",  &[JSON],                         off,          400, &[".issue.0.code = required"]),
        ("with one it is done",                     "PATCH",  "/Patient/p1",  &[JSON, ("if-match", "W/\"2\"")], r#"[{"op":"add","path":"/gender","value":"male"}]"#, 200, &["etag: W/\"3\""]),
        ("of an entry of a batch",                  "POST",   "",             NONE,                            &batch,       200, &[".entry.0.response.status = 400 Bad Request"]),
        ("of an entry of a transaction",            "POST",   "",             NONE,                            &transaction, 400, &[".issue.0.expression.0 = Bundle.entry[0].request.ifMatch"]),
        ("with one it is done",                     "POST",   "",             NONE,                            &versioned,   200, &[]),
        ("who names criteria names no version",     "PUT",    BY_MRN,         NONE,                            P1_CHANGED,   200, &["etag: W/\"5\""]),
        ("without one, a deletion is 400",          "DELETE", "/Patient/p1",  NONE,                            "",           400, &[".issue.0.code = required"]),
        ("what is not there has no version",        "DELETE", "/Patient/p9",  NONE,                            "",           204, &[]),
        ("with one it is done",                     "DELETE", "/Patient/p1",  &[("if-match", "W/\"5\"")],      "",           204, &[]),
        ("nor has what is deleted",                 "DELETE", "/Patient/p1",  NONE,                            "",           204, &[]),
        ("nor has what is deleted",                 "PUT",    "/Patient/p1",  NONE,                            P1,           201, &["etag: W/\"7\""]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#patch>
#[test]
fn patch() {
    let (_server, http) = with_patient();
    const JSON: (&str, &str) = ("content-type", "application/json-patch+json");
    let json = [JSON];
    let off = r#"[{"op":"replace","path":"/active","value":false}]"#;
    let paths = r#"{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.active"}]}]}"#;
    let told = |id, status| {
        format!(
            r#"{{"resourceType":"Patient","id":"{id}","text":{{"status":"{status}","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">active</div>"}},"active":true}}"#
        )
    };
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 26] = [
        ("a JSON Patch",                            "PATCH",  "/Patient/p1",                    &json,                                  off,    200, &["etag: W/\"2\"", ".active = false"]),
        ("a FHIRPath Patch",                        "PATCH",  "/Patient/p1",                    NONE,                                   paths,  200, &["etag: W/\"3\"", ".active = -"]),
        ("an XML Patch is not taken",               "PATCH",  "/Patient/p1",                    &[("content-type", "application/xml-patch+xml")], "<diff/>", 415, &["accept-patch: ~application/json-patch+json"]),
        ("a resource is no patch",                  "PATCH",  "/Patient/p1",                    NONE,                                   P1,     400, &[]),
        ("the relevant specification is followed",  "PATCH",  "/Patient/p1",                    &json,                                  r#"[{"op":"test","path":"/active","value":true}]"#, 422, &[]),
        ("what comes of it is an update: checked",  "PATCH",  "/Patient/p1",                    &json,                                  r#"[{"op":"add","path":"/gender","value":"mauve"}]"#, 422, &[".issue.0.expression.0 = Patient.gender"]),
        ("what comes of it is an update: the id",   "PATCH",  "/Patient/p1",                    &json,                                  r#"[{"op":"replace","path":"/id","value":"p2"}]"#, 422, &[]),
        ("nothing of a no is kept",                 "GET",    "/Patient/p1",                    NONE,                                   "",     200, &["etag: W/\"3\"", ".gender = -"]),
        ("Prefer applies",                          "PATCH",  "/Patient/p1",                    &[JSON, ("prefer", "return=minimal")],  r#"[{"op":"add","path":"/active","value":true}]"#, 200, &[". = -", "etag: W/\"4\""]),
        ("version aware",                           "PATCH",  "/Patient/p1",                    &[JSON, ("if-match", "W/\"4\"")],       off,    200, &["etag: W/\"5\""]),
        ("version aware: another version is 412",   "PATCH",  "/Patient/p1",                    &[JSON, ("if-match", "W/\"4\"")],       off,    412, &[]),
        ("only what is there",                      "PATCH",  "/Patient/never",                 &json,                                  off,    404, &[]),
        ("conditional, one match: updated",         "PATCH",  BY_MRN,                           &json,                                  r#"[{"op":"replace","path":"/active","value":true}]"#, 200, &[".id = p1", "etag: W/\"6\""]),
        ("conditional, no match: 404",              "PATCH",  "/Patient?identifier=urn:mrn|9",  &json,                                  off,    404, &[]),
        ("",                                        "PUT",    "/Patient/p2",                    NONE,                                   P2,     201, &[]),
        ("conditional, several match: 412",         "PATCH",  BY_MRN,                           &json,                                  off,    412, &[".issue.0.code = multiple-matches"]),
        ("the formats are declared",                "GET",    "/metadata",                      NONE,                                   "",     200, &[".patchFormat.0 = application/json-patch+json"]),
        ("a FHIRPath Patch in a transaction",       "POST",   "",                               NONE,                                   &format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"request":{{"method":"PATCH","url":"Patient/p1"}},"resource":{paths}}}]}}"#), 200, &[".entry.0.response.status = 200 OK"]),
        ("a FHIRPath Patch in a batch",             "POST",   "",                               NONE,                                   &format!(r#"{{"resourceType":"Bundle","type":"batch","entry":[{{"request":{{"method":"PATCH","url":"Patient/never"}},"resource":{paths}}}]}}"#), 200, &[".entry.0.response.status = 404 Not Found"]),
        ("",                                        "PUT",    "/Patient/n",                     NONE,                                   &told("n", "generated"), 201, &[]),
        ("a narrative it made stale is not kept",   "PATCH",  "/Patient/n",                     &json,                                  off,    200, &[".active = false", ".text = -"]),
        ("",                                        "PUT",    "/Patient/m",                     NONE,                                   &told("m", "additional"), 201, &[]),
        ("nor one that its author added to",        "PATCH",  "/Patient/m",                     &json,                                  off,    422, &[".issue.0.code = business-rule", ".issue.0.expression.0 = Patient.text"]),
        ("",                                        "DELETE", "/Patient/p1",                    NONE,                                   "",     204, &[]),
        ("what was deleted is not patched",         "PATCH",  "/Patient/p1",                    &json,                                  off,    410, &[]),
        ("nor made by a patch",                     "GET",    "/Patient/p1",                    NONE,                                   "",     410, &[]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#delete>
#[test]
fn delete() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 15] = [
        ("another version is not deleted",          "DELETE", "/Patient/p1",                IF_7,      "", 412, &[]),
        ("204 without a payload, with an ETag",     "DELETE", "/Patient/p1",                NONE,      "", 204, &[". = -", "etag: W/\"2\""]),
        ("reads then return 410",                   "GET",    "/Patient/p1",                NONE,      "", 410, &[]),
        ("searches then do not find it",            "GET",    BY_MRN,                       NONE,      "", 200, &[".total = 0"]),
        ("what is deleted already: no effect",      "DELETE", "/Patient/p1",                NONE,      "", 204, &[". = -"]),
        ("what does not exist at all: 204",         "DELETE", "/Patient/never",             NONE,      "", 204, &[]),
        ("its history stays, with the deletion",    "GET",    "/Patient/p1/_history",       NONE,      "", 200, &[".total = 2", ".entry.0.request.method = DELETE", ".entry.0.resource = -", ".entry.1.resource.id = p1"]),
        ("no past version is deleted",              "DELETE", "/Patient/p1/_history/1",     NONE,      "", 405, &[]),
        ("of no type of FHIR",                      "DELETE", "/Dragon/p1",                 NONE,      "", 404, &[]),
        ("brought back to life by a PUT",           "PUT",    "/Patient/p1",                NONE,      P1, 201, &["etag: W/\"3\""]),
        ("brought back to life by a PUT",           "GET",    BY_MRN,                       NONE,      "", 200, &[".total = 1"]),
        ("what refers to it does not keep it",      "PUT",    "/Flag/f1",                   NONE,      r#"{"resourceType":"Flag","id":"f1","status":"active","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}"#, 201, &[]),
        ("what refers to it does not keep it",      "DELETE", "/Patient/p1",                NONE,      "", 204, &[]),
        ("what refers to it stays",                 "GET",    "/Flag/f1",                   NONE,      "", 200, &[".subject.reference = Patient/p1"]),
        ("Accept is heard on a DELETE too",         "DELETE", "/Flag/f1",                   &[("accept", "application/fhir+xml")], "", 406, &[]),
    ];
    sentences(&http, &rows);
}

/// "The request body SHALL be empty": what is sent all the same means nothing. <https://hl7.org/fhir/R4/http.html#delete>
#[test]
fn delete_with_a_body() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 4] = [
        ("",                                        "PUT",    "/Patient/p2",  NONE,  P2,                201, &[]),
        ("a body is passed over",                   "DELETE", "/Patient/p1",  NONE,  P2,                204, &["etag: W/\"2\""]),
        ("a body is passed over",                   "GET",    "/Patient/p2",  NONE,  "",                200, &["etag: W/\"1\""]),
        ("whatever it is",                          "DELETE", "/Patient/p2",  &[("content-type", "text/plain")], "x", 204, &["etag: W/\"2\""]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#3.1.0.7.1>
#[test]
fn conditional_delete() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 9] = [
        ("no match: an ordinary delete",            "DELETE", "/Patient?identifier=urn:mrn|9",   NONE, "",    204, &[]),
        ("one match, as the page writes its URL",   "DELETE", "/Patient/?identifier=urn:mrn|7",  NONE, "",    204, &["etag: W/\"2\""]),
        ("one match",                               "GET",    "/Patient/p1",                     NONE, "",    410, &[]),
        ("",                                        "PUT",    "/Patient/p1",                     NONE, P1,    201, &[]),
        ("",                                        "PUT",    "/Patient/p2",                     NONE, P2,    201, &[]),
        ("several match: 412 unless it is set",     "DELETE", BY_MRN,                            NONE, "",    412, &[".issue.0.code = multiple-matches"]),
        ("criteria must be understood",             "DELETE", "/Patient?dragon=7",               NONE, "",    400, &[]),
        ("criteria must be there",                  "DELETE", "/Patient",                        NONE, "",    400, &[]),
        ("how many is declared",                    "GET",    "/metadata",                       NONE, "",    200, &[".rest.0.resource.0.conditionalDelete = single"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#create>
#[test]
fn create() {
    let server = Server::start();
    let http = server.http();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 10] = [
        ("201 and a Location with id and version",  "POST",   "/Patient",          NONE, SEVEN,                                      201, &["location: ~/fhir/Patient/", "location: ~/_history/1"]),
        ("an ETag and Last-Modified",               "POST",   "/Patient",          NONE, SEVEN,                                      201, &["etag: W/\"1\"", "last-modified: *"]),
        ("an id is ignored",                        "POST",   "/Patient",          NONE, CLAIMS,                                     201, &[".id = ~-", ".meta.versionId = 1"]),
        ("an id is ignored",                        "GET",    "/Patient/mine",     NONE, "",                                         404, &[]),
        ("versionId and lastUpdated are ignored",   "GET",    "/Patient?_tag=urn:t|c", NONE, "",                                     200, &[".entry.0.resource.meta.versionId = 1", ".entry.0.resource.meta.tag.0.code = c"]),
        ("the body is a FHIR resource",             "POST",   "/Patient",          NONE, "{}",                                       400, &[]),
        ("incorrect or invalid: 400",               "POST",   "/Patient",          NONE, r#"{"resourceType":"Patient","colour":1}"#, 400, &[".issue.0.expression.0 = Patient.colour"]),
        ("of another type: 400",                    "POST",   "/Patient",          NONE, r#"{"resourceType":"Person"}"#,             400, &[]),
        ("type not supported: 404",                 "POST",   "/Dragon",           NONE, r#"{"resourceType":"Dragon"}"#,             404, &[]),
        ("nothing of a no is kept",                 "GET",    "/Patient?_summary=count", NONE, "",                                   200, &[".total = 3"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#ccreate>
#[test]
fn conditional_create() {
    let server = Server::start();
    let http = server.http();
    let unless = [("if-none-exist", "identifier=urn:mrn|7")];
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 8] = [
        ("no match: created",                       "POST",   "/Patient",          &unless,                          SEVEN, 201, &["location: *"]),
        ("one match: ignored, 200",                 "POST",   "/Patient",          &unless,                          SEVEN, 200, &["etag: W/\"1\""]),
        ("one match: ignored, 200",                 "GET",    BY_MRN,              NONE,                             "",    200, &[".total = 1"]),
        ("",                                        "POST",   "/Patient",          NONE,                             SEVEN, 201, &[]),
        ("several match: 412",                      "POST",   "/Patient",          &unless,                          SEVEN, 412, &[".issue.0.code = multiple-matches"]),
        ("what stands behind the ? alone",          "POST",   "/Patient",          &[("if-none-exist", "dragon=7")], SEVEN, 400, &[]),
        ("criteria must be there",                  "POST",   "/Patient",          &[("if-none-exist", "")],         SEVEN, 400, &[]),
        ("it is declared",                          "GET",    "/metadata",         NONE,                             "",    200, &[".rest.0.resource.0.conditionalCreate = true"]),
    ];
    sentences(&http, &rows);
}
