//! Two clients at once at the same record, by every interaction that writes: each is answered, and the log has all of it.

use std::collections::BTreeMap;
use std::thread;

use anamnesis_e2e::{count, entries, json, str, stream, text, verified};
use anamnesis_testkit::{Http, Reply, Server};

const ROUNDS: usize = 12;
const FHIR: (&str, &str) = ("content-type", "application/fhir+json");
const JSON_PATCH: (&str, &str) = ("content-type", "application/json-patch+json");

/// An interaction that writes, by the number of the round.
type Writes = fn(&Http, usize) -> Reply;

fn patient(n: usize) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"p1","identifier":[{{"system":"urn:x","value":"1"}}],"address":[{{"city":"Town {n}"}}]}}"#
    )
}

/// Updates the version that was just read, where there is one.
fn at_its_version(http: &Http, n: usize) -> Reply {
    let read = http.get("/fhir/Patient/p1");
    let Some(tag) = read.header("etag").filter(|_| read.status == 200) else { return read };
    http.send("PUT", "/fhir/Patient/p1", &[FHIR, ("if-match", tag)], Some(patient(n).into()))
}

fn of_bundle(http: &Http, method: &str, url: &str, more: &str, resource: &str) -> Reply {
    let entry = anamnesis_e2e::entry("", method, url, more, resource);
    anamnesis_e2e::bundle(http, "transaction", &[entry])
}

#[rustfmt::skip] // A table reads by column.
const INTERACTIONS: [(&str, Writes); 13] = [
    ("update",               |http, n| http.put("/fhir/Patient/p1", &json(patient(n)))),
    ("update if-match",      |http, n| at_its_version(http, n)),
    ("update if-none-match", |http, n| http.send("PUT", "/fhir/Patient/p1", &[FHIR, ("if-none-match", "*")], Some(patient(n).into()))),
    ("update by criteria",   |http, n| http.put("/fhir/Patient?identifier=urn:x|1", &json(patient(n)))),
    ("create by criteria",   |http, n| http.send("POST", "/fhir/Patient", &[FHIR, ("if-none-exist", "identifier=urn:x|1")], Some(patient(n).into()))),
    ("json patch",           |http, n| http.send("PATCH", "/fhir/Patient/p1", &[JSON_PATCH], Some(format!(r#"[{{"op":"add","path":"/address","value":[{{"city":"Patched {n}"}}]}}]"#).into()))),
    ("patch by criteria",    |http, n| http.send("PATCH", "/fhir/Patient?identifier=urn:x|1", &[JSON_PATCH], Some(format!(r#"[{{"op":"add","path":"/language","value":"l{n}"}}]"#).into()))),
    ("delete",               |http, _| http.delete("/fhir/Patient/p1")),
    ("delete by criteria",   |http, _| http.delete("/fhir/Patient?identifier=urn:x|1")),
    ("label",                |http, n| http.post("/fhir/Patient/p1/$meta-add", &json(format!(r#"{{"resourceType":"Parameters","parameter":[{{"name":"meta","valueMeta":{{"tag":[{{"system":"urn:t","code":"t{n}"}}]}}}}]}}"#)))),
    ("transaction",          |http, n| of_bundle(http, "PUT", "Patient/p1", "", &patient(n))),
    ("transaction deletes",  |http, _| of_bundle(http, "DELETE", "Patient?identifier=urn:x|1", "", "")),
    ("event",                |http, n| anamnesis_e2e::commit(http, &format!(r#"{{"stream":"Patient/p1","type":"PatientAddressUpdated","data":{{"address":[{{"city":"Event {n}"}}]}}}}"#))),
];

/// What a client may be told who meets another: done, not there, gone, not as expected.
const TOLD: [u16; 9] = [200, 201, 204, 404, 409, 410, 412, 422, 400];

#[test]
fn every_pair_of_interactions() {
    let mut server = Server::start();
    let http = server.http();
    let mut told: BTreeMap<&str, BTreeMap<u16, usize>> = BTreeMap::new();
    for (at, one) in INTERACTIONS.iter().enumerate() {
        for other in &INTERACTIONS[at..] {
            // One record of this identifier to begin with, whoever made others before.
            for left in entries(&http, "/fhir/Patient?identifier=urn:x|1") {
                http.delete(&format!("/fhir/Patient/{}", str(&left, "id"))).expect(204);
            }
            http.put("/fhir/Patient/p1", &json(patient(0)));
            let replies = thread::scope(|scope| {
                let both = [one, other].map(|(name, writes)| {
                    let http = http.clone();
                    (*name, scope.spawn(move || (1..=ROUNDS).map(|n| writes(&http, n)).collect::<Vec<_>>()))
                });
                both.map(|(name, client)| (name, client.join().expect("a client ends")))
            });
            for (name, replies) in replies {
                for reply in replies {
                    assert!(
                        TOLD.contains(&reply.status),
                        "{name} beside {} and {}: {} {}",
                        one.0,
                        other.0,
                        reply.status,
                        reply.text()
                    );
                    *told.entry(name).or_default().entry(reply.status).or_default() += 1;
                }
            }
            assert!(count(&http, "Patient?identifier=urn:x|1") <= 1, "{} beside {} made two", one.0, other.0);
        }
    }
    for (name, statuses) in &told {
        let done: usize = statuses.range(200..300).map(|(_, count)| count).sum();
        assert!(done > 0, "{name} never got through: {statuses:?}");
    }
    // The versions have no gap, and the last is what is served.
    let events = stream(&http, "Patient/p1");
    let versions: Vec<String> =
        events.iter().map(|event| text(anamnesis_e2e::at(event, "version"))).collect();
    assert_eq!(versions, (1..=events.len()).map(|n| n.to_string()).collect::<Vec<_>>());
    let now = http.get("/fhir/Patient/p1");
    if now.status == 200 {
        assert_eq!(now.header("etag"), Some(&*format!("W/\"{}\"", events.len())));
    }
    server.terminate();
    assert!(verified(&server.data()) >= events.len() as u64);
}
