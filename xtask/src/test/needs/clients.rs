//! Clients and checkers from the package registries, brought under `target/clients` once for each change of their lists.
//!
//! Invariant: what is brought is what the list with hashes names, or nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::install_packages;
use crate::run::{command, shown, succeeds};

/// Where the lists stand in the tree, and where what they name is brought.
const LISTS: &str = "e2e/clients";
const BROUGHT: &str = "target/clients";

/// Brings what is missing or was brought for another list.
///
/// # Errors
///
/// When something is missing and cannot be brought.
pub(super) fn bring(root: &Path) -> anyhow::Result<()> {
    let python = Room { root, name: "python", lists: &["requirements.txt"] };
    if !python.is_current() {
        if !succeeds(command(root, "python3", &["-c", "import ensurepip, venv"])) {
            install_packages(root, &["python3-venv"])?;
        }
        let folder = python.cleared()?;
        let venv = folder.to_string_lossy();
        ensure!(shown(command(root, "python3", &["-m", "venv", &venv]))?, "python makes no environment");
        let list = format!("{LISTS}/python/requirements.txt");
        let pip = folder.join("bin/pip");
        let install = ["install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", &list];
        let brought = shown(command(root, &pip.to_string_lossy(), &install))?;
        ensure!(brought, "the Python packages cannot be brought");
        python.stamp()?;
    }
    let node = Room { root, name: "node", lists: &["package.json", "package-lock.json"] };
    if !node.is_current() {
        let missing: Vec<&str> = [("node", "nodejs"), ("npm", "npm")]
            .into_iter()
            .filter(|(tool, _)| !succeeds(command(root, tool, &["--version"])))
            .map(|(_, package)| package)
            .collect();
        install_packages(root, &missing)?;
        let folder = node.cleared()?;
        node.lay_lists(&folder)?;
        let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        ensure!(shown(command(&folder, "npm", &install))?, "the npm packages cannot be brought");
        node.stamp()?;
    }
    Ok(())
}

/// What is brought by one package manager, from its lists.
struct Room<'a> {
    root: &'a Path,
    name: &'a str,
    lists: &'a [&'a str],
}

impl Room<'_> {
    fn folder(&self) -> PathBuf {
        self.root.join(BROUGHT).join(self.name)
    }

    /// Holds the lists of what was brought whole.
    fn stamps(&self) -> PathBuf {
        self.folder().join("brought")
    }

    fn list(&self, name: &str) -> PathBuf {
        self.root.join(LISTS).join(self.name).join(name)
    }

    /// Whether all that the lists name today was brought.
    fn is_current(&self) -> bool {
        self.lists.iter().all(|name| match fs::read(self.list(name)) {
            Ok(today) => fs::read(self.stamps().join(name)).is_ok_and(|brought| brought == today),
            Err(_) => false,
        })
    }

    /// The folder, with nothing in it.
    fn cleared(&self) -> anyhow::Result<PathBuf> {
        let folder = self.folder();
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    fn stamp(&self) -> anyhow::Result<()> {
        let stamps = self.stamps();
        fs::create_dir_all(&stamps).with_context(|| format!("cannot make {}", stamps.display()))?;
        self.lay_lists(&stamps)
    }

    fn lay_lists(&self, folder: &Path) -> anyhow::Result<()> {
        for name in self.lists {
            let list = self.list(name);
            fs::copy(&list, folder.join(name)).with_context(|| format!("cannot copy {}", list.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_brought_for_another_list_is_brought_again() {
        let root = tempfile::tempdir().unwrap();
        let lists = root.path().join(LISTS).join("node");
        fs::create_dir_all(&lists).unwrap();
        fs::write(lists.join("a"), "1").unwrap();
        let room = Room { root: root.path(), name: "node", lists: &["a"] };
        assert!(!room.is_current(), "nothing was brought");
        room.cleared().unwrap();
        assert!(!room.is_current(), "it was begun, and not ended");
        room.stamp().unwrap();
        assert!(room.is_current());
        fs::write(lists.join("a"), "2").unwrap();
        assert!(!room.is_current(), "the list changed");
        room.cleared().unwrap();
        room.stamp().unwrap();
        assert!(room.is_current());
        fs::remove_file(lists.join("a")).unwrap();
        assert!(!room.is_current(), "there is no list");
    }
}
