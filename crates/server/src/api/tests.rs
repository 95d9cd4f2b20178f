//! The door as a whole, on a store of its own.

use std::future::Future;

use anamnesis_json::Value;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use futures::StreamExt;
use tower::util::ServiceExt;

use super::openapi::routes;
use crate::app::Limits;
use crate::app::fixture::with_app;

/// A door with its store.
struct House {
    door: Router,
}

/// What was answered.
struct Answered {
    status: StatusCode,
    cursor: String,
    allow: Option<String>,
    body: Vec<u8>,
}

fn in_a_house<F: Future<Output = ()>>(test: impl FnOnce(House) -> F) {
    let limits = Limits { body_bytes_max: 4_096, ..Limits::default() };
    with_app(limits, |app| {
        test(House { door: Router::new().nest("/api", super::router(&limits)).with_state(app) })
    });
}

impl House {
    async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.door.clone().oneshot(request).await.unwrap();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (cursor, allow) = (header("anamnesis-cursor").unwrap_or_default(), header("allow"));
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec();
        Answered { status, cursor, allow, body }
    }

    async fn get(&self, path: &str) -> Answered {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn commit(&self, key: Option<&str>, body: &str) -> Answered {
        let mut request = Request::post("/api/commits").header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }
}

impl Answered {
    fn json(&self) -> Value {
        anamnesis_json::parse(&self.body).unwrap()
    }

    fn text(&self, key: &str) -> String {
        self.json().get(key).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    fn events(&self) -> usize {
        self.json().get("events").and_then(|events| events.as_array().map(<[_]>::len)).unwrap()
    }
}

const REGISTERED: &str = r#"{"stream":"Patient/p1","type":"PatientRegistered","expected":"none",
    "data":{"name":[{"family":"Peeters"}],"gender":"female"}}"#;

/// Name, key, body, status, type of problem, number of events.
type CommitCase<'a> = (&'a str, Option<&'a str>, &'a str, u16, &'a str, usize);

#[test]
fn commits() {
    in_a_house(|house| async move {
        let moved = r#"{"stream":"Patient/p1","type":"PatientAddressUpdated","schema_version":1,
            "data":{"new_address":{"city":"Ghent"}},"expected":1,"event_id":"6f2c0a52-7a3e-4a53-9b1e-0d8f6a1c2b3d"}"#;
        let other = moved.replace("Ghent", "Bruges");
        let lost = r#"{"streams":[{"stream":"Patient/p2","events":[{"type":"PatientNameChanged","data":{"name":[{"family":"X"}]}},
            {"type":"Nonsense","data":{}}]}]}"#;
        let same =
            r#"{"stream":"Patient/p1","type":"PatientAddressUpdated","data":{"address":[{"city":"Ghent"}]}}"#;
        let typo = REGISTERED.replace("expected", "expect");
        let large = REGISTERED.replace("Peeters", &"P".repeat(5_000));

        #[rustfmt::skip] // A table reads by column.
        let cases: &[CommitCase<'_>] = &[
         // name                               key         body        status type                    events
            ("a new record",                   Some("k"),  REGISTERED, 201,   "",                     1),
            ("the same key again",             Some("k"),  REGISTERED, 200,   "",                     1),
            ("the key with other content",     Some("k"),  moved,      409,   "/problems/key-reused", 0),
            ("an empty key",                   Some(""),   moved,      400,   "/problems/bad-request", 0),
            ("no live record was expected",    None,       REGISTERED, 409,   "/problems/conflict",   0),
            ("an old shape at its version",    None,       moved,      201,   "",                     1),
            ("a known event id",               None,       moved,      200,   "",                     1),
            ("its id with other content",      None,       &other,     409,   "/problems/key-reused", 0),
            ("nothing changes",                None,       same,       201,   "",                     0),
            ("events of a record not there",   None,       lost,       422,   "/problems/refused",    0),
            ("an unknown member",              None,       &typo,      422,   "/problems/refused",    0),
            ("half of a body",                 None,       "{",        400,   "/problems/malformed",  0),
            ("too much",                       None,       &large,     413,   "/problems/too-large",  0),
        ];
        for (name, key, body, status, problem, events) in cases {
            let answered = house.commit(*key, body).await;
            let told = String::from_utf8_lossy(&answered.body).into_owned();
            assert_eq!(
                (answered.status.as_u16(), answered.text("type").as_str()),
                (*status, *problem),
                "{name}: {told}"
            );
            assert!(answered.cursor.starts_with("c1~"), "{name}");
            if problem.is_empty() {
                assert_eq!(
                    (answered.events(), answered.text("cursor")),
                    (*events, answered.cursor.clone()),
                    "{name}: {told}"
                );
            }
        }

        let refused = house.commit(None, lost).await.json();
        let reasons = refused.get("reasons").and_then(Value::as_array).unwrap();
        let rows: Vec<_> = reasons
            .iter()
            .map(|r| (r.get("path").unwrap().as_str(), r.get("cause").unwrap().as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                (Some("streams[0].stream"), Some("not-found")),
                (Some("streams[0].events[1].type"), Some("unknown-event")),
            ]
        );
        let form = Request::post("/api/commits")
            .header("content-type", "text/plain")
            .body(Body::from("{}"))
            .unwrap();
        assert_eq!(house.send(form).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    });
}

