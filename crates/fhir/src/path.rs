//! A place in a resource, kept on the stack while walking and written only when something is to be said about it.

use std::fmt;

/// A step of the way down, linked to the steps above it.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    /// Where the walk began: `Patient`, or `Bundle.entry[3].resource`.
    Root(&'a str),
    /// An element of what is above.
    Element(&'a Path<'a>, &'a str),
    /// One of the many above.
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// Whether it is one of the many that are called so.
    pub(crate) fn is_item_of(&self, name: &str) -> bool {
        matches!(self, Self::Item(Path::Element(_, above), _) if *above == name)
    }
}

/// Writes a FHIRPath of the simple kind that OperationOutcome asks for: `Patient.name[0].family`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Element(above, name) => write!(f, "{above}.{}", shown(name)),
            Self::Item(above, at) => write!(f, "{above}[{at}]"),
        }
    }
}

/// A name that is no element's is not repeated: it could be anything, a person's too.
fn shown(name: &str) -> &str {
    let known = name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if known { name } else { "?" }
}
