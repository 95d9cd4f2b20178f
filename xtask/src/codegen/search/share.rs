//! Which parameters of a type keep entries of their own, and which are found by those of others.
//!
//! Invariant: no row is written twice; what a parameter finds is the union of what stands under its numbers,
//! but for a reference to one type alone, which stands with the references to any.

use std::collections::{BTreeMap, BTreeSet};

use super::ways::Way;

/// Where a parameter's entries are kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// The codes of the parameters that keep them, itself among them if it keeps any.
    pub(super) under: BTreeSet<String>,
    /// The ways that it keeps itself.
    pub(super) own: BTreeSet<Way>,
}

/// Shares the ways of a type's parameters among them.
pub(super) fn share(all: &BTreeMap<String, BTreeSet<Way>>) -> BTreeMap<String, Kept> {
    all.keys().map(|code| (code.clone(), kept(all, code))).collect()
}

fn kept(all: &BTreeMap<String, BTreeSet<Way>>, code: &str) -> Kept {
    let Some(ways) = all.get(code) else { return Kept { under: BTreeSet::new(), own: BTreeSet::new() } };
    let mut open: BTreeSet<Way> = ways.clone();
    let mut others: Vec<_> = all.iter().filter(|(other, _)| gives(all, other, code)).collect();
    others.sort_by_key(|(other, ways)| (std::cmp::Reverse(ways.len()), *other));
    let mut under = BTreeSet::new();
    for (other, theirs) in others {
        let before = open.len();
        open.retain(|way| !theirs.iter().any(|their| their.steps == way.steps && covers(their, way)));
        if open.len() < before {
            under.extend(kept(all, other).under);
        }
    }
    if !open.is_empty() {
        under.insert(code.to_owned());
    }
    Kept { under, own: open }
}

/// Whether all that `other` finds `code` finds too, so that it can be left to `other`.
fn gives(all: &BTreeMap<String, BTreeSet<Way>>, other: &str, code: &str) -> bool {
    let (Some(theirs), Some(ours)) = (all.get(other), all.get(code)) else { return false };
    let within = |a: &BTreeSet<Way>, b: &BTreeSet<Way>| {
        a.iter().all(|a| b.iter().any(|b| a.steps == b.steps && covers(a, b)))
    };
    // Of two that find the same, the first keeps it.
    other != code && within(theirs, ours) && (!within(ours, theirs) || other < code)
}

/// Whether what is taken on one way is what is taken on the other, if only the right types are asked for.
fn covers(their: &Way, our: &Way) -> bool {
    their.extract == our.extract || (their.extract == "Reference" && our.extract.starts_with("To("))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_keeps_what() {
        let way = |text: &str| {
            let (step, extract) = text.split_once(' ').unwrap();
            Way { steps: vec![step.to_owned()], extract: extract.to_owned() }
        };
        #[rustfmt::skip] // A table reads by column.
        let all = [
            ("code",           vec!["code Concept"]),
            ("combo-code",     vec!["code Concept", "component Concept"]),
            ("component-code", vec!["component Concept"]),
            ("name",           vec!["family Text", "text Text"]),
            ("family",         vec!["family Text"]),
            ("phonetic",       vec!["family Text", "text Text"]),
            ("patient",        vec!["subject To(\"Patient\")"]),
            ("subject",        vec!["subject Reference"]),
        ];
        let all = all.into_iter().map(|(code, ways)| (code.to_owned(), ways.into_iter().map(way).collect()));
        let shared = share(&all.collect());
        let shown = |code: &str| {
            let kept = shared.get(code).unwrap();
            format!("{} {}", kept.under.iter().cloned().collect::<Vec<_>>().join("+"), kept.own.len())
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("code",       "code 1"),
            ("combo-code", "code+component-code 0"),
            ("name",       "family+name 1"),
            ("phonetic",   "family+name 0"),
            ("patient",    "subject 0"),
            ("subject",    "subject 1"),
        ];
        for (code, expected) in cases {
            assert_eq!(shown(code), expected, "{code}");
        }
    }
}
