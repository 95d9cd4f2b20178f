//! Collections as sets: what is in one, in both, in neither, and only once.
//!
//! <https://hl7.org/fhirpath/N1/#combining>

use std::collections::HashSet;

use rust_decimal::Decimal;

use super::{Eval, Result, Scope};
use crate::equal::equal;
use crate::expr::{Call, Expr};
use crate::function::Function;
use crate::item::Atom;
use crate::{Collection, Item, Node};

/// The items seen so far: strings, numbers and booleans by their hash, all others one by one.
#[derive(Default)]
pub(super) struct Seen<'a> {
    hashed: HashSet<Key<'a>>,
    others: Vec<Item<'a>>,
}

#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Text(std::borrow::Cow<'a, str>),
    Number(Decimal),
    Boolean(bool),
}

/// Up to here, looking at each is quicker than hashing.
const FEW: usize = 8;

impl<'a> Eval<'_, 'a> {
    /// Whether no equal item was seen; from now on it was.
    pub(super) fn is_new(&self, seen: &mut Seen<'a>, item: &Item<'a>) -> Result<bool> {
        self.charge(1)?;
        if let Some(key) = key(item) {
            return Ok(seen.hashed.insert(key));
        }
        let there = self.has(seen.others.iter(), item)?;
        if !there {
            seen.others.push(item.clone());
        }
        Ok(!there)
    }

    /// Whether `item` equals one of `all`.
    fn has<'s>(&self, all: impl IntoIterator<Item = &'s Item<'a>>, item: &Item<'a>) -> Result<bool>
    where
        'a: 's,
    {
        for other in all {
            self.charge(item.weight())?;
            if equal(other, item) == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn distinct(&self, items: impl IntoIterator<Item = Item<'a>>) -> Result<Collection<'a>> {
        let mut items = items.into_iter().peekable();
        let mut kept = Collection::EMPTY;
        while kept.len() < FEW {
            let Some(item) = items.next() else { return Ok(kept) };
            if !self.has(kept.iter(), &item)? {
                kept.push(item);
            }
        }
        let mut seen = Seen::default();
        for item in kept.iter() {
            self.is_new(&mut seen, item)?;
        }
        for item in items {
            if self.is_new(&mut seen, &item)? {
                kept.push(item);
            }
        }
        Ok(kept)
    }

    pub(super) fn is_distinct(&self, items: &Collection<'a>) -> Result<bool> {
        if items.len() < 2 {
            return Ok(true);
        }
        let mut seen = Seen::default();
        for item in items.iter() {
            if !self.is_new(&mut seen, item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn is_subset(&self, part: &Collection<'a>, whole: &Collection<'a>) -> Result<bool> {
        let within = Within::new(self, whole)?;
        for item in part.iter() {
            if !within.has(self, item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `a | b | c`
    pub(super) fn union(&self, parts: &'a [Expr], scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let mut all = Collection::EMPTY;
        for part in parts {
            all.extend(self.eval(part, scope)?);
        }
        if all.len() < 2 { Ok(all) } else { self.distinct(all) }
    }

    pub(super) fn set(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let base = self.eval(&call.base, scope)?;
        let other = self.argument(call, 0, scope)?;
        match call.function {
            Function::Combine => {
                let mut all = base;
                all.extend(other);
                Ok(all)
            }
            Function::Distinct => self.distinct(base),
            Function::Union => self.distinct(base.into_iter().chain(other)),
            intersect_or_exclude => {
                let within = Within::new(self, &other)?;
                let wanted = intersect_or_exclude == Function::Intersect;
                let mut kept = Collection::EMPTY;
                for item in base {
                    if within.has(self, &item)? == wanted {
                        kept.push(item);
                    }
                }
                if wanted { self.distinct(kept) } else { Ok(kept) }
            }
        }
    }
}

/// A collection to look items up in.
enum Within<'s, 'a> {
    Few(&'s Collection<'a>),
    Many(Seen<'a>),
}

impl<'s, 'a> Within<'s, 'a> {
    fn new(eval: &Eval<'_, 'a>, items: &'s Collection<'a>) -> Result<Self> {
        if items.len() <= FEW {
            return Ok(Self::Few(items));
        }
        let mut seen = Seen::default();
        for item in items.iter() {
            eval.is_new(&mut seen, item)?;
        }
        Ok(Self::Many(seen))
    }

    fn has(&self, eval: &Eval<'_, 'a>, item: &Item<'a>) -> Result<bool> {
        match self {
            Self::Few(items) => eval.has(items.iter(), item),
            Self::Many(seen) => match key(item) {
                Some(key) => {
                    eval.charge(1)?;
                    Ok(seen.hashed.contains(&key))
                }
                None => eval.has(seen.others.iter(), item),
            },
        }
    }
}

/// What a simple item is known by: equal items have equal keys.
fn key<'a>(item: &Item<'a>) -> Option<Key<'a>> {
    match item {
        Item::Node(node) => match node.atom() {
            Atom::Text(text) => Some(Key::Text(text.into())),
            Atom::Boolean(flag) => Some(Key::Boolean(flag)),
            atom => atom.decimal().map(Key::Number),
        },
        Item::String(text) => Some(Key::Text(text.clone())),
        Item::Boolean(flag) => Some(Key::Boolean(*flag)),
        Item::Integer(number) => Some(Key::Number(Decimal::from(*number))),
        Item::Decimal(number) => Some(Key::Number(*number)),
        Item::Temporal(_) | Item::Quantity(_) | Item::Type(_) => None,
    }
}

impl Item<'_> {
    /// About how many steps a comparison of it takes.
    pub(super) fn weight(&self) -> usize {
        self.as_node().and_then(Node::as_object).map_or(1, |object| 1 + object.len())
    }
}
