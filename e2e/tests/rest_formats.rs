//! In which form answers come, each test a part of <https://hl7.org/fhir/R4/http.html>.

use std::io::{Read, Write};

use anamnesis_e2e::{at, int, json, links, list, str, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, Reply, Server};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

const FHIR: (&str, &str) = ("content-type", "application/fhir+json");
const PATIENT: &str = concat!(
    r#"{"resourceType":"Patient","id":"p1","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">A</div>"},"#,
    r#""active":true,"name":[{"family":"Peeters"}],"birthDate":"1970-02-03","contact":[{"name":{"text":"Nele"}}]}"#
);
const OBSERVATION: &str = concat!(
    r#"{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"k"},"subject":{"reference":"Patient/p1"},"#,
    r#""valueQuantity":{"value":1.50},"note":[{"text":"n"}]}"#
);

/// A server with a patient at version 2 and an observation of theirs.
fn with_records() -> (Server, Http) {
    let server = Server::start();
    let http = server.http();
    put(&http, "/fhir/Patient/p1", r#"{"resourceType":"Patient","id":"p1","active":false}"#).expect(201);
    put(&http, "/fhir/Patient/p1", PATIENT).expect(200);
    put(&http, "/fhir/Observation/o1", OBSERVATION).expect(201);
    (server, http)
}

fn put(http: &Http, path: &str, body: &str) -> Reply {
    http.send("PUT", path, &[FHIR], Some(body.as_bytes().to_vec()))
}

/// The code of an answer's first issue, which must be an OperationOutcome's.
#[track_caller]
fn issue(reply: Reply, status: u16) -> String {
    let outcome = reply.expect(status).json();
    assert_eq!(str(&outcome, "resourceType"), "OperationOutcome");
    str(&outcome, "issue.0.code").to_owned()
}

fn keys(resource: &Value) -> String {
    resource.as_object().map(|object| object.keys().skip(1).collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

fn is_part(resource: &Value) -> bool {
    list(resource, "meta.tag").iter().any(|tag| {
        str(tag, "code") == "SUBSETTED"
            && str(tag, "system") == "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
    })
}

/// <https://hl7.org/fhir/R4/http.html#summary>: the same part of a record wherever it is read.
#[test]
fn a_part_is_shown_wherever_a_record_is() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("_summary=true",             "id meta active name birthDate"),
        ("_summary=text",             "id meta text"),
        ("_summary=data",             "id meta active name birthDate contact"),
        ("_elements=name,birthDate",  "id meta name birthDate"),
        ("_elements=dragon",          "id meta"),
        ("_summary=false",            "id meta active text name birthDate contact"),
    ];
    for (query, expected) in cases {
        #[rustfmt::skip] // A table reads by column.
        let places = [
            (format!("/fhir/Patient/p1?{query}"),                        ""),
            (format!("/fhir/Patient/p1/_history/2?{query}"),             ""),
            (format!("/fhir/Patient?_id=p1&{query}"),                    "entry.0.resource"),
            (format!("/fhir/Patient/p1/_history?{query}"),               "entry.0.resource"),
            (format!("/fhir/Patient/p1/$everything?_count=1&{query}"),   "entry.0.resource"),
        ];
        for (path, place) in places {
            let answer = http.get(&path).expect(200).json();
            let mut shown = if place.is_empty() { answer.clone() } else { at(&answer, place).clone() };
            if str(&shown, "resourceType") == "Observation" {
                shown = at(&http.get(&path.replace("_count=1&", "")).expect(200).json(), "entry.1.resource")
                    .clone();
            }
            assert_eq!(keys(&shown), expected, "{path}");
            assert_eq!(is_part(&shown), query != "_summary=false", "{path}");
            assert!(["1", "2"].contains(&str(&shown, "meta.versionId")));
        }
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let found = http.send("POST", "/fhir/Patient/_search", &form, Some(b"_id=p1&_elements=name".to_vec()));
    assert_eq!(keys(at(&found.expect(200).json(), "entry.0.resource")), "id meta name");
}

/// <https://hl7.org/fhir/R4/search.html#elements>: what must be there is, whether or not it is named.
#[test]
fn a_part_keeps_what_must_be_there() {
    let (_server, http) = with_records();
    let read = http.get("/fhir/Observation/o1?_elements=value").expect(200);
    assert_eq!(keys(&read.json()), "id meta status code valueQuantity");
    assert!(read.text().contains("1.50"), "decimals keep their text");
    assert_eq!(
        keys(&http.get("/fhir/Observation/o1?_summary=text").expect(200).json()),
        "id meta status code"
    );
    let refused = [
        "/fhir/Patient/p1?_summary=long",
        "/fhir/Patient/p1?_summary=true&_elements=name",
        "/fhir/Patient/p1?_summary=count",
        "/fhir/Patient?_summary=long",
    ];
    for path in refused {
        assert_eq!(issue(http.get(path), 400), "value", "{path}");
    }
}

/// <https://hl7.org/fhir/R4/search.html#summary>: `count` gives the number alone, and pages go on as they began.
#[test]
fn counts_and_pages_of_parts() {
    let (_server, http) = with_records();
    for path in ["/fhir/Patient?_summary=count", "/fhir/Patient/p1/_history?_summary=count"] {
        let answer = http.get(path).expect(200).json();
        assert!(int(&answer, "total") >= 1 && list(&answer, "entry").is_empty(), "{path}");
    }
    for path in [
        "/fhir/Patient/p1/_history?_count=1&_elements=active",
        "/fhir/Patient/p1/$everything?_count=1&_elements=active",
    ] {
        let first = http.get(path).expect(200).json();
        let next = links(&first, "next").unwrap();
        assert!(next.contains("_elements=active"), "{next}");
        let next = next.split("/fhir/").nth(1).map(|rest| format!("/fhir/{rest}")).unwrap();
        assert!(is_part(at(&http.get(&next).expect(200).json(), "entry.0.resource")), "{next}");
    }
}

/// <https://hl7.org/fhir/R4/search.html#summary>: a part is marked, so that it never overwrites the whole.
#[test]
fn a_part_does_not_come_back_as_the_whole() {
    let (_server, http) = with_records();
    let part = http.get("/fhir/Patient/p1?_elements=name").expect(200).text();
    assert_eq!(issue(put(&http, "/fhir/Patient/p1", &part), 422), "business-rule");
    let entry = format!(r#"{{"request":{{"method":"PUT","url":"Patient/p1"}},"resource":{part}}}"#);
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entry}]}}"#);
    let refused = http.post("/fhir", &json(bundle)).expect(400).json();
    assert_eq!(str(&refused, "issue.0.expression.0"), "Bundle.entry[0].resource.meta.tag");
    assert_eq!(http.get("/fhir/Patient/p1").expect(200).header("etag"), Some("W/\"2\""));
}