#[test]
fn reads() {
    in_a_house(|house| async move {
        let committed = house.commit(None, REGISTERED).await;
        let condition = r#"{"streams":[{"stream":"Condition/c1","events":[{"type":"ConditionRecorded",
            "data":{"subject":{"reference":"Patient/p1"},"code":{"text":"x"}}}]}]}"#;
        let committed = (committed.status, house.commit(None, condition).await);
        assert_eq!((committed.0, committed.1.status), (StatusCode::CREATED, StatusCode::CREATED));
        let end = committed.1.cursor;

        let all = house.get("/api/events").await;
        assert_eq!((all.events(), all.text("next")), (2, end.clone()));
        let first = house.get("/api/events?_count=1").await;
        assert_eq!(first.events(), 1);
        let second = house.get(&format!("/api/events?from={}", first.text("next"))).await;
        assert_eq!((second.events(), second.text("next")), (1, end.clone()));
        let after = house.get(&format!("/api/events?from={end}")).await;
        assert_eq!((after.events(), after.text("next")), (0, end.clone()));
        for (filter, events) in [
            ("type=ConditionRecorded", 1),
            ("record=Patient", 1),
            ("record=Patient/p1,Condition/c1", 2),
            ("patient=p1", 2),
            ("patient=p2", 0),
        ] {
            let found = house.get(&format!("/api/events?{filter}")).await;
            assert_eq!((found.events(), found.text("next")), (events, end.clone()), "{filter}");
        }

        let stream = house.get("/api/streams/Patient/p1").await;
        assert_eq!((stream.events(), stream.json().get("next").and_then(Value::as_u64)), (1, Some(2)));
        let data = stream.json().get("events").unwrap().as_array().unwrap()[0].get("data").unwrap().to_text();
        assert!(data.starts_with(br#"{"resourceType":"Patient","id":"p1","name""#));
        let tail = house.get("/api/streams/Patient/p1?from=9").await;
        assert_eq!((tail.events(), tail.json().get("next").and_then(Value::as_u64)), (0, Some(9)));

        let patient = house.get("/api/patients/p1").await.json();
        assert_eq!(patient.get("version").and_then(Value::as_u64), Some(1));
        assert_eq!(
            patient.get("data").and_then(|data| data.get("gender")).and_then(Value::as_str),
            Some("female")
        );
        let record = house.get("/api/patients/p1/clinical-record").await.json();
        let problems = record.get("data").and_then(|data| data.get("problems")).and_then(Value::as_array);
        assert_eq!(problems.map(<[_]>::len), Some(1));
        assert_eq!(house.get("/api/patients/p1/lab-results").await.status, StatusCode::OK);

        let deleted =
            house.commit(None, r#"{"stream":"Patient/p1","type":"PatientDeleted","data":{}}"#).await;
        assert_eq!(deleted.status, StatusCode::CREATED);
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("/api/patients/p1",                     410),
            ("/api/patients/nobody",                 404),
            ("/api/patients/p1?_asOf=2020-01-01",    400),
            ("/api/streams/Patient/nobody",          404),
            ("/api/streams/Nonsense/1",              404),
            ("/api/streams/Patient/p1/snapshot",     404),
            ("/api/streams/Patient/p1?from=0",       400),
            ("/api/events?from=nonsense",            400),
            ("/api/events?from=c1~1~9",              409),
            ("/api/events?nonsense=1",               400),
            ("/api/nonsense",                        404),
        ];
        for (path, status) in cases {
            let answered = house.get(path).await;
            assert_eq!(answered.status.as_u16(), status, "{path}");
            assert!(answered.text("type").starts_with("/problems/") && !answered.cursor.is_empty(), "{path}");
        }
    });
}

#[test]
fn followers_see_what_comes() {
    in_a_house(|house| async move {
        house.commit(None, REGISTERED).await;
        let follow = Request::get("/api/events?type=PatientDeleted").header("accept", "text/event-stream");
        let response = house.door.clone().oneshot(follow.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut chunks = response.into_body().into_data_stream();
        assert_eq!(chunks.next().await.unwrap().unwrap(), "retry: 1000\n\n");

        let deleted =
            house.commit(None, r#"{"stream":"Patient/p1","type":"PatientDeleted","data":{}}"#).await;
        let frame = chunks.next().await.unwrap().unwrap();
        let frame = std::str::from_utf8(&frame).unwrap();
        let id = frame.lines().next().and_then(|line| line.strip_prefix("id: ")).unwrap();
        assert_eq!(id, deleted.cursor);
        assert!(frame.contains("\nevent: PatientDeleted\ndata: {"));

        // Resuming after the first event finds the second one again.
        let first = house.get("/api/events?_count=1").await.text("next");
        let follow =
            Request::get("/api/events").header("accept", "text/event-stream").header("last-event-id", first);
        let response = house.door.clone().oneshot(follow.body(Body::empty()).unwrap()).await.unwrap();
        let chunks: Vec<_> = response.into_body().into_data_stream().take(2).collect().await;
        assert!(
            std::str::from_utf8(chunks[1].as_ref().unwrap()).unwrap().starts_with(&format!("id: {id}\n"))
        );
    });
}

#[test]
fn every_described_operation_has_a_route() {
    in_a_house(|house| async move {
        for (method, path) in routes().filter(|(_, path)| path.starts_with("/api")) {
            let path = path.replace("{Type}", "Patient").replace("{id}", "p1");
            // A method nothing takes is refused with those that are, if there is a route at all.
            let request = Request::builder().method(Method::TRACE).uri(&path).body(Body::empty()).unwrap();
            let answered = house.send(request).await;
            assert_eq!(answered.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            let allow = answered.allow.unwrap_or_default().to_ascii_lowercase();
            assert!(allow.split(',').any(|allowed| allowed.trim() == method), "{method} {path}: {allow}");
        }
    });
}
