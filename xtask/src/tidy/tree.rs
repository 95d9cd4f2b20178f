//! The tree as tidy sees it: every path, and the text of what it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context;

/// Folders that hold nothing of ours.
const NOT_OURS: [&str; 2] = [".git", "anamnesis-data"];
/// Extensions of what is read.
const READ: [&str; 3] = ["md", "rs", "toml"];

/// Paths are relative to the top, with `/` between their parts.
#[derive(Default)]
pub(super) struct Tree {
    paths: BTreeSet<String>,
    texts: BTreeMap<String, String>,
}

impl Tree {
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries =
                fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
            for entry in entries {
                let path = entry?.path();
                let name =
                    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let at_top = folder == root;
                if NOT_OURS.contains(&name.as_str()) || (at_top && name.starts_with("target")) {
                    continue;
                }
                tree.paths.insert(relative(root, &path));
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| READ.iter().any(|read| extension == *read))
                {
                    let text = fs::read_to_string(&path)
                        .with_context(|| format!("cannot read {}", path.display()))?;
                    tree.texts.insert(relative(root, &path), text);
                }
            }
        }
        Ok(tree)
    }

    /// Whether a path, as it stands in a file of the folder `from`, is there.
    pub(super) fn has(&self, from: &str, path: &str) -> bool {
        normal(&Path::new(from).join(path)).is_some_and(|path| path.is_empty() || self.paths.contains(&path))
    }

    /// The files of an extension below a folder (all, when it is empty), with their text.
    pub(super) fn files<'a>(
        &'a self,
        below: &'a str,
        extension: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let wanted = move |path: &str| {
            path.starts_with(below) && Path::new(path).extension().is_some_and(|found| found == extension)
        };
        self.texts
            .iter()
            .filter(move |(path, _)| wanted(path))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The names at the top.
    pub(super) fn top(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str).filter(|path| !path.contains('/'))
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            for folder in Path::new(path).ancestors() {
                tree.paths.insert(folder.to_string_lossy().into_owned());
            }
            tree.texts.insert((*path).to_owned(), (*text).to_owned());
        }
        tree.paths.remove("");
        tree
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Resolves `.` and `..`; none for what leads out of the tree.
fn normal(path: &Path) -> Option<String> {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !parts.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.to_string_lossy().replace('\\', "/"))
}
