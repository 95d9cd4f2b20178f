//! Documents name only what exists: paths in backticks, links within the tree, chores of this program.

use std::path::Path;

use super::tree::Tree;
use crate::CHORES;

/// Endings by which a bare name in backticks is known to be a file of the tree.
const OUR_ENDINGS: [&str; 2] = [".md", ".rs"];
const CHORE: &str = "cargo xtask ";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let ours = |path: &&str| !path.contains('/') || path.starts_with("docs/");
    let documents = tree.files("", "md").filter(|(path, _)| ours(path));
    documents.flat_map(|(path, text)| check_document(tree, path, text)).collect()
}

fn check_document(tree: &Tree, document: &str, text: &str) -> Vec<String> {
    let folder = Path::new(document).parent().map(|folder| folder.to_string_lossy()).unwrap_or_default();
    let mut complaints = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        let mut complain = |what: String| complaints.push(format!("{document}:{}: {what}", number + 1));
        for chore in chores(line).filter(|chore| !CHORES.iter().any(|(name, ..)| name == chore)) {
            complain(format!("there is no chore {chore:?}"));
        }
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        for path in in_backticks(line).filter(|word| is_path(tree, word)) {
            let path = path.trim_end_matches('/');
            if !tree.has("", path) && !tree.has(&folder, path) {
                complain(format!("{path} does not exist"));
            }
        }
        for link in links(line) {
            if !tree.has(&folder, link) {
                complain(format!("the link to {link} leads nowhere"));
            }
        }
    }
    complaints
}

/// Whether a word in backticks can only be meant as a path of this tree.
fn is_path(tree: &Tree, word: &str) -> bool {
    if word.contains(|c: char| c.is_whitespace() || "*{}<>$…()=?\"'".contains(c)) {
        return false;
    }
    match word.split_once('/') {
        Some((first, _)) => tree.top().any(|top| top == first),
        None => OUR_ENDINGS.iter().any(|ending| word.len() > ending.len() && word.ends_with(ending)),
    }
}

fn in_backticks(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Where the links of a line lead, but for those that leave the tree.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    targets
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .map(|target| target.split_once('#').map_or(target, |(path, _)| path))
        .filter(|path| !path.is_empty())
}

/// The chores a line names.
fn chores(line: &str) -> impl Iterator<Item = &str> {
    line.split(CHORE).skip(1).filter_map(|rest| {
        let name = rest.split(|c: char| !c.is_ascii_lowercase()).next()?;
        (!name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            // a line of docs/here.md                                   what is complained of
            ("See `crates/kernel/src/lib.rs` and `docs/`.",             None),
            ("See `crates/kernel/src/gone.rs`.",                        Some("docs/here.md:1: crates/kernel/src/gone.rs does not exist")),
            ("See `README.md`, `here.md`.",                             None),
            ("See `PLAN.md`.",                                          Some("docs/here.md:1: PLAN.md does not exist")),
            ("`log.db` beside `GET /fhir/Patient/ann` and `a/b`",       None),
            ("`crates/*/src` and `docs/{name}.md`",                     None),
            ("[map](../README.md#rooms), [web](https://x.org/a), [below](#b)", None),
            ("[map](gone.md)",                                          Some("docs/here.md:1: the link to gone.md leads nowhere")),
            ("[out](../../elsewhere)",                                  Some("docs/here.md:1: the link to ../../elsewhere leads nowhere")),
            ("Run `cargo xtask tidy`.",                                 None),
            ("Run `cargo xtask dance`.",                                Some("docs/here.md:1: there is no chore \"dance\"")),
            ("```\n`docs/gone.md`\n```",                                None),
            ("```\ncargo xtask dance\n```",                             Some("docs/here.md:2: there is no chore \"dance\"")),
        ];
        for (text, complaint) in cases {
            let tree =
                Tree::of(&[("crates/kernel/src/lib.rs", ""), ("README.md", ""), ("docs/here.md", text)]);
            let expected: Vec<String> = complaint.into_iter().map(str::to_owned).collect();
            assert_eq!(check(&tree), expected, "{text}");
        }
    }
}
