//! The process's log: a line for each request, and nothing of any patient in any of them.

use anamnesis_e2e::{Raw, Receiver, at, commit, json, list, run, str};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, People, Server};

/// What a client sends and nobody may find in the log, wherever it stood.
const SECRETS: [&str; 12] = [
    "Zanzibarski",       // a family name
    "Quirinalia",        // a given name
    "zz-patient-4711",   // an id
    "9988776655",        // an identifier
    "Hemlock Crescent",  // an address
    "Xylophonia",        // a city
    "+32-470-990099",    // a telephone
    "1913-07-23",        // a date of birth
    "tok-s3cr3t-bearer", // a token
    "key-of-the-client", // an idempotency key
    "because-she-fell",  // a reason
    "req-for-Zebedee",   // a request id that is a name
];

fn patient(id: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","birthDate":"1913-07-23","identifier":[{{"system":"urn:x","value":"9988776655"}}],
            "name":[{{"family":"Zanzibarski","given":["Quirinalia"]}}],"telecom":[{{"system":"phone","value":"+32-470-990099"}}],
            "address":[{{"line":["Hemlock Crescent 5"],"city":"Xylophonia"}}]}}"#
    )
}

/// Goes through every door, well and badly.
fn a_session(server: &Server) {
    let http = server
        .http()
        .with_header("authorization", "Bearer tok-s3cr3t-bearer")
        .with_header("anamnesis-reason", "because-she-fell")
        .with_header("x-request-id", "req-for-Zebedee")
        .with_header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .with_header("tracestate", "who=Zanzibarski");
    let fhir = [("content-type", "application/fhir+json"), ("idempotency-key", "key-of-the-client")];
    let id = "zz-patient-4711";
    let send = |http: &Http, method: &str, path: &str, body: &str| {
        http.send(method, path, &fhir, Some(body.into())).status
    };
    assert_eq!(send(&http, "PUT", &format!("/fhir/Patient/{id}"), &patient(id)), 201);
    let gets = [
        format!("/fhir/Patient/{id}"),
        format!("/fhir/Patient/{id}/_history"),
        format!("/fhir/Patient/{id}/$everything"),
        "/fhir/Patient?name=Zanzibarski&birthdate=1913-07-23".to_owned(),
        "/fhir/Patient?identifier=urn:x%7C9988776655&phone=%2B32-470-990099".to_owned(),
        "/fhir/Patient?Zanzibarski=Quirinalia".to_owned(),
        "/fhir/Zanzibarski/Quirinalia".to_owned(),
        "/Zanzibarski/Xylophonia?a=tok-s3cr3t-bearer".to_owned(),
        format!("/api/streams/Patient/{id}"),
        format!("/api/patients/{id}"),
        format!("/api/patients/{id}/clinical-record"),
        format!("/api/events?patient={id}"),
        "/api/events?from=Zanzibarski".to_owned(),
        "/api/streams/Patient/Zanzibarski?from=Quirinalia".to_owned(),
    ];
    for path in gets {
        http.get(&path);
    }
    let mistakes = [
        ("POST", "/fhir/Patient", patient(id).replace("\"1913-07-23\"", "19130723")),
        ("POST", "/fhir/Patient", patient(id).replace("1913-07-23", "1913-07-23Zanzibarski")),
        ("POST", "/fhir/Patient", patient(id).replace("\"family\"", "\"Quirinalia\"")),
        ("POST", "/fhir/Patient", patient(id)[..120].to_owned()),
        ("PUT", "/fhir/Patient/Zanzibarski", patient(id)),
        (
            "POST",
            "/fhir",
            format!(
                r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{},"request":{{"method":"POST","url":"Zanzibarski"}}}}]}}"#,
                patient(id)
            ),
        ),
        (
            "POST",
            "/fhir",
            format!(
                r#"{{"resourceType":"Bundle","type":"batch","entry":[{{"request":{{"method":"GET","url":"Patient/{id}?Quirinalia=1"}}}}]}}"#
            ),
        ),
        ("PATCH", "/fhir/Patient/zz-patient-4711", patient(id)),
    ];
    for (method, path, body) in mistakes {
        send(&http, method, path, &body);
    }
    let create =
        http.clone().with_header("if-none-exist", "identifier=urn:x%7C9988776655&family=Zanzibarski");
    send(&create, "POST", "/fhir/Patient", &patient(id));
    send(&http, "DELETE", "/fhir/Patient/zz-patient-4711", "");
    let event =
        |data: &str| format!(r#"{{"stream":"Patient/{id}e","type":"PatientRegistered","data":{data}}}"#);
    commit(&http, &event(r#"{"name":[{"family":"Zanzibarski"}]}"#)).expect(201);
    commit(&http, &event(r#"{"name":[{"family":"Zanzibarski"}],"birthDate":1913}"#)).expect(422);
    commit(&http, &event(r#"{"birthDate":"1913-07-23"}"#).replace("PatientRegistered", "Quirinalia"))
        .expect(422);
    http.post("/api/commits", &json(r#"{"Zanzibarski":"Quirinalia"}"#));
    http.clone().with_header("anamnesis-cursor", "Zanzibarski").get("/fhir/Patient/x");

    // What is no HTTP, breaks off, or follows.
    for bytes in [
        "GET /Zanzibarski\r\n\r\n".to_owned(),
        "Quirinalia: tok-s3cr3t-bearer\r\n\r\n".to_owned(),
        format!("PUT /fhir/Patient/{id} HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n{}", patient(id)),
        format!("GET /api/events?patient={id} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n"),
        format!(
            "GET /fhir/Patient?name=Zanzibarski HTTP/1.1\r\nZanzibarski: {}",
            "Quirinalia".repeat(20_000)
        ),
    ] {
        let mut client = Raw::to(server);
        client.send(bytes);
        client.close_half();
        if client.rest().is_empty() {
            client.answer();
        }
    }
}

/// Nothing a client sent stands in what the process said.
#[track_caller]
fn tells_nothing(said: &str, by: &str) {
    let said = said.to_lowercase();
    for secret in SECRETS {
        assert!(!said.contains(&secret.to_lowercase()), "{by} tells {secret}");
    }
}

#[test]
fn no_line_has_a_patients_data_at_any_level() {
    for level in ["debug", "trace"] {
        let (collector, hook) = (Receiver::start(), Receiver::start());
        let settings = [
            "limits.body_ms_max=500".to_owned(),
            "alerts.every_ms=20".to_owned(),
            format!("telemetry.otlp={}", collector.url()),
            format!("alerts.webhook={}", hook.url()),
        ];
        let options = settings.iter().fold(Options::new().arg("--log").arg(level), |options, setting| {
            options.arg("--set").arg(setting)
        });
        let mut server = options.start();
        a_session(&server);
        for person in People::small(3).iter().take(2) {
            server.http().post("/fhir", &person.bundle_with_ids()).expect(200);
        }
        collector.wait_for("a trace", |received| received.first().map(drop));
        server.kill9();
        server.restart();
        server.terminate();
        let said = server.stderr();
        assert!(said.contains("answered"), "it logs at {level}:\n{said}");
        tells_nothing(&said, level);
        for told in collector.received().iter().chain(&hook.received()) {
            tells_nothing(&String::from_utf8_lossy(&told.body), "what is told elsewhere");
        }
        // The commands on the same data, as loud.
        let data = server.data().to_string_lossy().into_owned();
        for command in [&["verify", "--views"][..], &["rebuild"], &["log", "--record", "Observation"]] {
            let args: Vec<&str> = command.iter().copied().chain(["--log", level, "--data", &data]).collect();
            tells_nothing(&run(&args).expect(0).err, command[0]);
        }
        let file = server.data().join("bad.json");
        std::fs::write(&file, patient("zz-patient-4711").replace("\"family\":", "\"family\":7,\"x\":"))
            .unwrap();
        let refused = run(&["import", "--log", level, "--data", &data, &file.to_string_lossy()]).expect(1);
        tells_nothing(&refused.err, "import");
    }
}

#[test]
fn each_request_has_its_line() {
    let mut server = Options::new().arg("--log-json").env("ANAMNESIS_LOG", "debug").start();
    const MINE: &str = "6f1b0a52-3a0e-4a53-9d5c-0c6f6a1f9b11";
    let http = server.http();
    http.clone().with_header("x-request-id", MINE).get("/fhir/Patient/p1").expect(404);
    let event = r#"{"stream":"Patient/p1","type":"PatientRegistered","data":{"gender":"female"}}"#;
    commit(&http, event).expect(201);
    let events = http.get("/api/streams/Patient/p1").expect(200).json();
    server.terminate();

    let lines: Vec<Value> = server.stderr().lines().map(json).collect();
    let answered = |route: &str| {
        let of = |line: &&Value| {
            at(line, "message").as_str() == Some("answered") && at(line, "route").as_str() == Some(route)
        };
        lines.iter().find(of).unwrap_or_else(|| panic!("no line of {route}"))
    };
    let read = answered("/fhir/{kind}/{id}");
    assert_eq!((str(read, "request_id"), str(read, "method"), str(read, "level")), (MINE, "GET", "DEBUG"));
    assert_eq!((at(read, "status").as_u64(), at(read, "us").as_u64().is_some()), (Some(404), true));
    // A write without an id of its own can be found again by its events.
    let write = answered("/api/commits");
    assert_eq!(str(write, "request_id"), str(&list(&events, "events")[0], "correlation_id"));
    assert!(
        lines
            .iter()
            .all(|line| at(line, "timestamp").as_str().is_some() && at(line, "level").as_str().is_some())
    );
    for message in ["serving", "finishing what was begun", "stopped"] {
        assert!(lines.iter().any(|line| at(line, "message").as_str() == Some(message)), "{message}");
    }
}

#[test]
fn an_ordinary_day_is_few_lines() {
    let mut server = Server::start();
    a_session(&server);
    server.terminate();
    let said = server.stderr();
    assert_eq!(said.lines().count(), 3, "start, end, and nothing that nobody need look at:\n{said}");
}
