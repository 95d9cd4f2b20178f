//! What is true, false or neither: boolean operators, comparisons, and the functions that test.
//!
//! <https://hl7.org/fhirpath/N1/#boolean-logic>

use super::{Eval, Result, Scope};
use crate::equal::{compare, equal, equivalent};
use crate::expr::{Call, Expr, Op};
use crate::function::Function;
use crate::{Collection, EvalError, Item};

impl<'a> Eval<'_, 'a> {
    /// What `expr` says as a condition.
    pub(super) fn truth(&self, expr: &'a Expr, scope: Scope<'_, 'a>) -> Result<Option<bool>> {
        match expr {
            Expr::Binary { op, left, right } => self.binary(*op, left, right, scope),
            Expr::Call(call) if call.function.is_test() => {
                self.charge(1)?;
                self.test(call, scope)
            }
            _ => self.eval(expr, scope)?.truth(),
        }
    }

    fn binary(&self, op: Op, left: &'a Expr, right: &'a Expr, scope: Scope<'_, 'a>) -> Result<Option<bool>> {
        self.charge(1)?;
        match op {
            // The right side is not looked at when the left one decides.
            Op::And => Ok(match self.truth(left, scope)? {
                Some(false) => Some(false),
                left => match (left, self.truth(right, scope)?) {
                    (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
            }),
            Op::Or => Ok(match self.truth(left, scope)? {
                Some(true) => Some(true),
                left => match (left, self.truth(right, scope)?) {
                    (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                },
            }),
            Op::Implies => Ok(match self.truth(left, scope)? {
                Some(false) => Some(true),
                left => match (left, self.truth(right, scope)?) {
                    (_, Some(true)) => Some(true),
                    (Some(true), right) => right,
                    _ => None,
                },
            }),
            Op::Xor => Ok(self.truth(left, scope)?.zip(self.truth(right, scope)?).map(|(a, b)| a != b)),
            _ => {
                let (left, right) = (self.eval(left, scope)?, self.eval(right, scope)?);
                self.charge(left.len() + right.len())?;
                self.compared(op, &left, &right)
            }
        }
    }

    fn compared(&self, op: Op, left: &Collection<'a>, right: &Collection<'a>) -> Result<Option<bool>> {
        match op {
            Op::Equal => self.equal(left, right),
            Op::NotEqual => Ok(self.equal(left, right)?.map(|same| !same)),
            Op::Equivalent => self.equivalent(left, right).map(Some),
            Op::NotEquivalent => self.equivalent(left, right).map(|same| Some(!same)),
            Op::In => self.is_in(left, right),
            Op::Contains => self.is_in(right, left),
            Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
                let Some((left, right)) = left.single()?.zip(right.single()?) else { return Ok(None) };
                let order = compare(left, right)?;
                Ok(order.map(|order| match op {
                    Op::Less => order.is_lt(),
                    Op::LessOrEqual => order.is_le(),
                    Op::Greater => order.is_gt(),
                    _ => order.is_ge(),
                }))
            }
            // What else there is gives no condition: `1 + 1` as one is a single item.
            _ => self.arithmetic(op, left, right)?.truth(),
        }
    }

    /// `=`: the same items in the same order.
    fn equal(&self, left: &Collection<'a>, right: &Collection<'a>) -> Result<Option<bool>> {
        if left.is_empty() || right.is_empty() {
            return Ok(None);
        }
        if left.len() != right.len() {
            return Ok(Some(false));
        }
        let mut all = Some(true);
        for (a, b) in left.iter().zip(right.iter()) {
            self.charge(a.weight())?;
            match equal(a, b)? {
                Some(false) => return Ok(Some(false)),
                None => all = None,
                Some(true) => {}
            }
        }
        Ok(all)
    }

    /// `~`: about the same items in any order.
    fn equivalent(&self, left: &Collection<'a>, right: &Collection<'a>) -> Result<bool> {
        if left.len() != right.len() {
            return Ok(false);
        }
        let mut rest: Vec<&Item<'a>> = right.iter().collect();
        for item in left.iter() {
            let mut at = None;
            for (n, other) in rest.iter().enumerate() {
                self.charge(item.weight())?;
                if equivalent(item, other)? {
                    at = Some(n);
                    break;
                }
            }
            let Some(at) = at else { return Ok(false) };
            rest.swap_remove(at);
        }
        Ok(true)
    }

    fn is_in(&self, item: &Collection<'a>, all: &Collection<'a>) -> Result<Option<bool>> {
        let Some(item) = item.single()? else { return Ok(None) };
        for other in all.iter() {
            self.charge(item.weight())?;
            if equal(item, other)? == Some(true) {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }

    /// How many items `expr` gives; beyond `enough` it need not be exact.
    pub(super) fn count(&self, expr: &'a Expr, scope: Scope<'_, 'a>, enough: usize) -> Result<usize> {
        self.charge(1)?;
        match expr {
            // A full choice name, which only a model can refuse, has upper case in it.
            Expr::Head(name) | Expr::Child { name, .. }
                if !self.context.strict && !name.bytes().any(|b| b.is_ascii_uppercase()) =>
            {
                match expr {
                    Expr::Child { base, .. } => self.count_named(&self.eval(base, scope)?, name),
                    _ => self.count_named(scope.this, name),
                }
            }
            Expr::Call(call) => match call.function {
                Function::Children => {
                    let base = self.eval(&call.base, scope)?;
                    let count = base.iter().filter_map(Item::as_node).map(|n| n.children_count()).sum();
                    self.charge(count)?;
                    Ok(count)
                }
                Function::Where => self.count_where(call, scope, enough),
                _ => Ok(self.call(call, scope)?.len()),
            },
            _ => Ok(self.eval(expr, scope)?.len()),
        }
    }

    fn count_named(&self, base: &Collection<'a>, name: &'a str) -> Result<usize> {
        let mut count = 0;
        for item in base.iter() {
            count += match item.as_node().and_then(|node| node.count(name)) {
                Some(count) => count,
                None => {
                    let mut found = Collection::EMPTY;
                    self.child(item, name, &mut found)?;
                    found.len()
                }
            };
        }
        self.charge(base.len() + count)?;
        Ok(count)
    }

    fn count_where(&self, call: &'a Call, scope: Scope<'_, 'a>, enough: usize) -> Result<usize> {
        let base = self.eval(&call.base, scope)?;
        let mut count = 0;
        for (index, item) in base.iter().enumerate() {
            if self.passes(call, item, index, scope)? == Some(true) {
                count += 1;
                if count >= enough {
                    break;
                }
            }
        }
        Ok(count)
    }

    /// What the first argument says of an item of the base.
    pub(super) fn passes(
        &self,
        call: &'a Call,
        item: &Item<'a>,
        index: usize,
        scope: Scope<'_, 'a>,
    ) -> Result<Option<bool>> {
        let Some(criteria) = call.arguments.first() else { return Ok(Some(true)) };
        let this = Collection::from(item.clone());
        self.truth(criteria, Scope { this: &this, index, total: scope.total })
    }

    /// The functions that give a boolean.
    pub(super) fn test(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Option<bool>> {
        use Function as F;
        match call.function {
            F::Empty => Ok(Some(self.count(&call.base, scope, 1)? == 0)),
            F::Exists if call.arguments.is_empty() => Ok(Some(self.count(&call.base, scope, 1)? > 0)),
            F::Exists => Ok(Some(self.count_where(call, scope, 1)? > 0)),
            F::Not => Ok(self.truth(&call.base, scope)?.map(|said| !said)),
            F::All => {
                for (index, item) in self.eval(&call.base, scope)?.iter().enumerate() {
                    if self.passes(call, item, index, scope)? != Some(true) {
                        return Ok(Some(false));
                    }
                }
                Ok(Some(true))
            }
            F::AllTrue | F::AllFalse | F::AnyTrue | F::AnyFalse => self.all_or_any(call, scope).map(Some),
            F::IsDistinct => self.is_distinct(&self.eval(&call.base, scope)?).map(Some),
            F::SubsetOf => {
                let (part, whole) = (self.eval(&call.base, scope)?, self.argument(call, 0, scope)?);
                self.is_subset(&part, &whole).map(Some)
            }
            F::SupersetOf => {
                let (whole, part) = (self.eval(&call.base, scope)?, self.argument(call, 0, scope)?);
                self.is_subset(&part, &whole).map(Some)
            }
            F::HasValue => {
                let base = self.eval(&call.base, scope)?;
                Ok(Some(matches!(base.items(), [one] if one.has_value())))
            }
            F::ConvertsTo(target) => self.converts_to(target, call, scope),
            F::Comparable => {
                let (base, other) = (self.eval(&call.base, scope)?, self.argument(call, 0, scope)?);
                self.comparable(&base, &other)
            }
            F::HtmlChecks => self.html_checks(&self.eval(&call.base, scope)?),
            F::Contains | F::StartsWith | F::EndsWith | F::Matches | F::MatchesFull => {
                self.text_test(call, scope)
            }
            _ => self.call(call, scope)?.truth(),
        }
    }

    fn all_or_any(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<bool> {
        let base = self.eval(&call.base, scope)?;
        let mut flags = Vec::with_capacity(base.len());
        for item in base.iter() {
            flags.push(item.as_bool().ok_or(EvalError::Wrong("booleans are wanted"))?);
        }
        Ok(match call.function {
            Function::AllTrue => flags.iter().all(|flag| *flag),
            Function::AllFalse => !flags.iter().any(|flag| *flag),
            Function::AnyTrue => flags.iter().any(|flag| *flag),
            _ => !flags.iter().all(|flag| *flag),
        })
    }
}

impl Function {
    /// Whether it gives a boolean.
    fn is_test(self) -> bool {
        use Function as F;
        matches!(
            self,
            F::All
                | F::AllTrue
                | F::AllFalse
                | F::AnyTrue
                | F::AnyFalse
                | F::Comparable
                | F::Contains
                | F::ConvertsTo(_)
                | F::Empty
                | F::EndsWith
                | F::Exists
                | F::HasValue
                | F::HtmlChecks
                | F::IsDistinct
                | F::Matches
                | F::MatchesFull
                | F::Not
                | F::StartsWith
                | F::SubsetOf
                | F::SupersetOf
        )
    }
}
