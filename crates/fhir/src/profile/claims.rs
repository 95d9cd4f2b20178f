//! Which resources ask to be held to profiles: the one that is written, and those in it that name one.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use super::entries::Entries;

/// How deep resources may stand in one another here; deeper than R4 lets any.
const DEPTH_MAX: usize = 16;

/// A resource and the profiles it names.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// Its type.
    pub kind: ResourceType,
    /// Its properties.
    pub elements: &'a Object,
    /// Where it stands: `Patient`, `Bundle.entry[0].resource`.
    pub place: String,
    /// What it names in `meta.profile`.
    pub urls: Vec<&'a str>,
    /// The resource that contains it, or itself.
    pub(super) root: &'a Object,
    /// The Bundle that it is in.
    pub(super) bundle: Option<Rc<Entries<'a>>>,
    /// What was found out of what references lead to, for all that lead there from here or from beside it.
    pub(super) followed: Rc<Followed>,
}

/// Whether a resource, known by where it lies in memory, follows the profile of an address.
pub(super) type Followed = RefCell<HashMap<(*const Object, String), bool>>;

impl<'a> Claim<'a> {
    /// What a resource that stands by itself claims.
    pub fn of(kind: ResourceType, elements: &'a Object) -> Self {
        Self {
            kind,
            elements,
            place: kind.name().to_owned(),
            urls: named(elements),
            root: elements,
            bundle: entries(kind, elements),
            followed: Rc::default(),
        }
    }

    /// What a resource inside it claims, which it contains or else holds.
    pub(super) fn inner(
        &self,
        kind: ResourceType,
        elements: &'a Object,
        place: String,
        contained: bool,
    ) -> Self {
        let root = if contained { self.root } else { elements };
        let bundle = entries(kind, elements).or_else(|| self.bundle.clone());
        let followed = Rc::clone(&self.followed);
        Self { kind, elements, place, urls: named(elements), root, bundle, followed }
    }

    /// The resources inside it that name a profile: what it contains, the entries of a Bundle, what Parameters hold.
    pub fn inside(&self) -> Vec<Self> {
        let mut found = Vec::new();
        inside(self, 0, &mut found);
        found
    }
}

fn entries(kind: ResourceType, elements: &Object) -> Option<Rc<Entries<'_>>> {
    (kind.name() == "Bundle").then(|| Rc::new(Entries::of(elements)))
}

fn named(elements: &Object) -> Vec<&str> {
    let profiles = elements.get("meta").and_then(|meta| meta.get("profile"));
    profiles.into_iter().flat_map(Value::each).filter_map(Value::as_str).collect()
}

fn inside<'a>(outer: &Claim<'a>, depth: usize, found: &mut Vec<Claim<'a>>) {
    if depth >= DEPTH_MAX {
        return;
    }
    let mut take = |resource: Option<&'a Value>, place: String, contained: bool| {
        let Some(elements) = resource.and_then(Value::as_object) else { return };
        let Some(kind) = elements.str("resourceType").and_then(ResourceType::parse) else { return };
        let inner = outer.inner(kind, elements, place, contained);
        if !inner.urls.is_empty() {
            found.push(inner.clone());
        }
        inside(&inner, depth + 1, found);
    };
    let items = |object: &'a Object, key: &str| {
        object.get(key).and_then(Value::as_array).unwrap_or_default().iter().enumerate()
    };
    let place = &outer.place;
    for (at, contained) in items(outer.elements, "contained") {
        take(Some(contained), format!("{place}.contained[{at}]"), true);
    }
    if outer.kind.name() == "Bundle" {
        for (at, entry) in items(outer.elements, "entry") {
            take(entry.get("resource"), format!("{place}.entry[{at}].resource"), false);
        }
    }
    if outer.kind.name() == "Parameters" {
        for (at, parameter) in items(outer.elements, "parameter") {
            parts(parameter, format!("{place}.parameter[{at}]"), depth, &mut take);
        }
    }
}

/// The resource of a parameter, and those of its parts.
fn parts<'a>(
    parameter: &'a Value,
    place: String,
    depth: usize,
    take: &mut dyn FnMut(Option<&'a Value>, String, bool),
) {
    take(parameter.get("resource"), format!("{place}.resource"), false);
    let inner = parameter.get("part").and_then(Value::as_array).filter(|_| depth < DEPTH_MAX);
    for (at, part) in inner.unwrap_or_default().iter().enumerate() {
        parts(part, format!("{place}.part[{at}]"), depth + 1, take);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_claims_what() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // resource                                                                                    claims
            (r#"{"resourceType":"Patient"}"#,                                                            "Patient:"),
            (r#"{"resourceType":"Patient","meta":{"profile":["p","q"]}}"#,                               "Patient: p q"),
            (r#"{"resourceType":"Patient","contained":[{"resourceType":"Basic"},{"resourceType":"Basic","meta":{"profile":["p"]}}]}"#, "Patient:; Patient.contained[1]: p"),
            (r#"{"resourceType":"Bundle","entry":[{"fullUrl":"x"},{"resource":{"resourceType":"Patient","meta":{"profile":["p"]}}}]}"#, "Bundle:; Bundle.entry[1].resource: p"),
            (r#"{"resourceType":"Parameters","parameter":[{"part":[{"resource":{"resourceType":"Patient","meta":{"profile":["p"]}}}]}]}"#, "Parameters:; Parameters.parameter[0].part[0].resource: p"),
            (r#"{"resourceType":"Patient","contained":[7,{"resourceType":"Dragon","meta":{"profile":["p"]}}]}"#, "Patient:"),
        ];
        for (text, expected) in cases {
            let resource = anamnesis_json::parse(text.as_bytes()).unwrap();
            let elements = resource.as_object().unwrap();
            let kind = elements.str("resourceType").and_then(ResourceType::parse).unwrap();
            let line = |claim: &Claim<'_>| {
                format!("{}: {}", claim.place, claim.urls.join(" ")).trim_end().to_owned()
            };
            let whole = Claim::of(kind, elements);
            let found: Vec<_> = std::iter::once(&whole).chain(&whole.inside()).map(line).collect();
            assert_eq!(found.join("; "), expected, "{text}");
        }
    }
}
