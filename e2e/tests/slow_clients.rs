//! Clients that are slow, silent, greedy or gone: each meets its limit, and everyone else is answered meanwhile.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::time::{Duration, Instant};

use anamnesis_e2e::{Raw, count, events, json, patient, put_head, str};
use anamnesis_testkit::{Options, Server};

const GET: &str = "GET /fhir/Patient/p1 HTTP/1.1\r\nhost: x\r\n\r\n";
/// What "soon" is, on a machine that has other things to do: below every limit that a test leaves as it is.
const SOON: Duration = Duration::from_secs(9);

/// A server with these settings, and one patient.
fn server(settings: &[&str]) -> Server {
    let mut options = Options::new();
    for setting in settings {
        options = options.arg("--set").arg(setting);
    }
    let server = options.start();
    server.http().put("/fhir/Patient/p1", &json(patient("p1"))).expect(201);
    server
}

/// Another client is answered, soon.
#[track_caller]
fn others_are_served(server: &Server) {
    let begun = Instant::now();
    server.http().get("/fhir/Patient/p1").expect(200);
    let put = server.http().put("/fhir/Patient/other", &json(patient("other")));
    assert!(put.status == 200 || put.status == 201, "{}", put.status);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

/// How many clients met this limit.
fn refused(server: &Server, limit: &str) -> u64 {
    let said = server.http().get("/metrics").expect(200).text();
    let name = format!("anamnesis_http_refused_total{{limit=\"{limit}\"}} ");
    said.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap()
}

#[test]
fn a_head_that_trickles_is_cut_off() {
    let server = server(&["limits.head_ms_max=400"]);
    // Answered once, so that the second head is under watch as the first was.
    let mut clients: Vec<Raw> = (0..20).map(|_| Raw::to(&server)).collect();
    for client in clients.iter_mut().skip(10) {
        client.send(GET);
        assert_eq!(client.answer().unwrap().status, 200);
    }
    let begun = Instant::now();
    for client in &mut clients {
        client.send("GET /fhir/Pat");
    }
    others_are_served(&server);
    let mut open = true;
    while open && begun.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(50));
        open = clients.iter_mut().all(|client| client.send("i"));
    }
    for client in &mut clients {
        client.ended_after();
        assert_eq!(client.rest(), "", "it is closed without a word");
    }
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!(refused(&server, "head"), 20);
}

#[test]
fn a_connection_without_a_request_is_closed() {
    let server = server(&["limits.idle_ms_max=600", "limits.head_ms_max=60000"]);
    let mut client = Raw::to(&server);
    let mut asked = Instant::now();
    for _ in 0..3 {
        asked = Instant::now();
        client.send(GET);
        assert_eq!(client.answer().unwrap().status, 200);
    }
    client.ended_after();
    let after = asked.elapsed();
    assert!(after >= Duration::from_millis(600) && after < SOON, "{after:?}");
    assert_eq!(refused(&server, "idle"), 1);
}

#[test]
fn a_body_that_trickles_is_answered_408_at_both_doors() {
    let server = server(&["limits.body_ms_max=400", "limits.body_bytes_per_s_min=1000000"]);
    let commit = "POST /api/commits HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n";
    for (head, said) in [(put_head("slow", 900), "\"timeout\""), (commit.to_owned(), "/problems/too-slow")] {
        let mut client = Raw::to(&server);
        client.send(head);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(300) {
            client.send(" ");
            std::thread::sleep(Duration::from_millis(20));
        }
        others_are_served(&server);
        let answer = client.answer().unwrap();
        assert_eq!(answer.status, 408, "{}", answer.body);
        assert!(answer.body.contains(said), "{}", answer.body);
        client.ended_after();
    }
    // What is packed is looked through.
    let mut client = Raw::to(&server);
    client.send(put_head("slow", 900).replace("content-length", "content-encoding: gzip\r\ncontent-length"));
    client.send(b"\x1f\x8b\x08\0\0\0\0\0\0\x03");
    let answer = client.answer().unwrap();
    assert_eq!(answer.status, 408, "{}", answer.body);
    assert_eq!(refused(&server, "body"), 3);
    server.http().get("/fhir/Patient/slow").expect(404);
}

/// A large body takes its time, as long as it keeps the pace.
#[test]
fn a_body_that_keeps_the_pace_is_taken() {
    let server = server(&["limits.body_ms_max=500", "limits.body_bytes_per_s_min=1000"]);
    let body = format!("{}{}", patient("steady"), " ".repeat(4_000));
    let mut client = Raw::to(&server);
    client.send(put_head("steady", body.len()));
    for piece in body.as_bytes().chunks(1_000) {
        client.send(piece);
        std::thread::sleep(Duration::from_millis(250));
    }
    assert_eq!(client.answer().unwrap().status, 201);
}

