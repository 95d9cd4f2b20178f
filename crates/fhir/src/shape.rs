//! What R4 says of each element: list or single, what one value is, and which tables hold for it.

use anamnesis_kernel::ResourceType;

use crate::generated::shapes::{
    BUNDLE_ENTRY, CODEABLE_CONCEPT, CODING, DOMAIN_RESOURCE, ELEMENT, ELEMENTS, EXTENSION, NAMES, PATHS,
    QUANTITY, REFERENCE, RESOURCE, SHAPES, TARGETS,
};
use crate::primitive::Primitive;

/// A type, datatype or backbone element, by its place in the generated table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape(u16);

/// What R4 says of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// Whether it is an array.
    pub(crate) list: bool,
    /// Whether it is one type of a choice, such as `valueQuantity`.
    pub(crate) choice: bool,
    /// The bit it fills of those that must be filled or may be filled once; 0 when nothing depends on it.
    pub(crate) slot: u32,
    /// What one value is.
    pub(crate) holds: Holds,
    /// The number of what a Reference may lead to, or of the value set of a code.
    pub(crate) more: u8,
    /// The list of invariants that hold beside those of its type.
    pub(crate) rules: u8,
}

/// What one value of an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A primitive, which may have an object beside it, `_birthDate`.
    Primitive(Primitive),
    /// A whole resource of any type.
    Resource,
    /// An object of this shape.
    Object(Shape),
}

impl Holds {
    /// Whether it is a primitive.
    pub(crate) const fn is_primitive(self) -> bool {
        matches!(self, Self::Primitive(_))
    }

    /// Whether it is an address that a transaction puts right.
    ///
    /// A canonical is not, and an oid or uuid could not hold what it would become.
    pub(crate) fn is_link(self) -> bool {
        matches!(self, Self::Primitive(Primitive::Uri | Primitive::Url))
    }

    /// One value in a word.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Primitive(primitive) => primitive.json_name(),
            Self::Resource | Self::Object(_) => "an object",
        }
    }
}

impl Shape {
    /// The shape of a resource of this type.
    pub(crate) fn of(kind: ResourceType) -> Self {
        Self(kind.number() - 1)
    }

    /// The shape of what stands beside a primitive, `_birthDate`.
    pub(crate) const BESIDE_PRIMITIVE: Self = Self(ELEMENT);
    /// The shape of an extension.
    pub(crate) const EXTENSION: Self = Self(EXTENSION);
    /// The shape of a reference.
    pub(crate) const REFERENCE: Self = Self(REFERENCE);
    /// The shape of a concept in words and codes.
    pub(crate) const CODEABLE_CONCEPT: Self = Self(CODEABLE_CONCEPT);
    /// The shape of a code with its system.
    pub(crate) const CODING: Self = Self(CODING);
    /// The shape of a quantity.
    pub(crate) const QUANTITY: Self = Self(QUANTITY);
    /// The shape of a resource of any type.
    pub(crate) const RESOURCE: Self = Self(RESOURCE);
    /// The shape of a resource of any type that has a narrative.
    pub(crate) const DOMAIN_RESOURCE: Self = Self(DOMAIN_RESOURCE);
    /// The shape of an entry of a bundle.
    pub(crate) const BUNDLE_ENTRY: Self = Self(BUNDLE_ENTRY);

