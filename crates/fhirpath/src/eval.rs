//! Walking the tree: each kind of expression gives a collection.
//!
//! Invariant: every step over an item is counted, so no evaluation runs away.

use std::cell::Cell;

use crate::error::Limit;
use crate::expr::{Call, Expr, Variable};
use crate::function::Function;
use crate::{Collection, Context, EvalError, Item, Node, STRING_BYTES_MAX};

mod arithmetic;
mod boundary;
mod codec;
mod convert;
mod count;
mod fhir;
mod filter;
mod logic;
mod math;
mod sets;
mod text;
mod types;

type Result<T> = std::result::Result<T, EvalError>;

/// One evaluation.
struct Eval<'c, 'a> {
    context: &'c Context<'a>,
    root: Node<'a>,
    steps_left: Cell<u32>,
}

/// What an expression is looking at.
#[derive(Clone, Copy)]
struct Scope<'s, 'a> {
    this: &'s Collection<'a>,
    index: usize,
    total: Option<&'s Collection<'a>>,
}

pub(crate) fn evaluate<'a>(expr: &'a Expr, context: &Context<'a>, node: Node<'a>) -> Result<Collection<'a>> {
    let eval = Eval { context, root: node, steps_left: Cell::new(context.steps_max) };
    eval.eval(expr, Scope { this: &Collection::one(node), index: 0, total: None })
}

pub(crate) fn truth<'a>(expr: &'a Expr, context: &Context<'a>, node: Node<'a>) -> Result<Option<bool>> {
    let eval = Eval { context, root: node, steps_left: Cell::new(context.steps_max) };
    eval.truth(expr, Scope { this: &Collection::one(node), index: 0, total: None })
}

