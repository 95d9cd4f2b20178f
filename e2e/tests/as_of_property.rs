//! Asking as of a point gives what a store gives that had only ever seen the log up to there.
//!
//! The second store is no imitation: it is the first one's directory, copied when the log ended at that point. So each
//! question is asked twice, of the whole store as of the point and of the copy as of now, and the answers are compared
//! byte for byte, all pages of them. A new question is a line of [`RECORDS`], [`PATIENTS`], [`WHOLE`] or [`SEARCHES`].

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says by its panic what it found")]

use std::path::{Path, PathBuf};

use anamnesis_e2e::{at, json, links, list, str, text};
use anamnesis_json::{Object, Value};
use anamnesis_testkit::{Options, People, Reply, Rng, Server, StepKind, unpack_synthea};

/// Of every record that anything happened to.
const RECORDS: &[&str] = &[
    "/fhir/RECORD",
    "/fhir/RECORD/_history",
    "/fhir/RECORD/_history?_count=1",
    "/fhir/RECORD/_history/1",
    "/fhir/RECORD/_history/2",
    "/fhir/RECORD/_history/3",
    "/fhir/RECORD/$meta",
    "/api/streams/RECORD",
];

/// Of every patient.
const PATIENTS: &[&str] = &[
    "/fhir/Patient/ID/$everything",
    "/fhir/Patient/ID/$everything?_count=40&_type=Observation,Patient,Practitioner",
    "/api/patients/ID",
    "/api/patients/ID/clinical-record",
    "/api/patients/ID/lab-results",
    "/api/events?patient=ID",
];

/// Of everything together.
const WHOLE: &[&str] = &[
    "/fhir/_history?_count=300",
    "/fhir/Patient/_history?_count=3",
    "/fhir/Observation/_history?_since=2021-01-01",
    "/fhir/Patient/$meta",
    "/api/events?_count=500",
    "/api/events?type=LabResultCorrected,PatientAddressUpdated",
];

