//! What the statement says of searches: parameters with what can be asked of each, and what can come along.
//!
//! Invariant: a parameter is listed exactly when a search takes it.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use crate::{Known, ParamKind, Params};

/// The parameters that every type takes, beside those of [`Params`].
const OF_ALL: [(&str, ParamKind, &str); 5] = [
    ("_id", ParamKind::Token, "The id of the record."),
    ("_lastUpdated", ParamKind::Date, "When its version began; prefixes eq ne gt lt ge le sa eb ap."),
    ("_list", ParamKind::Special, "The id of a List that has it as an item."),
    ("_has", ParamKind::Special, "That another record refers to it, nested as deep as chains are."),
    ("_filter", ParamKind::Special, "Criteria joined by and, or, not and parentheses."),
];

/// Those of the full text.
const WORDS: [(&str, ParamKind, &str); 2] = [
    ("_text", ParamKind::String, "Words of its narrative, joined by AND, OR, NOT and parentheses."),
    ("_content", ParamKind::String, "Words of all its texts, joined by AND, OR, NOT and parentheses."),
];

/// The search parameters of all types, by type.
pub(super) struct Searching {
    types: Vec<(ResourceType, Vec<Known>)>,
    of_all: Vec<Value>,
}

impl Searching {
    pub(super) fn new(params: &dyn Params) -> Self {
        let special = |known: &Known| {
            known.kind == ParamKind::Special || OF_ALL.iter().any(|(code, ..)| known.code == *code)
        };
        let codes = |kind| params.codes(kind).into_iter().filter(|known| !special(known)).collect();
        let words = WORDS.iter().filter(|(code, ..)| params.full_text(ResourceType::PATIENT, code));
        let of_all = OF_ALL.iter().chain(words).map(|(code, kind, what)| said(code, *kind, what)).collect();
        Self { types: ResourceType::all().map(|kind| (kind, codes(kind))).collect(), of_all }
    }

    /// Adds what a type is searched by.
    pub(super) fn describe(&self, kind: ResourceType, said: &mut Object) {
        let mut include = vec![Value::from("*")];
        let mut reverse = vec![Value::from("*")];
        for (from, all) in &self.types {
            for known in all.iter().filter(|known| known.kind == ParamKind::Reference) {
                let named = || Value::from(format!("{from}:{}", known.code));
                if *from == kind {
                    include.push(named());
                }
                if known.targets.is_empty() || known.targets.contains(&kind) {
                    reverse.push(named());
                }
            }
        }
        said.push("searchInclude", include);
        said.push("searchRevInclude", reverse);
        let own = self.types.iter().filter(|(of, _)| *of == kind).flat_map(|(_, all)| all);
        said.push("searchParam", self.of_all.iter().cloned().chain(own.map(parameter)).collect::<Vec<_>>());
    }

    /// What searches of all types take: the parameters that each of them has.
    pub(super) fn common(&self) -> Vec<Value> {
        let Some(((_, first), others)) = self.types.split_first() else { return Vec::new() };
        let everywhere = |known: &&Known| {
            others
                .iter()
                .all(|(_, all)| all.iter().any(|one| one.code == known.code && one.kind == known.kind))
        };
        self.of_all.iter().cloned().chain(first.iter().filter(everywhere).map(parameter)).collect()
    }
}

fn parameter(known: &Known) -> Value {
    said(&known.code, known.kind, taken(known.kind))
}

fn said(code: &str, kind: ParamKind, what: &str) -> Value {
    Object::new().with("name", code).with("type", kind.name()).with("documentation", what).into()
}

/// What can be asked of a parameter of this kind, beside its value.
const fn taken(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Composite => "Values joined by $.",
        ParamKind::Date => "Prefixes eq ne gt lt ge le sa eb ap; modifier missing.",
        ParamKind::Number => "Prefixes eq ne gt lt ge le sa eb ap; modifier missing.",
        ParamKind::Quantity => "Prefixes eq ne gt lt ge le sa eb ap; modifier missing.",
        ParamKind::Reference => "Chains; modifiers identifier, missing, and the name of a type.",
        ParamKind::String => "Modifiers contains, exact, missing.",
        ParamKind::Token => "Modifiers above, below, in, missing, not, not-in, of-type, text.",
        ParamKind::Uri => "Modifiers above, below, missing.",
        ParamKind::Special => "",
    }
}
