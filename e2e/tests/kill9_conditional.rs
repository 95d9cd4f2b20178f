//! Killed while clients race to create by criteria in transactions: one record for each criteria, and whole bundles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anamnesis_e2e::{count, entries, events, int, list, str, verified};
use anamnesis_testkit::{Http, Options};

const CLIENTS: usize = 6;
const ROUNDS: u64 = 5;
/// How long a round may take to have some transactions answered.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many patients each round is about, each known by an identifier alone.
const PATIENTS: usize = 5;

/// A patient that is made unless there is one, and an observation of theirs that has its own identifier.
fn register(http: &Http, key: &str, patient: &str) -> Option<Vec<String>> {
    const URN: &str = "urn:uuid:8f0c4a51-6f0d-4b1f-9f43-0c1d2e3f4a5b";
    let condition = format!(r#","ifNoneExist":"identifier=urn:k|{patient}""#);
    let resource = |kind: &str, value: &str, rest: &str| {
        format!(r#"{{"resourceType":"{kind}","identifier":[{{"system":"urn:k","value":"{value}"}}]{rest}}}"#)
    };
    let subject = format!(r#","status":"final","code":{{"text":"k"}},"subject":{{"reference":"{URN}"}}"#);
    let all = [
        anamnesis_e2e::entry(URN, "POST", "Patient", &condition, &resource("Patient", patient, "")),
        anamnesis_e2e::entry("", "POST", "Observation", "", &resource("Observation", key, &subject)),
    ];
    let body = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, all.join(","));
    let headers = [("content-type", "application/fhir+json"), ("idempotency-key", key)];
    let reply = http.try_send("POST", "/fhir", &headers, Some(body.into())).ok()?.expect(200).json();
    Some(list(&reply, "entry").iter().map(|entry| str(entry, "response.location").to_owned()).collect())
}

#[test]
fn racing_conditional_creates_survive() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    let mut acknowledged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut sent: BTreeSet<String> = BTreeSet::new();
    for round in 0..ROUNDS {
        let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let (http, stop, answered) = (server.http(), &stop, &answered);
                    scope.spawn(move || {
                        let mut told = Vec::new();
                        for n in 0.. {
                            let key = format!("{round}-{client}-{n}");
                            let answer = register(&http, &key, &format!("{round}-{}", n % PATIENTS));
                            answered.fetch_add(answer.is_some().into(), Ordering::Relaxed);
                            let goes_on = answer.is_some() && !stop.load(Ordering::Relaxed);
                            told.push((key, answer));
                            if !goes_on {
                                break;
                            }
                        }
                        told
                    })
                })
                .collect();
            thread::sleep(Duration::from_millis(150 + 130 * round));
            // A busy machine may not bring about enough in a moment.
            let begun = Instant::now();
            while answered.load(Ordering::Relaxed) < 12 && begun.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(5));
            }
            server.kill9();
            stop.store(true, Ordering::Relaxed);
            for (key, answer) in clients.into_iter().flat_map(|client| client.join().unwrap()) {
                sent.insert(key.clone());
                acknowledged.extend(answer.map(|answer| (key, answer)));
            }
        });
        server.restart();
        let http = server.http();
        // What got no answer is sent again, and so is what had one, which is the same then.
        for key in &sent {
            let n: usize = key.rsplit('-').next().unwrap().parse().unwrap();
            let patient = format!("{}-{}", key.split('-').next().unwrap(), n % PATIENTS);
            let again = register(&http, key, &patient).unwrap();
            let first = acknowledged.entry(key.clone()).or_insert_with(|| again.clone());
            assert_eq!(*first, again, "{key}");
        }
        for (key, places) in &acknowledged {
            assert_eq!(count(&http, &format!("Observation?identifier=urn:k|{key}")), 1, "{key}");
            http.get(&format!("/fhir/{}", places[1])).expect(200);
        }
        for n in 0..PATIENTS {
            let found = count(&http, &format!("Patient?identifier=urn:k|{round}-{n}"));
            assert!(found <= 1, "{found} of round {round}, {n}");
        }
    }
    assert!(acknowledged.len() > 50, "only {} transactions", acknowledged.len());
    let http = server.http();
    // Whoever refers to a patient refers to one that is there.
    let patients: BTreeSet<String> = entries(&http, "/fhir/Patient?_count=1000")
        .iter()
        .map(|one| format!("Patient/{}", str(one, "id")))
        .collect();
    for observation in entries(&http, "/fhir/Observation?_count=1000") {
        assert!(patients.contains(str(&observation, "subject.reference")), "an observation of nobody");
    }
    let log = events(&http, "_count=1000").events;
    assert_eq!(log.len(), patients.len() + acknowledged.len(), "nothing else was kept");
    assert!(log.iter().all(|event| int(event, "version") == 1));
    server.terminate();
    assert_eq!(verified(&data), log.len() as u64);
}
