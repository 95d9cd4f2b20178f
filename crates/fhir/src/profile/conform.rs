//! The walk of a profile's rules through a resource.

use std::sync::Arc;

use anamnesis_fhirpath::{Context, Kind, Model, Node};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use super::matching::has_pattern;
use super::slices::{Sliced, belongs};
use super::{Binding, Definitions, Profile, Rules, TypeRule};
use crate::check::{Finding, ISSUES_MAX};
use crate::model::{R4, type_of};
use crate::outcome::{Issue, IssueCode, Severity};
use crate::path::Path;
use crate::reference;
use crate::shape::{Holds, Shape};

/// How many profiles may lead from one to the next.
const CHAIN_MAX: usize = 8;

/// What is wrong with a resource by a profile and those it stands on.
pub(super) fn resource(
    profile: &Profile,
    kind: ResourceType,
    elements: &Object,
    definitions: &dyn Definitions,
) -> Vec<Finding> {
    let of = type_of(Holds::Object(Shape::of(kind)));
    let node = Node::object(elements, Some(of), Kind::Object);
    let context = Context::typed(&R4).resource(node);
    let mut walk = Walk { definitions, context: &context, findings: Vec::new(), depth: 0 };
    walk.profile(profile, elements, &Path::Root(kind.name()));
    walk.findings
}

/// Whether a code, coding or concept is of a value set; `None` when nobody here can say.
pub(super) fn is_bound(value: &Value, binding: &Binding, definitions: &dyn Definitions) -> Option<bool> {
    let listed = match binding {
        Binding::Known(_) => None,
        Binding::Other(url) => Some(definitions.value_set(url)?),
    };
    let has = |system: Option<&str>, code: &str| match (binding, &listed, system) {
        (Binding::Known(set), _, Some(system)) => set.has(system, code),
        (Binding::Known(set), _, None) => set.has_code(code),
        (_, Some(listed), system) => {
            listed.iter().any(|(of, known)| known == code && system.is_none_or(|system| system == of))
        }
        _ => false,
    };
    Some(match value {
        Value::String(code) => has(None, code),
        Value::Object(object) => match object.get("coding") {
            Some(codings) => {
                codings.each().filter_map(Value::as_object).filter_map(coded).any(|(s, c)| has(Some(s), c))
            }
            None => coded(object).is_some_and(|(system, code)| has(Some(system), code)),
        },
        _ => false,
    })
}

fn coded(coding: &Object) -> Option<(&str, &str)> {
    coding.str("system").zip(coding.str("code"))
}

struct Walk<'w, 'a> {
    definitions: &'w dyn Definitions,
    context: &'w Context<'a>,
    findings: Vec<Finding>,
    depth: usize,
}

/// One value of an element.
#[derive(Clone, Copy)]
struct Found<'a> {
    name: &'a str,
    at: Option<usize>,
    holds: Holds,
    value: &'a Value,
    beside: Option<&'a Object>,
}

