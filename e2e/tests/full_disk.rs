//! A disk that is really full: writes say so and leave nothing, reads go on, and room makes it well again.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anamnesis_e2e::{at, commit, count, events, json, str, stream, verified};
use anamnesis_testkit::{Http, Options, Reply, skipped};

/// A small file system of its own; gone when it is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut mount = Command::new("mount");
        let output = mount.args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(folder.path()).output();
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(Self(folder));
        }
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file that takes all the room there is.
    fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.path().join("filler")).unwrap();
        while file.write_all(&[7; 4_096]).is_ok() {}
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
    let disk = match SmallDisk::mount() {
        Ok(disk) => disk,
        Err(why) if std::env::var_os("CI").is_some() => panic!("no small disk can be mounted: {why}"),
        Err(why) => return skipped(&format!("no small disk can be mounted: {why}")),
    };
    let data = disk.path().join("data");
    let mut server = Options::new().data(&data).start();
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
    http.get("/metrics").expect(200);
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
