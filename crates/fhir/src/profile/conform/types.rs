//! What type a value has, what profile of it it follows, and where a reference leads.

use anamnesis_json::Value;

use super::values::Found;
use super::{Walk, own_name};
use crate::outcome::IssueCode;
use crate::path::Path;
use crate::profile::TypeRule;
use crate::reference;
use crate::shape::Shape;

impl<'a> Walk<'_, 'a> {
    /// Whether a value is of one of these types, and follows a profile of it.
    pub(super) fn types(&mut self, types: &[TypeRule], found: &Found<'a>, path: &Path<'_>) {
        let kind = found.kind();
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
        match rule.profiles.as_slice() {
            [] => {}
            [one] => self.followed(one, found, path),
            several => self.one_followed(several, found, path),
        }
    }

    /// What is wrong with a value by the profile of its type.
    fn followed(&mut self, url: &str, found: &Found<'a>, path: &Path<'_>) {
        let Some((_, object)) = found.inner().filter(|_| !is_of_r4(url)) else { return };
        match self.known(url) {
            Some(profile) => self.profile(&profile, object, path),
            None => self.note(path, format!("{url} is not known here, so it is not checked")),
        }
    }

    /// Whether a value follows one of several profiles; it is not said by which it nearly does.
    fn one_followed(&mut self, urls: &[String], found: &Found<'a>, path: &Path<'_>) {
        let mut undecided = false;
        for url in urls {
            match self.follows(url, found) {
                Some(true) => return,
                Some(false) => {}
                None => undecided = true,
            }
        }
        let urls = urls.join(", ");
        if undecided {
            self.note(
                path,
                format!("whether it follows one of {urls} is not checked: not all are known here"),
            );
        } else {
            self.wrong(path, IssueCode::Structure, format!("must follow one of {urls}"));
        }
    }

    /// Whether a value follows a profile; `None` when nobody here can say.
    pub(super) fn follows(&self, url: &str, found: &Found<'a>) -> Option<bool> {
        if is_of_r4(url) {
            let name = own_name(url);
            return Some(found.kind() == name || matches!(name, "Resource" | "SimpleQuantity"));
        }
        let profile = self.known(url)?;
        let Some((shape, object)) = found.inner() else { return Some(false) };
        if shape != profile.shape && shape.kind() != profile.shape {
            return Some(false);
        }
        self.tried(&profile, object)
    }

    /// Whether a reference leads to a type that the profile's targets are of.
    fn targets(&mut self, rule: &TypeRule, found: &Found<'a>, path: &Path<'_>) {
        let Some(kind) = self.leads_to(found.value) else { return };
        match self.is_one_of(kind, &rule.targets) {
            Some(true) => self.target_profiles(kind, &rule.targets, found, path),
            Some(false) => {
                let shapes = rule.targets.iter().filter_map(|url| self.shape_of(url));
                let mut names: Vec<&str> = shapes.map(Shape::path).collect();
                names.dedup();
                self.wrong(path, IssueCode::Value, format!("must lead to {}", names.join(", ")));
            }
            None => {
                let unknown = rule.targets.iter().filter(|url| self.shape_of(url).is_none());
                let unknown: Vec<&str> = unknown.map(String::as_str).collect();
                let what = format!("whether it may lead there is not checked: {}", unknown.join(", "));
                self.note(path, format!("{what} is not known here"));
            }
        }
    }

    /// Whether what a reference leads to follows one of the profiles of its type that are named for it.
    fn target_profiles(&mut self, kind: Shape, targets: &[String], found: &Found<'a>, path: &Path<'_>) {
        if self.is_target || targets.iter().any(|url| is_of_r4(url) && self.may_be(kind, url)) {
            return;
        }
        let profiles: Vec<_> = targets.iter().filter_map(|url| self.known(url)).collect();
        let profiles: Vec<_> = profiles.into_iter().filter(|profile| profile.shape == kind).collect();
        // The type alone was to be decided, where there are none.
        if profiles.is_empty() {
            return;
        }
        let of = profiles.iter().map(|profile| profile.url.as_str()).collect::<Vec<_>>().join(" or ");
        let Some((_, object)) =
            self.resolved(*found).and_then(|target| target.inner()).filter(|(shape, _)| *shape == kind)
        else {
            return self.note(
                path,
                format!("whether what it leads to follows {of} is not checked: it is not in here"),
            );
        };
        let all_known = targets.iter().all(|url| self.shape_of(url).is_some());
        let tried: Vec<bool> = profiles.iter().map(|profile| self.target_follows(profile, object)).collect();
        if tried.contains(&true) {
            return;
        }
        if all_known {
            self.wrong(path, IssueCode::Value, format!("must lead to what follows {of}"));
        } else {
            self.note(path, format!("whether what it leads to follows {of} cannot be told here"));
        }
    }

    fn may_be(&self, kind: Shape, url: &str) -> bool {
        self.shape_of(url).is_some_and(|shape| shape == kind || shape == Shape::RESOURCE)
    }

    /// Whether a type is that of one of these profiles, or there are none; `None` when nobody here knows all of them.
    pub(super) fn is_one_of(&self, kind: Shape, profiles: &[String]) -> Option<bool> {
        if profiles.is_empty() {
            return Some(true);
        }
        let mut all_known = true;
        for url in profiles {
            match self.shape_of(url) {
                Some(shape) if shape == kind || shape == Shape::RESOURCE => return Some(true),
                Some(_) => {}
                None => all_known = false,
            }
        }
        all_known.then_some(false)
    }

    /// The type of what a reference leads to, as far as it says.
    pub(super) fn leads_to(&self, value: &Value) -> Option<Shape> {
        let text = value.get("reference").and_then(Value::as_str).unwrap_or_default();
        let named = reference::local(text)
            .map(|(kind, _, _)| kind)
            .or_else(|| reference::tail(text).map(|(kind, _)| kind))
            .or_else(|| reference::conditional(text).map(|(kind, _)| kind));
        if let Some(kind) = named {
            return Some(Shape::of(kind));
        }
        let target = self.target(value).and_then(|target| target.str("resourceType"));
        target.or_else(|| value.get("type").and_then(Value::as_str)).and_then(Shape::named)
    }

    /// The type that a profile is of; nothing where nobody here knows it.
    fn shape_of(&self, url: &str) -> Option<Shape> {
        Shape::named(own_name(url)).or_else(|| self.known(url).map(|profile| profile.shape))
    }
}

/// Whether an address is that of one of R4's own types, which has been checked already.
pub(in crate::profile) fn is_of_r4(url: &str) -> bool {
    url.ends_with("/SimpleQuantity") || Shape::named(own_name(url)).is_some()
}
