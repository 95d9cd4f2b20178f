//! Test data from outside, which lies beside the repository where there is any.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::give_up;

/// Names the file in which a run of all tests counts those that could not do their work.
const SKIPPED: &str = "ANAMNESIS_SKIPPED";
/// Where the data lies, seen from this crate.
const BESIDE: &str = "../../../shared/data";

/// The folder of outside test data beside the repository, if it is there.
pub fn shared_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join(BESIDE);
    beside.canonicalize().ok().filter(|folder| folder.is_dir())
}

/// Unpacks the Synthea patients into `dest` and returns it; without the data it says that the test is skipped.
///
/// # Panics
///
/// When the data is there and cannot be unpacked.
pub fn unpack_synthea(dest: &Path) -> Option<PathBuf> {
    let Some(folder) = shared_data().map(|data| data.join("synthea")).filter(|folder| folder.is_dir()) else {
        skipped();
        return None;
    };
    std::fs::create_dir_all(dest).expect("a test may write where it unpacks");
    let entries = folder.read_dir().expect("the folder was there a line ago");
    let mut archives: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    archives.retain(|path| path.to_string_lossy().ends_with(".tar.zst"));
    archives.sort();
    for archive in archives {
        let unpacked = Command::new("tar").args(["--zstd", "-xf"]).arg(&archive).arg("-C").arg(dest).status();
        if !unpacked.is_ok_and(|status| status.success()) {
            give_up(&format!("tar --zstd could not unpack {}", archive.display()));
        }
    }
    Some(dest.to_owned())
}

/// Says that the running test could not do its work, and writes it down where all tests are counted.
#[expect(clippy::print_stderr, reason = "a test that does not run must say so")]
pub fn skipped() {
    eprintln!("skipped: ../shared/data is not here");
    let Some(path) = std::env::var_os(SKIPPED) else { return };
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let line = format!("{} {test}\n", std::process::id());
    let file = std::fs::File::options().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the file of skipped tests can be written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_what_is_there() {
        let dest = tempfile::tempdir().unwrap();
        let Some(folder) = unpack_synthea(dest.path()) else {
            assert!(shared_data().is_none_or(|data| !data.join("synthea").is_dir()));
            return; // It has written itself down as skipped.
        };
        assert!(folder.read_dir().unwrap().count() > 0);
    }
}
