//! What happened to a record, to those of a type, and to all: <https://hl7.org/fhir/R4/http.html#history>.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use anamnesis_e2e::{at, bundle, entry, int, issue, json, links, list, pages, send, str, verified};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, Reply, Server};

fn patient(id: &str, city: &str) -> String {
    format!(r#"{{"resourceType":"Patient","id":"{id}","address":[{{"city":"{city}"}}]}}"#)
}

fn put(http: &Http, id: &str, city: &str) -> Reply {
    send(http, "PUT", &format!("/fhir/Patient/{id}"), &[], &patient(id, city))
}

/// The entries of all pages, `PUT Patient/p1 W/"1"`.
#[track_caller]
fn told(http: &Http, path: &str) -> Vec<String> {
    let one = |entry: &Value| {
        let method = str(entry, "request.method");
        let (_, name) = str(entry, "fullUrl").rsplit_once("/fhir/").unwrap_or_default();
        format!("{method} {name} {}", str(entry, "response.etag").trim_start_matches("W/"))
    };
    pages(http, path).iter().flat_map(|page| list(page, "entry").iter().map(one)).collect()
}

/// Waits for the clock to move on, so that what follows has another `lastUpdated`, which is cut to milliseconds.
fn next_millisecond() {
    let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis());
    let begun = now();
    while now() <= begun + 1 {
        std::thread::yield_now();
    }
}

/// Three patients and an organization: made, changed, deleted and made again.
fn some_history(http: &Http) {
    put(http, "p1", "Ghent").expect(201);
    put(http, "p2", "Ghent").expect(201);
    put(http, "p1", "Bruges").expect(200);
    http.delete("/fhir/Patient/p2").expect(204);
    send(
        http,
        "PUT",
        "/fhir/Organization/o1",
        &[],
        r#"{"resourceType":"Organization","id":"o1","name":"A"}"#,
    )
    .expect(201);
    put(http, "p2", "Aalst").expect(201);
    put(http, "p3", "Mol").expect(201);
}

/// "The return content is a Bundle with type set to history containing the specified version history, sorted with
/// oldest versions last, and including deleted resources." <https://hl7.org/fhir/R4/http.html#history>
#[test]
fn newest_first_of_a_record_a_type_and_the_system() {
    let server = Server::start();
    let http = server.http();
    some_history(&http);
    let patients = [
        "PUT Patient/p3 \"1\"",
        "PUT Patient/p2 \"3\"",
        "DELETE Patient/p2 \"2\"",
        "PUT Patient/p1 \"2\"",
        "PUT Patient/p2 \"1\"",
        "PUT Patient/p1 \"1\"",
    ];
    let mut all = patients.to_vec();
    all.insert(2, "PUT Organization/o1 \"1\"");
    assert_eq!(told(&http, "/fhir/Patient/_history"), patients);
    assert_eq!(told(&http, "/fhir/_history"), all);
    assert_eq!(told(&http, "/fhir/Patient/p2/_history"), [patients[1], patients[2], patients[4]]);
    for count in 1..8 {
        assert_eq!(told(&http, &format!("/fhir/Patient/_history?_count={count}")), patients, "{count}");
        assert_eq!(told(&http, &format!("/fhir/_history?_count={count}")), all, "{count}");
    }
    let whole = http.get("/fhir/_history").expect(200).json();
    assert_eq!((str(&whole, "type"), int(&whole, "total")), ("history", 7));
    let part = http.get("/fhir/_history?_count=2").expect(200).json();
    assert!(part.get("total").is_none(), "to count all would cost more than the page");
    assert!(told(&http, "/fhir/Encounter/_history").is_empty());
}

