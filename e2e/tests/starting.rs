//! Right after the start, while the views are made from the log: nothing that is there is told to be missing.

use std::time::Duration;

use anamnesis_json::{Object, Value};
use anamnesis_testkit::{Options, address_event};

const PATIENTS: usize = 1_000;
const BATCHES: usize = 6;

fn event(kind: &str, data: Object) -> Vec<Value> {
    vec![Object::new().with("type", kind).with("data", data).into()]
}

/// One event of each patient, in one commit.
fn commit(events: impl Fn(usize) -> Vec<Value>) -> Vec<u8> {
    let stream = |n| -> Value {
        Object::new().with("stream", format!("Patient/p{n}")).with("events", events(n)).into()
    };
    let streams: Vec<Value> = (0..PATIENTS).map(stream).collect();
    Object::new().with("streams", streams).to_text()
}

#[test]
fn what_the_views_lack_is_not_told_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    let http = server.http();
    let wait = [("anamnesis-wait", "log")];
    let register = commit(|_| event("PatientRegistered", Object::new().with("active", true)));
    assert_eq!(http.send("POST", "/api/commits", &wait, Some(register)).status, 201);
    for batch in 0..BATCHES {
        let moved = commit(|n| event("PatientAddressUpdated", address_event((batch * PATIENTS + n) as u64)));
        assert_eq!(http.send("POST", "/api/commits", &wait, Some(moved)).status, 201);
    }
    server.kill9();
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("views.db{suffix}")));
    }

    let last = format!("/fhir/Patient/p{}", PATIENTS - 1);
    let mut told_to_wait = 0;
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| server.restart());
        while !starting.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
            for url in
                [&*last, "/fhir/Patient?_summary=count", "/api/patients/p0", "/fhir/Patient/p0/_history"]
            {
                let Ok(reply) = http.try_send("GET", url, &[], None) else { continue };
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                match reply.status {
                    200 if url.contains("count") => assert!(text.contains(r#""total":1000"#), "{text}"),
                    200 => {}
                    503 => {
                        assert!(text.contains("catching up"), "{url}: {text}");
                        told_to_wait += 1;
                    }
                    other => panic!("{url} is answered {other}: {text}"),
                }
            }
            // The log lacks nothing.
            if let Ok(reply) = http.try_send("GET", "/api/streams/Patient/p0", &[], None) {
                assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
            }
        }
    });
    println!("{told_to_wait} requests were told to come again");
    http.get(&last).expect(200);
}
