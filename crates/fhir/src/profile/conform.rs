//! The walk of a profile's rules through a resource.

mod belongs;
mod bound;
mod reach;
mod slices;
mod types;
mod values;

use std::cell::Cell;
use std::sync::Arc;

use anamnesis_fhirpath::{Context, Model, Node};
use anamnesis_json::{Object, Value};

use super::claims::Followed;
use super::entries::Entries;
use super::findings::say;
use super::matching::has_pattern;
use super::{Binding, Claim, Definitions, Profile, Rules, Wanted};
use crate::check::Finding;
use crate::model::{R4, type_of};
use crate::outcome::{IssueCode, Severity};
use crate::path::Path;
use crate::shape::{Holds, Shape};
use bound::{is_bound, is_coded, url_of};
pub(super) use types::is_of_r4;
use values::{Found, stem, values};

/// How many profiles may lead from one to the next.
const CHAIN_MAX: usize = 8;
/// How often one check may try whether something follows a profile, to find its slice or its type.
const TRIALS_MAX: usize = 10_000;

/// What is wrong with a resource by a profile and those it stands on.
pub(super) fn resource(
    profile: &Profile,
    claim: &Claim<'_>,
    definitions: &dyn Definitions,
    wanted: Wanted,
) -> Vec<Finding> {
    part(profile, claim.elements, &Path::Root(&claim.place), claim, (definitions, wanted))
}

/// What is wrong with a part of a resource, or all of it, by a profile of its type and those that stands on.
pub(super) fn part<'a>(
    profile: &Profile,
    object: &'a Object,
    path: &Path<'_>,
    claim: &Claim<'a>,
    (definitions, wanted): (&dyn Definitions, Wanted),
) -> Vec<Finding> {
    let of = type_of(Holds::Object(Shape::of(claim.kind)));
    let resource = Node::object(claim.elements, Some(of), R4.kind(of));
    let root = Node::resource(claim.root, Some(&R4));
    let context = Context::typed(&R4).resource(resource).root_resource(root);
    let trials = Cell::new(0);
    let mut walk = Walk {
        definitions,
        context: &context,
        root: claim.root,
        bundle: claim.bundle.as_deref(),
        trials: &trials,
        followed: &claim.followed,
        findings: Vec::new(),
        depth: 0,
        is_target: false,
        wanted,
    };
    walk.profile(profile, object, path);
    walk.findings
}

struct Walk<'w, 'a> {
    definitions: &'w dyn Definitions,
    context: &'w Context<'a>,
    /// What contained resources stand in.
    root: &'a Object,
    bundle: Option<&'w Entries<'a>>,
    trials: &'w Cell<usize>,
    followed: &'w Followed,
    findings: Vec<Finding>,
    depth: usize,
    /// Whether this is what a reference led to: those in it are not followed on.
    is_target: bool,
    wanted: Wanted,
}

/// What a profile says of an element, and what those it stands on say of the same.
#[derive(Clone, Copy)]
struct Said<'r> {
    own: &'r Rules,
    /// The nearest first. What they ask is checked by themselves; they tell which slices there are.
    above: &'r [&'r Rules],
}

impl<'r> Said<'r> {
    fn all(self) -> impl Iterator<Item = &'r Rules> {
        std::iter::once(self.own).chain(self.above.iter().copied())
    }
}

