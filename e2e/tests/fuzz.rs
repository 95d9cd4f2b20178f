//! The fuzz of every door, against one live server: a minute, or `ANAMNESIS_FUZZ_SECONDS`, from `ANAMNESIS_FUZZ_SEED`.

#![expect(clippy::panic, reason = "a test says by its panic what it found")]

use std::time::Duration;

use anamnesis_e2e::fuzz::{Campaign, SECRET, smallest};
use anamnesis_e2e::{at, events, list, str, text, verified};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, Server};

const SECONDS: u64 = 60;
const SEED: u64 = 1;
const CLIENTS: u64 = 4;
/// The most memory the server may ever have had: requests, views, the words of records and caches together.
const RESIDENT_KB_MAX: u64 = 900_000;

fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} is a whole number"))
}

#[test]
fn whatever_is_sent_is_answered_and_nothing_is_half_done() {
    let seed = setting("ANAMNESIS_FUZZ_SEED", SEED);
    let time = Duration::from_secs(setting("ANAMNESIS_FUZZ_SECONDS", SECONDS));
    println!("ANAMNESIS_FUZZ_SEED={seed} ANAMNESIS_FUZZ_SECONDS={}", time.as_secs());
    let mut server = Options::new()
        .arg("--log")
        .arg("debug")
        .arg("--full-text=true")
        .env("ANAMNESIS_CACHE_BYTES_MAX", "67108864")
        .env("ANAMNESIS_GENERATIONS_BYTES_MAX", "33554432")
        // How fast a search is, is not asked here, where others may have the machine.
        .env("ANAMNESIS_LIMITS_QUERY_MS_MAX", "60000")
        .start();
    let campaign = Campaign { seed, clients: CLIENTS, time };
    let score = campaign.run(&server).unwrap_or_else(|failure| {
        let small = smallest(&failure);
        let small = small.map_or("alone it does not fail".to_owned(), |shot| format!("smallest:\n{shot}"));
        panic!(
            "seed, client, request: {:?}\n{}\n\n{}\n\n{small}\n\nstderr:\n{}",
            failure.of,
            failure.complaint,
            failure.shot,
            tail(&server)
        )
    });
    println!(
        "{} requests, {} versions acknowledged: {:?}",
        score.requests(),
        score.ledger.len(),
        score.answers
    );
    let resident_kb = resident_kb_max(&server);
    println!("{resident_kb:?} kB resident at the most");

    let http = server.http();
    http.get("/livez").expect(200);
    let log = events(&http, "_count=1000").events;
    let wrong = score.ledger.against(&log);
    assert!(wrong.is_empty(), "seed {seed}: {} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let before = told(&http, &log);
    server.restart();
    let http = server.http();
    assert_eq!(events(&http, "_count=1000").events, log, "seed {seed}: the log after a restart");
    for (then, now) in before.iter().zip(told(&http, &log)) {
        assert!(*then == now, "seed {seed}: answered otherwise after a restart:\n{then:?}\n{now:?}");
    }
    server.terminate();
    assert_eq!(verified(&server.data()), log.len() as u64, "seed {seed}");
    let said = server.stderr();
    assert!(!said.contains("panicked"), "seed {seed}:\n{}", tail(&server));
    let telling: Vec<_> = said.lines().filter(|line| line.contains(SECRET)).collect();
    assert!(telling.is_empty(), "seed {seed}: the process's log tells of a person:\n{}", telling.join("\n"));
    // Last, since what was not kept matters more than what it took.
    assert!(resident_kb.is_none_or(|kb| kb < RESIDENT_KB_MAX), "{resident_kb:?} kB resident");
}

/// What the server answers about every record, and about all of some types: URL and answer.
fn told(http: &Http, log: &[Value]) -> Vec<(String, String)> {
    let mut urls: Vec<String> = Vec::new();
    let mut last: std::collections::BTreeMap<&str, &Value> = Default::default();
    for event in log {
        last.insert(str(event, "stream"), event);
    }
    for (stream, event) in &last {
        let reply = http.get(&format!("/fhir/{stream}"));
        let gone = str(event, "type").ends_with("Deleted");
        assert_eq!(reply.status, if gone { 410 } else { 200 }, "{stream}: {}", str(event, "type"));
        if !gone {
            assert_eq!(
                reply.header("etag"),
                Some(&*format!("W/\"{}\"", text(at(event, "version")))),
                "{stream}"
            );
        }
        urls.push(format!("/fhir/{stream}"));
        urls.push(format!("/fhir/{stream}/_history?_count=1000"));
    }
    for kind in ["Patient", "Observation", "Condition", "Binary", "Provenance", "Encounter"] {
        urls.push(format!("/fhir/{kind}?_count=1000"));
        urls.push(format!("/fhir/{kind}/_history?_count=1000"));
    }
    for n in 0..4 {
        urls.push(format!("/api/patients/f{n}"));
        urls.push(format!("/api/patients/f{n}/lab-results"));
    }
    urls.into_iter().map(|url| (url.clone(), answer(http, &url))).collect()
}

/// An answer without what is of the asking: a bundle's own id and time, and the cursor of a read model.
fn answer(http: &Http, url: &str) -> String {
    let reply = http.get(url);
    let Ok(mut body) = anamnesis_json::parse_with_depth(&reply.body, 200) else {
        return format!("{} {}", reply.status, reply.text());
    };
    if !list(&body, "entry").is_empty() || at(&body, "total").as_u64().is_some() {
        let body = body.as_object_mut().expect("a bundle is an object");
        for own in ["id", "meta", "timestamp", "link"] {
            body.remove(own);
        }
    }
    format!("{} {}", reply.status, text(&body))
}

/// The most memory the server ever had, where the machine tells.
fn resident_kb_max(server: &Server) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()?)).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}

fn tail(server: &Server) -> String {
    let said = server.stderr();
    let lines: Vec<_> = said.lines().filter(|line| !line.contains("answered")).collect();
    lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n")
}
