//! What an extension stands on, and by which names a definition may mean it.

use anamnesis_fhirpath::Model;

use crate::model::{R4, type_of};
use crate::profile::Place;
use crate::shape::{Element, Holds};

/// An element, linked to those it is in.
#[derive(Clone, Copy)]
pub(super) struct Bearer<'b> {
    holds: Holds,
    /// What it is an element of, and what it is called there.
    above: Option<(&'b Bearer<'b>, &'b str)>,
    choice: bool,
    /// The address, of an extension.
    url: Option<&'b str>,
}

impl<'b> Bearer<'b> {
    /// A whole resource.
    pub(super) fn whole(holds: Holds) -> Self {
        Self { holds, above: None, choice: false, url: None }
    }

    /// An element of what is above it.
    pub(super) fn element(above: &'b Bearer<'b>, name: &'b str, element: Element) -> Self {
        Self { holds: element.holds, above: Some((above, name)), choice: element.choice, url: None }
    }

    /// Itself, an extension of this address.
    pub(super) fn with_url<'c>(&self, url: &'c str) -> Bearer<'c>
    where
        'b: 'c,
    {
        Bearer { url: Some(url), ..*self }
    }

    pub(super) fn holds(&self) -> Holds {
        self.holds
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.above.is_some_and(|(_, called)| called == name)
    }

    /// Whether a definition that names this place means it.
    pub(super) fn is(&self, place: &Place) -> bool {
        match place {
            // Everything that can have an extension is one, in the words of R4.
            Place::Element(path) => path == "Element" || self.is_at(path),
            Place::Extension(url) => self.url == Some(url),
        }
    }

    /// By its type, or by its name in something that the rest of the path means.
    fn is_at(&self, path: &str) -> bool {
        self.is_a(path)
            || self.above.zip(path.rsplit_once('.')).is_some_and(|((above, called), (rest, name))| {
                self.has_name(called, name) && above.is_at(rest)
            })
    }

    fn has_name(&self, called: &str, name: &str) -> bool {
        let stem = name.strip_suffix("[x]").unwrap_or(name);
        let typed = || called.strip_prefix(stem).is_some_and(|kind| kind.starts_with(char::is_uppercase));
        called == name || (self.choice && typed())
    }

    /// Whether it is of a type, or is the backbone element of this path, wherever that is used again.
    fn is_a(&self, name: &str) -> bool {
        let backbone = matches!(self.holds, Holds::Object(shape) if shape.path() == name);
        let mut types = std::iter::successors(Some(type_of(self.holds)), |of| R4.parent(*of));
        backbone || types.any(|of| R4.name(of) == name)
    }
}

/// A place as a person reads it.
pub(super) fn shown(place: &Place) -> &str {
    match place {
        Place::Element(path) => path,
        Place::Extension(url) => url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    #[test]
    fn places() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // stands on                       allowed on              may
            ("Patient",                     "Patient",              true),
            ("Patient",                     "DomainResource",       true),
            ("Patient",                     "Resource",             true),
            ("Patient",                     "Element",              true),
            ("Patient",                     "Person",               false),
            ("Patient.contact",             "Patient.contact",      true),
            ("Patient.contact",             "BackboneElement",      true),
            ("Patient.contact",             "Patient",              false),
            ("Patient.contact.name",        "HumanName",            true),
            ("Patient.contact.name",        "Patient.contact.name", true),
            ("Patient.contact.name",        "Patient.name",         false),
            ("Patient.contact.name.family", "HumanName.family",     true),
            ("Patient.contact.name.family", "Patient.contact.name.family", true),
            ("Patient.contact.name.family", "string",               true),
            ("Patient.contact.name.family", "HumanName",            false),
            ("Patient.language",            "string",               true),
            ("Observation.valueQuantity",   "Observation.value[x]", true),
            ("Observation.valueQuantity",   "Observation.value",    true),
            ("Observation.valueQuantity",   "Observation.valueQuantity", true),
            ("Observation.valueQuantity",   "Observation.valueString", false),
            ("Questionnaire.item.item.item", "Questionnaire.item",  true),
        ];
        for (on, allowed, expected) in cases {
            let mut steps = on.split('.');
            let whole = Bearer::whole(Holds::Object(Shape::named(steps.next().unwrap()).unwrap()));
            let steps: Vec<&str> = steps.collect();
            assert_eq!(at(&whole, &steps, allowed), expected, "{on} {allowed}");
        }
    }

    fn at(bearer: &Bearer<'_>, steps: &[&str], allowed: &str) -> bool {
        let Some((name, rest)) = steps.split_first() else {
            return bearer.is(&Place::Element(allowed.to_owned()));
        };
        let Holds::Object(shape) = bearer.holds else { panic!("{name} is in a primitive") };
        at(&Bearer::element(bearer, name, shape.element(name).unwrap()), rest, allowed)
    }
}
