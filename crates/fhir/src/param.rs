//! The search parameters of a type: their codes, numbers, kinds and the elements they are found in.
//!
//! Invariant: a number never changes its meaning, since it counts every official parameter of R4, served or not.
//!
//! | number                              | is |
//! |-------------------------------------|----|
//! | `1` to `4`                          | the patient compartment; who yielded to whom; what happened; what definitions are called: of every type, as none has the number 0 |
//! | `type * 256 + n`                    | the nth official parameter of the type, in the order of their codes |
//! | `type * 256 + 254`                  | `_tag` |
//! | `type * 256 + 255`                  | every record of the type |
//! | that of a parameter `+ (1 << 24)`   | its identifiers, each with its type, for `:of-type` |
//! | `(2 << 24) + type * 256 + n`        | `_profile`, `_security`, `_source` |
//! | `1 << 31`, but not `1 << 24`, and a hash of type and URL | a registered parameter; with `1 << 30`, a component of one |

mod catalogue;
mod known;
mod named;
mod registered;

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Param;

pub use catalogue::Catalogue;
pub use known::{Known, Official, Params, left_out};
pub use registered::Registered;

use crate::generated::search::{COMPARTMENT, PARAMS};

/// What kind of search a parameter takes: <https://hl7.org/fhir/R4/search.html#ptypes>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Values of other parameters that go together.
    Composite,
    /// A point or span of time.
    Date,
    /// A number.
    Number,
    /// A measured amount.
    Quantity,
    /// Another record.
    Reference,
    /// What only its own definition says.
    Special,
    /// Text, from its beginning.
    String,
    /// A code or an identifier.
    Token,
    /// An address, or another URI.
    Uri,
}

impl ParamKind {
    /// All of them.
    const ALL: [Self; 9] = [
        Self::Composite,
        Self::Date,
        Self::Number,
        Self::Quantity,
        Self::Reference,
        Self::Special,
        Self::String,
        Self::Token,
        Self::Uri,
    ];

    /// The kind that FHIR writes so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name as FHIR writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Composite => "composite",
            Self::Date => "date",
            Self::Number => "number",
            Self::Quantity => "quantity",
            Self::Reference => "reference",
            Self::Special => "special",
            Self::String => "string",
            Self::Token => "token",
            Self::Uri => "uri",
        }
    }
}

/// What is taken from a value that a way leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extract {
    /// A code, or a boolean.
    Code,
    Coding,
    Concept,
    Contact,
    Identifier,
    /// An identifier under its type, for `:of-type`.
    OfType,
    Text,
    Uri,
    Number,
    Quantity,
    Range,
    Money,
    Date,
    Period,
    Timing,
    Reference,
    /// A reference to a record of this type.
    To(&'static str),
    Canonical,
    /// What another way leads to, if this element has this code.
    Where(&'static str, &'static str, &'static Way),
    /// Of the record as a whole: whether somebody has died.
    Deceased,
    /// Of the record as a whole: the first entry of a bundle, if it is of this type.
    FirstEntry(&'static str),
}

/// The JSON names that lead to values, and what is taken from each.
pub(crate) type Way = (&'static [&'static str], Extract);

/// One parameter of one type.
#[derive(Debug)]
pub(crate) struct SearchParam {
    pub(crate) code: &'static str,
    /// Its number but for the type's.
    number: u32,
    pub(crate) kind: ParamKind,
    /// Under which of the type's numbers it is found: its own, or those of others that keep the same elements.
    under: &'static [u32],
    /// Where the values stand that it keeps itself.
    pub(crate) ways: &'static [Way],
    /// The numbers of the types it can refer to; none for any.
    targets: &'static [u8],
    /// Of a composite, the codes of the parameters it is made of.
    components: &'static [&'static str],
    /// Of a composite, whether it is about a repeated element; of another, whether its values stand in one.
    pub(crate) grouped: bool,
}

/// A parameter that has values.
pub(crate) const fn p(
    code: &'static str,
    number: u32,
    kind: ParamKind,
    under: &'static [u32],
    ways: &'static [Way],
    targets: &'static [u8],
    grouped: bool,
) -> SearchParam {
    SearchParam { code, number, kind, under, ways, targets, components: &[], grouped }
}

/// A parameter made of others.
pub(crate) const fn composite(
    code: &'static str,
    number: u32,
    components: &'static [&'static str],
    grouped: bool,
) -> SearchParam {
    SearchParam {
        code,
        number,
        kind: ParamKind::Composite,
        under: &[],
        ways: &[],
        targets: &[],
        components,
        grouped,
    }
}

const OF_ALL: u32 = 2 << 24;