/// <https://hl7.org/fhir/R4/http.html#pretty>
#[test]
fn answers_for_people_have_lines() {
    let (_server, http) = with_records();
    for path in [
        "/fhir/Patient/p1",
        "/fhir/Patient",
        "/fhir/metadata",
        "/fhir/Patient/never",
        "/fhir/Patient/p1/_history",
    ] {
        let pretty = http.get(&format!("{path}?_pretty=true"));
        assert!(pretty.text().starts_with("{\n  \"resourceType\": "), "{path}");
        let plain = http.get(&format!("{path}?_pretty=false"));
        assert!(plain.text().starts_with("{\"resourceType\":"), "{path}");
        if path == "/fhir/Patient/p1" {
            assert_eq!(text(&pretty.json()), plain.text());
        }
    }
    let made = http.send(
        "POST",
        "/fhir/Patient?_pretty=true",
        &[FHIR],
        Some(br#"{"resourceType":"Patient"}"#.to_vec()),
    );
    assert!(made.expect(201).text().starts_with("{\n"));
    assert!(
        http.send("POST", "/fhir?_pretty=true", &[FHIR], Some(b"{}".to_vec()))
            .expect(400)
            .text()
            .starts_with("{\n")
    );
}

/// <https://hl7.org/fhir/R4/http.html#mime-type>: JSON in UTF-8 alone, by header or by `_format`, which wins.
#[test]
fn json_alone_is_spoken() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("application/fhir+json",              "",                                200),
        ("application/json",                   "",                                200),
        ("*/*",                                "",                                200),
        ("application/fhir+xml",               "",                                406),
        ("text/turtle",                        "",                                406),
        ("application/fhir+xml, application/fhir+json;q=0.1", "",                 200),
        ("text/html",                          "?_format=json",                   200),
        ("text/html",                          "?_format=application/fhir%2Bjson", 200),
        ("application/fhir+json",              "?_format=xml",                    406),
        ("application/fhir+json",              "?_format=ttl",                    406),
    ];
    for (accept, query, status) in cases {
        let reply = http.send("GET", &format!("/fhir/Patient/p1{query}"), &[("accept", accept)], None);
        assert_eq!(reply.status, status, "{accept} {query}");
        let named = if accept == "application/json" { accept } else { "application/fhir+json" };
        assert_eq!(reply.header("content-type"), Some(&*format!("{named}; charset=utf-8")));
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    issue(http.send("POST", "/fhir/Patient/_search", &form, Some(b"_format=xml".to_vec())), 406);
    for sent in ["application/fhir+xml", "text/plain", "application/fhir+json; charset=utf-16"] {
        issue(http.send("POST", "/fhir/Patient", &[("content-type", sent)], Some(PATIENT.into())), 415);
    }
}

