//! The JSON shape of an element: list or single, and what one value is.

use anamnesis_kernel::ResourceType;

use crate::generated::shapes::{ELEMENT, SHAPES};

/// A type, datatype or backbone element, by its place in the generated table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape(u16);

/// What R4 says of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// Whether it is an array.
    pub(crate) list: bool,
    /// What one value is.
    pub(crate) holds: Holds,
}

/// What one value of an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Boolean,
    Number,
    Text,
    /// A string that is an address: uri, url, canonical, oid, uuid.
    Uri,
    /// A whole resource of any type.
    Resource,
    /// An object of this shape.
    Object(Shape),
}

impl Holds {
    /// Whether it is a primitive, which may have an object beside it, `_birthDate`.
    pub(crate) fn is_primitive(self) -> bool {
        matches!(self, Self::Boolean | Self::Number | Self::Text | Self::Uri)
    }

    /// One value in a word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text | Self::Uri => "a string",
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

    /// The element that has this JSON name; choices by their full name, `valueQuantity`.
    pub(crate) fn element(self, name: &str) -> Option<Element> {
        let elements = SHAPES.get(usize::from(self.0)).copied()?;
        let at = elements.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        let (_, code) = elements.get(at)?;
        let holds = match code >> 1 {
            0 => Holds::Boolean,
            1 => Holds::Number,
            2 => Holds::Text,
            3 => Holds::Uri,
            4 => Holds::Resource,
            shape => Holds::Object(Self(shape - 5)),
        };
        Some(Element { list: code & 1 == 1, holds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::shapes::TYPES;

    #[test]
    fn the_tables_begin_with_the_types_of_the_kernel() {
        assert!(ResourceType::all().map(ResourceType::name).eq(TYPES));
        assert!(SHAPES.iter().all(|elements| elements.is_sorted_by(|(a, _), (b, _)| a < b)));
        let shapes = SHAPES.iter().flat_map(|elements| elements.iter());
        assert!(
            shapes
                .filter(|(_, code)| code >> 1 >= 5)
                .all(|(_, code)| usize::from(code >> 1) - 5 < SHAPES.len())
        );
    }

    #[test]
    fn elements() {
        let find = |path: &str| {
            let mut steps = path.split('.');
            let kind = steps.next().and_then(ResourceType::parse)?;
            let mut element = Element { list: false, holds: Holds::Object(Shape::of(kind)) };
            for step in steps {
                let Holds::Object(shape) = element.holds else { return None };
                element = shape.element(step)?;
            }
            Some(format!("{}{}", element.holds.name(), if element.list { ", many" } else { "" }))
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Patient.name",                                    Some("an object, many")),
            ("Patient.name.given",                              Some("a string, many")),
            ("Patient.birthDate",                               Some("a string")),
            ("Patient.multipleBirthInteger",                    Some("a number")),
            ("Patient.contact.name.period.start",               Some("a string")),
            ("Patient.name[x]",                                 None),
            ("Observation.valueQuantity.value",                 Some("a number")),
            ("Observation.component.referenceRange.low",        Some("an object")),
            ("Questionnaire.item.item.item.answerOption",       Some("an object, many")),
            ("Bundle.entry.resource",                           Some("an object")),
            ("Patient.extension.valueBoolean",                  Some("a boolean")),
            ("Patient.favouriteColour",                         None),
        ];
        for (path, expected) in cases {
            assert_eq!(find(path).as_deref(), expected, "{path}");
        }
    }
}
