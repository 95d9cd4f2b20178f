//! Ways to other records: <https://hl7.org/fhir/R4/search.html#chaining>, and back, `_has`,
//! <https://hl7.org/fhir/R4/search.html#has>.
//!
//! Invariant: each step of a way exists, or the way is refused; a way that leads nowhere never finds nothing in silence.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Filter, Link, Param, Test};

use super::modifier::Modifier;
use super::reading::Reading;
use super::referred::can_be;
use super::wrong::Wrong;
use crate::canonical;
use crate::param::{Known, ParamKind};

/// What is asked of a record at the end of a way, by its type and what is left of the name.
pub(super) type End<'f, 'a> = dyn FnMut(&mut Reading<'a>, ResourceType, &str) -> Result<Filter, Wrong> + 'f;

impl<'a> Reading<'a> {
    /// Follows `subject:Patient.organization.name` and `_has:Observation:patient:code` to their ends.
    pub(super) fn along(
        &mut self,
        kind: ResourceType,
        key: &str,
        depth: usize,
        end: &mut End<'_, 'a>,
    ) -> Result<Filter, Wrong> {
        let most = self.context.limits.chain_depth_max;
        if depth > most {
            return Err(Wrong::costly(format!("leads over more than {most} records")));
        }
        if let Some(way) = key.strip_prefix("_has:") {
            self.back(kind, way, depth, end)
        } else if key == "_has" {
            Err("says no type and parameter: _has:Observation:patient:code".into())
        } else if let Some((step, rest)) = key.split_once('.') {
            self.onward(kind, step, rest, depth, end)
        } else {
            end(self, kind, key)
        }
    }

    /// To the records that this one refers to.
    fn onward(
        &mut self,
        kind: ResourceType,
        step: &str,
        rest: &str,
        depth: usize,
        end: &mut End<'_, 'a>,
    ) -> Result<Filter, Wrong> {
        let (code, named) = step.split_once(':').map_or((step, None), |(code, named)| (code, Some(named)));
        let known = self.reference(kind, code)?;
        let targets = match Modifier::read(&known, named)? {
            Modifier::Type(target) => vec![target],
            Modifier::Plain if known.targets.is_empty() => ResourceType::all().collect(),
            Modifier::Plain => known.targets.clone(),
            _ => return Err("what it refers to can only be named by its type".into()),
        };
        let (mut any, mut first_wrong) = (Vec::new(), None);
        for target in targets {
            if !self.knows(target, rest) {
                continue;
            }
            self.follow()?;
            match self.along(target, rest, depth + 1, end) {
                Ok(filter) => {
                    for (n, by) in links(&known, target).enumerate() {
                        self.spend(known.params.len() - usize::from(n == 0))?;
                        any.extend(known.params.iter().map(|param| chain(*param, by, target, &filter)));
                    }
                }
                Err(wrong) if wrong.is_costly() => return Err(wrong),
                // Another type may take the value: a record of this one can then not be meant.
                Err(wrong) => first_wrong = first_wrong.or(Some(wrong)),
            }
        }
        match first_wrong {
            Some(wrong) if any.is_empty() => Err(wrong),
            None if any.is_empty() => {
                Err(Wrong::unsupported("leads nowhere: what it refers to has no such search parameter"))
            }
            _ => Ok(Filter::Any(any)),
        }
    }

    /// To the records that refer to this one: `Observation:patient:code`.
    fn back(
        &mut self,
        kind: ResourceType,
        way: &str,
        depth: usize,
        end: &mut End<'_, 'a>,
    ) -> Result<Filter, Wrong> {
        let mut parts = way.splitn(3, ':');
        let (Some(from), Some(code), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(
                "not a type, a parameter that refers, and one that is asked: _has:Observation:patient:code"
                    .into(),
            );
        };
        let from = ResourceType::parse(from).ok_or("names no type of resource behind _has")?;
        let known = self.reference(from, code)?;
        if !can_be(&known, kind) {
            return Err(format!("leads nowhere: {from} does not refer to a {kind} there").into());
        }
        let filter = self.along(from, rest, depth + 1, end)?;
        let mut any = Vec::new();
        for (n, by) in links(&known, kind).enumerate() {
            self.spend(known.params.len() - usize::from(n == 0))?;
            let has = |param: &Param| {
                let filter = Box::new(filter.clone());
                Test::Has { kind: from, param: *param, by, filter }
            };
            any.extend(known.params.iter().map(has));
        }
        Ok(Filter::any_of(any))
    }

    fn reference(&self, kind: ResourceType, code: &str) -> Result<Known, Wrong> {
        let known = self.known(kind, code)?;
        match known.kind {
            ParamKind::Reference if !known.params.is_empty() => Ok(known),
            _ => Err("leads nowhere: a parameter before the last does not refer to records".into()),
        }
    }
}

/// By what the parameter can refer to records of this type: those with a URL may be named by that.
fn links(known: &Known, to: ResourceType) -> impl Iterator<Item = Link> {
    let by_url = known.canonical && canonical::names(to);
    std::iter::once(Link::Name).chain(by_url.then_some(Link::Url))
}

fn chain(param: Param, by: Link, kind: ResourceType, filter: &Filter) -> Filter {
    Test::Chain { param, by, kind, filter: Box::new(filter.clone()) }.into()
}
