//! The tree: objects as pairs in the order they were written, numbers as their text.

use std::sync::Arc;

use compact_str::CompactString;

/// A JSON value; a number is the text it was written with.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, by its text: `1.50` stays `1.50`.
    Number(CompactString),
    /// A string without its quotes and escapes.
    String(CompactString),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
}

/// An object: each key once, in the order written.
///
/// Its pairs are shared between clones until one of them is changed: a record is copied on every step of its way,
/// and hardly ever changed in more than one place.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Object {
    pairs: Arc<Vec<(CompactString, Value)>>,
}

impl Value {
    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A number written as a whole number that fits, such as a version or a count.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The elements for changing, if it is an array.
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The object for changing, if it is one.
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The value under `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// The value itself, or each element of an array: FHIR's "one or many".
    pub fn each(&self) -> std::slice::Iter<'_, Value> {
        match self {
            Self::Array(items) => items.iter(),
            one => std::slice::from_ref(one).iter(),
        }
    }

    /// Whether both say the same: keys in any order, numbers by their text.
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Self::Array(ours), Self::Array(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.same(b))
            }
            (Self::Object(ours), Self::Object(theirs)) => ours.same(theirs),
            (ours, theirs) => ours == theirs,
        }
    }

    /// The kind of value in a word, for messages that must not show the value.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// How deep arrays and objects nest in it: 0 for a plain value.
    pub fn depth(&self) -> usize {
        match self {
            Self::Array(items) => 1 + items.iter().map(Self::depth).max().unwrap_or_default(),
            Self::Object(object) => 1 + object.iter().map(|(_, v)| v.depth()).max().unwrap_or_default(),
            _ => 0,
        }
    }

    /// About how many bytes of memory the tree holds.
    pub fn heap_bytes(&self) -> usize {
        let text = |t: &CompactString| if t.is_heap_allocated() { t.len() } else { 0 };
        match self {
            Self::Null | Self::Bool(_) => 0,
            Self::Number(t) | Self::String(t) => text(t),
            Self::Array(items) => items.iter().map(|v| size_of::<Value>() + v.heap_bytes()).sum(),
            Self::Object(object) => object.heap_bytes(),
        }
    }
}

impl Object {
    /// An object without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// An object with room for `keys` keys.
    pub fn with_capacity(keys: usize) -> Self {
        Self { pairs: Arc::new(Vec::with_capacity(keys)) }
    }

    /// The pairs as they were read, no key twice.
    pub(crate) fn of_pairs(pairs: Vec<(CompactString, Value)>) -> Self {
        Self { pairs: Arc::new(pairs) }
    }

    /// The pairs for changing, this object's alone from now on.
    fn own(&mut self) -> &mut Vec<(CompactString, Value)> {
        Arc::make_mut(&mut self.pairs)
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The value under `key`, for changing.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        // Looked for first, so that an object without the key stays shared.
        let at = self.pairs.iter().position(|(k, _)| k == key)?;
        self.own().get_mut(at).map(|(_, v)| v)
    }

    /// The string under `key`.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// Whether `key` is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets `key` in its place, or at the end if it is new.
    pub fn set(&mut self, key: impl Into<CompactString>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        match self.get_mut(&key) {
            Some(old) => *old = value,
            None => self.own().push((key, value)),
        }
    }

    /// Sets `key` in its place, or at the front if it is new.
    pub fn set_first(&mut self, key: impl Into<CompactString>, value: impl Into<Value>) {
        let key = key.into();
        match self.get_mut(&key) {
            Some(old) => *old = value.into(),
            None => self.own().insert(0, (key, value.into())),
        }
    }

    /// Adds `key` at the end without looking whether it is there: for builders that know.
    pub fn push(&mut self, key: impl Into<CompactString>, value: impl Into<Value>) {
        self.own().push((key.into(), value.into()));
    }

    /// Builder form of [`Object::push`].
    #[must_use]
    pub fn with(mut self, key: impl Into<CompactString>, value: impl Into<Value>) -> Self {
        self.push(key, value);
        self
    }

    /// Removes `key` and returns what it held; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.pairs.iter().position(|(k, _)| k == key)?;
        Some(self.own().remove(at).1)
    }

    /// Keeps the pairs for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Value) -> bool) {
        self.own().retain(|(k, v)| keep(k, v));
    }

    /// The pairs in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.pairs.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// The pairs in order, values for changing.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut Value)> {
        self.own().iter_mut().map(|(k, v)| (k.as_str(), v))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.pairs.iter().map(|(k, _)| k.as_str())
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether both say the same: keys in any order, numbers by their text.
    pub fn same(&self, other: &Object) -> bool {
        self.len() == other.len()
            && (Arc::ptr_eq(&self.pairs, &other.pairs)
                || self.pairs.iter().zip(other.pairs.iter()).all(|((ka, va), (kb, vb))| {
                    if ka == kb { va.same(vb) } else { other.get(ka).is_some_and(|v| va.same(v)) }
                }))
    }

    /// About how many bytes of memory the pairs hold, shared or not.
    pub fn heap_bytes(&self) -> usize {
        self.pairs.iter().map(|(_, v)| size_of::<(CompactString, Value)>() + v.heap_bytes()).sum()
    }
}

impl IntoIterator for Object {
    type Item = (CompactString, Value);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        Arc::unwrap_or_clone(self.pairs).into_iter()
    }
}

impl<K: Into<CompactString>> FromIterator<(K, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(pairs: I) -> Self {
        Self { pairs: Arc::new(pairs.into_iter().map(|(k, v)| (k.into(), v)).collect()) }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<CompactString> for Value {
    fn from(text: CompactString) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(compact_str::format_compact!("{number}"))
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items)
    }
}

/// Shows the shape and never the content: a value may be a patient's.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Array(items) => write!(f, "array of {}", items.len()),
            Self::Object(object) => object.fmt(f),
            other => f.write_str(other.kind()),
        }
    }
}

/// Shows how many keys there are and never what they hold.
impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "object of {} keys", self.len())
    }
}