/// Those who still send their bodies have no turn, so they keep nobody from theirs.
#[test]
fn many_slow_bodies_leave_the_turns_to_others() {
    let server = server(&["limits.requests_max=2", "limits.queue_max=2"]);
    let mut clients: Vec<Raw> = (0..30).map(|_| Raw::to(&server)).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.send(put_head(&format!("c{n}"), patient(&format!("c{n}")).len()));
        client.send("{");
    }
    others_are_served(&server);
    let mut kept = 0;
    for (n, mut client) in clients.into_iter().enumerate() {
        client.send(&patient(&format!("c{n}"))[1..]);
        let answer = client.answer().unwrap();
        assert!(answer.status == 201 || answer.status == 503, "{}", answer.body);
        kept += u64::from(answer.status == 201);
    }
    assert!(kept > 0);
    assert_eq!(events(&server.http(), "record=Patient").events.len() as u64, kept + 2);
}

/// With one turn and no queue, whoever comes second is told so by both doors, and what was done is known.
#[test]
fn a_full_queue_is_told_to_come_again() {
    let server = server(&["limits.requests_max=1", "limits.queue_max=0"]);
    let writer = |client: usize| {
        let http = server.http();
        move || {
            let (mut kept, mut told) = (0, 0);
            for n in 0..25 {
                let id = format!("w{client}-{n}");
                let reply = if client.is_multiple_of(2) {
                    http.put(&format!("/fhir/Patient/{id}"), &json(patient(&id)))
                } else {
                    let event = format!(
                        r#"{{"stream":"Patient/{id}","type":"PatientRegistered","data":{{"gender":"female"}}}}"#
                    );
                    http.post("/api/commits", &json(event))
                };
                match reply.status {
                    201 => kept += 1,
                    503 => {
                        assert_eq!(reply.header("retry-after"), Some("1"));
                        let words =
                            if client.is_multiple_of(2) { "throttled" } else { "/problems/unavailable" };
                        assert!(reply.text().contains(words), "{}", reply.text());
                        told += 1;
                    }
                    status => panic!("{status}: {}", reply.text()),
                }
            }
            (kept, told)
        }
    };
    let (kept, told) = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|client| scope.spawn(writer(client))).collect();
        for _ in 0..20 {
            server.http().get("/livez").expect(200);
            server.http().get("/metrics").expect(200);
        }
        let each = writers.into_iter().map(|writer| writer.join().unwrap());
        each.fold((0, 0), |(kept, told), (k, t)| (kept + k, told + t))
    });
    assert!(kept > 0 && told > 0, "{kept} kept, {told} told");
    assert_eq!(refused(&server, "queue"), told);
    assert_eq!(events(&server.http(), "record=Patient&_count=1000").events.len() as u64, kept + 1);
}

#[test]
fn too_much_at_once_is_told_to_come_again() {
    let server = server(&["limits.bodies_bytes_max=3000"]);
    let mut large = Raw::to(&server);
    large.send(put_head("large", 4_000));
    large.send(" ".repeat(2_500));
    others_are_served(&server);
    large.send(" ".repeat(1_000));
    let answer = large.answer().unwrap();
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 1") && answer.body.contains("throttled"), "{}", answer.body);
    large.ended_after();
    // What it had counted is given back.
    server
        .http()
        .put("/fhir/Patient/p2", &json(format!("{}{}", patient("p2"), " ".repeat(2_500))))
        .expect(201);
    assert_eq!(refused(&server, "bodies"), 1);
}