impl<'a> Eval<'_, 'a> {
    /// Counts `steps`.
    fn charge(&self, steps: usize) -> Result<()> {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        let left = self.steps_left.get().checked_sub(steps).ok_or(EvalError::TooCostly(Limit::Steps))?;
        self.steps_left.set(left);
        Ok(())
    }

    /// Counts the bytes of a string about to be made.
    fn charge_string(&self, bytes: usize) -> Result<()> {
        if bytes > STRING_BYTES_MAX {
            return Err(EvalError::TooCostly(Limit::StringBytes));
        }
        self.charge(bytes / 16)
    }

    fn eval(&self, expr: &'a Expr, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        self.charge(1)?;
        match expr {
            Expr::This => Ok(scope.this.clone()),
            Expr::Index => Ok(Collection::one(scope.index)),
            Expr::Total => Ok(scope.total.cloned().unwrap_or_default()),
            Expr::Nothing => Ok(Collection::EMPTY),
            Expr::Literal(literal) => Ok(Collection::from(literal.item())),
            Expr::Variable(variable) => self.variable(variable),
            Expr::Head(name) => self.head(name, scope),
            Expr::Child { base, name } => self.children_named(base, name, scope),
            Expr::At { base, index } => self.at(base, index, scope),
            Expr::Call(call) => self.call(call, scope),
            Expr::Is { base, of } => Ok(Collection::from(self.is(&self.eval(base, scope)?, of)?)),
            Expr::As { base, of } => self.as_type(self.eval(base, scope)?, of),
            Expr::Negative(base) => self.negative(&self.eval(base, scope)?),
            Expr::Positive(base) => self.positive(self.eval(base, scope)?),
            Expr::Union(parts) => self.union(parts, scope),
            Expr::Arithmetic { op, left, right } => {
                self.arithmetic(*op, &self.eval(left, scope)?, &self.eval(right, scope)?)
            }
            Expr::Condition { op, left, right } => {
                Ok(Collection::from(self.condition(*op, left, right, scope)?))
            }
        }
    }

    fn variable(&self, variable: &'a Variable) -> Result<Collection<'a>> {
        Ok(match variable {
            Variable::Context => Collection::one(self.root),
            Variable::Resource => Collection::one(self.resource()),
            Variable::RootResource => Collection::one(self.root_resource()),
            Variable::Text(text) => Collection::one(&**text),
            Variable::Named(name) => {
                let known = self.context.variables.iter().find(|(known, _)| *known == &**name);
                known.map(|(_, value)| value.clone()).ok_or(EvalError::Wrong("a variable is not set"))?
            }
        })
    }

    fn resource(&self) -> Node<'a> {
        self.context.resource.unwrap_or(self.root)
    }

    fn root_resource(&self) -> Node<'a> {
        self.context.root.unwrap_or_else(|| self.resource())
    }

    /// `Patient` in `Patient.name` is the patient itself.
    fn head(&self, name: &'a str, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let mut found = Collection::EMPTY;
        for item in scope.this.iter() {
            if name.starts_with(|c: char| c.is_ascii_uppercase()) && self.is_of_type_named(item, name) {
                found.push(item.clone());
            } else {
                self.child(item, name, &mut found)?;
            }
        }
        Ok(found)
    }

    fn children_named(&self, base: &'a Expr, name: &'a str, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        if self.context.strict
            && let Expr::As { of, .. } = base
        {
            self.expect_element(of, name)?;
        }
        let base = self.eval(base, scope)?;
        let mut found = Collection::EMPTY;
        for item in base.iter() {
            self.child(item, name, &mut found)?;
        }
        Ok(found)
    }

    fn child(&self, item: &Item<'a>, name: &'a str, found: &mut Collection<'a>) -> Result<()> {
        let before = found.len();
        match item {
            Item::Node(node) => node.child(self.context.model, name, self.context.strict, found)?,
            Item::Type(of) => match name {
                "namespace" => found.push(Item::from(of.namespace)),
                "name" => found.push(Item::from(of.name)),
                _ => {}
            },
            Item::Quantity(quantity) => match name {
                "value" => found.push(Item::Decimal(quantity.value)),
                "unit" | "code" => found.push(Item::String(quantity.unit.clone())),
                _ => {}
            },
            _ => {}
        }
        self.charge(1 + found.len() - before)
    }

    fn at(&self, base: &'a Expr, index: &'a Expr, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let base = self.eval(base, scope)?;
        let Some(index) = self.integer(&self.eval(index, scope)?)? else { return Ok(Collection::EMPTY) };
        let item = usize::try_from(index).ok().and_then(|at| base.items().get(at));
        Ok(Collection::from(item.cloned()))
    }

    fn call(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        use Function as F;
        match call.function {
            F::Where | F::Select | F::Repeat | F::Aggregate | F::Sort | F::Iif | F::Coalesce => {
                self.iterate(call, scope)
            }
            F::First | F::Last | F::Tail | F::Skip | F::Take | F::Single => self.subset(call, scope),
            F::Union | F::Combine | F::Intersect | F::Exclude | F::Distinct => self.set(call, scope),
            F::Children | F::Descendants | F::Extension | F::Resolve | F::GetValue | F::Type | F::Trace => {
                self.navigate(call, scope)
            }
            F::Now | F::Today | F::TimeOfDay => self.clock(call.function),
            F::To(target) => self.to(target, call, scope),
            F::Abs
            | F::Ceiling
            | F::Exp
            | F::Floor
            | F::Ln
            | F::Log
            | F::Power
            | F::Round
            | F::Sqrt
            | F::Truncate => self.math(call, scope),
            F::LowBoundary | F::HighBoundary | F::Precision => self.boundary(call, scope),
            F::Encode | F::Decode | F::Escape | F::Unescape => self.recode(call, scope),
            F::IndexOf
            | F::LastIndexOf
            | F::Substring
            | F::Upper
            | F::Lower
            | F::Replace
            | F::ReplaceMatches
            | F::Length
            | F::ToChars
            | F::Trim
            | F::Split
            | F::Join => self.text(call, scope),
            F::Count => Ok(Collection::one(self.count(&call.base, scope, usize::MAX)?)),
            F::MemberOf => Err(EvalError::Unsupported("memberOf()")),
            F::Subsumes | F::SubsumedBy => Err(EvalError::Unsupported("subsumption of codes")),
            F::ConformsTo => self.conforms_to(call, scope),
            F::ElementDefinition => Err(EvalError::Unsupported("elementDefinition()")),
            F::Slice => Err(EvalError::Unsupported("slice()")),
            F::Test(test) => Ok(Collection::from(self.test(test, call, scope)?)),
        }
    }

    /// The single argument number `at`, evaluated where the call stands.
    fn argument(&self, call: &'a Call, at: usize, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        call.arguments.get(at).map_or(Ok(Collection::EMPTY), |argument| self.eval(argument, scope))
    }
}
