//! Generations change places under load: no request fails, and nothing that was acknowledged is missed.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use anamnesis_e2e::{count, entries, indexed, int, send, str};
use anamnesis_testkit::{Http, People, Server};

const SWAPS: u64 = 3;
const WRITERS: usize = 2;
const READERS: usize = 2;

fn register(http: &Http, n: u64) {
    let body = format!(
        r#"{{"resourceType":"SearchParameter","id":"s{n}","url":"http://example.org/s{n}","name":"s{n}","status":"active",
        "description":"d","code":"swap-{n}","base":["Patient"],"type":"string","expression":"Patient.contact.name.family"}}"#
    );
    send(http, "PUT", &format!("/fhir/SearchParameter/s{n}"), &[], &body).expect(201);
}

/// Writes one record after the other and looks for each at once; gives how many.
fn write(http: &Http, writer: usize, stop: &AtomicBool) -> u64 {
    let mut written = 0;
    while !stop.load(Ordering::Relaxed) {
        let key = format!("w{writer}-{written}");
        let body =
            format!(r#"{{"resourceType":"Patient","identifier":[{{"system":"urn:load","value":"{key}"}}]}}"#);
        send(http, "POST", "/fhir/Patient", &[], &body).expect(201);
        assert_eq!(count(http, &format!("Patient?identifier=urn:load|{key}")), 1, "{key} was acknowledged");
        written += 1;
    }
    written
}

/// Asks for the same again and again, page after page.
fn read(http: &Http, ids: &[String], stop: &AtomicBool, slowest_ms: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let found = entries(http, "/fhir/Patient?_tag=steady&_count=3");
        let mut found: Vec<String> = found.iter().map(|found| str(found, "id").to_owned()).collect();
        found.sort();
        assert_eq!(found, ids, "no page misses or repeats");
        let name = ids.first().unwrap();
        http.get(&format!("/fhir/Patient/{name}")).expect(200);
        http.get(&format!("/fhir/Patient/{name}/_history")).expect(200);
        http.get("/readyz").expect(200);
        slowest_ms.fetch_max(u64::try_from(begun.elapsed().as_millis()).unwrap(), Ordering::Relaxed);
    }
}

#[test]
fn nobody_fails_and_nobody_misses_while_generations_swap() {
    let server = Server::start();
    let http = server.http();
    for n in 0..6 {
        http.post("/fhir", &People::small(5).person(n).bundle_with_ids()).expect(200);
    }
    let mut ids: Vec<String> = (0..7).map(|n| format!("steady-{n}")).collect();
    ids.sort();
    for id in &ids {
        let body =
            format!(r#"{{"resourceType":"Patient","id":"{id}","meta":{{"tag":[{{"code":"steady"}}]}}}}"#);
        send(&http, "PUT", &format!("/fhir/Patient/{id}"), &[], &body).expect(201);
    }
    let before = count(&http, "Patient");
    let (stop, slowest_ms) = (AtomicBool::new(false), AtomicU64::new(0));
    let written: u64 = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (http, stop) = (server.http(), &stop);
                scope.spawn(move || write(&http, writer, stop))
            })
            .collect();
        for _ in 0..READERS {
            let (http, stop, ids, slowest_ms) = (server.http(), &stop, &ids, &slowest_ms);
            scope.spawn(move || read(&http, ids, stop, slowest_ms));
        }
        for n in 1..=SWAPS {
            register(&http, n);
            indexed(&http, n);
        }
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert!(written > 0);
    assert_eq!(count(&http, "Patient"), before + written);
    let said = http.get("/api/generations").expect(200).json();
    assert_eq!(
        (int(&said, "serving.events"), int(&said, "serving.search_parameters")),
        (int(&said, "serving.of"), SWAPS)
    );
    assert!(http.get("/metrics").expect(200).text().contains("anamnesis_view_lag_events 0"));
    eprintln!("the slowest round of five requests took {} ms", slowest_ms.load(Ordering::Relaxed));
}
