//! What <https://hl7.org/fhir/R4/http.html#general> says of every interaction, sentence by sentence.
//!
//! `docs/conformance.md` has the page's sentences with the test that shows each.

use anamnesis_e2e::{Row, sentences};
use anamnesis_testkit::{Http, Server};

const P1: &str =
    r#"{"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:mrn","value":"é"}],"active":true}"#;
const NEW: &str = r#"{"resourceType":"Patient"}"#;
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const NONE: &[(&str, &str)] = &[];

/// A server with one patient.
fn with_patient() -> (Server, Http) {
    let server = Server::start();
    let http = server.http();
    sentences(&http, &[("", "PUT", "/Patient/p1", NONE, P1, 201, &[])]);
    (server, http)
}

/// <https://hl7.org/fhir/R4/http.html#root>
#[test]
fn service_base_url() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 21] = [
     // sentence                                    method    path                                headers   body   status shows
        ("both forms, with a slash and without",    "GET",    "/Patient",                         NONE,     "",    200, &[".total = 1"]),
        ("both forms, with a slash and without",    "GET",    "/Patient/",                        NONE,     "",    200, &[".total = 1"]),
        ("no redirect to a canonical query URL",    "GET",    "/Patient/?_id=p1",                 NONE,     "",    200, &[".total = 1", "location: -"]),
        ("both forms, with a slash and without",    "GET",    "/Patient/p1/",                     NONE,     "",    200, &[".id = p1"]),
        ("both forms, with a slash and without",    "GET",    "/Patient/p1/_history/1/",          NONE,     "",    200, &[".id = p1"]),
        ("both forms, with a slash and without",    "GET",    "/metadata/",                       NONE,     "",    200, &[".resourceType = CapabilityStatement"]),
        ("both forms, with a slash and without",    "POST",   "/Patient/",                        NONE,     NEW,   201, &["location: *"]),
        ("both forms, with a slash and without",    "POST",   "/Patient/_search/",                &[FORM],  "_id=p1", 200, &[".total = 1"]),
        ("both forms, with a slash and without",    "PUT",    "/Patient/p1/",                     NONE,     P1,    200, &["etag: W/\"1\""]),
        ("both forms, with a slash and without",    "POST",   "",                                 NONE,     r#"{"resourceType":"Bundle","type":"batch"}"#, 200, &[".type = batch-response"]),
        ("both forms, with a slash and without",    "POST",   "/",                                NONE,     r#"{"resourceType":"Bundle","type":"batch"}"#, 200, &[".type = batch-response"]),
        ("both forms, with a slash and without",    "GET",    "/Patient/p1/$everything/",         NONE,     "",    200, &[".type = searchset"]),
        ("both forms, with a slash and without",    "GET",    "/Patient/p1/$validate/",           NONE,     "",    200, &[".resourceType = OperationOutcome"]),
        ("a slash is no id",                        "GET",    "/Patient//",                       NONE,     "",    404, &[]),
        ("both forms refuse alike",                 "PUT",    "/",                                NONE,     NEW,   405, &["allow: ~POST"]),
        ("both forms refuse alike",                 "PUT",    "",                                 NONE,     NEW,   405, &["allow: ~POST"]),
        ("URLs are case sensitive",                 "GET",    "/patient/p1",                      NONE,     "",    404, &[]),
        ("ids in URLs are case sensitive",          "GET",    "/Patient/P1",                      NONE,     "",    404, &[]),
        ("URLs are decoded as UTF-8",               "GET",    "/Patient?identifier=urn:mrn|%C3%A9", NONE,   "",    200, &[".total = 1"]),
        ("what is no UTF-8 is refused",             "GET",    "/Patient?identifier=urn:mrn|%E9",  NONE,     "",    400, &[]),
        ("the resource manager of a type",          "GET",    "/Dragon",                          NONE,     "",    404, &[]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#versioning>, <https://hl7.org/fhir/R4/http.html#versions>
#[test]
fn metadata_in_headers() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 5] = [
        ("the version is a weak ETag in quotes",    "GET",    "/Patient/p1",             NONE, "", 200, &["etag: W/\"1\"", ".meta.versionId = 1"]),
        ("Last-Modified is meta.lastUpdated",       "GET",    "/Patient/p1",             NONE, "", 200, &["last-modified: ~ GMT", ".meta.lastUpdated = *"]),
        ("the id is in the URL",                    "GET",    "/Patient/p1",             NONE, "", 200, &[".id = p1", "content-location: ~/Patient/p1/_history/1"]),
        ("versioning is declared",                  "GET",    "/metadata",               NONE, "", 200, &[".rest.0.resource.0.versioning = versioned-update", ".rest.0.resource.0.readHistory = true"]),
        ("many have no ETag",                       "GET",    "/Patient",                NONE, "", 200, &["etag: -", ".entry.0.resource.meta.versionId = 1"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#Status-Codes>: a no is an OperationOutcome, which [`sentences`] looks for.
#[test]
fn status_codes() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 10] = [
        ("400: could not be parsed",                "POST",   "/Patient",          NONE, "{",                                             400, &[".issue.0.code = structure"]),
        ("400: basic validation rules",             "POST",   "/Patient",          NONE, r#"{"resourceType":"Patient","gender":7}"#,      400, &[".issue.0.expression.0 = Patient.gender"]),
        ("404: type not supported",                 "POST",   "/Dragon",           NONE, NEW,                                             404, &[".issue.0.code = not-supported"]),
        ("404: not a FHIR end-point",               "GET",    "/Patient/p1/x",     NONE, "",                                              404, &[".issue.0.code = not-supported"]),
        ("404: unknown",                            "GET",    "/Patient/never",    NONE, "",                                              404, &[".issue.0.code = not-found"]),
        ("405: a method the URL does not take",     "POST",   "/Patient/p1",       NONE, NEW,                                             405, &["allow: ~PUT"]),
        ("409, 412: version conflict",              "PUT",    "/Patient/p1",       &[("if-match", "W/\"7\"")], P1,                        412, &[".issue.0.code = conflict"]),
        ("422: business rules",                     "POST",   "/Provenance",       NONE, r#"{"resourceType":"Provenance","target":[{"reference":"Patient/p1"}],"recorded":"2026-03-01T00:00:00Z","agent":[{"who":{"display":"x"}}],"id":"log-1"}"#, 201, &[]),
        ("422: business rules",                     "PUT",    "/Provenance/log-1", NONE, r#"{"resourceType":"Provenance","target":[{"reference":"Patient/p1"}],"recorded":"2026-03-01T00:00:00Z","agent":[{"who":{"display":"x"}}],"id":"log-1"}"#, 422, &[".issue.0.code = business-rule"]),
        ("the address is not repeated",             "GET",    "/Patient?birthdate=Vandersecret", NONE, "",                                400, &[".issue.0.diagnostics = *"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#return>, <https://hl7.org/fhir/R4/http.html#prefer>
#[test]
fn return_content() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 9] = [
        ("answers carry a Date",                    "GET",    "/Patient/p1",  NONE,                                        "",   200, &["date: ~ GMT"]),
        ("minimal: no body",                        "POST",   "/Patient",     &[("prefer", "return=minimal")],             NEW,  201, &[". = -", "content-type: -", "location: *"]),
        ("representation: the full resource",       "POST",   "/Patient",     &[("prefer", "return=representation")],      NEW,  201, &[".resourceType = Patient"]),
        ("OperationOutcome: hints, not errors",     "POST",   "/Patient",     &[("prefer", "return=OperationOutcome")],    NEW,  201, &[".resourceType = OperationOutcome", ".issue.0.severity = information"]),
        ("no outcome that was not asked for",       "POST",   "/Patient",     NONE,                                        NEW,  201, &[".resourceType = Patient"]),
        ("what is not known is passed over",        "POST",   "/Patient",     &[("prefer", "return=everything")],          NEW,  201, &[".resourceType = Patient"]),
        ("asynchronous use is not offered",         "GET",    "/Patient",     &[("prefer", "respond-async")],              "",   200, &[".type = searchset", "content-location: -"]),
        ("a failure always says why",               "POST",   "/Patient",     &[("prefer", "return=minimal")],             "{}", 400, &[".issue.0.diagnostics = *"]),
        ("a failure always says why",               "PUT",    "/Patient/p1",  &[("prefer", "return=minimal"), ("if-match", "W/\"7\"")], P1, 412, &[".issue.0.diagnostics = *"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#mime-type>
#[test]
fn content_types() {
    let (_server, http) = with_patient();
    let accept = |media| [("accept", media)];
    let sends = |media| [("content-type", media)];
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 16] = [
        ("the formal type, in UTF-8",               "GET",    "/Patient/p1",          NONE,                                           "",       200, &["content-type: application/fhir+json; charset=utf-8"]),
        ("a generic type is answered as such",      "GET",    "/Patient/p1",          &accept("application/json"),                    "",       200, &["content-type: application/json; charset=utf-8"]),
        ("a generic type is answered as such",      "GET",    "/Patient/never",       &accept("text/json"),                           "",       404, &["content-type: text/json; charset=utf-8"]),
        ("the better name wins",                    "GET",    "/Patient/p1",          &accept("application/json, application/fhir+json"), "",   200, &["content-type: application/fhir+json; charset=utf-8"]),
        ("negotiation is the server's",             "GET",    "/Patient/p1",          &accept("application/fhir+xml, */*;q=0.1"),     "",       200, &["content-type: application/fhir+json; charset=utf-8"]),
        ("406: a format that is not spoken",        "GET",    "/Patient/p1",          &accept("application/fhir+xml"),                "",       406, &[]),
        ("406: a format that is not spoken",        "GET",    "/Patient/p1",          &accept("application/fhir+turtle"),             "",       406, &[]),
        ("406 comes before anything is written",    "POST",   "/Patient?_format=xml", NONE,                                           NEW,      406, &["location: -"]),
        ("415: a format that is not taken",         "POST",   "/Patient",             &sends("application/fhir+xml"),                 "<x/>",   415, &[]),
        ("older types are not the formal ones",     "POST",   "/Patient",             &sends("application/json+fhir"),                NEW,      415, &[]),
        ("a generic type is taken",                 "POST",   "/Patient",             &sends("application/json"),                     NEW,      201, &[]),
        ("UTF-8 may be said",                       "POST",   "/Patient",             &sends("application/fhir+json; charset=utf-8"), NEW,      201, &[]),
        ("UTF-8 alone",                             "POST",   "/Patient",             &sends("application/fhir+json; charset=utf-16"), NEW,     415, &[]),
        ("a form is taken for searches",            "POST",   "/Patient/_search",     &[FORM],                                        "_id=p1", 200, &[".total = 1"]),
        ("a form is taken for searches alone",      "POST",   "/Patient",             &[FORM],                                        "_id=p1", 415, &[]),
        ("nothing of a no was written",             "GET",    "/Patient?_summary=count", NONE,                                        "",       200, &[".total = 3"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#version-parameter>
#[test]
fn fhir_version_parameter() {
    let (_server, http) = with_patient();
    let (r4, r3) = ("application/fhir+json; fhirVersion=4.0", "application/fhir+json; fhirVersion=3.0");
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 8] = [
        ("it may stand on Accept",                  "GET",    "/Patient/p1",                             &[("accept", r4)],                        "",  200, &["content-type: application/fhir+json; charset=utf-8"]),
        ("it may stand on Content-Type",            "POST",   "/Patient",                                &[("content-type", r4)],                  NEW, 201, &[]),
        ("it may stand on both",                    "POST",   "/Patient",                                &[("content-type", r4), ("accept", r4)],  NEW, 201, &[]),
        ("two versions are an error",               "POST",   "/Patient",                                &[("content-type", r3), ("accept", r4)],  NEW, 415, &[]),
        ("two versions are an error",               "POST",   "/Patient",                                &[("content-type", r4), ("accept", r3)],  NEW, 406, &[]),
        ("another version is not spoken",           "GET",    "/Patient/p1",                             &[("accept", r3)],                        "",  406, &[]),
        ("it may stand wherever the type does",     "GET",    "/Patient/p1?_format=application/fhir%2Bjson;fhirVersion=1.0", NONE,                 "",  406, &[]),
        ("capabilities checks it",                  "GET",    "/metadata",                               &[("accept", r3)],                        "",  406, &[]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#parameters>
#[test]
fn general_parameters() {
    let (_server, http) = with_patient();
    let xml = [("accept", "application/fhir+xml")];
    let json = "content-type: application/fhir+json; charset=utf-8";
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 15] = [
        ("_format overrides Accept",                "GET",    "/Patient/p1?_format=json",                        &xml,  "",  200, &[json]),
        ("these codes are JSON",                    "GET",    "/Patient/p1?_format=application/json",            &xml,  "",  200, &["content-type: application/json; charset=utf-8"]),
        ("these codes are JSON",                    "GET",    "/Patient/p1?_format=application/fhir%2Bjson",     &xml,  "",  200, &[json]),
        ("these codes are XML",                     "GET",    "/Patient/p1?_format=xml",                         NONE,  "",  406, &[]),
        ("these codes are XML",                     "GET",    "/Patient/p1?_format=text/xml",                    NONE,  "",  406, &[]),
        ("these codes are XML",                     "GET",    "/Patient/p1?_format=application/xml",             NONE,  "",  406, &[]),
        ("these codes are XML",                     "GET",    "/Patient/p1?_format=application/fhir%2Bxml",      NONE,  "",  406, &[]),
        ("these codes are Turtle",                  "GET",    "/Patient/p1?_format=ttl",                         NONE,  "",  406, &[]),
        ("these codes are Turtle",                  "GET",    "/Patient/p1?_format=text/turtle",                 NONE,  "",  406, &[]),
        ("_format is not about what is sent",       "POST",   "/Patient?_format=json",                           &[("content-type", "application/fhir+xml")], "<x/>", 415, &[]),
        ("_pretty is true or false",                "GET",    "/Patient/p1?_pretty=true",                        NONE,  "",  200, &[". = ~\n"]),
        ("_pretty is true or false",                "GET",    "/Patient/p1?_pretty=false",                       NONE,  "",  200, &[". = ~{\"resourceType\""]),
        ("_summary: a short form",                  "GET",    "/Patient/p1?_summary=text",                       NONE,  "",  200, &[".active = -", ".meta.tag.0.code = SUBSETTED"]),
        ("_elements: some elements",                "GET",    "/Patient/p1?_elements=active",                    NONE,  "",  200, &[".active = true", ".identifier = -", ".meta.tag.0.code = SUBSETTED"]),
        ("_summary: no other form",                 "GET",    "/Patient/p1?_summary=some",                       NONE,  "",  400, &[]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#cread>
#[test]
fn conditional_read() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 5] = [
        ("304 by If-None-Match",                    "GET",    "/Patient/p1",     &[("if-none-match", "W/\"1\"")],                            "", 304, &[". = -", "etag: W/\"1\""]),
        ("full content when it has changed",        "GET",    "/Patient/p1",     &[("if-none-match", "W/\"9\"")],                            "", 200, &[".id = p1"]),
        ("304 by If-Modified-Since",                "GET",    "/Patient/p1",     &[("if-modified-since", "Sat, 31 Dec 2196 00:00:00 GMT")],  "", 304, &[". = -"]),
        ("full content when it has changed",        "GET",    "/Patient/p1",     &[("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")],  "", 200, &[".id = p1"]),
        ("what is not there is not unchanged",      "GET",    "/Patient/never",  &[("if-none-match", "W/\"1\"")],                            "", 404, &[]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#head>
#[test]
fn head() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 7] = [
        ("a HEAD wherever a GET",                   "HEAD",   "/Patient/p1",             NONE, "", 200, &[". = -", "etag: W/\"1\"", "content-type: *"]),
        ("a HEAD wherever a GET",                   "HEAD",   "/Patient/p1/_history/1",  NONE, "", 200, &[". = -", "etag: W/\"1\""]),
        ("a HEAD wherever a GET",                   "HEAD",   "/Patient?_id=p1",         NONE, "", 200, &[". = -"]),
        ("a HEAD wherever a GET",                   "HEAD",   "/_history",               NONE, "", 200, &[". = -"]),
        ("a HEAD wherever a GET",                   "HEAD",   "/metadata",               NONE, "", 200, &[". = -", "etag: *"]),
        ("the same answer as a GET",                "HEAD",   "/Patient/never",          NONE, "", 404, &[". = -"]),
        ("no HEAD where no GET",                    "HEAD",   "/Patient/_search",        NONE, "", 405, &["allow: POST"]),
    ];
    sentences(&http, &rows);
}

/// <https://hl7.org/fhir/R4/http.html#custom>
#[test]
fn custom_headers() {
    let (_server, http) = with_patient();
    #[rustfmt::skip] // A table reads by column.
    let rows: [Row<'_>; 5] = [
        ("the client's id comes back",              "POST",   "/Patient",     &[("x-request-id", "r-1")],                    NEW, 201, &["x-request-id: r-1", "x-correlation-id: -"]),
        ("the client's id comes back",              "GET",    "/Patient/p1",  &[("x-request-id", "r-2")],                    "",  200, &["x-request-id: r-2"]),
        ("one of ours is told with the client's",   "POST",   "/Patient",     &[("x-request-id", "a b")],                    NEW, 201, &["x-request-id: ~-", "x-correlation-id: a b"]),
        ("a write always has an id",                "POST",   "/Patient",     NONE,                                          NEW, 201, &["x-request-id: ~-", "x-correlation-id: -"]),
        ("X-Intermediary is used for nothing",      "GET",    "/Patient/p1",  &[("x-intermediary", "engine.example.org")],   "",  200, &["x-intermediary: -", ".id = p1"]),
    ];
    sentences(&http, &rows);
}
