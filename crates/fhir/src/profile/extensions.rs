//! Extensions, wherever they stand, each held to its own definition: <https://hl7.org/fhir/R4/extensibility.html>.
//!
//! Nobody has to ask for it: what an extension holds is said by whoever defined it, whichever profile uses it.

mod bearer;

use std::collections::HashSet;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use super::conform;
use super::findings::{add, say, shown};
use super::{Claim, Definitions, Profile, Rules, Wanted};
use crate::check::Finding;
use crate::outcome::{IssueCode, Severity};
use crate::path::Path;
use crate::shape::{Holds, Shape};
use bearer::Bearer;

/// How many of the places that an extension may stand on are named.
const PLACES_MAX: usize = 10;

/// What is wrong with the extensions in a resource by their definitions, and those in the resources inside it; where
/// all is wanted, for information which have no definition here, each of them once.
///
/// That an extension has a `url`, and a value or extensions, is not looked at again.
pub fn extensions(claim: &Claim<'_>, definitions: &dyn Definitions, wanted: Wanted) -> Vec<Finding> {
    let mut looking = Looking { definitions, wanted, findings: Vec::new(), unknown: HashSet::new() };
    looking.resource(claim);
    looking.findings
}

struct Looking<'d, 'a> {
    definitions: &'d dyn Definitions,
    wanted: Wanted,
    findings: Vec<Finding>,
    unknown: HashSet<&'a str>,
}

impl<'a> Looking<'_, 'a> {
    fn resource(&mut self, claim: &Claim<'a>) {
        let shape = Shape::of(claim.kind);
        let bearer = Bearer::whole(Holds::Object(shape));
        self.object(shape, claim.elements, &bearer, &Path::Root(&claim.place), claim);
    }

    /// Everything below an object, itself an element of the resource.
    fn object(
        &mut self,
        shape: Shape,
        object: &'a Object,
        bearer: &Bearer<'_>,
        path: &Path<'_>,
        claim: &Claim<'a>,
    ) {
        for (key, value) in object.iter() {
            let name = key.strip_prefix('_').unwrap_or(key);
            let Some(element) = shape.element(name) else { continue };
            let beside = name.len() != key.len();
            if element.holds.is_primitive() && !beside {
                continue;
            }
            let at = Path::Element(path, name);
            let inner = Bearer::element(bearer, name, element);
            match value {
                Value::Array(items) => {
                    for (index, item) in items.iter().enumerate() {
                        self.value(item, &inner, bearer, &Path::Item(&at, index), claim);
                    }
                }
                value => self.value(value, &inner, bearer, &at, claim),
            }
        }
    }

    fn value(
        &mut self,
        value: &'a Value,
        bearer: &Bearer<'_>,
        above: &Bearer<'_>,
        path: &Path<'_>,
        claim: &Claim<'a>,
    ) {
        let Some(object) = value.as_object() else { return };
        match bearer.holds() {
            Holds::Primitive(_) => self.object(Shape::BESIDE_PRIMITIVE, object, bearer, path, claim),
            Holds::Object(Shape::EXTENSION) => {
                self.extension(object, bearer, above, path, claim);
                let url = object.str("url").unwrap_or_default();
                self.object(Shape::EXTENSION, object, &bearer.with_url(url), path, claim);
            }
            Holds::Object(shape) => self.object(shape, object, bearer, path, claim),
            Holds::Resource => {
                let Some(kind) = object.str("resourceType").and_then(ResourceType::parse) else { return };
                let contained = bearer.is_called("contained");
                self.resource(&claim.inner(kind, object, path.to_string(), contained));
            }
        }
    }

    fn extension(
        &mut self,
        object: &'a Object,
        bearer: &Bearer<'_>,
        above: &Bearer<'_>,
        path: &Path<'_>,
        claim: &Claim<'a>,
    ) {
        // What has no scheme is a part of the extension around it, which says what may stand there.
        let Some(url) = object.str("url").filter(|url| url.contains(':')) else { return };
        let Some(profile) = self.definitions.profile(url) else {
            if self.unknown.insert(url) {
                let what = format!("the extension {} is not known here, so it is not checked", shown(url));
                self.note(path, what);
            }
            return;
        };
        let Some(usage) = &profile.usage else {
            let what = format!("{url} is a profile of {}, not an extension", profile.shape.path());
            return self.wrong(path, IssueCode::Extension, what);
        };
        for finding in conform::part(&profile, object, path, claim, (self.definitions, self.wanted)) {
            add(&mut self.findings, finding);
        }
        self.parts(&profile, object, path);
        match (usage.modifier, bearer.is_called("modifierExtension")) {
            (true, false) => self.wrong(path, IssueCode::Extension, "belongs among modifierExtension"),
            (false, true) => self.wrong(path, IssueCode::Extension, "belongs among extension"),
            _ => {}
        }
        let contexts = &usage.contexts;
        if contexts.iter().any(|place| above.is(place)) || (contexts.is_empty() && !usage.elsewhere) {
            return;
        }
        if usage.elsewhere {
            self.note(path, format!("whether {url} may stand here is not checked"));
        } else {
            let places: Vec<&str> = contexts.iter().take(PLACES_MAX).map(bearer::shown).collect();
            let others = if contexts.len() > PLACES_MAX { " and others" } else { "" };
            let what = format!("may stand on {}{others} alone", places.join(", "));
            self.wrong(path, IssueCode::Extension, what);
        }
    }

    /// Whether the parts of an extension are those that its definition names.
    fn parts(&mut self, profile: &Profile, object: &Object, path: &Path<'_>) {
        // The definition it stands on may name others.
        if profile.base.is_some() {
            return;
        }
        let parts = object.get("extension").and_then(Value::as_array).unwrap_or_default();
        for (at, part) in parts.iter().enumerate() {
            let Some(url) = part.get("url").and_then(Value::as_str).filter(|url| !url.contains(':')) else {
                continue;
            };
            if !names(&profile.root, url) {
                let element = Path::Element(path, "extension");
                let what = format!("is no part of the extension {}", profile.url);
                self.wrong(&Path::Item(&element, at), IssueCode::Extension, what);
            }
        }
    }

    fn wrong(&mut self, path: &Path<'_>, code: IssueCode, what: impl Into<String>) {
        say(&mut self.findings, Severity::Error, path, code, what.into());
    }

    fn note(&mut self, path: &Path<'_>, what: String) {
        if self.wanted == Wanted::All {
            say(&mut self.findings, Severity::Information, path, IssueCode::Informational, what);
        }
    }
}

/// Whether one of an extension's parts has this address.
fn names(root: &Rules, url: &str) -> bool {
    let slices = root.child("extension").into_iter().flat_map(|child| &child.slices);
    slices.into_iter().any(|slice| {
        slice.rules.child("url").and_then(|of| of.fixed.as_ref()).and_then(Value::as_str) == Some(url)
    })
}
