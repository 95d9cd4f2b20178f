//! The tree of a resource, and what FHIR adds to FHIRPath.
//!
//! <https://hl7.org/fhir/R4/fhirpath.html#functions>

use super::{Eval, Result, Scope};
use crate::expr::Call;
use crate::function::Function;
use crate::item::Atom;
use crate::{Collection, EvalError, Item, Node, narrative};

impl<'a> Eval<'_, 'a> {
    pub(super) fn navigate(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let base = self.eval(&call.base, scope)?;
        let mut found = Collection::EMPTY;
        match call.function {
            // Nobody listens to a trace: what it would say may be a patient's.
            Function::Trace => return Ok(base),
            Function::Children => {
                for node in base.iter().filter_map(Item::as_node) {
                    node.children(self.context.model, &mut found);
                }
                self.charge(found.len())?;
            }
            Function::Descendants => return self.descendants(&base),
            Function::Extension => {
                let url = self.argument(call, 0, scope)?;
                let Some(url) = url.single()?.and_then(Item::as_str) else { return Ok(found) };
                for item in base.iter() {
                    let mut extensions = Collection::EMPTY;
                    self.child(item, "extension", &mut extensions)?;
                    found.extend(extensions.into_iter().filter(|item| url_of(item) == Some(url)));
                }
            }
            Function::Resolve => {
                for item in base.iter() {
                    self.charge(1)?;
                    found.extend(
                        reference_of(item).and_then(|reference| self.resolve(reference)).map(Item::Node),
                    );
                }
            }
            Function::GetValue => {
                if let [one] = base.items()
                    && one.has_value()
                {
                    return Ok(base);
                }
            }
            _ => found.extend(base.iter().map(|item| Item::Type(self.type_of(item)))),
        }
        Ok(found)
    }

    /// Everything below, each before what is below it.
    fn descendants(&self, base: &Collection<'a>) -> Result<Collection<'a>> {
        let mut found = Collection::EMPTY;
        let mut waiting: Vec<Node<'a>> = Vec::new();
        let below = |node: &Node<'a>, waiting: &mut Vec<Node<'a>>| {
            let mut children = Collection::EMPTY;
            node.children(self.context.model, &mut children);
            waiting.extend(children.items().iter().rev().filter_map(Item::as_node));
            self.charge(1 + children.len())
        };
        for root in base.iter().filter_map(Item::as_node) {
            below(root, &mut waiting)?;
            while let Some(node) = waiting.pop() {
                found.push(Item::Node(node));
                below(&node, &mut waiting)?;
            }
        }
        Ok(found)
    }

    /// A contained resource, or what the resolver finds.
    fn resolve(&self, reference: &str) -> Option<Node<'a>> {
        let root = self.root_resource();
        let Some(id) = reference.strip_prefix('#') else {
            return self.context.resolver?.resolve(reference);
        };
        if id.is_empty() {
            return Some(root);
        }
        let mut contained = Collection::EMPTY;
        root.child(self.context.model, "contained", false, &mut contained).ok()?;
        let with_id = |node: &&Node<'a>| node.as_object().and_then(|object| object.str("id")) == Some(id);
        contained.iter().filter_map(Item::as_node).find(with_id).copied()
    }

    /// `htmlChecks()`, which stands for the rules txt-1 and txt-2.
    pub(super) fn html_checks(&self, base: &Collection<'a>) -> Result<Option<bool>> {
        let Some(item) = base.single()? else { return Ok(None) };
        let text = item.as_str().ok_or(EvalError::Wrong("htmlChecks() wants a narrative"))?;
        self.charge(text.len() / 16)?;
        Ok(Some(narrative::is_good(text)))
    }
}

fn url_of<'i>(item: &'i Item<'_>) -> Option<&'i str> {
    item.as_node()?.as_object()?.str("url")
}

/// The address in a Reference, or the item itself where it is one.
fn reference_of<'i>(item: &'i Item<'_>) -> Option<&'i str> {
    match item.as_node().and_then(Node::as_object) {
        Some(object) => object.str("reference"),
        None => item.as_str(),
    }
}

impl Item<'_> {
    /// Whether it is a primitive with a value.
    pub(super) fn has_value(&self) -> bool {
        match self {
            Item::Node(node) => node.as_leaf().is_some(),
            Item::Type(_) => false,
            computed => !matches!(computed.atom(), Atom::Absent),
        }
    }
}
