//! Test data from outside, which lies beside the repository where there is any.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::give_up;
use crate::skipped;

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
        skipped("../shared/data is not here");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_what_is_there() {
        let dest = tempfile::tempdir().unwrap();
        let Some(folder) = unpack_synthea(dest.path()) else {
            assert!(shared_data().is_none_or(|data| !data.join("synthea").is_dir()));
            return;
        };
        assert!(folder.read_dir().unwrap().count() > 0);
    }
}
