//! The disk under the data directory: how much of it is free, and what our files take.

use std::path::Path;

use rustix::fs::statvfs;

/// The databases of a data directory, by the names their files begin with; generations count with the views.
pub(super) const FILES: [&str; 4] = ["log", "keys", "views", "snapshots"];

/// A disk, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    /// What may still be written.
    pub(crate) free: u64,
    /// All of it.
    pub(crate) size: u64,
}

/// The room on the disk of a directory; none where the machine does not say.
pub(super) fn room(directory: &Path) -> Option<Room> {
    let disk = statvfs(directory).ok()?;
    Some(Room {
        free: disk.f_bavail.saturating_mul(disk.f_frsize),
        size: disk.f_blocks.saturating_mul(disk.f_frsize),
    })
}

/// The bytes that the files of each of [`FILES`] take, those of their logs with them.
pub(super) fn files(directory: &Path) -> [u64; FILES.len()] {
    let mut bytes = [0; FILES.len()];
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let of = FILES.iter().position(|file| is_of(&name.to_string_lossy(), file));
        // A file that went away meanwhile takes nothing.
        let size = entry.metadata().map_or(0, |file| file.len());
        if let Some(sum) = of.and_then(|at| bytes.get_mut(at)) {
            *sum += size;
        }
    }
    bytes
}

/// Whether a file is the database of this name, a generation of it, or what stands beside one of them.
fn is_of(name: &str, database: &str) -> bool {
    let Some(rest) = name.strip_prefix(database) else { return false };
    let rest =
        rest.strip_prefix('-').map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    [".db", ".db-wal", ".db-shm"].contains(&rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("log.db",         Some("log")),
            ("log.db-wal",     Some("log")),
            ("views.db",       Some("views")),
            ("views-12.db",    Some("views")),
            ("views-12.db-shm", Some("views")),
            ("views-old.db",   None),
            ("logbook.db",     None),
            ("master.key",     None),
            ("lock",           None),
        ];
        for (name, database) in cases {
            assert_eq!(FILES.into_iter().find(|file| is_of(name, file)), database, "{name}");
        }
    }

    #[test]
    fn sizes_are_added_up() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys.db"), [0; 10]).unwrap();
        std::fs::write(folder.path().join("keys.db-wal"), [0; 5]).unwrap();
        std::fs::write(folder.path().join("views-1.db"), [0; 3]).unwrap();
        assert_eq!(files(folder.path()), [0, 15, 3, 0]);
        assert_eq!(files(&folder.path().join("nowhere")), [0; 4]);
        let room = room(folder.path()).unwrap();
        assert!(room.size > 0 && room.free <= room.size, "{room:?}");
    }
}
