//! What is true, false or neither: boolean operators, comparisons, and the functions that test.
//!
//! <https://hl7.org/fhirpath/N1/#boolean-logic>

use std::cmp::Ordering;

use super::{Eval, Result, Scope};
use crate::equal::{compare, equal, equivalent};
use crate::expr::{Call, Comparison, Condition, Expr};
use crate::function::{Function, Test};
use crate::{Collection, EvalError, Item};

impl<'a> Eval<'_, 'a> {
    /// What `expr` says as a condition.
    pub(super) fn truth(&self, expr: &'a Expr, scope: Scope<'_, 'a>) -> Result<Option<bool>> {
        match expr {
            Expr::Condition { op, left, right } => {
                self.charge(1)?;
                self.condition(*op, left, right, scope)
            }
            Expr::Call(call) if let Function::Test(test) = call.function => {
                self.charge(1)?;
                self.test(test, call, scope)
            }
            _ => self.eval(expr, scope)?.truth(),
        }
    }

    pub(super) fn condition(
        &self,
        op: Condition,
        left: &'a Expr,
        right: &'a Expr,
        scope: Scope<'_, 'a>,
    ) -> Result<Option<bool>> {
        match op {
            // The right side is not looked at when the left one decides.
            Condition::And => Ok(match self.truth(left, scope)? {
                Some(false) => Some(false),
                left => match (left, self.truth(right, scope)?) {
                    (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
            }),
            Condition::Or => Ok(match self.truth(left, scope)? {
                Some(true) => Some(true),
                left => match (left, self.truth(right, scope)?) {
                    (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                },
            }),
            Condition::Implies => Ok(match self.truth(left, scope)? {
                Some(false) => Some(true),
                left => match (left, self.truth(right, scope)?) {
                    (_, Some(true)) => Some(true),
                    (Some(true), right) => right,
                    _ => None,
                },
            }),
            Condition::Xor => {
                Ok(self.truth(left, scope)?.zip(self.truth(right, scope)?).map(|(a, b)| a != b))
            }
            Condition::Compare(op) => {
                let (left, right) = (self.eval(left, scope)?, self.eval(right, scope)?);
                self.charge(left.len() + right.len())?;
                self.compared(op, &left, &right)
            }
        }
    }

    fn compared(
        &self,
        op: Comparison,
        left: &Collection<'a>,
        right: &Collection<'a>,
    ) -> Result<Option<bool>> {
        use Comparison as C;
        match op {
            C::Equal => self.equal(left, right),
            C::NotEqual => Ok(self.equal(left, right)?.map(|same| !same)),
            C::Equivalent => self.equivalent(left, right).map(Some),
            C::NotEquivalent => self.equivalent(left, right).map(|same| Some(!same)),
            C::In => self.is_in(left, right),
            C::Contains => self.is_in(right, left),
            C::Less => self.ordered(left, right, Ordering::is_lt),
            C::LessOrEqual => self.ordered(left, right, Ordering::is_le),
            C::Greater => self.ordered(left, right, Ordering::is_gt),
            C::GreaterOrEqual => self.ordered(left, right, Ordering::is_ge),
        }
    }

    fn ordered(
        &self,
        left: &Collection<'a>,
        right: &Collection<'a>,
        holds: fn(Ordering) -> bool,
    ) -> Result<Option<bool>> {
        let Some((left, right)) = left.single()?.zip(right.single()?) else { return Ok(None) };
        Ok(compare(left, right)?.map(holds))
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
            match equal(a, b) {
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
                if equivalent(item, other) {
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
            if equal(item, other) == Some(true) {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }

    /// The functions that give a boolean.
    pub(super) fn test(&self, test: Test, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Option<bool>> {
        use Test as T;
        match test {
            T::Empty => Ok(Some(self.count(&call.base, scope, 1)? == 0)),
            T::Exists if call.arguments.is_empty() => Ok(Some(self.count(&call.base, scope, 1)? > 0)),
            T::Exists => Ok(Some(self.count_where(call, scope, 1)? > 0)),
            T::Not => Ok(self.truth(&call.base, scope)?.map(|said| !said)),
            T::All => {
                for (index, item) in self.eval(&call.base, scope)?.iter().enumerate() {
                    if self.passes(call, item, index, scope)? != Some(true) {
                        return Ok(Some(false));
                    }
                }
                Ok(Some(true))
            }
            T::AllTrue | T::AllFalse | T::AnyTrue | T::AnyFalse => {
                self.all_or_any(test, call, scope).map(Some)
            }
            T::IsDistinct => self.is_distinct(&self.eval(&call.base, scope)?).map(Some),
            T::SubsetOf => {
                let (part, whole) = (self.eval(&call.base, scope)?, self.argument(call, 0, scope)?);
                self.is_subset(&part, &whole).map(Some)
            }
            T::SupersetOf => {
                let (whole, part) = (self.eval(&call.base, scope)?, self.argument(call, 0, scope)?);
                self.is_subset(&part, &whole).map(Some)
            }
            T::HasValue => {
                let base = self.eval(&call.base, scope)?;
                Ok(Some(matches!(base.items(), [one] if one.has_value())))
            }
            T::ConvertsTo(target) => self.converts_to(target, call, scope),
            T::Comparable => {
                let (base, other) = (self.eval(&call.base, scope)?, self.argument(call, 0, scope)?);
                self.comparable(&base, &other)
            }
            T::HtmlChecks => self.html_checks(&self.eval(&call.base, scope)?),
            T::Contains | T::StartsWith | T::EndsWith | T::Matches | T::MatchesFull => {
                self.text_test(test, call, scope)
            }
        }
    }

    fn all_or_any(&self, test: Test, call: &'a Call, scope: Scope<'_, 'a>) -> Result<bool> {
        let base = self.eval(&call.base, scope)?;
        let mut flags = Vec::with_capacity(base.len());
        for item in base.iter() {
            flags.push(item.as_bool().ok_or(EvalError::Wrong("booleans are wanted"))?);
        }
        Ok(match test {
            Test::AllTrue => flags.iter().all(|flag| *flag),
            Test::AllFalse => !flags.iter().any(|flag| *flag),
            Test::AnyTrue => flags.iter().any(|flag| *flag),
            _ => !flags.iter().all(|flag| *flag),
        })
    }
}
