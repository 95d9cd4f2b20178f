//! What stands below a node: the values of an element, or all of them.
//!
//! <https://hl7.org/fhir/R4/json.html#primitive>

use anamnesis_json::{Object, Value};

use super::choice::{by_suffix, is_choice};
use super::{Content, Node};
use crate::{Collection, EvalError, Item, Kind, Model, TypeRef};

impl<'a> Node<'a> {
    /// The object its elements stand in.
    fn elements(&self) -> Option<&'a Object> {
        match self.content {
            Content::Object(object) => Some(object),
            Content::Absent | Content::Leaf(_) => self.beside,
        }
    }

    /// How many values the element `name` has, without asking what they are; `None` where only a model can say.
    pub(crate) fn count(&self, name: &str) -> Option<usize> {
        let mut count = 0;
        for (key, value) in self.elements()?.iter() {
            let plain = key.strip_prefix('_').unwrap_or(key);
            match plain.strip_prefix(name) {
                None => continue,
                // With values on both sides, only pairing them tells how many there are.
                Some("") if key.len() != plain.len() => return None,
                Some("") => count = occupied(value),
                Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => return None,
                Some(_) => {}
            }
        }
        Some(count)
    }

    /// Adds the values of the element `name`; `value` finds `valueQuantity`.
    ///
    /// # Errors
    ///
    /// [`EvalError::Wrong`] when `strict` and the model knows no such element.
    pub(crate) fn child(
        &self,
        model: Option<&dyn Model>,
        name: &str,
        strict: bool,
        out: &mut Collection<'a>,
    ) -> Result<(), EvalError> {
        let known = model.zip(self.of);
        if strict && let Some((model, of)) = known {
            let plain = model.element(of, name).is_some_and(|element| !element.choice);
            if !plain && !model.has_choice(of, name) {
                return Err(EvalError::Wrong("no such element"));
            }
        }
        let Some(object) = self.elements() else { return Ok(()) };
        let (mut value, mut beside, mut full) = (None, None, name);
        for (key, found) in object.iter() {
            let plain = key.strip_prefix('_').unwrap_or(key);
            let Some(rest) = plain.strip_prefix(name) else { continue };
            if !rest.is_empty() {
                let upper = rest.starts_with(|c: char| c.is_ascii_uppercase());
                if !upper || !is_choice(known, plain, name) {
                    continue;
                }
                full = plain;
            }
            match key.len() == plain.len() {
                true => value = Some(found),
                false => beside = Some(found),
            }
        }
        if value.is_none() && beside.is_none() {
            return Ok(());
        }
        let (of, kind) = match (known, full.len() == name.len()) {
            (Some((model, of)), plain) => match model.element(of, full) {
                // FHIRPath knows a choice by its short name alone.
                Some(element) if element.choice && plain => return Ok(()),
                Some(element) => (Some(element.of), element.kind),
                None => (None, Kind::Unknown),
            },
            (None, _) => by_suffix(model, full.strip_prefix(name).unwrap_or_default()),
        };
        pair(model, value, beside, of, kind, out);
        Ok(())
    }

    /// Adds everything directly below.
    pub(crate) fn children(&self, model: Option<&dyn Model>, out: &mut Collection<'a>) {
        let Some(object) = self.elements() else { return };
        for (key, found) in object.iter() {
            let (name, value, beside) = match key.strip_prefix('_') {
                None if key == "resourceType" => continue,
                None => (key, Some(found), beside_of(object, key)),
                Some(plain) if object.contains_key(plain) => continue,
                Some(plain) => (plain, None, Some(found)),
            };
            let element = model.zip(self.of).and_then(|(m, of)| m.element(of, name));
            let (of, kind) = element.map_or((None, Kind::Unknown), |e| (Some(e.of), e.kind));
            pair(model, value, beside, of, kind, out);
        }
    }

    /// How many nodes stand directly below.
    pub(crate) fn children_count(&self, model: Option<&dyn Model>) -> usize {
        let Some(object) = self.elements() else { return 0 };
        // With values on both sides, only pairing them tells how many there are.
        if object.keys().any(|key| key.starts_with('_')) {
            let mut children = Collection::EMPTY;
            self.children(model, &mut children);
            return children.len();
        }
        object.iter().filter(|(key, _)| *key != "resourceType").map(|(_, found)| occupied(found)).sum()
    }
}

/// What stands beside `key`.
fn beside_of<'a>(object: &'a Object, key: &str) -> Option<&'a Value> {
    object.iter().find(|(k, _)| k.strip_prefix('_') == Some(key)).map(|(_, value)| value)
}

/// How many values a JSON value holds.
fn occupied(value: &Value) -> usize {
    value.each().filter(|one| **one != Value::Null).count()
}

/// Adds values with what stands beside each.
fn pair<'a>(
    model: Option<&dyn Model>,
    value: Option<&'a Value>,
    beside: Option<&'a Value>,
    of: Option<TypeRef>,
    kind: Kind,
    out: &mut Collection<'a>,
) {
    let mut add = |value: &'a Value, beside: Option<&'a Object>| {
        if matches!(value, Value::Null) && beside.is_none() {
            return;
        }
        let mut node = Node::element(value, beside, of, kind);
        if let Content::Object(object) = node.content
            && matches!(kind, Kind::Resource | Kind::Unknown)
            && object.contains_key("resourceType")
        {
            node = Node::resource(object, model);
        }
        out.push(Item::Node(node));
    };
    const ABSENT: &Value = &Value::Null;
    match (value, beside) {
        (Some(Value::Array(items)), None) => items.iter().for_each(|item| add(item, None)),
        (Some(one), None) => add(one, None),
        (value, Some(beside)) => {
            let values = value.map(Value::each).unwrap_or_default();
            let besides = beside.each();
            let count = values.len().max(besides.len());
            let (mut values, mut besides) = (values, besides);
            for _ in 0..count {
                let beside = besides.next().and_then(Value::as_object);
                add(values.next().unwrap_or(ABSENT), beside);
            }
        }
        (None, None) => {}
    }
}