/// <https://hl7.org/fhir/R4/http.html#head>: the headers of a read, without its body.
#[test]
fn head_is_a_read_without_its_body() {
    let (_server, http) = with_records();
    for path in [
        "/fhir/Patient/p1",
        "/fhir/Patient/p1/_history/1",
        "/fhir/Patient",
        "/fhir/metadata",
        "/fhir/Patient/never",
        "/fhir/Patient/p1/_history",
        "/fhir/Patient/p1/$everything",
    ] {
        let (head, get) = (http.send("HEAD", path, &[], None), http.get(path));
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in ["etag", "last-modified", "content-type", "content-location", "anamnesis-cursor"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        // A searchset and a history are made anew each time, the one as long as the other.
        assert_eq!(head.header("content-length"), Some(&*get.body.len().to_string()), "{path}");
    }
}

/// <https://hl7.org/fhir/R4/http.html#versioning>: which version it is, when it began, and where it stays.
#[test]
fn an_answer_says_which_version_it_is() {
    let (server, http) = with_records();
    let place = format!("{}/fhir/Patient/p1/_history/2", server.url());
    for path in ["/fhir/Patient/p1", "/fhir/Patient/p1/_history/2"] {
        let read = http.get(path).expect(200);
        assert_eq!(read.header("content-location"), Some(&*place));
        assert_eq!(read.header("etag"), Some("W/\"2\""));
        assert!(read.header("location").is_none() && read.header("last-modified").is_some());
    }
    let written = put(&http, "/fhir/Patient/p1", PATIENT).expect(200);
    assert_eq!(written.header("content-location"), Some(&*place));
    let prefer = [FHIR, ("prefer", "return=minimal")];
    let minimal =
        http.send("PUT", "/fhir/Patient/p2", &prefer, Some(PATIENT.replace("p1", "p2").into())).expect(201);
    assert!(minimal.body.is_empty() && minimal.header("content-location").is_none());
    assert_eq!(minimal.header("location"), Some(&*place.replace("p1/_history/2", "p2/_history/1")));
}

/// <https://www.rfc-editor.org/rfc/rfc9110#name-options>
#[test]
fn options_say_what_a_url_takes() {
    let (_server, http) = with_records();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("/fhir",                     "GET,HEAD,POST"),
        ("/fhir/Patient",             "GET,HEAD,POST"),
        ("/fhir/Patient/p1",          "GET,HEAD,PUT,PATCH,DELETE"),
        ("/fhir/Patient/p1/_history", "GET,HEAD"),
    ];
    for (path, expected) in cases {
        let answer = http.send("OPTIONS", path, &[], None).expect(204);
        let allowed: Vec<_> = answer.header("allow").unwrap_or_default().split(',').map(str::trim).collect();
        for method in expected.split(',') {
            assert!(allowed.contains(&method), "{path}: {method} in {allowed:?}");
        }
        assert!(answer.header("accept-patch").is_some());
        let refused = http.send("TRACE", path, &[], None);
        assert_eq!(refused.header("allow"), answer.header("allow"), "{path}");
        issue(refused, 405);
    }
    issue(http.put("/fhir/", &json("{}")), 405);
}

/// <https://hl7.org/fhir/R4/http.html#custom>: a request has a name, which the answer repeats and the event keeps.
#[test]
fn a_request_has_a_name() {
    let (_server, http) = with_records();
    let named = [FHIR, ("x-request-id", "r-7")];
    let made =
        http.send("PUT", "/fhir/Patient/p9", &named, Some(PATIENT.replace("p1", "p9").into())).expect(201);
    assert_eq!(made.header("x-request-id"), Some("r-7"));
    let told = anamnesis_e2e::stream(&http, "Patient/p9");
    assert_eq!(str(&told[0], "correlation_id"), "r-7");
    let unnamed = put(&http, "/fhir/Patient/p8", &PATIENT.replace("p1", "p8")).expect(201);
    let told = anamnesis_e2e::stream(&http, "Patient/p8");
    assert_eq!(unnamed.header("x-request-id"), Some(str(&told[0], "correlation_id")));
    assert_eq!(
        http.send("GET", "/fhir/Patient/p9", &[("x-request-id", "r-8")], None).header("x-request-id"),
        Some("r-8")
    );
    assert!(
        http.send("GET", "/fhir/Patient/p9", &[("x-request-id", "a b")], None)
            .header("x-request-id")
            .is_none()
    );
}

