//! A piece of a statement, with the values it binds in the order they stand in it.

use rusqlite::types::Value;

/// The most values one statement binds on SQLite.
const VALUES_MAX: usize = 32_766;
/// SQLite takes 500 terms in one compound.
const UNION_TERMS_MAX: usize = 400;

#[derive(Clone, Debug, Default)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

/// Why there is no statement for a query.
#[derive(Debug)]
pub(super) enum Fault {
    /// What the database said.
    Database(rusqlite::Error),
    /// What the query asks too much of, or asks for that is not kept.
    Unanswerable(&'static str),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

pub(super) type Made<T> = Result<T, Fault>;

impl Sql {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// With what the text binds.
    pub(super) fn bound(text: &str, values: impl IntoIterator<Item = Value>) -> Self {
        Self { text: text.to_owned(), values: values.into_iter().collect() }
    }

    pub(super) fn push(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(super) fn then(mut self, next: Self) -> Self {
        self.text.push_str(&next.text);
        self.values.extend(next.values);
        self
    }

    /// This and, where it says anything, that.
    pub(super) fn and(self, next: Self) -> Self {
        if next.text.is_empty() { self } else { self.push(" AND ").then(next) }
    }

    /// A condition as it reads under this alias: `@` stands for it.
    pub(super) fn under(&self, alias: &str) -> Self {
        Self { text: self.text.replace('@', alias), values: self.values.clone() }
    }

    pub(super) fn joined(parts: Vec<Self>, between: &str) -> Self {
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_default();
        parts.fold(first, |all, part| all.push(between).then(part))
    }

    /// The rows of any of the selects, each once; in parts, where there are more than a compound takes.
    pub(super) fn union(mut selects: Vec<Self>) -> Self {
        while selects.len() > UNION_TERMS_MAX {
            let mut parts = Vec::new();
            let mut rest = selects.into_iter().peekable();
            while rest.peek().is_some() {
                let part = Self::joined(rest.by_ref().take(UNION_TERMS_MAX).collect(), " UNION ");
                parts.push(Self::new("SELECT * FROM (").then(part).push(")"));
            }
            selects = parts;
        }
        Self::joined(selects, " UNION ")
    }

    /// Any of the conditions, as a balanced tree: SQLite refuses expressions that are a thousand deep.
    pub(super) fn any(conditions: Vec<Self>) -> Self {
        Self::tree(conditions, "OR").unwrap_or_else(|| Self::new("0 = 1"))
    }

    /// All of the conditions; empty when there are none.
    pub(super) fn all(conditions: Vec<Self>) -> Self {
        Self::tree(conditions, "AND").unwrap_or_default()
    }

    fn tree(mut conditions: Vec<Self>, word: &str) -> Option<Self> {
        if conditions.len() < 2 {
            return conditions.pop();
        }
        let right = conditions.split_off(conditions.len() / 2);
        let (left, right) = (Self::tree(conditions, word)?, Self::tree(right, word)?);
        Some(Self::new("(").then(left).push(" ").push(word).push(" ").then(right).push(")"))
    }

    /// Itself, if SQLite can take it.
    pub(super) fn within_bounds(self) -> Made<Self> {
        if self.values.len() > VALUES_MAX {
            return Err(Fault::Unanswerable("it has more values than one statement takes"));
        }
        Ok(self)
    }
}