impl<'a> Walk<'_, 'a> {
    fn say(&mut self, severity: Severity, path: &Path<'_>, code: IssueCode, what: String) {
        if self.findings.len() < ISSUES_MAX {
            let issue = Issue { severity, ..Issue::error(code, what).at(path.to_string()) };
            if !self.findings.iter().any(|finding| finding.issue == issue) {
                self.findings.push(Finding { issue, bearable: true });
            }
        }
    }

    fn wrong(&mut self, path: &Path<'_>, code: IssueCode, what: impl Into<String>) {
        self.say(Severity::Error, path, code, what.into());
    }

    fn note(&mut self, path: &Path<'_>, what: String) {
        self.say(Severity::Information, path, IssueCode::Informational, what);
    }

    fn profile(&mut self, profile: &Profile, object: &'a Object, path: &Path<'_>) {
        if self.depth >= CHAIN_MAX {
            return self.note(path, format!("{} leads to too many other profiles", profile.url));
        }
        self.depth += 1;
        for note in &profile.notes {
            self.note(path, note.clone());
        }
        if let Some(base) = &profile.base {
            match self.known(base) {
                Some(base) => self.profile(&base, object, path),
                None => self.note(path, format!("{base} is not known here, so it is not checked")),
            }
        }
        let of = type_of(Holds::Object(profile.shape));
        self.invariants(&profile.root, Node::object(object, Some(of), R4.kind(of)), path);
        self.children(&profile.root, profile.shape, object, path);
        self.depth -= 1;
    }

    fn known(&self, url: &str) -> Option<Arc<Profile>> {
        self.definitions.profile(url.split('|').next().unwrap_or(url))
    }

    fn children(&mut self, rules: &Rules, shape: Shape, object: &'a Object, path: &Path<'_>) {
        for child in &rules.children {
            let found = values(shape, object, &child.name);
            self.count(child.min, child.max, found.len(), "", &Path::Element(path, stem(&child.name)));
            for one in &found {
                self.value(child, one, path);
            }
            self.slices(child, &found, path);
        }
    }

    fn count(&mut self, min: usize, max: Option<usize>, count: usize, slice: &str, path: &Path<'_>) {
        let of = if slice.is_empty() { String::new() } else { format!(" of the slice {slice}") };
        if count < min {
            let what = if min == 1 {
                format!("must be there{of}")
            } else {
                format!("must be there {min} times{of}")
            };
            self.wrong(path, IssueCode::Required, what);
        }
        if let Some(max) = max.filter(|max| count > *max) {
            let what = if max == 0 {
                format!("must not be there{of}")
            } else {
                format!("must be there at most {max} times{of}")
            };
            self.wrong(path, IssueCode::Structure, what);
        }
    }

    /// One value, by the rules of its element or of its slice.
    fn value(&mut self, rules: &Rules, found: &Found<'a>, above: &Path<'_>) {
        let name = Path::Element(above, found.name);
        let item = found.at.map(|at| Path::Item(&name, at));
        let path = item.as_ref().unwrap_or(&name);
        if !rules.types.is_empty() {
            self.types(&rules.types, found, path);
        }
        if let Some(fixed) = &rules.fixed
            && !found.value.same(fixed)
        {
            self.wrong(path, IssueCode::Value, "must have the value that the profile fixes");
        }
        if let Some(pattern) = &rules.pattern
            && !has_pattern(found.value, pattern)
        {
            self.wrong(path, IssueCode::Value, "must have what the profile's pattern has");
        }
        if let Some(binding) = &rules.binding {
            let url = match binding {
                Binding::Known(set) => set.url(),
                Binding::Other(url) => url,
            };
            match is_bound(found.value, binding, self.definitions) {
                Some(true) => {}
                Some(false) => self.wrong(path, IssueCode::CodeInvalid, format!("must be a code of {url}")),
                None => self
                    .note(path, format!("the binding to {url} is not checked: its codes are not known here")),
            }
        }
        let of = type_of(found.holds);
        self.invariants(rules, Node::element(found.value, found.beside, Some(of), R4.kind(of)), path);
        let inner = match (found.holds, found.value, found.beside) {
            (Holds::Object(shape), Value::Object(object), _) => Some((shape, object)),
            (Holds::Resource, Value::Object(object), _) => {
                object.str("resourceType").and_then(Shape::named).map(|shape| (shape, object))
            }
            (Holds::Primitive(_), _, Some(beside)) => Some((Shape::BESIDE_PRIMITIVE, beside)),
            _ => None,
        };
        if let Some((shape, object)) = inner {
            self.children(rules, shape, object, path);
        }
    }

    fn invariants(&mut self, rules: &Rules, node: Node<'a>, path: &Path<'_>) {
        for invariant in &rules.invariants {
            match invariant.expression.holds(self.context, node) {
                Ok(true) => {}
                Ok(false) => {
                    self.wrong(path, IssueCode::Invariant, format!("{}: {}", invariant.key, invariant.human))
                }
                Err(_) => {
                    self.note(path, format!("{} is not checked: it cannot be decided here", invariant.key))
                }
            }
        }
    }

    fn types(&mut self, types: &[TypeRule], found: &Found<'a>, path: &Path<'_>) {
        let kind = kind_of(found);
        let fits = |of: &&TypeRule| {
            of.code == kind || of.code.starts_with("http://hl7.org/fhirpath/") || of.code == "Resource"
        };
        let Some(rule) = types.iter().find(fits) else {
            let names: Vec<&str> = types.iter().map(|of| of.code.as_str()).collect();
            return self.wrong(path, IssueCode::Structure, format!("must be of type {}", names.join(", ")));
        };
        if kind == "Reference" {
            self.targets(rule, found, path);
        }
        let [profile] = rule.profiles.as_slice() else {
            if !rule.profiles.is_empty() {
                self.note(path, "which of several profiles a value follows is not checked".to_owned());
            }
            return;
        };
        match (self.known(profile), found.value) {
            (Some(profile), Value::Object(object)) => self.profile(&profile, object, path),
            (None, _)
                if profile.starts_with("http://hl7.org/fhir/StructureDefinition/")
                    && Shape::named(own_name(profile)).is_some() => {}
            (None, _) if profile.ends_with("/SimpleQuantity") => {}
            (None, _) => self.note(path, format!("{profile} is not known here, so it is not checked")),
            _ => {}
        }
    }

    /// Whether a reference leads to a type that the profile's targets are of.
    fn targets(&mut self, rule: &TypeRule, found: &Found<'a>, path: &Path<'_>) {
        let literal = found.value.get("reference").and_then(Value::as_str);
        let kind = literal.and_then(|text| {
            let local = reference::local(text).map(|(kind, _, _)| kind);
            local
                .or_else(|| reference::tail(text).map(|(kind, _)| kind))
                .or_else(|| reference::conditional(text).map(|(kind, _)| kind))
        });
        let Some(kind) = kind else { return };
        let shapes: Option<Vec<Shape>> = rule.targets.iter().map(|url| self.shape_of(url)).collect();
        let Some(shapes) = shapes.filter(|shapes| !shapes.is_empty()) else { return };
        if !shapes.contains(&Shape::of(kind)) && !shapes.contains(&Shape::RESOURCE) {
            let names: Vec<&str> = shapes.iter().map(|shape| shape.path()).collect();
            self.wrong(path, IssueCode::Value, format!("must lead to {}", names.join(", ")));
        }
    }

    /// The type that a profile is of; nothing where nobody here knows it.
    fn shape_of(&self, url: &str) -> Option<Shape> {
        Shape::named(own_name(url)).or_else(|| self.known(url).map(|profile| profile.shape))
    }

    fn slices(&mut self, rules: &Rules, found: &[Found<'a>], above: &Path<'_>) {
        if rules.slices.is_empty() {
            return;
        }
        let path = Path::Element(above, stem(&rules.name));
        // A choice is sliced by its types whether it says so or not.
        let by_type = rules.name.ends_with("[x]");
        let (discriminators, closed) = match &rules.slicing {
            Some(slicing) => (slicing.discriminators.as_slice(), slicing.closed),
            None if by_type => ([].as_slice(), false),
            None => return self.note(&path, "its slices are not told apart here".to_owned()),
        };
        let mut counts = vec![0; rules.slices.len()];
        for one in found {
            let sliced = Sliced { value: one.value, kind: kind_of(one) };
            let at = rules.slices.iter().position(|slice| match discriminators.is_empty() {
                true => slice.name == one.name || slice.rules.types.iter().any(|of| of.code == sliced.kind),
                false => belongs(&sliced, slice, discriminators, self.definitions),
            });
            match at.and_then(|at| Some((counts.get_mut(at)?, rules.slices.get(at)?))) {
                Some((count, slice)) => {
                    *count += 1;
                    self.value(&slice.rules, one, above);
                }
                None if closed => {
                    self.wrong(&path, IssueCode::Structure, "is of no slice, and the profile allows no other")
                }
                None => {}
            }
        }
        for (slice, count) in rules.slices.iter().zip(counts) {
            self.count(slice.rules.min, slice.rules.max, count, &slice.name, &path);
        }
    }
}