/// <https://hl7.org/fhir/R4/http.html#compression>
#[test]
fn bodies_come_and_go_compressed() {
    let (_server, http) = with_records();
    let packed = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let sent = [FHIR, ("content-encoding", "gzip")];
    let body = PATIENT.replace("p1", "p5");
    http.send("PUT", "/fhir/Patient/p5", &sent, Some(packed(body.as_bytes()))).expect(201);
    assert_eq!(str(&http.get("/fhir/Patient/p5").expect(200).json(), "name.0.family"), "Peeters");

    let plain = http.get("/fhir/metadata").expect(200);
    let small = http.send("GET", "/fhir/metadata", &[("accept-encoding", "gzip")], None).expect(200);
    // The client may have unpacked it, and then says so by leaving the header out.
    if small.header("content-encoding") == Some("gzip") {
        let mut unpacked = Vec::new();
        GzDecoder::new(small.body.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert!(small.body.len() * 4 < plain.body.len());
        assert_eq!(unpacked, plain.body);
    } else {
        assert_eq!(small.body, plain.body);
    }
    assert!(small.header("vary").is_some_and(|vary| vary.contains("accept-encoding")));

    for encoding in ["br", "gzip, gzip", "compress"] {
        let refused = http.send(
            "PUT",
            "/fhir/Patient/p6",
            &[FHIR, ("content-encoding", encoding)],
            Some(body.clone().into()),
        );
        assert_eq!(refused.header("accept-encoding"), Some("gzip"));
        issue(refused, 415);
    }
    issue(http.send("PUT", "/fhir/Patient/p6", &sent, Some(body.into_bytes())), 400);
    assert_eq!(
        http.send("POST", "/api/commits", &[("content-encoding", "br")], Some(b"{}".to_vec())).status,
        415
    );
}

/// <https://hl7.org/fhir/R4/http.html#cors>: scripts of origins that were named, and of no others.
#[test]
fn scripts_of_named_origins_are_served() {
    let server =
        Options::new().env("ANAMNESIS_CORS_ORIGINS", "https://app.example.org,https://b.example.org").start();
    let http = server.http();
    let preflight = |origin| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "content-type,if-match"),
        ];
        http.send("OPTIONS", "/fhir/Patient/p1", &headers, None).expect(200)
    };
    let allowed = preflight("https://app.example.org");
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example.org"));
    assert!(allowed.header("access-control-allow-methods").is_some_and(|methods| methods.contains("PATCH")));
    assert_eq!(allowed.header("access-control-allow-headers"), Some("content-type,if-match"));
    assert!(preflight("https://evil.example.org").header("access-control-allow-origin").is_none());

    let read = http.send("GET", "/fhir/metadata", &[("origin", "https://b.example.org")], None).expect(200);
    assert_eq!(read.header("access-control-allow-origin"), Some("https://b.example.org"));
    let exposed = read.header("access-control-expose-headers").unwrap_or_default();
    let names = ["etag", "location", "content-location", "last-modified", "x-request-id"];
    for name in names.into_iter().chain(["anamnesis-cursor", "anamnesis-held"]) {
        assert!(exposed.contains(name), "{name} in {exposed}");
    }

    let closed = Server::start();
    let read =
        closed.http().send("GET", "/fhir/metadata", &[("origin", "https://b.example.org")], None).expect(200);
    assert!(read.header("access-control-allow-origin").is_none());
}

/// Who takes no answer that can be given is told before anything is done: <https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3>.
#[test]
fn an_answer_that_is_not_taken_is_no_write() {
    let server = Server::start();
    let http = server.http();
    for accept in ["identity;q=0", "*;q=0"] {
        let headers = [("accept-encoding", accept)];
        let body = r#"{"resourceType":"Patient","id":"p1"}"#;
        issue(http.send("PUT", "/fhir/Patient/p1", &[FHIR, headers[0]], Some(body.into())), 406);
        let told = http.send("GET", "/api/events", &headers, None).expect(406);
        assert_eq!(told.header("content-type"), Some("application/problem+json"));
    }
    http.get("/fhir/Patient/p1").expect(404);
}

/// A path that is no text is refused in the door's own words.
#[test]
fn a_path_is_text() {
    let (_server, http) = with_records();
    for path in ["/fhir/%ff", "/fhir/Patient/%C3", "/fhir/Patient/p1/_history/%zz", "/fhir/Patient/%"] {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            issue(http.send(method, path, &[FHIR], None), 400);
        }
    }
    let told = http.send("GET", "/api/streams/Patient/%ff", &[], None).expect(400);
    assert_eq!(told.header("content-type"), Some("application/problem+json"));
}
