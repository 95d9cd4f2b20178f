//! A disk that is really full: writes say so and leave nothing, reads go on, and room makes it well again.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by its panic what it found")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anamnesis_e2e::{at, commit, count, events, json, list, run, str, stream, text, verified};
use anamnesis_testkit::{Http, Options, Reply, Server, skipped};

/// A small file system of its own; gone when it is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut mount = Command::new("mount");
        let output = mount
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(folder.path())
            .output();
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(Self(folder));
        }
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }

    /// One, or none where that cannot be; then the test is left out, but in CI.
    fn mounted(megabytes: u32) -> Option<Self> {
        match Self::mount(megabytes) {
            Ok(disk) => Some(disk),
            Err(why) if std::env::var_os("CI").is_some() => panic!("no small disk can be mounted: {why}"),
            Err(why) => {
                skipped(&format!("no small disk can be mounted: {why}"));
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file that takes all the room there is.
    fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.path().join("filler")).unwrap();
        while file.write_all(&[7; 4_096]).is_ok() {}
    }

    /// The same, but for so many bytes.
    fn fill_but(&self, bytes: u64) {
        self.fill();
        let filler = File::options().write(true).open(self.path().join("filler")).unwrap();
        filler.set_len(filler.metadata().unwrap().len().saturating_sub(bytes)).unwrap();
    }

    fn free(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

fn note(http: &Http, n: u64) -> Reply {
    let long = "x".repeat(2_000);
    commit(
        http,
        &format!(
            r#"{{"stream":"Patient/p1","type":"{}","data":{{"address":[{{"city":"Town {n}","text":"{long}"}}]}}}}"#,
            if n == 0 { "PatientRegistered" } else { "PatientAddressUpdated" }
        ),
    )
}

#[test]
fn writes_say_so_reads_go_on_and_room_makes_it_well() {
    let Some(disk) = SmallDisk::mounted(12) else { return };
    let data = disk.path().join("data");
    let mut server = Options::new().data(&data).arg("--set").arg("alerts.every_ms=50").start();
    let http = server.http();
    for n in 0..20 {
        note(&http, n).expect(201);
    }
    let mut acknowledged = 20;
    disk.fill();
    // A file that has room inside takes some more; then it is full.
    let refused = loop {
        let reply = note(&http, acknowledged);
        if reply.status != 201 {
            break reply;
        }
        acknowledged += 1;
        disk.fill();
        assert!(acknowledged < 5_000, "the disk is small");
    };
    assert!([503, 507].contains(&refused.status), "{}: {}", refused.status, refused.text());
    assert!(str(&refused.json(), "type").ends_with("/unavailable"));
    let patient = json(r#"{"resourceType":"Patient","id":"p2"}"#);
    let by_fhir = http.put("/fhir/Patient/p2", &patient);
    assert!([503, 507].contains(&by_fhir.status), "{}: {}", by_fhir.status, by_fhir.text());
    assert_eq!(str(&by_fhir.json(), "resourceType"), "OperationOutcome");

    let told = stream(&http, "Patient/p1");
    assert_eq!(told.len() as u64, acknowledged, "what was refused is not there, what was acknowledged is");
    assert_eq!(at(&told[19], "data.address.0.city").as_str(), Some("Town 19"));
    assert_eq!(events(&http, "_count=100").events.len() as u64, acknowledged);
    http.get("/livez").expect(200);
    let metrics = http.get("/metrics").expect(200).text();
    let failures =
        metrics.lines().filter_map(|line| line.strip_prefix("anamnesis_append_failures_total{reason="));
    let failed: u64 = failures.filter_map(|line| line.split(' ').nth(1)?.parse::<u64>().ok()).sum();
    assert_eq!(failed, 2, "what was refused is counted");
    let begun = Instant::now();
    while !server.stderr().contains("alert: writes fail") {
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody is told:\n{}", server.stderr());
        std::thread::sleep(Duration::from_millis(20));
    }
    http.get("/fhir/Patient/p1").expect(200);
    http.get("/fhir/Patient/p2").expect(404);

    disk.free();
    for n in acknowledged..acknowledged + 20 {
        note(&http, n).expect(201);
    }
    http.put("/fhir/Patient/p2", &patient).expect(201);
    let last = http.get("/fhir/Patient/p1").expect(200).json();
    assert_eq!(str(&last, "address.0.city"), format!("Town {}", acknowledged + 19));
    assert_eq!(count(&http, "Patient"), 2);
    server.terminate();
    drop(server);
    assert_eq!(verified(&data), acknowledged + 21);
}

/// What a record was, version by version.
fn history(server: &Server, name: &str) -> Vec<String> {
    let bundle = server.http().get(&format!("/fhir/{name}/_history?_count=300")).expect(200).json();
    list(&bundle, "entry").iter().map(|entry| text(at(entry, "resource"))).collect()
}

#[test]
fn views_that_find_no_room_are_made_once_there_is_some() {
    let Some(disk) = SmallDisk::mounted(48) else { return };
    let data = disk.path().join("data");
    let mut server = Options::new().data(&data).start();
    for n in 0..200 {
        note(&server.http(), n).expect(201);
    }
    let before = history(&server, "Patient/p1");
    assert_eq!(before.len(), 200);
    server.terminate();
    drop(server);

    for room in [0, 200 << 10] {
        disk.fill_but(room);
        for how in [&["rebuild"][..], &["rebuild", "--beside"]] {
            let rebuilt = run(&[how, &["--data", &data.to_string_lossy()]].concat()).expect(2);
            assert!(rebuilt.err.contains("disk is full"), "{how:?}: {}", rebuilt.err);
        }
    }
    disk.fill_but(400 << 10);
    let mut server = Options::new().data(&data).start();
    assert_eq!(history(&server, "Patient/p1"), before, "what serves is as it was");
    server.kill9();

    // What was prepared would be wanted then, and not made again for want of room to open it.
    for views in ["views.db", "prepared.db"] {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(data.join(format!("{views}{suffix}")));
        }
    }
    disk.fill_but(400 << 10);
    let http = server.http();
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| server.restart());
        // It listens before the views are there.
        let is_stuck = || {
            let said = http.try_send("GET", "/metrics", &[], None);
            said.is_ok_and(|said| said.text().contains("\nanamnesis_views_stuck 1\n"))
        };
        while !is_stuck() && !starting.is_finished() {
            std::thread::sleep(Duration::from_millis(20));
        }
        disk.free();
    });
    assert!(server.stderr().contains("the views do not advance"), "{}", server.stderr());
    assert_eq!(history(&server, "Patient/p1"), before, "it needed no new start");
}
