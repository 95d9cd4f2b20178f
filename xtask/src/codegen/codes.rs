//! The value sets of required bindings that R4 itself enumerates, by number.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::definitions::Definitions;
use super::pieces::wrapped;
use super::terminology::Coded;

/// The value sets that are checked, each with its codes, and the addresses of those that cannot be.
pub(super) struct ValueSets {
    sets: BTreeMap<String, BTreeSet<Coded>>,
    unknown: BTreeSet<String>,
}

impl ValueSets {
    pub(super) fn of(definitions: &Definitions) -> Self {
        let mut told = Self { sets: BTreeMap::new(), unknown: BTreeSet::new() };
        let urls = definitions.elements.values().filter_map(|element| element.binding.as_ref());
        for url in urls.collect::<BTreeSet<_>>() {
            match definitions.terminology.enumerate(url) {
                Some(codes) if !codes.is_empty() => {
                    told.sets.insert(url.clone(), codes);
                }
                _ => {
                    told.unknown.insert(url.clone());
                }
            }
        }
        told
    }

    /// The number of a value set, from 1; 0 for one that cannot be checked.
    pub(super) fn number(&self, url: &str) -> usize {
        self.sets.keys().position(|known| known == url).map_or(0, |at| at + 1)
    }

    /// The source of `generated/codes.rs`.
    pub(super) fn source(&self) -> anyhow::Result<String> {
        let coded = || self.sets.values().flatten();
        let codes: BTreeSet<&str> = coded().map(|(_, code)| code.as_str()).collect();
        let systems: BTreeSet<&str> = coded().map(|(system, _)| system.as_str()).collect();
        let number = |known: &BTreeSet<&str>, text: &str| known.range(..text).count();
        let mut out = super::heading("The value sets of R4's required bindings that R4 itself enumerates.");
        strings(&mut out, "CODES", "Every code of the sets, sorted.", codes.iter().copied())?;
        strings(&mut out, "SYSTEMS", "Every code system of the sets, sorted.", systems.iter().copied())?;
        strings(&mut out, "SETS", "The address of each set.", self.sets.keys().map(String::as_str))?;
        let mut first = vec![0];
        let mut members = Vec::new();
        for set in self.sets.values() {
            let mut its: Vec<_> =
                set.iter().map(|(system, code)| (number(&codes, code), number(&systems, system))).collect();
            its.sort_unstable();
            members.extend(its);
            first.push(members.len());
        }
        writeln!(
            out,
            "/// Where the members of each set begin, and after the last where they end.\n#[rustfmt::skip]"
        )?;
        writeln!(out, "pub(crate) static FIRST: [u16; {}] = [", first.len())?;
        wrapped(&mut out, first.iter().map(|n| format!("{n},")));
        out +=
            "];\n\n/// The members: the places of code and system, sorted within a set.\n#[rustfmt::skip]\n";
        writeln!(out, "pub(crate) static MEMBERS: [(u16, u16); {}] = [", members.len())?;
        wrapped(&mut out, members.iter().map(|(code, system)| format!("({code},{system}),")));
        out += "];\n\n";
        out += "/// The required value sets that R4 does not enumerate, so nobody here can check them.\n#[cfg(test)]\n";
        writeln!(
            out,
            "#[rustfmt::skip]\npub(crate) static NOT_ENUMERATED: [&str; {}] = [",
            self.unknown.len()
        )?;
        wrapped(&mut out, self.unknown.iter().map(|url| format!("{url:?},")));
        out += "];\n";
        Ok(out)
    }
}

fn strings<'a>(
    out: &mut String,
    name: &str,
    what: &str,
    all: impl ExactSizeIterator<Item = &'a str>,
) -> anyhow::Result<()> {
    writeln!(out, "/// {what}\n#[rustfmt::skip]\npub(crate) static {name}: [&str; {}] = [", all.len())?;
    wrapped(out, all.map(|text| format!("{text:?},")));
    *out += "];\n\n";
    Ok(())
}