    /// The shape of the resource type or datatype of this name, or of the backbone element at this path.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (resources, others) = PATHS.split_at_checked(usize::from(RESOURCES))?;
        let at = match resources.binary_search(&name) {
            Ok(at) => at,
            Err(_) => resources.len() + others.binary_search(&name).ok()?,
        };
        u16::try_from(at).ok().map(Self)
    }

    /// The shape of this number, if there is one.
    pub(crate) fn numbered(number: u16) -> Option<Self> {
        (usize::from(number) < SHAPES.len()).then_some(Self(number))
    }

    /// Its number, below [`SHAPES_COUNT`].
    pub(crate) const fn number(self) -> u16 {
        self.0
    }

    /// The type, or the path of the backbone element, `Patient.contact`.
    pub(crate) fn path(self) -> &'static str {
        PATHS.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    /// The type: itself, or for a backbone element `BackboneElement` or `Element`.
    pub(crate) fn kind(self) -> Self {
        self.row().map_or(self, |row| Self(row.3))
    }

    /// What the type specialises: `DomainResource` for `Patient`; nothing for those that specialise nothing.
    pub(crate) fn base(self) -> Option<Self> {
        self.row().map(|row| Self(row.4)).filter(|base| *base != self)
    }

    /// Whether it is a whole resource.
    pub(crate) const fn is_resource(self) -> bool {
        self.0 < RESOURCES
    }

    /// A bit for each slot that must be filled.
    pub(crate) fn required(self) -> u32 {
        self.row().map_or(0, |row| row.1)
    }

    /// The list of invariants that hold of it.
    pub(crate) fn rules(self) -> u8 {
        self.row().map_or(0, |row| row.2)
    }

    /// The element that has this JSON name; choices by their full name, `valueQuantity`.
    pub(crate) fn element(self, name: &str) -> Option<Element> {
        let rows = self.rows();
        let begins = beginning(name.as_bytes());
        let order = |row: &Row| beginning_at(row.0).cmp(&begins).then_with(|| name_at(row.0).cmp(name));
        let at = rows.binary_search_by(order).ok()?;
        rows.get(at).copied().map(element)
    }

    /// Every element with its JSON name, in the order of the names.
    pub(crate) fn elements(self) -> impl Iterator<Item = (&'static str, Element)> {
        self.rows().iter().map(|row| (name_at(row.0), element(*row)))
    }

    fn row(self) -> Option<&'static (u16, u32, u8, u16, u16)> {
        SHAPES.get(usize::from(self.0))
    }

    fn rows(self) -> &'static [Row] {
        let first = |at: usize| SHAPES.get(at).map_or(ELEMENTS.len(), |row| usize::from(row.0));
        let at = usize::from(self.0);
        ELEMENTS.get(first(at)..first(at + 1)).unwrap_or_default()
    }
}

/// The resource types that a Reference with this number may lead to; nothing when it may lead anywhere.
pub(crate) fn targets(number: u8) -> &'static [u8] {
    TARGETS.get(usize::from(number)).copied().unwrap_or_default()
}

/// How many shapes there are.
pub(crate) const SHAPES_COUNT: u16 = SHAPES.len() as u16;

type Row = (u16, u16, u8, u8, u8);

/// How many shapes are those of whole resources; they come first.
const RESOURCES: u16 = 146;

fn name_at(place: u16) -> &'static str {
    NAMES.get(usize::from(place)).copied().unwrap_or_default()
}

/// How each name begins, so that most are told apart by a number.
static BEGINNINGS: [u64; NAMES.len()] = {
    let mut beginnings = [0; NAMES.len()];
    let mut at = 0;
    while at < NAMES.len() {
        #[expect(clippy::indexing_slicing, reason = "a constant is worked out when this is built")]
        (beginnings[at] = beginning(NAMES[at].as_bytes()));
        at += 1;
    }
    beginnings
};

fn beginning_at(place: u16) -> u64 {
    BEGINNINGS.get(usize::from(place)).copied().unwrap_or_default()
}

/// The first eight bytes as a number, in the order of the names; of a shorter name with zeros behind it.
const fn beginning(name: &[u8]) -> u64 {
    if let Some(first) = name.first_chunk() {
        return u64::from_be_bytes(*first);
    }
    let (mut number, mut rest, mut left) = (0, name, 8);
    while left > 0 {
        number <<= 8;
        if let [first, after @ ..] = rest {
            number |= *first as u64;
            rest = after;
        }
        left -= 1;
    }
    number
}

