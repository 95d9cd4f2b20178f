//! What an expression is evaluated in: its types, its resource, its variables, its clock.

use crate::{Collection, Model, Node, STEPS_MAX, Temporal};

/// Finds what a reference leads to; contained resources are found without it.
pub trait Resolver {
    /// The resource a reference leads to, if it is at hand.
    fn resolve<'a>(&'a self, reference: &str) -> Option<Node<'a>>;
}

/// What an expression is evaluated in.
#[derive(Clone)]
pub struct Context<'a> {
    pub(crate) model: Option<&'a dyn Model>,
    pub(crate) resource: Option<Node<'a>>,
    pub(crate) root: Option<Node<'a>>,
    pub(crate) resolver: Option<&'a dyn Resolver>,
    pub(crate) now: Option<Temporal>,
    pub(crate) variables: Vec<(&'a str, Collection<'a>)>,
    pub(crate) steps_max: u32,
    pub(crate) strict: bool,
}

impl<'a> Context<'a> {
    /// A context without types: a choice is found by the name of its type, `valueQuantity`.
    pub fn untyped() -> Self {
        Self {
            model: None,
            resource: None,
            root: None,
            resolver: None,
            now: None,
            variables: Vec::new(),
            steps_max: STEPS_MAX,
            strict: false,
        }
    }

    /// A context that knows types.
    pub fn typed(model: &'a dyn Model) -> Self {
        Self { model: Some(model), ..Self::untyped() }
    }

    /// Sets `%resource`, the resource that holds what is looked at; without it, that is the node evaluated.
    #[must_use]
    pub fn resource(mut self, resource: Node<'a>) -> Self {
        self.resource = Some(resource);
        self
    }

    /// Sets `%rootResource`, the one that contains `%resource`; without it, the two are the same.
    #[must_use]
    pub fn root_resource(mut self, root: Node<'a>) -> Self {
        self.root = Some(root);
        self
    }

    /// Sets who finds what references lead to; without it, only contained resources are found.
    #[must_use]
    pub fn resolver(mut self, resolver: &'a dyn Resolver) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// Sets what `now()`, `today()` and `timeOfDay()` say; without it, they are not supported.
    #[must_use]
    pub fn now(mut self, now: Temporal) -> Self {
        self.now = Some(now);
        self
    }

    /// Sets `%name`.
    #[must_use]
    pub fn variable(mut self, name: &'a str, value: Collection<'a>) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value));
        self
    }

    /// Sets how many steps an evaluation may take.
    #[must_use]
    pub fn steps_max(mut self, steps: u32) -> Self {
        self.steps_max = steps;
        self
    }

    /// Refuses the names of elements that the model does not know, where it would find nothing.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }
}
