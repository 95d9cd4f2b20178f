//! Search parameters that clients register: built beside, swapped in while serving, and there after whatever happens.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::process::Command;

use anamnesis_e2e::{
    at, bundle, commit, count, entries, entry, generations, indexed, int, issue, json, last_cursor, list,
    run, send, str, text, verified,
};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, People, Reply, Server, binary};

/// A definition with these members beside what all have here.
fn definition(code: &str, kind: &str, expression: &str) -> String {
    format!(
        r#"{{"resourceType":"SearchParameter","id":"{code}","url":"http://example.org/SearchParameter/{code}",
        "name":"n{code}","status":"active","description":"d","code":"{code}","base":["Patient"],
        "type":"{kind}","expression":"{expression}"}}"#
    )
}

fn eyes() -> String {
    definition("eye-colour", "token", "Patient.extension.where(url = 'http://example.org/eyes').value")
}

fn put(http: &Http, code: &str, definition: &str) -> Reply {
    send(http, "PUT", &format!("/fhir/SearchParameter/{code}"), &[], definition)
}

fn patient(http: &Http, id: &str, colour: &str) -> Reply {
    let body = format!(
        r#"{{"resourceType":"Patient","id":"{id}","extension":[{{"url":"http://example.org/eyes","valueCoding":{{"system":"http://example.org/colours","code":"{colour}"}}}}],
        "contact":[{{"name":{{"family":"Contact of {id}"}}}}]}}"#
    );
    send(http, "PUT", &format!("/fhir/Patient/{id}"), &[], &body)
}

/// A store with some people, so that a generation takes a while.
fn peopled(people: u64) -> Server {
    let server = Server::start();
    load(&server.http(), people);
    server
}

fn load(http: &Http, people: u64) {
    for n in 0..people {
        http.post("/fhir", &People::small(3).person(n).bundle_with_ids()).expect(200);
    }
}

fn ids(http: &Http, search: &str) -> Vec<String> {
    let mut ids: Vec<String> =
        entries(http, &format!("/fhir/{search}")).iter().map(|found| str(found, "id").to_owned()).collect();
    ids.sort();
    ids
}

/// The codes of registered parameters that the CapabilityStatement lists for patients.
fn listed(http: &Http) -> Vec<String> {
    let statement = http.get("/fhir/metadata").expect(200).json();
    let patients =
        list(&statement, "rest.0.resource").iter().find(|of| str(of, "type") == "Patient").unwrap();
    let codes = list(patients, "searchParam").iter().map(|param| str(param, "name").to_owned());
    codes.filter(|code| code.starts_with("eye") || code.starts_with("contact")).collect()
}

#[test]
fn a_search_by_it_is_refused_until_it_finds_all_there_is() {
    let server = peopled(20);
    let http = server.http();
    patient(&http, "green-1", "green").expect(201);
    let then = last_cursor(&http);
    patient(&http, "blue", "blue").expect(201);
    assert_eq!(generations(&http).get("building"), Some(&Value::Null));
    assert_eq!(listed(&http), [""; 0]);

    put(&http, "eye-colour", &eyes()).expect(201);
    let mut refused = 0;
    loop {
        let (lenient, strict) = (
            http.get("/fhir/Patient?eye-colour=green"),
            http.clone().with_header("prefer", "handling=strict").get("/fhir/Patient?eye-colour=green"),
        );
        if lenient.status == 200 {
            assert_eq!(int(&lenient.json(), "total"), 1, "as soon as it is answered, it is answered whole");
            break;
        }
        assert!(lenient.header("retry-after").is_some());
        assert!(str(&lenient.clone().json(), "issue.0.diagnostics").contains("eye-colour"));
        assert_eq!(issue(lenient, 503), "transient");
        assert!([503, 200].contains(&strict.status), "{}", strict.text());
        // All others are answered meanwhile.
        assert_eq!(count(&http, "Patient?_id=blue"), 1);
        refused += 1;
    }
    assert!(refused > 0, "the index was there before it was asked for");
    indexed(&http, 1);
    assert_eq!(ids(&http, "Patient?eye-colour=http://example.org/colours|green"), ["green-1"]);
    assert_eq!(listed(&http), ["eye-colour"]);
    // What is written from now on is found like anything else, and no longer when it changes.
    patient(&http, "green-2", "green").expect(201);
    assert_eq!(ids(&http, "Patient?eye-colour=green"), ["green-1", "green-2"]);
    patient(&http, "green-1", "brown").expect(200);
    assert_eq!(ids(&http, "Patient?eye-colour=green"), ["green-2"]);
    assert_eq!(count(&http, "Patient?eye-colour=brown,blue"), 2);
    // Of the past too it is asked by the search parameters of today.
    assert_eq!(ids(&http, &format!("Patient?eye-colour=green&_asOf={then}")), ["green-1"]);
}

