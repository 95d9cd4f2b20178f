//! Bundles that ask for too much: what their answers hold and how long they take has limits, for all entries together.

use anamnesis_e2e::{at, bundle, entry, int, issue, last_cursor, list, send, status, str, taken};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, Reply, Server};

/// A page of a hundred is some thirty thousand bytes.
const PAGE: &str = "Observation?_count=100";

fn observation(id: &str, code: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"coding":[{{"system":"urn:c","code":"{code}"}}]}}}}"#
    )
}

fn created(code: &str) -> String {
    let resource = observation("x", code).replace(r#""id":"x","#, "");
    entry("", "POST", "Observation", "", &resource)
}

fn get(url: &str) -> String {
    entry("", "GET", url, "", "")
}

fn load(http: &Http, records: usize) {
    for from in (0..records).step_by(1_000) {
        let put = |n: usize| {
            entry(
                "",
                "PUT",
                &format!("Observation/o{n}"),
                "",
                &observation(&format!("o{n}"), &format!("c{n}")),
            )
        };
        taken(http, &(from..records.min(from + 1_000)).map(put).collect::<Vec<_>>());
    }
}

/// A search that looks at each record many times.
fn costly() -> String {
    let none_of = (0..900).map(|n| format!("code:not=c{n}")).collect::<Vec<_>>().join("&");
    format!("Observation?_summary=count&status=final&{none_of}")
}

fn statuses(answer: &Value) -> Vec<u16> {
    (0..list(answer, "entry").len()).map(|n| status(answer, n)).collect()
}

/// The code of what is said of an entry.
fn code(answer: &Value, n: usize) -> &str {
    str(answer, &format!("entry.{n}.response.outcome.issue.0.code"))
}

fn resource_of(answer: &Value, n: usize) -> Option<&Value> {
    at(answer, &format!("entry.{n}")).get("resource")
}

fn is_stored(http: &Http, code: &str) -> bool {
    int(&http.get(&format!("/fhir/Observation?code=urn:c|{code}")).expect(200).json(), "total") == 1
}

fn roomy_for_two_pages() -> Server {
    Options::new().env("ANAMNESIS_LIMITS_BUNDLE_ANSWER_BYTES_MAX", "100000").start()
}

#[test]
fn a_batch_whose_reads_find_no_room() {
    let server = roomy_for_two_pages();
    let http = server.http();
    load(&http, 150);
    let page = http.get(&format!("/fhir/{PAGE}")).expect(200);
    let pages = 100_000 / page.body.len();
    assert!((2..6).contains(&pages), "a page has {} bytes", page.body.len());

    let mut entries = vec![get(PAGE); 8];
    entries.extend([created("late"), get("Observation/o1"), entry("", "DELETE", "Observation/o2", "", "")]);
    entries
        .extend([entry("", "PUT", "Observation/o3", "", "{}"), entry("", "HEAD", "Observation/o1", "", "")]);
    for whole in [false, true] {
        let prefer: &[_] = if whole { &[("Prefer", "return=representation")] } else { &[] };
        let body = format!(r#"{{"resourceType":"Bundle","type":"batch","entry":[{}]}}"#, entries.join(","));
        let answer = send(&http, "POST", "/fhir", prefer, &body).expect(200).json();
        let mut expected = [vec![200; pages], vec![503; 8 - pages]].concat();
        expected.extend([201, 503, 204, 400, 503]);
        assert_eq!(statuses(&answer), expected, "those before the first that finds no room, and writes");
        for n in (pages..8).chain([9, 12]) {
            assert_eq!(code(&answer, n), "too-costly");
            assert!(resource_of(&answer, n).is_none());
        }
        assert!(resource_of(&answer, 8).is_none(), "written, and told without the resource");
        let created = str(&answer, "entry.8.response.location");
        http.get(&format!("/fhir/{created}")).expect(200);
    }
    // What found no room is had by itself, and one search may hold as much as ever.
    let answer = bundle(&http, "batch", &[get("Observation/o1")]).expect(200).json();
    assert_eq!(statuses(&answer), [200]);
    let all = http.get("/fhir/Observation?_count=1000&_include=*").expect(200);
    assert!(list(&all.json(), "entry").len() > 140);
}

#[test]
fn a_transaction_whose_reads_find_no_room() {
    let server = roomy_for_two_pages();
    let http = server.http();
    load(&http, 150);
    let mut entries = vec![get(PAGE); 8];
    entries.insert(4, created("written"));
    let sent = |http: &Http| -> Reply {
        let body =
            format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, entries.join(","));
        send(http, "POST", "/fhir", &[("Idempotency-Key", "once")], &body)
    };
    let first = sent(&http).expect(200).json();
    let after = last_cursor(&http);
    let came = statuses(&first);
    let fit = came.iter().position(|status| *status == 503).unwrap();
    assert!((2..8).contains(&fit), "{came:?}");
    for (n, status) in came.iter().enumerate() {
        let expected = if n == 4 {
            201
        } else if n < fit {
            200
        } else {
            503
        };
        assert_eq!(*status, expected, "{came:?}");
        assert!(*status != 503 || code(&first, n) == "too-costly");
    }
    assert!(is_stored(&http, "written"), "it was written, as it was told");
    let again = sent(&http).expect(200).json();
    assert_eq!(statuses(&again), came, "told the same again");
    assert_eq!(last_cursor(&http), after, "and done once");
}

/// What a transaction is to return of what it wrote takes room too; where there is none, it is told without.
#[test]
fn resources_that_are_to_be_returned_find_no_room() {
    let server = Options::new().env("ANAMNESIS_LIMITS_BUNDLE_ANSWER_BYTES_MAX", "1000").start();
    let http = server.http();
    let entries: Vec<_> = (0..20).map(|n| created(&format!("c{n}"))).collect();
    for kind in ["transaction", "batch"] {
        let body = format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(","));
        let answer =
            send(&http, "POST", "/fhir", &[("Prefer", "return=representation")], &body).expect(200).json();
        assert_eq!(statuses(&answer), [201; 20]);
        let told = (0..20).filter(|n| resource_of(&answer, *n).is_some()).count();
        assert!((1..10).contains(&told), "{told} of a {kind}");
        assert!((0..told).all(|n| resource_of(&answer, n).is_some()), "the first of a {kind}");
    }
    let all = http.get("/fhir/Observation?_count=1000").expect(200).json();
    assert_eq!(int(&all, "total"), 40);
}

