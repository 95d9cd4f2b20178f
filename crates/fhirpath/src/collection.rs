//! What an expression gives: none, one or many items, in order.
//!
//! Invariant: none and one take no memory of their own.

use crate::{EvalError, Item};

/// What an expression gives: none, one or many items, in order.
#[derive(Clone, Debug, Default)]
pub struct Collection<'a>(Repr<'a>);

#[derive(Clone, Debug, Default)]
enum Repr<'a> {
    #[default]
    Empty,
    One(Item<'a>),
    Many(Vec<Item<'a>>),
}

impl<'a> Collection<'a> {
    /// The empty collection.
    pub const EMPTY: Self = Self(Repr::Empty);

    /// A collection of one item.
    pub fn one(item: impl Into<Item<'a>>) -> Self {
        Self(Repr::One(item.into()))
    }

    /// The items in order.
    pub fn items(&self) -> &[Item<'a>] {
        match &self.0 {
            Repr::Empty => &[],
            Repr::One(item) => std::slice::from_ref(item),
            Repr::Many(items) => items,
        }
    }

    /// The items in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Item<'a>> {
        self.items().iter()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items().is_empty()
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: Item<'a>) {
        match &mut self.0 {
            Repr::Many(items) => items.push(item),
            Repr::Empty => self.0 = Repr::One(item),
            Repr::One(_) => {
                if let Repr::One(first) = std::mem::take(&mut self.0) {
                    self.0 = Repr::Many(vec![first, item]);
                }
            }
        }
    }

    /// The single item; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`EvalError::Wrong`] when there are several.
    pub fn single(&self) -> Result<Option<&Item<'a>>, EvalError> {
        match self.items() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => Err(EvalError::Wrong("one item is wanted where there are several")),
        }
    }

    /// The collection as a condition: a single boolean is itself, any other single item is true.
    ///
    /// # Errors
    ///
    /// [`EvalError::Wrong`] when there are several items.
    pub fn truth(&self) -> Result<Option<bool>, EvalError> {
        Ok(self.single()?.map(|item| item.as_bool().unwrap_or(true)))
    }
}

impl<'a> From<Item<'a>> for Collection<'a> {
    fn from(item: Item<'a>) -> Self {
        Self(Repr::One(item))
    }
}

impl<'a, T: Into<Item<'a>>> From<Option<T>> for Collection<'a> {
    fn from(item: Option<T>) -> Self {
        item.map_or(Self::EMPTY, Self::one)
    }
}

impl<'a> FromIterator<Item<'a>> for Collection<'a> {
    fn from_iter<I: IntoIterator<Item = Item<'a>>>(items: I) -> Self {
        let mut all = Self::EMPTY;
        all.extend(items);
        all
    }
}

impl<'a> Extend<Item<'a>> for Collection<'a> {
    fn extend<I: IntoIterator<Item = Item<'a>>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

impl<'a> IntoIterator for Collection<'a> {
    type Item = Item<'a>;
    type IntoIter = std::iter::Chain<std::option::IntoIter<Item<'a>>, std::vec::IntoIter<Item<'a>>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, many) = match self.0 {
            Repr::Empty => (None, Vec::new()),
            Repr::One(item) => (Some(item), Vec::new()),
            Repr::Many(items) => (None, items),
        };
        one.into_iter().chain(many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_one_and_many() {
        let mut all = Collection::EMPTY;
        assert_eq!((all.len(), all.truth()), (0, Ok(None)));
        all.push(Item::from("one"));
        assert_eq!((all.len(), all.truth()), (1, Ok(Some(true))));
        all.push(Item::from(2_i64));
        all.push(Item::from(false));
        assert!(all.single().is_err() && all.truth().is_err());
        let kinds: Vec<String> = all.into_iter().map(|item| format!("{item:?}")).collect();
        assert_eq!(kinds, ["a string", "an integer", "a boolean"]);
        assert_eq!(Collection::one(false).truth(), Ok(Some(false)));
    }

    #[test]
    fn an_item_is_small() {
        // Each step of a path moves them.
        assert!(size_of::<Collection<'_>>() <= 48, "{}", size_of::<Collection<'_>>());
    }
}