/// "Each entry SHALL minimally contain at least one of: a resource which holds the resource as it is at the conclusion
/// of the operation, or a request with entry.request.method". "The entry.request.method, … a DELETE has no resource".
/// <https://hl7.org/fhir/R4/http.html#history>
#[test]
fn each_entry_says_what_it_came_of() {
    let server = Server::start();
    let http = server.http();
    some_history(&http);
    let made = send(&http, "POST", "/fhir/Patient", &[], r#"{"resourceType":"Patient"}"#).expect(201).json();
    let history = http.get("/fhir/Patient/_history").expect(200).json();
    #[rustfmt::skip] // A table reads by column.
    let expected = [
        ("POST",   "Patient".to_owned(), "201", true),
        ("PUT",    "Patient/p3".into(),  "201", true),
        ("PUT",    "Patient/p2".into(),  "201", true),
        ("DELETE", "Patient/p2".into(),  "204", false),
        ("PUT",    "Patient/p1".into(),  "200", true),
        ("PUT",    "Patient/p2".into(),  "201", true),
        ("PUT",    "Patient/p1".into(),  "201", true),
    ];
    let entries = list(&history, "entry");
    assert_eq!(entries.len(), expected.len());
    for (entry, (method, url, status, whole)) in entries.iter().zip(expected) {
        assert_eq!((str(entry, "request.method"), str(entry, "request.url")), (method, &*url));
        assert_eq!(&str(entry, "response.status")[..3], status);
        assert_eq!(entry.get("resource").is_some(), whole, "{method} {url}");
        assert!(str(entry, "response.lastModified").ends_with('Z'));
    }
    assert_eq!(str(&entries[0], "resource.id"), str(&made, "id"));
    let page: Vec<_> = pages(&http, "/fhir/Patient/_history?_count=3")
        .iter()
        .flat_map(|page| list(page, "entry").iter().map(|e| str(e, "response.status").to_owned()))
        .collect();
    let statuses: Vec<_> = entries.iter().map(|e| str(e, "response.status").to_owned()).collect();
    assert_eq!(page, statuses, "what a version came of does not depend on the page it is on");
}

/// "_list: Only include resource versions that are referenced in the specified list".
/// <https://hl7.org/fhir/R4/http.html#history>
#[test]
fn what_a_list_has() {
    let server = Server::start();
    let http = server.http();
    some_history(&http);
    let items = |items: &str| {
        format!(r#"{{"resourceType":"List","id":"l","status":"current","mode":"working","entry":[{items}]}}"#)
    };
    let item = |reference: &str| format!(r#"{{"item":{{"reference":"{reference}"}}}}"#);
    let (p1, p2, o1) = (item("Patient/p1/_history/1"), item("Patient/p2"), item("Organization/o1"));
    let made = send(&http, "PUT", "/fhir/List/l", &[], &items(&[p1, p2, o1].join(",")));
    let cursor = made.header("anamnesis-cursor").unwrap_or_default().to_owned();
    #[rustfmt::skip] // A table reads by column.
    let listed = ["PUT Patient/p2 \"3\"", "PUT Organization/o1 \"1\"", "DELETE Patient/p2 \"2\"", "PUT Patient/p2 \"1\"", "PUT Patient/p1 \"1\""];
    let patients: Vec<&str> = listed.into_iter().filter(|line| line.contains("Patient")).collect();
    for count in 1..7 {
        assert_eq!(told(&http, &format!("/fhir/_history?_list=l&_count={count}")), listed, "{count}");
        assert_eq!(
            told(&http, &format!("/fhir/Patient/_history?_list=List/l&_count={count}")),
            patients,
            "{count}"
        );
    }
    assert_eq!(told(&http, "/fhir/Patient/p1/_history?_list=l"), [listed[4]]);
    assert_eq!(told(&http, "/fhir/Patient/p3/_history?_list=l"), Vec::<String>::new());
    assert_eq!(told(&http, "/fhir/_history?_list=nobody"), Vec::<String>::new());
    assert_eq!(issue(http.get("/fhir/_history?_list=a/b"), 400), "value");

    // The list is changed, and was what it was.
    send(&http, "PUT", "/fhir/List/l", &[], &items(&item("Patient/p3"))).expect(200);
    assert_eq!(told(&http, "/fhir/_history?_list=l"), ["PUT Patient/p3 \"1\""]);
    assert_eq!(told(&http, &format!("/fhir/_history?_list=l&_asOf={cursor}")), listed);
}

/// "_since: Only include resource versions that were created at or after the given instant in time."
/// <https://hl7.org/fhir/R4/http.html#history>
#[test]
fn since_an_instant() {
    let server = Server::start();
    let http = server.http();
    some_history(&http);
    let all = http.get("/fhir/_history").expect(200).json();
    // By the instants the server itself gives: those of the third and of all behind it.
    let third = str(&all, "entry.2.response.lastModified").to_owned();
    let later: Vec<_> =
        list(&all, "entry").iter().filter(|e| *str(e, "response.lastModified") >= *third).collect();
    let found = told(&http, &format!("/fhir/_history?_since={third}"));
    assert_eq!(found.len(), later.len());
    assert!(found.len() >= 3);
    for path in ["/fhir/_history", "/fhir/Patient/_history", "/fhir/Patient/p2/_history"] {
        let whole = told(&http, path);
        assert_eq!(told(&http, &format!("{path}?_since=1999-01-01T00:00:00Z&_count=1")), whole, "{path}");
        assert_eq!(told(&http, &format!("{path}?_since=1999")), whole, "{path}");
        // Nothing happened yet after an instant that is still to come.
        let none = http.get(&format!("{path}?_since=2199-01-01T00:00:00Z")).expect(200).json();
        assert_eq!((int(&none, "total"), list(&none, "entry").len()), (0, 0), "{path}");
        assert!(links(&none, "next").is_none());
        for wrong in ["yesterday", "", "2026-13-01", "2026-03-01T12:00:00+99:00"] {
            issue(http.get(&format!("{path}?_since={wrong}")), 400);
        }
        issue(http.get(&format!("{path}?_since=1999&_since=2000")), 400);
    }
}

/// "_at: Only include resource versions that were current at some point during the time period specified in the date
/// time value". <https://hl7.org/fhir/R4/http.html#history>
#[test]
fn at_an_instant_or_in_a_period() {
    let server = Server::start();
    let http = server.http();
    put(&http, "p1", "Ghent").expect(201);
    put(&http, "p2", "Ghent").expect(201);
    next_millisecond();
    let second = put(&http, "p1", "Bruges").expect(200).json();
    let between = str(&second, "meta.lastUpdated").to_owned();
    next_millisecond();
    put(&http, "p1", "Aalst").expect(200);
    http.delete("/fhir/Patient/p2").expect(204);

    // In the millisecond the second version began, both were current.
    let current = told(&http, &format!("/fhir/Patient/p1/_history?_at={between}"));
    assert_eq!(current, ["PUT Patient/p1 \"2\"", "PUT Patient/p1 \"1\""]);
    let all = ["PUT Patient/p1 \"2\"", "PUT Patient/p2 \"1\"", "PUT Patient/p1 \"1\""];
    for count in [1, 2, 3, 50] {
        assert_eq!(told(&http, &format!("/fhir/Patient/_history?_at={between}&_count={count}")), all);
        assert_eq!(told(&http, &format!("/fhir/_history?_at={between}&_count={count}")), all);
    }
    let year = &between[..4];
    assert_eq!(
        told(&http, &format!("/fhir/Patient/_history?_at={year}")).len(),
        5,
        "all of it was current then"
    );
    assert!(told(&http, "/fhir/_history?_at=1999-01-01").is_empty());
    for path in ["/fhir/_history", "/fhir/Patient/_history", "/fhir/Patient/p2/_history"] {
        // What will be current may change until then.
        issue(http.get(&format!("{path}?_at=2199-01-01T00:00:00Z")), 400);
        issue(http.get(&format!("{path}?_at=soon")), 400);
    }
}

/// "History interactions … _count": pages, and what is refused. <https://hl7.org/fhir/R4/http.html#history>
#[test]
fn what_is_not_a_history_is_refused() {
    let server = Server::start();
    let http = server.http();
    some_history(&http);
    issue(http.get("/fhir/Patient/never/_history"), 404);
    issue(http.get("/fhir/Dragon/_history"), 404);
    for path in ["/fhir/_history", "/fhir/Patient/_history", "/fhir/Patient/p2/_history"] {
        for wrong in ["_count=-1", "_count=many", "_page=00", "_list=$current-problems"] {
            issue(http.get(&format!("{path}?{wrong}")), 400);
        }
        let next = links(&http.get(&format!("{path}?_count=1")).expect(200).json(), "next").unwrap();
        let (_, token) = next.split_once("_page=").unwrap();
        // A link is good for the question it was given with.
        issue(http.get(&format!("{path}?_since=1999&_page={token}")), 400);
        issue(http.get(&format!("/fhir/Organization/_history?_page={token}")), 400);
        http.get(&format!("{path}?_count=3&_page={token}")).expect(200);
        http.get(&format!("{path}?colour=red")).expect(200);
        let strict = [("prefer", "handling=strict")];
        issue(http.send("GET", &format!("{path}?colour=red"), &strict, None), 400);
    }
    let none = http.get("/fhir/Patient/p2/_history?_count=0").expect(200).json();
    assert_eq!((int(&none, "total"), list(&none, "entry").len()), (3, 0));
}

/// A commit is one version of each record it touched, never a half-made one.
#[test]
fn commits_and_not_half_made_states() {
    let server = Server::start();
    let http = server.http();
    put(&http, "p1", "Ghent").expect(201);
    // Two events, one version: a name and an address.
    let body = r#"{"resourceType":"Patient","id":"p1","name":[{"family":"A"}],"address":[{"city":"Mol"}]}"#;
    send(&http, "PUT", "/fhir/Patient/p1", &[], body).expect(200);
    assert_eq!(told(&http, "/fhir/_history"), ["PUT Patient/p1 \"3\"", "PUT Patient/p1 \"1\""]);
    issue(http.get("/fhir/Patient/p1/_history/2"), 404);
    let entries: Vec<_> = (0..30)
        .map(|n| entry("", "PUT", &format!("Patient/t{n}"), "", &patient(&format!("t{n}"), "Ghent")))
        .collect();
    bundle(&http, "transaction", &entries).expect(200);
    let instants: BTreeSet<_> = list(&http.get("/fhir/_history?_count=30").expect(200).json(), "entry")
        .iter()
        .map(|e| str(e, "response.lastModified").to_owned())
        .collect();
    assert_eq!(instants.len(), 1, "one transaction, one instant");
}

/// Pages are pinned: whoever turns them while others write sees each version that was there once, and no other.
#[test]
fn pages_are_stable_while_others_write() {
    let server = Server::start();
    let http = server.http();
    for n in 0..40 {
        put(&http, &format!("p{}", n % 7), &format!("City {n}")).expect(if n < 7 { 201 } else { 200 });
    }
    let (all, patients) = (told(&http, "/fhir/_history"), told(&http, "/fhir/Patient/_history"));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                put(&http, &format!("p{}", n % 9), &format!("Town {n}"));
                n += 1;
            }
        });
        for _ in 0..5 {
            for (path, before) in [("/fhir/_history", &all), ("/fhir/Patient/_history", &patients)] {
                let found = told(&http, &format!("{path}?_count=3"));
                let distinct: BTreeSet<_> = found.iter().collect();
                assert_eq!(distinct.len(), found.len(), "no double");
                assert!(found.ends_with(before), "no gap");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// Views that are made anew give the same histories, and links given before still lead on.
#[test]
fn a_rebuild_changes_no_history() {
    let room = tempfile::tempdir().unwrap();
    let mut server = Options::new().data(room.path()).start();
    let http = server.http();
    some_history(&http);
    let paths = ["/fhir/_history", "/fhir/Patient/_history", "/fhir/Patient/p2/_history"];
    let before: Vec<_> = paths.iter().map(|path| told(&http, path)).collect();
    let next = links(&http.get("/fhir/_history?_count=3").expect(200).json(), "next").unwrap();
    server.terminate();
    verified(room.path());
    std::fs::remove_file(room.path().join("views.db")).unwrap();
    server.restart();
    let http = server.http();
    let after: Vec<_> = paths.iter().map(|path| told(&http, path)).collect();
    assert_eq!(after, before);
    let rest = http.get(&next).expect(200).json();
    assert_eq!(str(&rest, "entry.0.fullUrl").rsplit_once('/').unwrap().1, "p2");
    assert!(at(&rest, "entry.0.resource").as_object().is_none(), "the fourth is the deletion");
    assert_eq!(list(&json(http.get("/fhir/metadata").text()), "rest.0.interaction").len(), 4);
}
