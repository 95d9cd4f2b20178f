//! How many items an expression gives, without collecting them where that can be spared.

use super::{Eval, Result, Scope};
use crate::expr::{Call, Expr};
use crate::function::Function;
use crate::{Collection, Item};

impl<'a> Eval<'_, 'a> {
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
                    let count = base
                        .iter()
                        .filter_map(Item::as_node)
                        .map(|node| node.children_count(self.context.model))
                        .sum();
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

    pub(super) fn count_where(&self, call: &'a Call, scope: Scope<'_, 'a>, enough: usize) -> Result<usize> {
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
}