/// The name of an element, of a choice without the mark of one.
fn stem(name: &str) -> &str {
    name.strip_suffix("[x]").unwrap_or(name)
}

/// The type that a definition of R4's own is of.
fn own_name(url: &str) -> &str {
    url.strip_prefix("http://hl7.org/fhir/StructureDefinition/").unwrap_or("")
}

/// The name of a value's type.
fn kind_of<'a>(found: &Found<'a>) -> &'a str {
    match found.holds {
        Holds::Primitive(primitive) => primitive.name(),
        Holds::Object(shape) => shape.kind().path(),
        Holds::Resource => found.value.get("resourceType").and_then(Value::as_str).unwrap_or("Resource"),
    }
}

/// Every value of an element; of a choice, whatever its type.
fn values<'a>(shape: Shape, object: &'a Object, name: &str) -> Vec<Found<'a>> {
    const ABSENT: &Value = &Value::Null;
    let choice = name.strip_suffix("[x]");
    let is = |key: &str| match choice {
        Some(stem) => {
            let kind = key.strip_prefix(stem).is_some_and(|kind| kind.starts_with(char::is_uppercase));
            kind && shape.element(key).is_some_and(|element| element.choice)
        }
        None => key == name,
    };
    let mut all = Vec::new();
    for (key, value) in object.iter() {
        let bare = key.strip_prefix('_').unwrap_or(key);
        let alone = bare.len() != key.len();
        if !is(bare) || (alone && object.contains_key(bare)) {
            continue;
        }
        let Some(element) = shape.element(bare) else { continue };
        let beside = if alone {
            Some(value)
        } else if element.holds.is_primitive() {
            object.get(&format!("_{bare}"))
        } else {
            None
        };
        let value = if alone { ABSENT } else { value };
        let one = |at, value, beside: Option<&'a Value>| Found {
            name: bare,
            at,
            holds: element.holds,
            value,
            beside: beside.and_then(Value::as_object),
        };
        match (value, beside) {
            (Value::Array(items), beside) => {
                let beside = beside.and_then(Value::as_array).unwrap_or_default();
                all.extend(items.iter().enumerate().map(|(at, item)| one(Some(at), item, beside.get(at))));
            }
            (_, Some(Value::Array(besides))) => {
                all.extend(
                    besides.iter().enumerate().map(|(at, beside)| one(Some(at), ABSENT, Some(beside))),
                );
            }
            (value, beside) => all.push(one(None, value, beside)),
        }
    }
    all
}
