//! The invariants of severity error, and the lists of them that elements and types have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::definitions::{Definitions, Element, Rule};
use super::pieces::wrapped;

/// What every element must be; it is checked with the structure, so no table repeats it.
const OF_EVERY_ELEMENT: &str = "ele-1";

/// The invariants by number, and the lists of them by number; list 0 is empty.
pub(super) struct Rules {
    rules: BTreeSet<Rule>,
    lists: Vec<Vec<Rule>>,
    numbers: BTreeMap<Vec<Rule>, usize>,
}

impl Rules {
    pub(super) fn new(definitions: &Definitions) -> Self {
        let mut rules: BTreeSet<Rule> =
            definitions.elements.values().flat_map(|element| &element.rules).cloned().collect();
        rules.retain(|rule| rule.key != OF_EVERY_ELEMENT);
        rules.insert(simple_quantity());
        Self { rules, lists: vec![Vec::new()], numbers: BTreeMap::from([(Vec::new(), 0)]) }
    }

    /// The number of the list that holds of whatever has this type or backbone.
    pub(super) fn of_shape(&mut self, element: &Element) -> usize {
        self.list(element.rules.clone())
    }

    /// The number of the list that holds of an element beyond those of its type.
    pub(super) fn of_element(&mut self, definitions: &Definitions, element: &Element) -> usize {
        let theirs = element.types.iter().filter_map(|kind| definitions.elements.get(kind));
        let theirs: BTreeSet<&str> =
            theirs.flat_map(|root| &root.rules).map(|rule| rule.key.as_str()).collect();
        let mut own = element.rules.clone();
        own.retain(|rule| !theirs.contains(rule.key.as_str()));
        own.extend(element.simple_quantity.then(simple_quantity));
        self.list(own)
    }

    fn list(&mut self, mut rules: Vec<Rule>) -> usize {
        rules.retain(|rule| rule.key != OF_EVERY_ELEMENT);
        rules.sort();
        rules.dedup();
        let next = self.lists.len();
        *self.numbers.entry(rules.clone()).or_insert_with(|| {
            self.lists.push(rules);
            next
        })
    }

    /// The source of `generated/rules.rs`.
    pub(super) fn source(&self) -> anyhow::Result<String> {
        let mut out = super::heading("R4's invariants of severity error, and the lists that elements have.");
        out += "/// Key, FHIRPath, and what it means in words.\n#[rustfmt::skip]\n";
        writeln!(out, "pub(crate) static RULES: [(&str, &str, &str); {}] = [", self.rules.len())?;
        for rule in &self.rules {
            writeln!(out, "    ({:?}, {:?}, {:?}),", rule.key, rule.expression, rule.human)?;
        }
        out +=
            "];\n\n/// The lists, each the places of its invariants; the first is empty.\n#[rustfmt::skip]\n";
        writeln!(out, "pub(crate) static LISTS: [&[u8]; {}] = [", self.lists.len())?;
        let place = |rule: &Rule| self.rules.range(..rule).count().to_string();
        wrapped(
            &mut out,
            self.lists
                .iter()
                .map(|list| format!("&[{}],", list.iter().map(place).collect::<Vec<_>>().join(","))),
        );
        out += "];\n";
        Ok(out)
    }
}

/// What the profile SimpleQuantity says, which base types use like a type.
fn simple_quantity() -> Rule {
    Rule {
        key: "sqty-1".to_owned(),
        expression: "comparator.empty()".to_owned(),
        human: "The comparator is not used on a SimpleQuantity".to_owned(),
    }
}