impl<'a> Walk<'_, 'a> {
    fn say(&mut self, severity: Severity, path: &Path<'_>, code: IssueCode, what: String) {
        if severity == Severity::Error || self.wanted == Wanted::All {
            say(&mut self.findings, severity, path, code, what);
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
        let chain = self.chain(profile, path);
        let mut line: Vec<&Profile> = vec![profile];
        line.extend(chain.iter().map(Arc::as_ref));
        // What is more general is told first.
        for at in (0..line.len()).rev() {
            let above: Vec<&Rules> = line.iter().skip(at + 1).map(|profile| &profile.root).collect();
            if let Some(profile) = line.get(at) {
                self.alone(profile, &above, object, path);
            }
        }
        self.depth -= 1;
    }

    /// The profiles it stands on, the nearest first.
    fn chain(&mut self, profile: &Profile, path: &Path<'_>) -> Vec<Arc<Profile>> {
        let mut chain = Vec::new();
        let mut next = profile.base.clone();
        while let Some(url) = next {
            if chain.len() == CHAIN_MAX {
                self.note(path, format!("{} leads to too many other profiles", profile.url));
                break;
            }
            let Some(base) = self.known(&url) else {
                self.note(path, format!("{url} is not known here, so it is not checked"));
                break;
            };
            next = base.base.clone();
            chain.push(base);
        }
        chain
    }

    fn alone(&mut self, profile: &Profile, above: &[&Rules], object: &'a Object, path: &Path<'_>) {
        for note in &profile.notes {
            self.note(path, note.clone());
        }
        let of = type_of(Holds::Object(profile.shape));
        self.invariants(&profile.root, Node::object(object, Some(of), R4.kind(of)), path);
        self.children(Said { own: &profile.root, above }, profile.shape, object, path);
    }

    /// Whether an object follows a profile, without a word about it; `None` when too much was tried already.
    fn tried(&self, profile: &Profile, object: &'a Object) -> Option<bool> {
        if self.depth >= CHAIN_MAX || self.trials.get() >= TRIALS_MAX {
            return None;
        }
        self.trials.set(self.trials.get() + 1);
        Some(self.stands_up(profile, object, false))
    }

    /// Whether what a reference leads to follows a profile: looked at once, however many lead there.
    fn target_follows(&self, profile: &Profile, object: &'a Object) -> bool {
        let key = (std::ptr::from_ref(object), profile.url.clone());
        let known = self.followed.borrow().get(&key).copied();
        known.unwrap_or_else(|| {
            let follows = self.stands_up(profile, object, true);
            self.followed.borrow_mut().insert(key, follows);
            follows
        })
    }

    fn stands_up(&self, profile: &Profile, object: &'a Object, is_target: bool) -> bool {
        let of = type_of(Holds::Object(profile.shape));
        let mut context = self.context.clone();
        let mut root = self.root;
        if profile.shape.is_resource() {
            context = context.resource(Node::object(object, Some(of), R4.kind(of)));
            let mut contained = root.get("contained").into_iter().flat_map(Value::each);
            if !contained.any(|one| one.as_object().is_some_and(|one| std::ptr::eq(one, object))) {
                root = object;
                context = context.root_resource(Node::resource(root, Some(&R4)));
            }
        }
        let mut walk = Walk {
            context: &context,
            definitions: self.definitions,
            root,
            bundle: self.bundle,
            trials: self.trials,
            followed: self.followed,
            findings: Vec::new(),
            // What is led to is the same from wherever it is looked at.
            depth: if is_target { 1 } else { self.depth + 1 },
            is_target: self.is_target || is_target,
            wanted: Wanted::Faults,
        };
        walk.profile(profile, object, &Path::Root(profile.shape.path()));
        !walk.findings.iter().any(|finding| finding.issue.severity == Severity::Error)
    }

    fn known(&self, url: &str) -> Option<Arc<Profile>> {
        self.definitions.profile(url.split('|').next().unwrap_or(url))
    }

    fn children(&mut self, said: Said<'_>, shape: Shape, object: &'a Object, path: &Path<'_>) {
        for child in &said.own.children {
            let above: Vec<&Rules> = said.above.iter().filter_map(|rules| rules.child(&child.name)).collect();
            let said = Said { own: child, above: &above };
            let found = values(shape, object, &child.name);
            let element = Path::Element(path, stem(&child.name));
            self.count(child, found.len(), 0, "", &element);
            for one in &found {
                self.value(said, one, path);
            }
            self.slices(said, &found, path);
        }
    }

    /// Whether there are as many as there must be, when there may be `possible` more.
    fn count(&mut self, rules: &Rules, count: usize, possible: usize, slice: &str, path: &Path<'_>) {
        let of = if slice.is_empty() { String::new() } else { format!(" of the slice {slice}") };
        let min = rules.min;
        if count + possible < min {
            let what = if min == 1 {
                format!("must be there{of}")
            } else {
                format!("must be there {min} times{of}")
            };
            self.wrong(path, IssueCode::Required, what);
        }
        if let Some(max) = rules.max.filter(|max| count > *max) {
            let what = if max == 0 {
                format!("must not be there{of}")
            } else {
                format!("must be there at most {max} times{of}")
            };
            self.wrong(path, IssueCode::Structure, what);
        }
    }

    /// One value, by the rules of its element or of its slice.
    fn value(&mut self, said: Said<'_>, found: &Found<'a>, above: &Path<'_>) {
        let rules = said.own;
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
        let of = type_of(found.holds);
        let node = Node::element(found.value, found.beside, Some(of), R4.kind(of));
        self.limits(rules, node, found.value, path);
        if let Some(binding) = &rules.binding {
            let url = url_of(binding);
            match is_bound(found.value, binding, self.definitions) {
                Some(true) => {}
                Some(false) => self.wrong(path, IssueCode::CodeInvalid, format!("must be a code of {url}")),
                None => self
                    .note(path, format!("the binding to {url} is not checked: its codes are not known here")),
            }
        }
        if let Some(binding) = &rules.advised {
            self.advised(binding, found.value, path);
        }
        self.invariants(rules, node, path);
        if let Some((shape, object)) = found.inner() {
            self.children(said, shape, object, path);
        }
    }

    /// Whether what is coded has a code of an extensible binding; words alone may say what it has no code for.
    fn advised(&mut self, binding: &Binding, value: &Value, path: &Path<'_>) {
        let url = url_of(binding);
        match is_bound(value, binding, self.definitions) {
            Some(false) if is_coded(value) => {
                let what = format!("is no code of {url}, which it should be where one fits");
                self.say(Severity::Warning, path, IssueCode::CodeInvalid, what);
            }
            Some(_) => {}
            None => self.note(
                path,
                format!("the extensible binding to {url} is not checked: its codes are not known here"),
            ),
        }
    }

    fn limits(&mut self, rules: &Rules, node: Node<'a>, value: &Value, path: &Path<'_>) {
        for limit in &rules.limits {
            match limit.expression.truth(self.context, node) {
                Ok(Some(true)) => {}
                Ok(Some(false)) => self.wrong(path, IssueCode::Value, format!("must be {}", limit.what)),
                // There is no value, only what stands beside it.
                _ if *value == Value::Null => {}
                _ => self.note(path, format!("whether it is {} cannot be decided here", limit.what)),
            }
        }
        let length = value.as_str().map(|text| text.chars().count());
        if let Some(max) = rules.length_max
            && length.is_some_and(|length| length > max)
        {
            self.wrong(path, IssueCode::TooLong, format!("must have at most {max} characters"));
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
}

/// The type that a definition of R4's own is of.
fn own_name(url: &str) -> &str {
    let url = url.split('|').next().unwrap_or(url);
    url.strip_prefix("http://hl7.org/fhir/StructureDefinition/").unwrap_or("")
}