fn element((_, holds, bits, more, rules): Row) -> Element {
    let holds = match Primitive::ALL.get(usize::from(holds)) {
        Some(primitive) => Holds::Primitive(*primitive),
        None if usize::from(holds) == Primitive::ALL.len() => Holds::Resource,
        None => Holds::Object(Shape(holds - FIRST_SHAPE)),
    };
    let slot = (bits >> 2).checked_sub(1).map_or(0, |slot| 1 << slot);
    Element { list: bits & 1 == 1, choice: bits & 2 == 2, slot, holds, more, rules }
}

/// The number of the first shape among what an element may hold; the primitives and a resource come before.
const FIRST_SHAPE: u16 = 21;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_begin_with_the_types_of_the_kernel() {
        let resources = usize::from(RESOURCES);
        assert!(ResourceType::all().map(ResourceType::name).eq(PATHS[..resources].iter().copied()));
        assert_eq!(usize::from(FIRST_SHAPE), Primitive::ALL.len() + 1);
        assert!(NAMES.is_sorted());
        for shape in (0..).take(SHAPES.len()).map(Shape) {
            assert!(shape.rows().is_sorted_by(|a, b| a.0 < b.0), "{}", shape.path());
            for (name, element) in shape.elements() {
                assert_eq!(shape.element(name), Some(element), "{}.{name}", shape.path());
                if let Holds::Object(inner) = element.holds {
                    assert!(usize::from(inner.0) < SHAPES.len(), "{}.{name}", shape.path());
                }
            }
        }
    }

    #[test]
    fn elements() {
        let find = |path: &str| {
            let mut steps = path.split('.');
            let shape = Shape::of(steps.next().and_then(ResourceType::parse)?);
            let mut holds = Holds::Object(shape);
            let mut found = String::new();
            for step in steps {
                let Holds::Object(shape) = holds else { return None };
                let element = shape.element(step)?;
                holds = element.holds;
                let what = match holds {
                    Holds::Primitive(primitive) => primitive.name(),
                    Holds::Resource => "Resource",
                    Holds::Object(shape) => shape.kind().path(),
                };
                let must = if shape.required() & element.slot == 0 { "0" } else { "1" };
                found = format!("{what} {must}..{}", if element.list { "*" } else { "1" });
            }
            Some(found)
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Patient.name",                                    Some("HumanName 0..*")),
            ("Patient.name.given",                              Some("string 0..*")),
            ("Patient.birthDate",                               Some("date 0..1")),
            ("Patient.multipleBirthInteger",                    Some("integer 0..1")),
            ("Patient.contact.name.period.start",               Some("dateTime 0..1")),
            ("Patient.contact",                                 Some("BackboneElement 0..*")),
            ("Patient.link.other",                              Some("Reference 1..1")),
            ("Patient.name[x]",                                 None),
            ("Patient.id",                                      Some("id 0..1")),
            ("Patient.name.id",                                 Some("string 0..1")),
            ("Observation.status",                              Some("code 1..1")),
            ("Observation.valueQuantity.value",                 Some("decimal 0..1")),
            ("Observation.component.referenceRange.low",        Some("Quantity 0..1")),
            ("Questionnaire.item.item.item.answerOption.valueCoding", Some("Coding 1..1")),
            ("Bundle.entry.resource",                           Some("Resource 0..1")),
            ("Patient.extension.valueBoolean",                  Some("boolean 0..1")),
            ("Patient.extension.url",                           Some("uri 1..1")),
            ("Timing.repeat",                                   None),
            ("ServiceRequest.occurrenceTiming.repeat.count",    Some("positiveInt 0..1")),
            ("Patient.favouriteColour",                         None),
        ];
        for (path, expected) in cases {
            assert_eq!(find(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn types_know_what_they_specialise() {
        let line = |name: &str| {
            let first = Shape::named(name).unwrap();
            let line: Vec<_> = std::iter::successors(Some(first), |s| s.base()).map(Shape::path).collect();
            line.join(" ")
        };
        assert_eq!(line("Age"), "Age Quantity Element");
        assert_eq!(line("Patient"), "Patient DomainResource Resource");
        assert_eq!(line("Dosage"), "Dosage BackboneElement Element");
    }
}
