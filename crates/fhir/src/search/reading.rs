//! From one parameter and its value to what must hold of a record of one type.
//!
//! Invariant: every test counts against the search's limit of values, those of chains and expansions too.

use anamnesis_kernel::search::{Filter, Find, Kept, Link, Param, Test};
use anamnesis_kernel::{ResourceId, ResourceType};
use compact_str::CompactString;

use super::escape::split;
use super::modifier::Modifier;
use super::wrong::Wrong;
use super::{Context, composite, dates, number, quantity, referred, string, token, uri, words};
use crate::param::{Known, ParamKind};

/// The reading of one search's criteria.
pub(super) struct Reading<'a> {
    pub(super) context: &'a Context<'a>,
    /// How many tests were made so far.
    pub(super) tests: usize,
    /// How many types chains were followed to so far.
    pub(super) ways: usize,
}

impl Reading<'_> {
    /// Whether this type has a parameter of this name, whatever is asked of it.
    pub(super) fn knows(&self, kind: ResourceType, key: &str) -> bool {
        let code = key.split([':', '.']).next().unwrap_or(key);
        let own = ["_id", "_lastUpdated", "_list", "_has", "_text", "_content", "_filter"];
        own.contains(&code) || self.context.params.known(kind, code).is_some()
    }

    /// What must hold of a record of this type: `key` may lead to others.
    pub(super) fn criterion(&mut self, kind: ResourceType, key: &str, value: &str) -> Result<Filter, Wrong> {
        self.along(kind, key, 0, &mut |reading, kind, last| reading.last(kind, last, value))
    }

    /// The parameter a chain ends with, or that stands alone.
    fn last(&mut self, kind: ResourceType, key: &str, value: &str) -> Result<Filter, Wrong> {
        let (code, modifier) = key.split_once(':').map_or((key, None), |(code, name)| (code, Some(name)));
        let own = matches!(code, "_id" | "_lastUpdated" | "_list" | "_text" | "_content" | "_filter");
        if own && modifier.is_some() {
            return Err(Wrong::unsupported("this modifier is not supported on this parameter"));
        }
        match code {
            "_id" => self.each(value, |one| {
                let id = ResourceId::new(one).map_err(|_| "not an id: 1 to 64 of A-Z a-z 0-9 - .")?;
                Ok(vec![Test::Id(id)])
            }),
            "_lastUpdated" => {
                let now = self.context.now;
                self.each(value, |one| dates::updated(one, now))
            }
            "_list" => self.list(kind, value),
            "_text" | "_content" => {
                if !self.context.params.full_text(kind, code) {
                    let what = "not searched here: the setting search.full_text is off";
                    return Err(Wrong::unsupported(what));
                }
                let expression = words::expression(value, self.context.limits)?;
                Ok(Test::Words { expression, narrative: code == "_text" }.into())
            }
            "_filter" => self.filter(kind, value),
            _ => {
                let known = self.known(kind, code)?;
                let modifier = Modifier::read(&known, modifier)?;
                self.asked(kind, &known, modifier, value)
            }
        }
    }

    /// The parameter of this type with this code.
    pub(super) fn known(&self, kind: ResourceType, code: &str) -> Result<Known, Wrong> {
        let known = self.context.params.known(kind, code);
        known.ok_or_else(|| Wrong::unsupported(format!("{kind} has no such search parameter")))
    }

    /// What a parameter asks for with all its values.
    pub(super) fn asked(
        &mut self,
        kind: ResourceType,
        known: &Known,
        modifier: Modifier,
        value: &str,
    ) -> Result<Filter, Wrong> {
        if modifier == Modifier::Missing {
            return match value {
                "true" => Ok(Filter::Not(Box::new(self.present(kind, known)?))),
                "false" => self.present(kind, known),
                _ => Err("neither true nor false".into()),
            };
        }
        if known.kind == ParamKind::Composite {
            let any: Result<_, _> =
                split(value, ',').into_iter().map(|one| composite::filter(self, known, one)).collect();
            return Ok(Filter::Any(any?));
        }
        let mut any = Vec::new();
        for one in split(value, ',') {
            let before = any.len();
            for param in &known.params {
                any.extend(self.tests(known, *param, modifier, one)?);
            }
            // An id that may be of several types is one value all the same.
            let made = any.len() - before;
            self.spend(if known.kind == ParamKind::Reference { known.params.len() } else { made })?;
        }
        let any = Filter::any_of(any);
        Ok(if modifier.negates() { Filter::Not(Box::new(any)) } else { any })
    }

    /// The tests, of which one must hold, that one value of a parameter makes under one of its numbers.
    pub(super) fn tests(
        &self,
        known: &Known,
        param: Param,
        modifier: Modifier,
        value: &str,
    ) -> Result<Vec<Test>, Wrong> {
        let Context { sets, now, .. } = *self.context;
        let base = self.context.limits.base.as_deref();
        Ok(match (known.kind, modifier) {
            (ParamKind::Token, Modifier::Text) => vec![token::text(param, value)?],
            (ParamKind::Token, Modifier::OfType) => vec![token::of_type(param, value)?],
            (ParamKind::Token, Modifier::In | Modifier::NotIn) => token::within(param, value, sets)?,
            (ParamKind::Token, Modifier::Above) => token::related(param, value, true, sets)?,
            (ParamKind::Token, Modifier::Below) => token::related(param, value, false, sets)?,
            (ParamKind::Token, _) | (ParamKind::Reference, Modifier::Identifier) => {
                vec![token::test(param, value)?]
            }
            (ParamKind::Reference, Modifier::Type(kind)) => {
                referred::tests(param, known, Some(kind), value, base)?
            }
            (ParamKind::Reference, _) => referred::tests(param, known, None, value, base)?,
            (ParamKind::String, Modifier::Exact) => vec![string::test(param, value, Find::Exact)?],
            (ParamKind::String, Modifier::Contains) => vec![string::test(param, value, Find::Contains)?],
            (ParamKind::String, _) => vec![string::test(param, value, Find::Begins)?],
            (ParamKind::Uri, Modifier::Above) => uri::above(param, value)?,
            (ParamKind::Uri, Modifier::Below) => uri::below(param, value)?,
            (ParamKind::Uri, _) => vec![uri::test(param, value)?],
            (ParamKind::Date, _) => dates::tests(param, value, now)?,
            (ParamKind::Number, _) => number::tests(param, value)?,
            (ParamKind::Quantity, _) => quantity::tests(param, value, sets)?,
            (ParamKind::Composite, _) => return Err("not a value of its own".into()),
            (ParamKind::Special, _) => return Err(Wrong::unsupported("this parameter is not supported")),
        })
    }

    /// That a record has a value under the parameter.
    pub(super) fn present(&mut self, kind: ResourceType, known: &Known) -> Result<Filter, Wrong> {
        let kept =
            kept(known.kind).ok_or_else(|| Wrong::unsupported("whether it is there cannot be asked"))?;
        let shares = |other: &Known| {
            other.kind == ParamKind::Reference
                && other.params.iter().any(|param| known.params.contains(param))
                && (other.targets.is_empty() || other.targets.len() > known.targets.len())
        };
        if kept == Kept::Reference && !known.targets.is_empty() {
            // `patient` is kept with `subject`, which may refer to a Group: that it is there says too little.
            if self.context.params.codes(kind).iter().any(shares) {
                let to = |param: &Param| known.targets.iter().map(|kind| (*param, *kind)).collect::<Vec<_>>();
                let ways: Vec<_> = known.params.iter().flat_map(to).collect();
                self.spend(ways.len())?;
                return Ok(Filter::any_of(
                    ways.into_iter().map(|(param, kind)| Test::Refers { param, kind }),
                ));
            }
        }
        self.spend(known.params.len())?;
        Ok(Filter::any_of(known.params.iter().map(|param| Test::Present { param: *param, kept })))
    }

    /// `_list`: what a List has as its items, <https://hl7.org/fhir/R4/search.html#list>.
    fn list(&mut self, of: ResourceType, value: &str) -> Result<Filter, Wrong> {
        let kind = ResourceType::parse("List").ok_or("there are no lists")?;
        let item = self.known(kind, "item")?;
        if !referred::can_be(&item, of) {
            return Err("not on any list".into());
        }
        if value.starts_with('$') {
            return Err(Wrong::unsupported("lists that are known by what they mean are not supported"));
        }
        let id = self.each(value, |one| {
            let id = one.strip_prefix("List/").unwrap_or(one);
            Ok(vec![Test::Id(ResourceId::new(id).map_err(|_| "not the id of a List")?)])
        })?;
        let has =
            |param: &Param| Test::Has { kind, param: *param, by: Link::Name, filter: Box::new(id.clone()) };
        Ok(Filter::any_of(item.params.iter().map(has)))
    }

    fn each(
        &mut self,
        value: &str,
        tests: impl Fn(&str) -> Result<Vec<Test>, Wrong>,
    ) -> Result<Filter, Wrong> {
        let mut any = Vec::new();
        for one in split(value, ',') {
            any.extend(tests(one)?);
            self.spend(1)?;
        }
        Ok(Filter::any_of(any))
    }

    /// Counts a type that a chain is followed to: references to anything lead to many, and those on to many more.
    pub(super) fn follow(&mut self) -> Result<(), Wrong> {
        self.ways += 1;
        let most = self.context.limits.values_max;
        match self.ways > most {
            true => {
                Err(Wrong::costly(format!("leads over more than {most} types: name those that are meant")))
            }
            false => Ok(()),
        }
    }

    /// Counts tests against the limit of the search.
    pub(super) fn spend(&mut self, tests: usize) -> Result<(), Wrong> {
        self.tests = self.tests.saturating_add(tests);
        let most = self.context.limits.values_max;
        if self.tests > most {
            return Err(Wrong::costly(format!("more than {most} values in one search")));
        }
        Ok(())
    }
}

/// Where the values of a kind of parameter are kept.
pub(super) const fn kept(kind: ParamKind) -> Option<Kept> {
    Some(match kind {
        ParamKind::Token => Kept::Token,
        ParamKind::String | ParamKind::Uri => Kept::Text,
        ParamKind::Date => Kept::Date,
        ParamKind::Number | ParamKind::Quantity => Kept::Quantity,
        ParamKind::Reference => Kept::Reference,
        ParamKind::Composite | ParamKind::Special => return None,
    })
}

/// A value as it must be sent so that it is one.
pub(super) fn one_value(text: &str) -> CompactString {
    let mut out = CompactString::with_capacity(text.len());
    for letter in text.chars() {
        if letter == ',' {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