/// Every shape of search; `ID` is a patient's id.
const SEARCHES: &[&str] = &[
    "/fhir/Patient?_count=1",
    "/fhir/Observation?patient=ID&_count=30",
    "/fhir/Observation?status=corrected,amended",
    "/fhir/Observation?category=laboratory&_summary=count",
    "/fhir/Encounter?date=ge2010&_count=20",
    "/fhir/Condition?patient=ID&clinical-status=resolved",
    "/fhir/Patient?name=a",
    "/fhir/Patient?name:contains=a&birthdate=lt1990",
    "/fhir/Patient?_sort=family,-birthdate&_count=1",
    "/fhir/Patient?_has:Observation:patient:status=corrected,amended",
    "/fhir/Patient?_lastUpdated=gt2000",
    "/fhir/Patient?_id=ID&_revinclude=Observation:patient&_revinclude=Condition:patient&_count=5",
    "/fhir/Patient?_include:iterate=*&_revinclude=Encounter:*",
    "/fhir/Observation?_sort=date&_count=90",
    "/fhir/Observation?_sort=-_lastUpdated&_count=150",
    "/fhir/Observation?_sort=value-quantity,_id&_count=150",
    "/fhir/Observation?patient=ID&_include=Observation:subject&_include=Observation:encounter&_count=30",
    "/fhir/Observation?subject:Patient.name:contains=a&_count=100",
    "/fhir/Observation?status:not=final",
    "/fhir/Observation?value-quantity=gt5&_count=100",
    "/fhir/Observation?encounter:missing=true&_count=100",
    "/fhir/Observation?_filter=status%20eq%20final%20and%20not(date%20lt%202020)&_count=100",
    "/fhir/Encounter?_revinclude=*&_count=10",
    "/fhir/Patient/ID/Observation?_count=40",
    "/fhir/Patient/ID/*?_type=Condition,Encounter",
    "/fhir?_type=Patient,Practitioner",
    "/fhir?_type=Condition,Encounter&patient=ID&_count=40",
    "/fhir/Patient/ID/Observation?category=laboratory&_sort=-date&_count=40",
    "/fhir/Patient/ID/Condition?_summary=count",
    "/fhir/Patient?family:exact=Ek,Iyer,Bakker,Tanaka,Haddad,Quarles,Peeters,Pereira,Castellano",
    "/fhir/Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|MR-0001-0000000,http://terminology.hl7.org/CodeSystem/v2-0203|MR|MR-0002-0000001",
    "/fhir/Patient?address-city:missing=false&death-date:missing=true",
    "/fhir/Patient?_profile:missing=true&_sort=gender",
    "/fhir/Patient?birthdate=ne1980&gender:not=male",
    "/fhir/Patient?_has:Observation:patient:code=8302-2&_has:Condition:patient:clinical-status=active",
    "/fhir/Patient?_has:Encounter:patient:_has:Condition:encounter:clinical-status=active,resolved",
    "/fhir/Patient?_sort=-birthdate,_id&_count=1",
    "/fhir/Patient?_sort=-_id&_summary=true",
    "/fhir/Condition?code:text=a&_count=50",
    "/fhir/Condition?clinical-status:not=active&_sort=-onset-date&_count=50",
    "/fhir/Condition?subject.gender=female&_sort=recorded-date&_count=50",
    "/fhir/Encounter?_sort=-date&_include=Encounter:subject&_revinclude=Observation:encounter&_count=10",
    "/fhir/Encounter?class:missing=false&_count=50",
    "/fhir/Observation?_sort=code&_count=150",
    "/fhir/Observation?_sort=-status,date&_count=150",
    "/fhir/Observation?_sort=-value-quantity&_count=150",
    "/fhir/Observation?_sort=subject&_count=150",
    "/fhir/Observation?date=ge2020&date=lt2023-06&_count=100",
    "/fhir/Observation?date=sa2022,eb2018&_summary=count",
    "/fhir/Observation?value-quantity=le70,gt150||mm[Hg]&_count=100",
    "/fhir/Observation?value-quantity:missing=true&_total=none&_count=100",
    "/fhir/Observation?code-value-quantity=http://loinc.org|8302-2$gt150&_count=100",
    "/fhir/Observation?component-code-value-quantity=http://loinc.org|8480-6$gt100&_count=100",
    "/fhir/Observation?combo-code=8480-6,29463-7&_count=100",
    "/fhir/Observation?encounter.class=AMB&_count=100",
    "/fhir/Observation?encounter.subject:Patient.gender=female&_count=100",
    "/fhir/Observation?subject._has:Condition:patient:clinical-status=active&_count=100",
    "/fhir/Observation?performer:missing=false&_include:iterate=*&_count=50",
    "/fhir/Observation?patient:missing=false&_summary=count",
    "/fhir/Condition?_content=disorder&_count=50",
    "/fhir/Condition?_content=hypertension%20OR%20asthma*&clinical-status=active,resolved&_sort=-onset-date&_count=50",
    "/fhir/Observation?_content=pressure,weight&status:not=final&_count=100",
    "/fhir/Observation?_content=haemolysed%20NOT%20potassium&_summary=count",
    "/fhir/Patient?_has:Condition:patient:_content=disorder&_count=5",
    "/fhir/Patient?_text=ID&_total=none",
];

/// A server that finds words, too.
fn with_words(data: impl AsRef<Path>) -> Server {
    Options::new().data(data).arg("--full-text=true").start()
}

/// How many people, and at how many points a copy is made.
const PEOPLE: u64 = 2;
const COPIES: u64 = 4;

#[test]
fn as_of_is_as_if_nothing_had_happened_since() {
    for seed in [1, 2] {
        let mut story = Story::new(format!("seed {seed}"));
        let mut chance = Rng::new(seed, 0x6173_6f66);
        story.patients = (0..PEOPLE).map(|n| People::small(seed).person(n).id().to_owned()).collect();
        let writes = writes(seed, &mut chance);
        let points: Vec<u64> =
            (0..COPIES).map(|_| PEOPLE + chance.below(writes.len() as u64 - PEOPLE)).collect();
        for (n, write) in (0..).zip(writes) {
            story.write(write);
            if points.contains(&n) {
                story.copy();
            }
        }
        story.holds();
    }
}

