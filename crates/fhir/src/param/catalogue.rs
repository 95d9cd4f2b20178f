//! The search parameters there are at one time: the official ones and those that clients registered.
//!
//! Invariant: the same parameters make the same shape, in whichever order they came.

use anamnesis_kernel::ResourceType;
use compact_str::format_compact;

use super::registered::hash;
use super::{Known, Official, Params, Registered};
use crate::index::{SHAPE, WORDS_SHAPE};

/// The official search parameters and those that clients registered.
#[derive(Debug, Default)]
pub struct Catalogue {
    registered: Vec<Registered>,
    full_text: bool,
}

impl Catalogue {
    /// The official ones and these, no two of which [clash](Registered::clashes).
    pub const fn new(registered: Vec<Registered>) -> Self {
        Self { registered, full_text: false }
    }

    /// With the words of records, or without.
    #[must_use]
    pub fn with_full_text(self, full_text: bool) -> Self {
        Self { full_text, ..self }
    }

    /// Whether records are found by their words.
    pub const fn has_full_text(&self) -> bool {
        self.full_text
    }

    /// Those that clients registered.
    pub fn registered(&self) -> &[Registered] {
        &self.registered
    }

    /// The shape of an index made by these: it changes whenever an entry of any record could.
    pub fn shape(&self) -> String {
        let words = if self.full_text { WORDS_SHAPE } else { "" };
        if self.registered.is_empty() {
            return format!("{SHAPE}{words}");
        }
        let mut each: Vec<_> =
            self.registered.iter().map(|one| format_compact!("{:08x}", hash(one.source()))).collect();
        each.sort_unstable();
        // Two of the sums, since 32 bits alone are few.
        let (all, turned) =
            (hash(each.iter().map(|one| one.as_str())), hash(each.iter().rev().map(|one| one.as_str())));
        format!("{SHAPE}{words}+{}.{all:08x}{turned:08x}", each.len())
    }

    /// Those registered for a type.
    pub(crate) fn of(&self, kind: ResourceType) -> impl Iterator<Item = &Registered> {
        self.registered.iter().filter(move |one| one.base().contains(&kind))
    }
}

impl Params for Catalogue {
    fn known(&self, kind: ResourceType, code: &str) -> Option<Known> {
        let registered = || self.of(kind).find(|one| one.code() == code)?.known(kind);
        Official.known(kind, code).or_else(registered)
    }

    fn codes(&self, kind: ResourceType) -> Vec<Known> {
        let mut all = Official.codes(kind);
        all.extend(self.of(kind).filter_map(|one| one.known(kind)));
        all.sort_by(|a, b| a.code.cmp(&b.code));
        all
    }

    fn full_text(&self, _: ResourceType, _: &str) -> bool {
        self.full_text
    }
}
