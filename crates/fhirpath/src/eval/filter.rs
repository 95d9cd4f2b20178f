//! Functions that look at items one after the other, and those that take some of them.
//!
//! <https://hl7.org/fhirpath/N1/#filtering-and-projection>, <https://hl7.org/fhirpath/N1/#subsetting>

use std::cmp::Ordering;

use super::sets::Seen;
use super::{Eval, Result, Scope};
use crate::equal::compare;
use crate::expr::{Call, Expr};
use crate::function::Function;
use crate::{Collection, EvalError, Item};

impl<'a> Eval<'_, 'a> {
    pub(super) fn iterate(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        match call.function {
            Function::Iif => self.iif(call, scope),
            Function::Coalesce => self.coalesce(call, scope),
            Function::Aggregate => self.aggregate(call, scope),
            Function::Repeat => self.repeat(call, scope),
            Function::Sort => self.sort(call, scope),
            Function::Select => {
                let mut found = Collection::EMPTY;
                for (index, item) in self.eval(&call.base, scope)?.into_iter().enumerate() {
                    found.extend(self.applied(call, item, index, scope)?);
                }
                Ok(found)
            }
            _ => {
                let mut kept = Collection::EMPTY;
                for (index, item) in self.eval(&call.base, scope)?.into_iter().enumerate() {
                    if self.passes(call, &item, index, scope)? == Some(true) {
                        kept.push(item);
                    }
                }
                Ok(kept)
            }
        }
    }

    /// What the first argument gives for an item.
    fn applied(
        &self,
        call: &'a Call,
        item: Item<'a>,
        index: usize,
        scope: Scope<'_, 'a>,
    ) -> Result<Collection<'a>> {
        let this = Collection::from(item);
        self.argument(call, 0, Scope { this: &this, index, total: scope.total })
    }

    /// The first argument again and again on what it gave, until nothing is new.
    fn repeat(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let mut seen = Seen::default();
        let mut found = Collection::EMPTY;
        let mut waiting: std::collections::VecDeque<_> = self.eval(&call.base, scope)?.into_iter().collect();
        let mut index = 0;
        while let Some(item) = waiting.pop_front() {
            for next in self.applied(call, item, index, scope)? {
                if self.is_new(&mut seen, &next)? {
                    waiting.push_back(next.clone());
                    found.push(next);
                }
            }
            index += 1;
        }
        Ok(found)
    }

    fn aggregate(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let mut total = self.argument(call, 1, scope)?;
        for (index, item) in self.eval(&call.base, scope)?.into_iter().enumerate() {
            let this = Collection::from(item);
            total = self.argument(call, 0, Scope { this: &this, index, total: Some(&total) })?;
            self.charge(total.len())?;
        }
        Ok(total)
    }

    /// Only the branch that is taken is evaluated; all look at what `iif` was called on.
    fn iif(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let base = self.eval(&call.base, scope)?;
        base.single()?;
        let inner = Scope { this: &base, ..scope };
        let Some(condition) = call.arguments.first() else { return Ok(Collection::EMPTY) };
        let said = self.truth(condition, inner)?;
        self.argument(call, if said == Some(true) { 1 } else { 2 }, inner)
    }

    fn coalesce(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        for at in 0..call.arguments.len() {
            let found = self.argument(call, at, scope)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Collection::EMPTY)
    }

    /// By each argument in turn; one with a minus before it sorts downward, and what has no key comes first.
    fn sort(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let mut keyed = Vec::new();
        for (index, item) in self.eval(&call.base, scope)?.into_iter().enumerate() {
            let this = Collection::from(item.clone());
            let inner = Scope { this: &this, index, total: scope.total };
            let mut keys = Vec::with_capacity(call.arguments.len());
            for argument in &call.arguments {
                let (key, down) = match argument {
                    Expr::Negative(key) => (&**key, true),
                    key => (key, false),
                };
                keys.push((self.eval(key, inner)?.single()?.cloned(), down));
            }
            if keys.is_empty() {
                keys.push((Some(item.clone()), false));
            }
            keyed.push((keys, item));
        }
        // A comparison that fails must not be forgotten, nor be asked again.
        let failed = std::cell::Cell::new(None);
        keyed.sort_by(|(a, _), (b, _)| {
            for ((a, down), (b, _)) in a.iter().zip(b) {
                let order = match (a, b) {
                    (Some(a), Some(b)) => {
                        self.charge(1).and_then(|()| compare(a, b)).unwrap_or_else(|error| {
                            failed.set(Some(error));
                            None
                        })
                    }
                    // What has no key comes first, whichever way the others go.
                    (a, b) => match a.is_some().cmp(&b.is_some()) {
                        Ordering::Equal => continue,
                        order => return order,
                    },
                };
                match order.unwrap_or(Ordering::Equal) {
                    Ordering::Equal => {}
                    order => return if *down { order.reverse() } else { order },
                }
            }
            Ordering::Equal
        });
        match failed.get() {
            Some(error) => Err(error),
            None => Ok(keyed.into_iter().map(|(_, item)| item).collect()),
        }
    }

    pub(super) fn subset(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let unordered = matches!(&call.base, Expr::Call(base) if base.function.is_unordered());
        if self.context.strict && unordered && call.function != Function::Single {
            return Err(EvalError::Wrong("what has no order has no first or last"));
        }
        let base = self.eval(&call.base, scope)?;
        let count = match call.function {
            Function::Skip | Function::Take => {
                let Some(count) = self.integer(&self.argument(call, 0, scope)?)? else {
                    return Ok(Collection::EMPTY);
                };
                usize::try_from(count).unwrap_or(0)
            }
            _ => 1,
        };
        Ok(match call.function {
            Function::First => Collection::from(base.items().first().cloned()),
            Function::Last => Collection::from(base.items().last().cloned()),
            Function::Single => Collection::from(base.single()?.cloned()),
            Function::Take => base.into_iter().take(count).collect(),
            _ => base.into_iter().skip(count).collect(),
        })
    }

    /// A whole number given as an argument.
    pub(super) fn integer(&self, items: &Collection<'a>) -> Result<Option<i64>> {
        let Some(item) = items.single()? else { return Ok(None) };
        match item.atom() {
            crate::item::Atom::Integer(number) => Ok(Some(number)),
            _ => Err(EvalError::Wrong("an integer is wanted")),
        }
    }
}