#[test]
fn one_connection_too_many_is_told_and_closed() {
    let server = server(&["limits.connections_max=10"]);
    let mut clients: Vec<Raw> = (0..10).map(|_| Raw::to(&server)).collect();
    let told = |client: &mut Raw| {
        client.send(GET);
        client.answer().map(|answer| (answer.status, answer.head, answer.body))
    };
    // The last of ten may find the place of the client that made the patient taken still.
    let begun = Instant::now();
    let mut taken = 0;
    for client in &mut clients {
        taken += u32::from(told(client).is_some_and(|(status, ..)| status == 200));
    }
    assert!(taken >= 9, "{taken}");
    let mut over = loop {
        let mut client = Raw::to(&server);
        let (status, head, body) = told(&mut client).unwrap();
        if status == 503 {
            assert!(head.contains("retry-after: 1") && head.contains("connection: close"), "{head}");
            assert_eq!(str(&json(&body), "type"), "/problems/unavailable");
            break client;
        }
        clients.push(client);
        assert!(begun.elapsed() < SOON);
    };
    over.ended_after();
    for client in &mut clients {
        if client.send(GET)
            && let Some(answer) = client.answer()
        {
            assert_eq!(answer.status, 200, "those that have a place keep it");
        }
    }
    drop(clients);
    let begun = Instant::now();
    while told(&mut Raw::to(&server)).is_none_or(|(status, ..)| status == 503) {
        assert!(begun.elapsed() < SOON, "a place that is left is taken again");
    }
    assert!(refused(&server, "connections") > 0);
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let server = server(&["limits.answer_ms_max=500"]);
    for n in 0..40 {
        let name = "x".repeat(200_000);
        let id = format!("big{n}");
        let body = format!(r#"{{"resourceType":"Patient","id":"{id}","name":[{{"text":"{name}"}}]}}"#);
        server.http().put(&format!("/fhir/Patient/{id}"), &json(body)).expect(201);
    }
    let mut deaf: Vec<Raw> = (0..4).map(|_| Raw::to(&server)).collect();
    for client in &mut deaf {
        client.send("GET /fhir/Patient?_count=100 HTTP/1.1\r\nhost: x\r\n\r\n");
    }
    others_are_served(&server);
    let begun = Instant::now();
    while refused(&server, "answer") < 4 {
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "only {} were cut off",
            refused(&server, "answer")
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// It is still there to read, so it is answered.
#[test]
fn a_client_that_closes_its_half_is_answered() {
    let server = server(&[]);
    let mut client = Raw::to(&server);
    client.send(format!("{}{}", put_head("half", patient("half").len()), patient("half")));
    client.close_half();
    assert_eq!(client.answer().unwrap().status, 201);
    assert!(client.ended_after() < SOON);
    // A body that ends early is none.
    let mut client = Raw::to(&server);
    client.send(format!("{}{{", put_head("early", 100)));
    client.close_half();
    client.ended_after();
    server.http().get("/fhir/Patient/early").expect(404);
}

#[test]
fn a_client_that_goes_away_leaves_all_or_nothing() {
    let server = server(&[]);
    for n in 0..50 {
        let id = format!("gone{n}");
        let whole = format!("{}{}", put_head(&id, patient(&id).len()), patient(&id));
        // In the head, in the body, before the answer.
        let sent = [30, whole.len() - 5, whole.len()];
        let mut client = Raw::to(&server);
        client.send(&whole[..sent[n % sent.len()]]);
    }
    others_are_served(&server);
    let begun = Instant::now();
    // Those that were sent whole were asked for, and are kept; the others are not.
    while count(&server.http(), "Patient") < 2 + 16 {
        assert!(begun.elapsed() < SOON);
    }
    assert_eq!(count(&server.http(), "Patient"), 2 + 16);
    assert_eq!(events(&server.http(), "record=Patient&_count=1000").events.len(), 2 + 16);
}

/// Refused before the body came, a client that sends it all the same can go on.
#[test]
fn a_no_that_needs_no_body_keeps_the_connection() {
    let server = server(&[]);
    let mut client = Raw::to(&server);
    let head = "content-type: application/fhir+json\r\ncontent-length: 30\r\n\r\n";
    client.send(format!("POST /fhir/Dragon HTTP/1.1\r\nhost: x\r\n{head}"));
    assert_eq!(client.answer().unwrap().status, 404);
    client.send(" ".repeat(30));
    client.send(GET);
    assert_eq!(client.answer().unwrap().status, 200);
}

/// Where too much of the body is still to come, or nobody knows how much, the answer says that it is the last.
#[test]
fn a_no_before_a_long_body_ends_the_connection_and_says_so() {
    let server = server(&[]);
    for length in ["content-length: 70000", "transfer-encoding: chunked"] {
        let mut client = Raw::to(&server);
        client.send(format!("POST /fhir/Dragon HTTP/1.1\r\nhost: x\r\n{length}\r\n\r\n"));
        let answer = client.answer().unwrap();
        assert_eq!(answer.status, 404);
        assert!(answer.head.contains("connection: close"), "{length}: {}", answer.head);
    }
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let server = server(&[]);
    let mut client = Raw::to(&server);
    let put = format!("{}{}", put_head("p2", patient("p2").len()), patient("p2"));
    let read = |id: &str| format!("GET /fhir/Patient/{id} HTTP/1.1\r\nhost: x\r\n\r\n");
    client.send([read("p1"), put, read("p2"), read("p3"), read("p1")].concat());
    let statuses: Vec<u16> = (0..5).map(|_| client.answer().unwrap().status).collect();
    assert_eq!(statuses, [200, 201, 200, 404, 200]);
}

#[test]
fn heads_and_addresses_have_their_limits() {
    let server = server(&["limits.head_bytes_max=100000"]);
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("a long address",      format!("GET /fhir/Patient?name={} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(60_000)), 200),
        ("one too long",        format!("GET /fhir/Patient?name={} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(70_000)), 414),
        ("a head too long",     format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(110_000)),           431),
        ("too many headers",    format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(200)),               431),
        ("no HTTP",             "HELO there\r\n\r\n".to_owned(),                                                      400),
    ];
    for (what, request, status) in cases {
        let mut client = Raw::to(&server);
        client.send(request);
        assert_eq!(client.answer().map(|answer| answer.status), Some(status), "{what}");
        others_are_served(&server);
    }
}
