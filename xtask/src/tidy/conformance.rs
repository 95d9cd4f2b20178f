//! The table of what the standard's page asks names tests that are there, and all that were written for it.
//!
//! Invariant: a row says how it stands, and why where it is not; what is done is shown by a test.

use super::tree::Tree;

const TABLE: &str = "docs/conformance.md";
/// Where tests of the page's sentences stand.
const TESTS: &str = "e2e/tests/";
const OF_THE_PAGE: &str = "e2e/tests/rest_page_";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let Some((_, table)) = tree.files(TABLE, "md").next() else { return Vec::new() };
    let mut complaints = Vec::new();
    let mut named = Vec::new();
    for (number, line) in table.lines().enumerate().filter(|(_, line)| line.starts_with("| `#")) {
        let mut complain = |what: &str| complaints.push(format!("{TABLE}:{}: {what}", number + 1));
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let &[_, _, stands, test] = cells.as_slice() else {
            complain("a row has four cells");
            continue;
        };
        let done = stands == "done" || ["done, ", "done: "].iter().any(|word| stands.starts_with(word));
        if !done && !stands.starts_with("not here: ") {
            complain("a row says done, or not here and why");
        }
        let test = test.trim_matches('`');
        if test.is_empty() && done {
            complain("what is done is shown by a test");
        }
        if !test.is_empty() && !tests(tree, TESTS).any(|there| there == test) {
            complain(&format!("there is no test {test}"));
        }
        named.push(test);
    }
    let unnamed = tests(tree, OF_THE_PAGE).filter(|test| !named.contains(&test.as_str()));
    complaints.extend(unnamed.map(|test| format!("{TABLE}: {test} is not in the table")));
    complaints
}

/// The tests in the files below, as `file::function`.
fn tests<'a>(tree: &'a Tree, below: &'a str) -> impl Iterator<Item = String> + 'a {
    tree.files(below, "rs").flat_map(|(path, text)| {
        let file = path.trim_start_matches(TESTS).trim_end_matches(".rs");
        let functions = text.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split('(').next());
        functions.map(move |function| format!("{file}::{function}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints() {
        let page = "#[test]\nfn read() {}\n#[test]\nfn head() {}\nfn helper() {}\n";
        let head = "| `#head` | HEAD | done | `rest_page_a::head` |\n";
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // the first row                                            what is complained of
            ("| `#read` | id | done | `rest_page_a::read` |",        None),
            ("| `#read` | id | done, in JSON | `rest_page_a::read` |", None),
            ("| `#read` | id | perhaps | `rest_page_a::read` |",     Some("docs/conformance.md:1: a row says done, or not here and why")),
            ("| `#read` | id | `rest_page_a::read` |",               Some("docs/conformance.md:1: a row has four cells")),
            ("| `#read` | id | not here: no | |",                    Some("docs/conformance.md: rest_page_a::read is not in the table")),
            ("| `#read` | id | done | |",                            Some("docs/conformance.md:1: what is done is shown by a test")),
            ("| `#read` | id | done | `rest_page_a::gone` |",        Some("docs/conformance.md:1: there is no test rest_page_a::gone")),
            ("| `#read` | id | done | `rest_page_a::helper` |",      Some("docs/conformance.md:1: there is no test rest_page_a::helper")),
        ];
        for (row, complaint) in cases {
            let table = format!("{row}\n{head}");
            let tree = Tree::of(&[("docs/conformance.md", &table), ("e2e/tests/rest_page_a.rs", page)]);
            let found = check(&tree);
            assert_eq!(found.first().map(String::as_str), complaint, "{row}");
        }
        assert!(check(&Tree::of(&[("README.md", "")])).is_empty());
    }
}