#[test]
fn bundles_whose_time_is_up() {
    // A search that is given up goes on to its own limit, which is not much later.
    let limits = Options::new().env("ANAMNESIS_LIMITS_BUNDLE_MS_MAX", "2000");
    let server = limits.env("ANAMNESIS_LIMITS_QUERY_MS_MAX", "3000").start();
    let http = server.http();
    load(&http, 4_000);

    // More than are begun at a time take all of it; what comes behind them is not begun.
    let mut entries = vec![created("early")];
    entries.extend(vec![get(&costly()); 40]);
    entries.extend([created("late"), get("Observation/o1")]);
    let answer = bundle(&http, "batch", &entries).expect(200).json();
    let came = statuses(&answer);
    assert_eq!(came.len(), 43);
    assert_eq!((came[0], &came[38..]), (201, &[503; 5][..]), "{came:?}");
    for n in (0..43).filter(|n| came[*n] == 503) {
        assert_eq!(code(&answer, n), "timeout");
    }
    assert!(is_stored(&http, "early") && !is_stored(&http, "late"), "done and told, or neither");

    // Of a transaction that was written only reads can be late.
    let answer = bundle(&http, "transaction", &[get(&costly()), created("written")]).expect(200).json();
    assert_eq!((statuses(&answer).as_slice(), code(&answer, 0)), (&[503, 201][..], "timeout"));
    assert!(is_stored(&http, "written"));

    // One whose time is up before is not written.
    let before = last_cursor(&http);
    let condition = format!(r#","ifNoneExist":"{}""#, costly().replace("Observation?_summary=count&", ""));
    let entries = [entry("", "POST", "Observation", &condition, &observation("x", "unwritten"))];
    assert_eq!(issue(bundle(&http, "transaction", &entries), 503), "timeout");
    assert_eq!(last_cursor(&http), before, "nothing was kept");
    http.get("/fhir/Observation/o1").expect(200);
}
