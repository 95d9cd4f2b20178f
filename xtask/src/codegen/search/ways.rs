//! Where a parameter's values stand in the JSON of a record, and what the index takes there.

use std::collections::BTreeSet;

use anyhow::ensure;

use super::path::{Step, paths};
use crate::codegen::definitions::{Definitions, SearchParameter};

/// The JSON names on the way to a value, and what is taken there as the table writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    pub(super) steps: Vec<String>,
    pub(super) extract: String,
}

/// Expressions that are no paths, and what is taken from the record as a whole for each.
const WHOLE: [(&str, &str, &str); 3] = [
    ("Patient", "deceased", "Deceased"),
    ("Bundle", "composition", "FirstEntry(\"Composition\")"),
    ("Bundle", "message", "FirstEntry(\"MessageHeader\")"),
];

/// The parts of datatypes that a string parameter looks at: each is a way of its own, so that those of one part share.
const PARTS: [(&str, &[&str]); 2] = [
    ("HumanName", &["family", "given", "prefix", "suffix", "text"]),
    ("Address", &["city", "country", "district", "line", "postalCode", "state", "text"]),
];

/// One place on the way.
#[derive(Clone)]
struct Here {
    steps: Vec<String>,
    /// The datatype, or the path of a backbone element.
    of: String,
    /// The way up to a condition, and the condition.
    condition: Option<(Vec<String>, String, String)>,
    refers: Option<String>,
    targets: BTreeSet<String>,
}

/// What a parameter's expression comes to.
pub(super) struct Found {
    pub(super) ways: BTreeSet<Way>,
    /// What its References may lead to, as their elements say; empty for anything.
    pub(super) targets: BTreeSet<String>,
    /// What of the expression gives nothing.
    pub(super) without: Vec<String>,
}

/// The ways of a parameter in records of this type.
pub(super) fn ways(definitions: &Definitions, kind: &str, param: &SearchParameter) -> anyhow::Result<Found> {
    let mut found = Found { ways: BTreeSet::new(), targets: BTreeSet::new(), without: Vec::new() };
    if let Some((.., extract)) = WHOLE.iter().find(|(k, code, _)| *k == kind && *code == param.code) {
        found.ways.insert(Way { steps: Vec::new(), extract: (*extract).to_owned() });
        return Ok(found);
    }
    let mut anything = false;
    for path in paths(&param.expression, kind)? {
        let places = match places(definitions, kind, &path) {
            Ok(places) => places,
            Err(wrong) => {
                found.without.push(wrong.to_string());
                continue;
            }
        };
        for mut here in places {
            // The parameter says so by its name, though not every expression does.
            if param.code == "patient" {
                here.refers = Some("Patient".to_owned());
            }
            let taken = taken(&param.kind, &here);
            if taken.is_empty() {
                found.without.push(format!("a {} has nothing for a {} parameter", here.of, param.kind));
            }
            found.ways.extend(taken);
            match here.refers {
                Some(kind) => drop(found.targets.insert(kind)),
                None if here.targets.is_empty() => anything = true,
                None => found.targets.extend(here.targets),
            }
        }
    }
    if anything {
        found.targets.clear();
    }
    ensure!(!found.ways.is_empty(), "{}", found.without.join("; "));
    Ok(found)
}

fn places(definitions: &Definitions, kind: &str, path: &[Step]) -> anyhow::Result<Vec<Here>> {
    let mut here = vec![Here {
        steps: Vec::new(),
        of: kind.to_owned(),
        condition: None,
        refers: None,
        targets: BTreeSet::new(),
    }];
    for (n, step) in path.iter().enumerate() {
        match step {
            Step::To(name) => {
                let cast = match path.get(n + 1) {
                    Some(Step::Cast(cast)) => Some(cast.as_str()),
                    _ => None,
                };
                let next: Vec<_> = here.iter().flat_map(|at| down(definitions, at, name, cast)).collect();
                ensure!(!next.is_empty(), "R4 has no such element: {name}");
                here = next;
            }
            Step::Cast(_) => {}
            Step::Refers(kind) => here.iter_mut().for_each(|at| at.refers = Some(kind.clone())),
            Step::Where(name, value) => {
                for at in &mut here {
                    at.condition = Some((std::mem::take(&mut at.steps), name.clone(), value.clone()));
                }
            }
        }
    }
    Ok(here)
}

/// One step further: each JSON name the step can have.
fn down(definitions: &Definitions, at: &Here, step: &str, cast: Option<&str>) -> Vec<Here> {
    let choice = format!("{step}[x]");
    let mut next = Vec::new();
    for (name, element) in definitions.children(&at.of).filter(|(name, _)| *name == step || *name == choice) {
        let mut add = |json: String, of: String| {
            let mut here = at.clone();
            here.steps.push(json);
            here.targets.clone_from(&element.targets);
            here.of = of;
            next.push(here);
        };
        if let Some(other) = &element.same_as {
            add(step.to_owned(), other.clone());
        }
        let is = |of: &&String| cast.is_none_or(|cast| cast.eq_ignore_ascii_case(of));
        for datatype in element.types.iter().filter(is) {
            let own = format!("{}.{step}", at.of);
            let backbone = definitions.children(&own).next().is_some();
            add(super::json_name(name, datatype), if backbone { own } else { datatype.clone() });
        }
    }
    next
}

/// The ways that end here, with what a parameter of this kind takes.
fn taken(kind: &str, here: &Here) -> Vec<Way> {
    let parts = PARTS.iter().find(|(of, _)| kind == "string" && *of == here.of);
    if let Some((_, parts)) = parts {
        let part = |part: &&str| Way {
            steps: here.steps.iter().cloned().chain([(*part).to_owned()]).collect(),
            extract: "Text".to_owned(),
        };
        return parts.iter().map(part).collect();
    }
    let Some(extract) = extract(kind, &here.of) else { return Vec::new() };
    let extract = match (&here.refers, extract) {
        (Some(kind), "Reference") => format!("To({kind:?})"),
        _ => extract.to_owned(),
    };
    let way = Way { steps: here.steps.clone(), extract };
    vec![match &here.condition {
        Some((steps, name, value)) => Way {
            steps: steps.clone(),
            extract: format!("Where({name:?}, {value:?}, &({}, {}))", super::names(&way.steps), way.extract),
        },
        None => way,
    }]
}

/// What is taken from a value of this datatype for a parameter of this kind, if anything:
/// <https://hl7.org/fhir/R4/search.html#token>, `#string`, `#date`, `#quantity`, `#reference`, `#uri`, `#number`.
fn extract(kind: &str, datatype: &str) -> Option<&'static str> {
    Some(match (kind, datatype) {
        ("token", "code" | "string" | "uri" | "id" | "boolean" | "canonical") => "Code",
        ("token", "Coding") => "Coding",
        ("token", "CodeableConcept") => "Concept",
        ("token", "Identifier") => "Identifier",
        ("token", "ContactPoint") => "Contact",
        ("string", "string" | "markdown") => "Text",
        ("uri", "uri" | "url" | "canonical" | "oid") => "Uri",
        ("number", "integer" | "positiveInt" | "unsignedInt" | "decimal") => "Number",
        ("quantity", "Quantity" | "Age" | "Duration" | "Count" | "Distance") => "Quantity",
        ("quantity" | "number", "Range") => "Range",
        ("quantity", "Money") => "Money",
        ("date", "date" | "dateTime" | "instant") => "Date",
        ("date", "Period") => "Period",
        ("date", "Timing") => "Timing",
        ("reference", "Reference") => "Reference",
        ("reference", "canonical" | "uri") => "Canonical",
        _ => return None,
    })
}