#[test]
fn a_draft_does_nothing_and_what_is_retired_or_deleted_no_longer_does() {
    let server = Server::start();
    let http = server.http();
    patient(&http, "p", "green").expect(201);
    let strict = http.clone().with_header("prefer", "handling=strict");
    let unknown =
        |http: &Http| strict.get("/fhir/Patient?eye-colour=green").status == 400 && listed(http).is_empty();
    put(&http, "eye-colour", &eyes().replace("active", "draft")).expect(201);
    assert!(unknown(&http), "a draft");
    put(&http, "eye-colour", &eyes()).expect(200);
    indexed(&http, 1);
    assert_eq!(ids(&http, "Patient?eye-colour=green"), ["p"]);
    // What is only for people to read makes no generation.
    let since = str(&generations(&http), "serving.since").to_owned();
    put(&http, "eye-colour", &eyes().replace(r#""description":"d""#, r#""description":"other words""#))
        .expect(200);
    assert_eq!(ids(&http, "Patient?eye-colour=green"), ["p"]);
    assert_eq!(str(&generations(&http), "serving.since"), since);
    // The same code by another expression is not answered by the old one.
    let contacts = definition("eye-colour", "string", "Patient.contact.name.family");
    put(&http, "eye-colour", &contacts).expect(200);
    let asked = http.get("/fhir/Patient?eye-colour=contact");
    assert!(asked.status == 503 || int(&asked.json(), "total") == 1);
    while http.get("/fhir/Patient?eye-colour=contact").status == 503 {}
    assert_eq!(ids(&http, "Patient?eye-colour=contact"), ["p"]);

    put(&http, "eye-colour", &eyes().replace("active", "retired")).expect(200);
    indexed(&http, 0);
    assert!(unknown(&http), "retired");
    put(&http, "eye-colour", &eyes()).expect(200);
    indexed(&http, 1);
    http.delete("/fhir/SearchParameter/eye-colour").expect(204);
    indexed(&http, 0);
    assert!(unknown(&http), "deleted");
}

#[test]
fn what_cannot_be_indexed_is_refused_by_every_door() {
    let folder = tempfile::tempdir().unwrap();
    let server = Options::new().data(folder.path().join("data")).arg("--validation=lenient").start();
    let http = server.http();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("of R4 already",         definition("birthdate", "date", "Patient.birthDate"),               "SearchParameter.code"),
        ("of every type already", definition("_tag", "token", "Patient.meta.tag"),                    "SearchParameter.code"),
        ("a name of R4's kind",   definition("_eyes", "token", "Patient.active"),                     "SearchParameter.code"),
        ("no code",               definition("eye colour", "token", "Patient.active"),                "SearchParameter.code"),
        ("no expression at all",  definition("eyes", "token", "Patient.where("),                      "SearchParameter.expression"),
        ("no type of R4",         definition("eyes", "token", "Patient.active").replace(r#"["Patient"]"#, r#"["Patiens"]"#), "SearchParameter.base"),
    ];
    for (n, (what, wrong, place)) in cases.into_iter().enumerate() {
        let id = format!("x{n}");
        let code = str(&json(&wrong), "id").to_owned();
        let wrong = wrong.replace(&format!(r#""id":"{code}""#), &format!(r#""id":"{id}""#));
        let reply = send(&http, "PUT", &format!("/fhir/SearchParameter/{id}"), &[], &wrong);
        assert!([400, 422].contains(&reply.status), "{what}: {}", reply.text());
        let said = reply.json();
        assert!(text(&said).contains(place), "{what}: {}", text(&said));
        let data = wrong.replace(r#""resourceType":"SearchParameter","#, "");
        let event =
            format!(r#"{{"stream":"SearchParameter/{id}","type":"SearchParameterCreated","data":{data}}}"#);
        commit(&http, &event).expect(422);
        let drafted = wrong.replace("active", "draft");
        if what != "no type of R4" && what != "no code" {
            send(&http, "PUT", &format!("/fhir/SearchParameter/{id}"), &[], &drafted).expect(201);
        }
    }
    put(&http, "eye-colour", &eyes()).expect(201);
    let again = eyes().replace(
        r#""id":"eye-colour","url":"http://example.org/"#,
        r#""id":"other","url":"http://example.org/other/"#,
    );
    let refused = send(&http, "PUT", "/fhir/SearchParameter/other", &[], &again);
    assert_eq!(issue(refused, 400), "duplicate", "another has this code");
}

#[test]
fn it_is_there_after_a_restart_a_rebuild_and_without_views() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    let http = server.http();
    patient(&http, "p", "green").expect(201);
    put(&http, "eye-colour", &eyes()).expect(201);
    indexed(&http, 1);
    let begun = |server: &Server| server.stderr().matches("generation of the views is begun").count();
    assert_eq!(begun(&server), 1);
    let views = || {
        let names =
            std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("views") || name == "serving").collect::<Vec<_>>()
    };
    let found = |server: &Server| ids(&server.http(), "Patient?eye-colour=green");

    server.restart();
    assert_eq!((found(&server), begun(&server)), (vec!["p".to_owned()], 1), "after a restart");
    server.terminate();
    assert_eq!(views(), ["views.db"], "at rest");
    verified(&data);
    run(&["rebuild", "--data", data.to_str().unwrap()]).expect(0);
    server.restart();
    assert_eq!((found(&server), begun(&server)), (vec!["p".to_owned()], 1), "after a rebuild");
    server.terminate();
    std::fs::remove_file(data.join("views.db")).unwrap();
    server.restart();
    assert_eq!((found(&server), begun(&server)), (vec!["p".to_owned()], 1), "made anew, in one go");

    // What came in while nobody served is indexed beside.
    server.terminate();
    let file = folder.path().join("contacts.json");
    std::fs::write(&file, definition("contact-name", "string", "Patient.contact.name.family")).unwrap();
    let imported = Command::new(binary()).arg("import").arg(&file).arg("--data").arg(&data).output().unwrap();
    assert_eq!(imported.status.code(), Some(0), "{}", String::from_utf8_lossy(&imported.stderr));
    server.restart();
    indexed(&server.http(), 2);
    assert_eq!(ids(&server.http(), "Patient?contact-name=CONTACT%20of"), ["p"]);
    assert_eq!(found(&server), ["p"]);
}

#[test]
fn killed_in_the_middle_of_building_it_serves_and_builds_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    load(&server.http(), 12);
    patient(&server.http(), "p", "green").expect(201);
    let people = count(&server.http(), "Patient");
    for round in 0..4 {
        let http = server.http();
        put(
            &http,
            "eye-colour",
            &eyes().replace("http://example.org/S", &format!("http://example.org/{round}/S")),
        )
        .expect(if round == 0 { 201 } else { 200 });
        // The later, the further it is; the last round may be killed while it takes over or after.
        for _ in 0..round * 4 {
            http.get("/api/generations").expect(200);
        }
        server.kill9();
        server.restart();
        let http = server.http();
        assert_eq!(count(&http, "Patient"), people, "round {round}: one serves");
        let asked = http.get("/fhir/Patient?eye-colour=green");
        assert!(asked.status == 503 || int(&asked.json(), "total") == 1, "round {round}");
        indexed(&http, 1);
        assert_eq!(ids(&http, "Patient?eye-colour=green"), ["p"], "round {round}");
    }
    server.terminate();
    verified(&data);
}

#[test]
fn many_at_once_take_few_generations() {
    let server = peopled(8);
    let http = server.http();
    let codes: Vec<String> = (0..6).map(|n| format!("eye-{n}")).collect();
    std::thread::scope(|scope| {
        for code in &codes {
            let http = server.http();
            scope.spawn(move || put(&http, code, &definition(code, "token", "Patient.active")).expect(201));
        }
    });
    indexed(&http, 6);
    assert_eq!(listed(&http), codes);
    let begun = server.stderr().matches("generation of the views is begun").count();
    assert!((1..=3).contains(&begun), "{begun} generations for six search parameters");
    assert_eq!(at(&generations(&http), "building"), &Value::Null);
}

/// Whoever comes second is told, by whichever door, and in one commit too.
#[test]
fn of_two_that_clash_at_once_one_is_refused() {
    let server = peopled(2);
    for round in 0..6 {
        let code = format!("eye-{round}");
        let text = definition(&code, "token", "Patient.active");
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let one = |n: usize| {
                let (http, text) = (server.http(), text.clone());
                let own = format!("{n}-of-{round}");
                let text = text.replace(&format!(r#""id":"{code}""#), &format!(r#""id":"{own}""#));
                let text =
                    text.replace(&format!("SearchParameter/{code}"), &format!("SearchParameter/{own}"));
                scope.spawn(move || match n % 2 {
                    0 => put(&http, &own, &text).status,
                    _ => {
                        let event = format!(
                            r#"{{"stream":"SearchParameter/{own}","type":"SearchParameterCreated","data":{text}}}"#
                        );
                        http.post("/api/commits", &json(&event)).status
                    }
                })
            };
            let all: Vec<_> = (0..4).map(one).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let taken = statuses.iter().filter(|status| **status == 201).count();
        assert_eq!(taken, 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 201 | 400 | 422)), "{statuses:?}");
    }
    let http = server.http();
    let both = ["left", "right"].map(|id| {
        let text = definition("hair", "token", "Patient.active");
        let text = text.replace(r#""id":"hair""#, &format!(r#""id":"{id}""#));
        let text = text.replace("SearchParameter/hair", &format!("SearchParameter/{id}"));
        entry("", "PUT", &format!("SearchParameter/{id}"), "", &text)
    });
    let refused = bundle(&http, "transaction", &both);
    assert!(matches!(refused.status, 400 | 422), "{}", refused.status);
    indexed(&http, 6);
    assert!(!server.stderr().contains("left out"), "{}", server.stderr());
}
