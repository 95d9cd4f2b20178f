//! Pages of a search: one moment for all of them, whoever writes meanwhile; links that nobody else can make.

use std::collections::BTreeSet;
use std::process::Command;

use anamnesis_e2e::{bundle, entry, int, issue, json, links, list, str};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, Server, binary};

const RECORDS: usize = 45;

fn observation(n: usize, day: usize) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"o{n}","status":"final","code":{{"text":"{n}"}},"effectiveDateTime":"2026-03-{day:02}"}}"#
    )
}

fn patient(n: usize) -> String {
    // Several share a name, one has none.
    let name = if n == 7 { String::new() } else { format!(r#","name":[{{"family":"Secret{}"}}]"#, n % 9) };
    format!(r#"{{"resourceType":"Patient","id":"p{n}","birthDate":"19{:02}-01-01"{name}}}"#, n % 50)
}

fn load(http: &Http) {
    let observations =
        (0..RECORDS).map(|n| entry("", "PUT", &format!("Observation/o{n}"), "", &observation(n, 1 + n % 20)));
    let patients = (0..RECORDS).map(|n| entry("", "PUT", &format!("Patient/p{n}"), "", &patient(n)));
    bundle(http, "transaction", &observations.chain(patients).collect::<Vec<_>>()).expect(200);
}

/// The names on a page, with the version of each.
fn shown(page: &Value) -> Vec<String> {
    let entries = list(page, "entry").iter();
    entries
        .map(|one| {
            let version = str(one, "resource.meta.versionId");
            format!("{}/{}@{version}", str(one, "resource.resourceType"), str(one, "resource.id"))
        })
        .collect()
}

/// Something that moves records between pages, and in and out of searches: another each time.
fn disturb(http: &Http, n: usize) {
    let (away, back, gone) = (n * 3 % RECORDS, (n * 7 + 5) % RECORDS, 20 + n % 10);
    let put = |path: &str, body: String| {
        let status = http.put(path, &json(body)).status;
        assert!(matches!(status, 200 | 201), "{path}: {status}");
    };
    put(&format!("/fhir/Observation/o{away}"), observation(away, 28 - n % 5));
    put(&format!("/fhir/Observation/o{back}"), observation(back, 1));
    put(&format!("/fhir/Observation/o{}", 900 + n), observation(900 + n, 10));
    put(&format!("/fhir/Patient/p{away}"), patient(away).replace("Secret", &format!("Aaa{n}")));
    http.delete(&format!("/fhir/Observation/o{gone}"));
    http.delete(&format!("/fhir/Patient/p{gone}"));
}

#[test]
fn who_turns_pages_while_others_write_sees_what_was_there_at_the_first() {
    let server = Server::start();
    let http = server.http();
    load(&http);
    for (round, search) in [
        "Observation?status=final",
        "Observation",
        "Observation?_sort=date",
        "Observation?_sort=-_lastUpdated",
        "Observation?_sort=-_id",
        "Patient?_sort=name,-birthdate",
        "Patient?_sort=-name",
        "?_type=Patient,Observation",
    ]
    .into_iter()
    .enumerate()
    {
        let joint = if search.contains('?') { '&' } else { '?' };
        let search = if search.starts_with('?') { search.to_owned() } else { format!("/{search}") };
        let whole = http.get(&format!("/fhir{search}{joint}_count=1000")).expect(200).json();
        let expected = shown(&whole);
        assert!(expected.len() >= 21, "{search}: several pages");

        let mut next = Some(format!("/fhir{search}{joint}_count=7"));
        let (mut seen, mut first_cursor, mut turned) = (Vec::new(), None, 0);
        while let Some(path) = next {
            let reply = http.get(&path).expect(200);
            let cursor = reply.header("anamnesis-cursor").unwrap().to_owned();
            assert_eq!(*first_cursor.get_or_insert(cursor.clone()), cursor, "{search}: all as of one cursor");
            let page = reply.json();
            assert_eq!(int(&page, "total"), expected.len() as u64, "{search}: the total stays");
            seen.extend(shown(&page));
            next = links(&page, "next");
            if turned < 3 {
                disturb(&http, round * 3 + turned);
            }
            turned += 1;
            if let Some(first) = links(&page, "first") {
                assert_eq!(
                    shown(&http.get(&first).expect(200).json()),
                    expected[..7],
                    "{search}: the first again"
                );
            }
        }
        assert_eq!(seen, expected, "{search}");
    }
}

#[test]
fn links_are_good_after_a_restart_and_a_rebuild_and_in_no_other_search() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    let http = server.http();
    load(&http);
    let first = http.get("/fhir/Patient?_sort=name&_count=10").expect(200).json();
    let next = links(&first, "next").unwrap();
    let second = shown(&http.get(&next).expect(200).json());
    disturb(&http, 1);
    server.restart();
    assert_eq!(shown(&server.http().get(&next).expect(200).json()), second, "after a restart");
    server.terminate();
    drop(server);
    let rebuilt = Command::new(binary()).args(["rebuild", "--data"]).arg(&data).output().unwrap();
    assert_eq!(rebuilt.status.code(), Some(0));
    let server = Options::new().data(&data).start();
    let http = server.http();
    let again = http.get(&next).expect(200).json();
    assert_eq!(shown(&again), second, "after a rebuild");
    assert_eq!(links(&again, "self").as_deref(), Some(next.as_str()), "a page says which it is");

    let (before, token) = next.split_once("_page=").unwrap();
    for at in [0, 10, token.len() / 2, token.len() - 1] {
        let mut bent = token.as_bytes().to_vec();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let bent = String::from_utf8(bent).unwrap();
        assert_eq!(issue(http.get(&format!("{before}_page={bent}")), 400), "value", "bent at {at}");
    }
    for other in ["Patient?_sort=-name", "Patient?_sort=name&gender=male", "Observation", "Patient"] {
        let joint = if other.contains('?') { '&' } else { '?' };
        issue(http.get(&format!("/fhir/{other}{joint}_page={token}")), 400);
    }
    let stranger = Server::start();
    issue(stranger.http().get(&next), 400);
    assert_eq!(list(&http.get(&next.replace("_count=10", "_count=3")).expect(200).json(), "entry").len(), 3);
}

/// Records were ordered by the names of people: the link says nothing of them.
#[test]
fn a_link_tells_no_name() {
    use std::fmt::Write;
    let server = Server::start();
    let http = server.http();
    load(&http);
    let page = http.get("/fhir/Patient?_sort=name&_count=3").expect(200).json();
    let next = links(&page, "next").unwrap();
    let (_, token) = next.split_once("_page=").unwrap();
    let bytes = unsealed(token);
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
    };
    for name in ["secret", "Secret"] {
        assert!(!hex(&bytes).contains(&hex(name.as_bytes())), "{name}");
    }
    let links: BTreeSet<_> = (0..3)
        .map(|_| links(&http.get("/fhir/Patient?_sort=name&_count=3").json(), "next").unwrap())
        .collect();
    assert_eq!(links.len(), 1, "the same page is the same link each time");
}

/// The bytes of base64url.
fn unsealed(token: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |c: &u8| DIGITS.iter().position(|digit| digit == c).unwrap_or_default();
    let mut bytes = Vec::new();
    for group in token.as_bytes().chunks(4) {
        let bits = group.iter().fold(0, |bits, c| bits << 6 | digit(c)) << (6 * (4 - group.len()));
        bytes.extend(bits.to_be_bytes().into_iter().skip(5).take(group.len() * 6 / 8));
    }
    bytes
}
