//! What stands behind a parameter's name: <https://hl7.org/fhir/R4/search.html#modifiers>.
//!
//! Invariant: a modifier that the parameter's kind does not take is refused, as the standard says servers shall.

use anamnesis_kernel::ResourceType;

use super::wrong::Wrong;
use crate::param::{Known, ParamKind};

/// How a parameter is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Modifier {
    /// As it is.
    Plain,
    /// `:missing`.
    Missing,
    /// `:exact`.
    Exact,
    /// `:contains`.
    Contains,
    /// `:not`.
    Not,
    /// `:text`.
    Text,
    /// `:in`.
    In,
    /// `:not-in`.
    NotIn,
    /// `:above`.
    Above,
    /// `:below`.
    Below,
    /// `:of-type`.
    OfType,
    /// `:identifier`.
    Identifier,
    /// `:Patient`.
    Type(ResourceType),
}

impl Modifier {
    /// Reads what stands behind the colon, for a parameter of this kind.
    pub(super) fn read(of: &Known, text: Option<&str>) -> Result<Self, Wrong> {
        use ParamKind::{Composite, Reference, Special, String, Token, Uri};
        let Some(text) = text else { return Ok(Self::Plain) };
        Ok(match (text, of.kind) {
            ("missing", kind) if !matches!(kind, Composite | Special) => Self::Missing,
            ("exact", String) => Self::Exact,
            ("contains", String) => Self::Contains,
            ("not", Token) => Self::Not,
            ("text", Token) => Self::Text,
            ("in", Token) => Self::In,
            ("not-in", Token) => Self::NotIn,
            ("of-type", Token) => Self::OfType,
            ("above", Token | Uri) => Self::Above,
            ("below", Token | Uri) => Self::Below,
            ("identifier", Reference) => Self::Identifier,
            (name, Reference)
                if ResourceType::parse(name).is_some_and(|kind| super::referred::can_be(of, kind)) =>
            {
                ResourceType::parse(name).map_or(Self::Plain, Self::Type)
            }
            (name, Reference) if ResourceType::parse(name).is_some() => {
                return Err(Wrong::from("cannot refer to this type"));
            }
            (_, kind) => {
                let what = format!("this modifier is not supported on a parameter of type {}", kind.name());
                return Err(Wrong::unsupported(what));
            }
        })
    }

    /// Whether records are wanted for which the tests do not hold.
    pub(super) const fn negates(self) -> bool {
        matches!(self, Self::Not | Self::NotIn)
    }
}