/// The same of people whom others made up, of whose records some go, and some come back.
#[test]
fn of_synthea_too() {
    let mut story = Story::new("synthea".to_owned());
    let Some(synthea) = unpack_synthea(&story.folder.path().join("synthea")) else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(synthea.join("iris-2020-selfcontained"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    let mut chance = Rng::new(3, 0x6173_6f66);
    for file in files.iter().take(3) {
        let body = Some(json(std::fs::read_to_string(file).unwrap()));
        let reply =
            story.write(Write { record: String::new(), method: "POST", path: "/fhir".to_owned(), body });
        let answer = reply.expect(200).json();
        let names: Vec<String> = list(&answer, "entry")
            .iter()
            .filter_map(|entry| str(entry, "response.location").split_once("/_history").map(|(name, _)| name))
            .map(|name| {
                name.rsplit('/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/")
            })
            .collect();
        story
            .patients
            .extend(names.iter().filter_map(|name| name.strip_prefix("Patient/")).map(str::to_owned));
        for n in 0..6 {
            let record = chance.one_of(&names).clone();
            let path = format!("/fhir/{record}");
            let resource = story.server.http().get(&path);
            story.write(Write { record: record.clone(), method: "DELETE", path: path.clone(), body: None });
            if n % 2 == 0 && resource.status == 200 {
                let body = Some(resource.json());
                story.write(Write { record, method: "PUT", path, body });
            }
            if n == 3 {
                story.copy();
            }
        }
    }
    assert!(!story.copies.is_empty(), "nothing was told");
    story.holds();
}

/// A store and what happened to it, with a copy of it at some points.
struct Story {
    name: String,
    folder: tempfile::TempDir,
    server: Server,
    copies: Vec<(PathBuf, String)>,
    records: Vec<String>,
    patients: Vec<String>,
}

/// One request that writes.
struct Write {
    record: String,
    method: &'static str,
    path: String,
    body: Option<Value>,
}

impl Story {
    fn new(name: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = with_words(folder.path().join("data"));
        Self { name, folder, server, copies: Vec::new(), records: Vec::new(), patients: Vec::new() }
    }

    /// Writes, whatever comes of it.
    fn write(&mut self, write: Write) -> Reply {
        let Write { record, method, path, body } = write;
        let kind = if path.starts_with("/api") { "application/json" } else { "application/fhir+json" };
        let body = body.map(|body| body.to_text());
        let reply = self.server.http().send(method, &path, &[("content-type", kind)], body);
        assert!(reply.status < 500, "{method} {path}: {}", reply.text());
        if !self.records.contains(&record) && !record.is_empty() {
            self.records.push(record);
        }
        reply
    }

    /// Copies the store as it is.
    fn copy(&mut self) {
        let cursor = self.server.http().get("/api").header("anamnesis-cursor").unwrap().to_owned();
        let data = self.server.data();
        let copy = self.folder.path().join(format!("copy{}", self.copies.len()));
        self.server.terminate();
        copied(&data, &copy);
        self.copies.push((copy, cursor));
        self.server = with_words(&data);
    }

    fn questions(&self) -> Vec<String> {
        let of_records = RECORDS
            .iter()
            .flat_map(|question| self.records.iter().map(|record| question.replace("RECORD", record)));
        let of_patients = PATIENTS
            .iter()
            .chain(SEARCHES.iter().filter(|question| question.contains("ID")))
            .flat_map(|question| self.patients.iter().map(|id| question.replace("ID", id)));
        let plain = WHOLE.iter().chain(SEARCHES.iter().filter(|question| !question.contains("ID")));
        of_records.chain(of_patients).chain(plain.map(ToString::to_string)).collect()
    }

    fn holds(&self) {
        let whole = &self.server;
        let (mut asked, mut changed) = (0, 0);
        for (copy, cursor) in &self.copies {
            let then = with_words(copy);
            for question in self.questions() {
                let expected = answer(&then, &question);
                let joint = if question.contains('?') { '&' } else { '?' };
                let found = answer(whole, &format!("{question}{joint}_asOf={cursor}"));
                assert!(found == expected, "{}, {question} as of {cursor}:\n{found}\n{expected}", self.name);
                asked += 1;
                changed += usize::from(body(&answer(whole, &question)) != body(&expected));
            }
        }
        assert!(changed * 4 > asked, "of {asked} questions only {changed} have another answer today");
    }
}

/// What each person's history tells, one after the other, with deletions and older versions of any record between.
fn writes(seed: u64, chance: &mut Rng) -> Vec<Write> {
    let people = People::small(seed);
    let mut writes = Vec::new();
    let mut to_come = Vec::new();
    let mut records = Vec::new();
    for n in 0..PEOPLE {
        let person = people.person(n);
        let bundle = Some(person.bundle_with_ids());
        writes.push(Write { record: String::new(), method: "POST", path: "/fhir".to_owned(), body: bundle });
        to_come.push(person.history().into_iter());
        records.extend(person.records());
    }
    let at_record = |record: &str| format!("/fhir/{record}");
    while !to_come.is_empty() {
        let one = usize::try_from(chance.below(to_come.len() as u64)).unwrap();
        let Some(step) = to_come[one].next() else {
            to_come.remove(one);
            continue;
        };
        let (method, path, body) = match step.kind {
            StepKind::Put(resource) => ("PUT", at_record(&step.stream), Some(resource)),
            StepKind::Delete => ("DELETE", at_record(&step.stream), None),
            StepKind::Event { kind, schema_version, data, reason } => {
                let mut event = Object::new().with("stream", step.stream.as_str()).with("type", kind);
                if let Some(version) = schema_version {
                    event.push("schema_version", u64::from(version));
                }
                event.push("reason", reason.unwrap_or("because"));
                event.push("data", data);
                ("POST", "/api/commits".to_owned(), Some(event.into()))
            }
        };
        writes.push(Write { record: step.stream, method, path, body });
        if chance.chance(60) {
            let record = chance.one_of(&records);
            let (name, resource) = (record.stream(), Value::from(record.resource.clone()));
            let (method, body) = if chance.chance(50) { ("DELETE", None) } else { ("PUT", Some(resource)) };
            writes.push(Write { path: at_record(&name), record: name, method, body });
        }
    }
    writes
}

/// An answer on all its pages, without what differs from answer to answer, links and the name of the moment.
fn answer(server: &Server, question: &str) -> String {
    let http = server.http();
    let mut told = Vec::new();
    let mut next = Some(question.to_owned());
    while let Some(path) = next {
        let reply = http.get(&path);
        assert_ne!(reply.status, 400, "a question that is refused shows nothing: {path}: {}", reply.text());
        if reply.status != 200 {
            told.push(format!("{} {}", reply.status, reply.text()));
            break;
        }
        let page = reply.json();
        next = match (at(&page, "resourceType").as_str(), at(&page, "next")) {
            (Some("Bundle"), _) => links(&page, "next"),
            (None, after @ (Value::String(_) | Value::Number(_))) if !list(&page, "events").is_empty() => {
                let (path, query) = question.split_once('?').unwrap_or((question, ""));
                let after = text(after).replace('"', "");
                Some(format!("{path}?{query}{}from={after}", if query.is_empty() { "" } else { "&" }))
            }
            _ => None,
        };
        told.push(shown(&reply, &page));
        assert!(told.len() < 1_000, "the pages of {question} do not end");
    }
    told.join("\n").replace(&server.url(), "")
}

fn shown(reply: &Reply, page: &Value) -> String {
    let cursor = reply.header("anamnesis-cursor").unwrap_or_default();
    let Value::Object(mut page) = page.clone() else { return format!("{cursor} {}", reply.text()) };
    for name in ["id", "meta", "link"] {
        if page.get("resourceType").and_then(Value::as_str) == Some("Bundle") {
            drop(page.remove(name));
        }
    }
    drop(page.remove("as_of"));
    let etag = reply.header("etag").unwrap_or_default();
    format!("{cursor} {etag} {}", text(&page.into()))
}

/// What is told beside the cursor of the first page.
fn body(answer: &str) -> &str {
    answer.split_once(' ').map_or(answer, |(_, body)| body)
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
