//! The prefixes of ordered values: <https://hl7.org/fhir/R4/search.html#prefix>.

use super::wrong::Wrong;

/// How what is found lies to what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// Within it; the default.
    Equal,
    /// Not within it.
    Unequal,
    /// Some of it above.
    Greater,
    /// Some of it below.
    Less,
    /// Some of it above, or within.
    AtLeast,
    /// Some of it below, or within.
    AtMost,
    /// All of it above.
    StartsAfter,
    /// All of it below.
    EndsBefore,
    /// Near it.
    About,
}

impl Prefix {
    /// The prefix of a value, and the rest.
    pub(super) fn split(value: &str) -> Result<(Self, &str), Wrong> {
        let Some((name, rest)) =
            value.split_at_checked(2).filter(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase()))
        else {
            return Ok((Self::Equal, value));
        };
        let prefix = match name {
            "eq" => Self::Equal,
            "ne" => Self::Unequal,
            "gt" => Self::Greater,
            "lt" => Self::Less,
            "ge" => Self::AtLeast,
            "le" => Self::AtMost,
            "sa" => Self::StartsAfter,
            "eb" => Self::EndsBefore,
            "ap" => Self::About,
            _ => return Err("not a prefix: eq, ne, lt, gt, le, ge, sa, eb or ap".into()),
        };
        Ok((prefix, rest))
    }
}
