//! The values of a sliced element, slice by slice: <https://hl7.org/fhir/R4/profiling.html#slicing>.

use super::values::{Found, stem};
use super::{Said, Walk};
use crate::outcome::IssueCode;
use crate::path::Path;
use crate::profile::{Binding, By, Discriminator, Others, Rules, Slice, Slicing, Step};

/// The values of one slice.
#[derive(Default)]
struct Members<'a> {
    certain: Vec<Found<'a>>,
    /// How many more there may be.
    possible: usize,
}

impl<'a> Walk<'_, 'a> {
    /// Checks the values of a sliced element by the slices they are of.
    pub(super) fn slices(&mut self, said: Said<'_>, found: &[Found<'a>], above: &Path<'_>) {
        let rules = said.own;
        if rules.slices.is_empty() {
            return;
        }
        let choice_or_url = match rules.name.as_str() {
            // A choice is sliced by its types, and extensions by their addresses, whether it is said or not.
            name if name.ends_with("[x]") => Some(Vec::new()),
            "extension" | "modifierExtension" => {
                Some(vec![Discriminator { by: By::Value, steps: vec![Step::Element("url".to_owned())] }])
            }
            _ => None,
        };
        let unsaid = choice_or_url.map(|discriminators| Slicing {
            discriminators,
            others: Others::Anywhere,
            ordered: false,
        });
        let slicing = said.all().find_map(|rules| rules.slicing.as_ref()).or(unsaid.as_ref());
        match slicing {
            Some(slicing) => self.divided(said, slicing, found, above),
            None => {
                let path = Path::Element(above, stem(&rules.name));
                self.note(&path, "its slices are not told apart here".to_owned());
            }
        }
    }

    fn divided(&mut self, said: Said<'_>, slicing: &Slicing, found: &[Found<'a>], above: &Path<'_>) {
        let path = Path::Element(above, stem(&said.own.name));
        let slices = &said.own.slices;
        let mut members: Vec<Members<'a>> = slices.iter().map(|_| Members::default()).collect();
        let (mut latest, mut others) = (0, false);
        for one in found {
            let mut maybe = Vec::new();
            let mut of = None;
            for (at, slice) in slices.iter().enumerate() {
                match self.belongs(one, slice, said.above, &slicing.discriminators) {
                    Some(true) => {
                        of = Some(at);
                        break;
                    }
                    Some(false) => {}
                    None => maybe.push(at),
                }
            }
            if let Some(at) = of {
                if slicing.ordered && at < latest {
                    self.wrong(&path, IssueCode::Structure, "must come in the order of the profile's slices");
                }
                if slicing.others == Others::AtEnd && others {
                    self.wrong(&path, IssueCode::Structure, "what is of no slice must come at the end");
                }
                latest = at;
                if let Some(members) = members.get_mut(at) {
                    members.certain.push(*one);
                }
            } else if maybe.is_empty() {
                others = true;
                if slicing.others == Others::Nowhere && !self.is_inherited(one, said, slicing) {
                    let what = "is of no slice, and the profile allows no other";
                    self.wrong(&path, IssueCode::Structure, what);
                }
            } else {
                self.unsure(one, maybe.iter().filter_map(|at| slices.get(*at)), above);
                for at in maybe {
                    if let Some(members) = members.get_mut(at) {
                        members.possible += 1;
                    }
                }
            }
        }
        for (slice, members) in slices.iter().zip(&members) {
            let inherited: Vec<&Rules> =
                said.above.iter().filter_map(|rules| rules.slice(&slice.name)).collect();
            let said = Said { own: &slice.rules, above: &inherited };
            for one in &members.certain {
                self.value(said, one, above);
            }
            // The slices of a slice are told apart as it is itself, if they do not say how.
            if !slice.rules.slices.is_empty() {
                let own = said.all().find_map(|rules| rules.slicing.as_ref());
                self.divided(said, own.unwrap_or(slicing), &members.certain, above);
            }
        }
        for (slice, Members { certain, possible }) in slices.iter().zip(members) {
            self.count(&slice.rules, certain.len(), possible, &slice.name, &path);
        }
    }

    fn unsure<'s>(&mut self, one: &Found<'a>, slices: impl Iterator<Item = &'s Slice>, above: &Path<'_>) {
        let name = Path::Element(above, one.name);
        let item = one.at.map(|at| Path::Item(&name, at));
        let (mut names, mut unknown) = (Vec::new(), String::new());
        for slice in slices {
            names.push(slice.name.as_str());
            if let Some(Binding::Other(url)) = &slice.rules.binding
                && self.definitions.value_set(url).is_none()
            {
                unknown = format!(": the codes of {url} are not known");
            }
        }
        let what = format!("whether it is of the slice {} cannot be told here{unknown}", names.join(" or "));
        self.note(item.as_ref().unwrap_or(&name), what);
    }

    /// Whether a value is of a slice that a profile above has.
    fn is_inherited(&self, one: &Found<'a>, said: Said<'_>, slicing: &Slicing) -> bool {
        let mut slices = said.above.iter().flat_map(|rules| &rules.slices);
        slices.any(|slice| self.belongs(one, slice, &[], &slicing.discriminators) != Some(false))
    }
}