/// The parameters that every type has, in the order of their codes; `_id` and `_lastUpdated` need no entries.
#[rustfmt::skip] // A table reads by column.
static OF_ALL_TYPES: [SearchParam; 4] = [
    p("_profile",  OF_ALL,     ParamKind::Uri,   &[OF_ALL],     &[(&["meta", "profile"],  Extract::Uri)],    &[], false),
    p("_security", OF_ALL + 1, ParamKind::Token, &[OF_ALL + 1], &[(&["meta", "security"], Extract::Coding)], &[], false),
    p("_source",   OF_ALL + 2, ParamKind::Uri,   &[OF_ALL + 2], &[(&["meta", "source"],   Extract::Uri)],    &[], false),
    p("_tag",      254,        ParamKind::Token, &[254],        &[(&["meta", "tag"],      Extract::Coding)], &[], false),
];

impl SearchParam {
    /// The number of its own, which its entries have if it keeps any.
    pub(crate) fn number(&self, kind: ResourceType) -> Param {
        numbered(kind, self.number)
    }

    /// The numbers it is found under.
    pub(crate) fn under(&self, kind: ResourceType) -> impl Iterator<Item = Param> {
        self.under.iter().map(move |number| numbered(kind, *number))
    }
}

/// The parameters of a type, in the order of their codes.
pub(crate) fn params(kind: ResourceType) -> impl Iterator<Item = &'static SearchParam> {
    OF_ALL_TYPES.iter().chain(of_type_alone(kind))
}

/// The parameter of a type that has this code.
pub(crate) fn param(kind: ResourceType, code: &str) -> Option<&'static SearchParam> {
    let all = if code.starts_with('_') { &OF_ALL_TYPES } else { of_type_alone(kind) };
    all.binary_search_by(|param| param.code.cmp(code)).ok().and_then(|at| all.get(at))
}

fn of_type_alone(kind: ResourceType) -> &'static [SearchParam] {
    PARAMS.get(usize::from(kind.number()) - 1).copied().unwrap_or_default()
}

/// Where the patients stand in whose compartment a record of this type is.
pub(crate) fn compartment_ways(kind: ResourceType) -> &'static [Way] {
    COMPARTMENT.get(usize::from(kind.number()) - 1).copied().unwrap_or_default()
}

/// The parameter that every record of a type has one entry under.
pub(crate) fn of_this_type(kind: ResourceType) -> Param {
    Param::of_type(kind.number())
}

/// Where a token parameter keeps its identifiers with the type of each: the value as code, `system|code` of the type as
/// system.
pub(crate) const fn of_type(param: Param) -> Param {
    Param(param.0 | 1 << 24)
}

fn numbered(kind: ResourceType, number: u32) -> Param {
    Param(u32::from(kind.number()) * 256 + number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_found() {
        for kind in ResourceType::all() {
            assert!(params(kind).map(|p| p.code).is_sorted_by(|a, b| a < b), "{kind}");
            for one in params(kind) {
                assert_eq!(param(kind, one.code).map(|p| p.code), Some(one.code), "{kind}");
            }
        }
    }

    #[test]
    fn numbers_stay() {
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&str, &str, u32, &[u32]); 9] = [
         // type                 code              number          found under
            ("Observation",       "date",           96 * 256 + 20,  &[96 * 256 + 20]),
            ("Observation",       "patient",        96 * 256 + 29,  &[96 * 256 + 33]),
            ("Observation",       "subject",        96 * 256 + 33,  &[96 * 256 + 33]),
            ("Observation",       "combo-code",     96 * 256 + 7,   &[96 * 256 + 2, 96 * 256 + 13]),
            ("Patient",           "birthdate",      103 * 256 + 7,  &[103 * 256 + 7]),
            ("Patient",           "name",           103 * 256 + 18, &[103 * 256 + 11, 103 * 256 + 14, 103 * 256 + 18]),
            ("Patient",           "_tag",           103 * 256 + 254, &[103 * 256 + 254]),
            ("Patient",           "_source",        (2 << 24) + 103 * 256 + 2, &[(2 << 24) + 103 * 256 + 2]),
            ("AllergyIntolerance","patient",        4 * 256 + 10,   &[4 * 256 + 10]),
        ];
        for (kind, code, number, under) in cases {
            let kind = ResourceType::parse(kind).unwrap();
            let param = param(kind, code).unwrap();
            assert_eq!(param.number(kind), Param(number), "{kind} {code}");
            assert!(param.under(kind).eq(under.iter().copied().map(Param)), "{kind} {code}");
        }
    }

    #[test]
    fn no_two_parameters_have_one_number() {
        let mut seen = std::collections::HashSet::new();
        for kind in ResourceType::all() {
            for one in params(kind) {
                assert!(seen.insert(one.number(kind)), "{kind} {}", one.code);
                assert!(seen.insert(of_type(one.number(kind))), "{kind} {}", one.code);
            }
        }
        assert!(seen.iter().all(|number| number.0 < 1 << 30));
    }
}
