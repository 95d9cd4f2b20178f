//! What can be wrong with one entry of a transaction or batch, whatever is stored.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::{ResourceId, ResourceType};

use super::{Method, Target};
use crate::check::ISSUES_MAX;
use crate::outcome::{Issue, IssueCode};
use crate::path::Path;
use crate::shape::Shape;

/// Whether a URL is that of an operation, or of a search by POST.
fn is_posted(url: &str) -> bool {
    let path = url.split('?').next().unwrap_or_default();
    path.contains('$') || path.ends_with("/_search")
}

/// The members of an object that are no elements of its type, each with its place.
pub(super) fn unknown(object: &Object, of: &str, place: &str) -> Vec<Issue> {
    let Some(shape) = Shape::named(of) else { return Vec::new() };
    let is_known = |name: &str| match name.strip_prefix('_') {
        Some(bare) => shape.element(bare).is_some_and(|element| element.holds.is_primitive()),
        None => shape.element(name).is_some() || (name == "resourceType" && shape.is_resource()),
    };
    let unknown = object.iter().map(|(name, _)| name).filter(|name| !is_known(name));
    let issue = |name: &str| {
        let what = format!("is no element of {of} in FHIR R4");
        Issue::error(IssueCode::Structure, what).at(Path::Element(&Path::Root(place), name).to_string())
    };
    unknown.map(issue).take(ISSUES_MAX).collect()
}

/// Everything wrong with one entry, each with its place.
pub(super) struct Problems {
    place: String,
    found: Vec<Issue>,
}

impl Problems {
    /// Nothing yet, of the entry at this place.
    pub(super) fn of_entry(index: usize) -> Self {
        Self { place: format!("Bundle.entry[{index}]"), found: Vec::new() }
    }

    /// Whether nothing is wrong so far.
    pub(super) fn none(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found.
    pub(super) fn found(self) -> Vec<Issue> {
        self.found
    }

    /// Notes what is wrong behind the entry's own path.
    pub(super) fn say(&mut self, at: &str, code: IssueCode, what: impl Into<String>) {
        self.found.push(Issue::error(code, what).at(format!("{}{at}", self.place)));
    }

    /// Whether all members are elements of R4: one that stands in the wrong place would else be passed over in silence.
    pub(super) fn known(&mut self, object: &Object, of: &str, at: &str) {
        self.found.extend(unknown(object, of, &format!("{}{at}", self.place)));
    }

    /// The string at a key, if it is there.
    pub(super) fn text(&mut self, object: &Object, key: &str, at: &str) -> Option<String> {
        let value = object.get(key)?;
        if value.as_str().is_none() {
            self.say(
                &format!("{at}.{key}"),
                IssueCode::Structure,
                format!("must be a string, is {}", value.kind()),
            );
        }
        value.as_str().map(str::to_owned)
    }

    /// Whether `fullUrl` may stand for the resource: <https://hl7.org/fhir/R4/bundle.html#bundle-unique>.
    pub(super) fn full_url(&mut self, full_url: Option<&str>, resource: Option<&Value>) {
        let Some(full_url) = full_url else { return };
        if full_url.contains("/_history/") {
            return self.say(".fullUrl", IssueCode::Invariant, "bdl-8: must not name a version");
        }
        let id = resource.and_then(|resource| resource.get("id")?.as_str());
        if let (Some(id), Some((_, tail))) = (id, crate::reference::tail(full_url))
            && id != tail.as_str()
        {
            self.say(".fullUrl", IssueCode::Value, "must not disagree with the id in the resource");
        }
    }

    /// Whether method, URL and resource belong together.
    pub(super) fn agree(&mut self, method: Method, target: &Target, resource: Option<&Value>) {
        let fits = match (method, target) {
            (Method::Get | Method::Head, _) => return,
            // An operation has no record; whether it is known here is for the server to say.
            (Method::Post, Target::Other(url)) if is_posted(url) => return,
            (Method::Post, target) => matches!(target, Target::Type(_)),
            (_, target) => matches!(target, Target::Record(_) | Target::Query { .. }),
        };
        if !fits {
            let expected = if method == Method::Post { "Type" } else { "Type/id or Type?criteria" };
            let what = format!("must be {expected} of a type of FHIR R4 for {}", method.name());
            return self.say(".request.url", IssueCode::Value, what);
        }
        if method == Method::Delete {
            return;
        }
        let Some(resource) = resource.and_then(Value::as_object) else {
            return self.say(
                ".resource",
                IssueCode::Required,
                format!("must be an object for {}", method.name()),
            );
        };
        let Some(named) = resource.str("resourceType").and_then(ResourceType::parse) else {
            return self.say(".resource", IssueCode::Invalid, "resourceType must be a type of FHIR R4");
        };
        // A patch is a Parameters or, for JSON Patch, a Binary.
        if method == Method::Patch {
            return;
        }
        if Some(named) != target.kind() {
            return self.say(".resource", IssueCode::Invalid, "resourceType must be the type in request.url");
        }
        let id = resource.get("id").map(|id| id.as_str().and_then(|id| ResourceId::new(id).ok()));
        match (target, id) {
            (Target::Record(stream), id) if id.as_ref().and_then(Option::as_ref) != Some(&stream.id) => {
                self.say(".resource.id", IssueCode::Value, "must be the id in request.url");
            }
            (Target::Query { .. }, Some(None)) => {
                self.say(".resource.id", IssueCode::Value, "must be an id: 1 to 64 of A-Z a-z 0-9 - .");
            }
            _ => {}
        }
    }
}
