//! R4's types as FHIRPath asks for them: the shapes by their number, and the primitives behind them.

use anamnesis_fhirpath::{Element, Kind, Model, TypeRef};

use crate::primitive::Primitive;
use crate::shape::{Holds, SHAPES_COUNT, Shape};

/// The types of FHIR R4.
pub(crate) struct R4;

impl Model for R4 {
    fn type_named(&self, name: &str) -> Option<TypeRef> {
        let primitive = || Primitive::ALL.into_iter().find(|primitive| primitive.name() == name);
        Shape::named(name).map(of_shape).or_else(|| primitive().map(of_primitive))
    }

    fn name(&self, of: TypeRef) -> &str {
        match known(of) {
            Some(Known::Shape(shape)) => shape.kind().path(),
            Some(Known::Primitive(primitive)) => primitive.name(),
            None => "",
        }
    }

    fn parent(&self, of: TypeRef) -> Option<TypeRef> {
        match known(of)? {
            Known::Shape(shape) => shape.kind().base().map(of_shape),
            Known::Primitive(primitive) => {
                let base = match primitive {
                    Primitive::Code | Primitive::Id | Primitive::Markdown => Some(Primitive::String),
                    Primitive::UnsignedInt | Primitive::PositiveInt => Some(Primitive::Integer),
                    Primitive::Url | Primitive::Canonical | Primitive::Oid | Primitive::Uuid => {
                        Some(Primitive::Uri)
                    }
                    _ => None,
                };
                Some(base.map_or(of_shape(Shape::BESIDE_PRIMITIVE), of_primitive))
            }
        }
    }

    fn element(&self, of: TypeRef, json_name: &str) -> Option<Element> {
        let shape = match known(of)? {
            Known::Shape(shape) => shape,
            Known::Primitive(_) => Shape::BESIDE_PRIMITIVE,
        };
        let found = shape.element(json_name)?;
        let of = type_of(found.holds);
        Some(Element { of, kind: self.kind(of), choice: found.choice })
    }

    fn has_choice(&self, of: TypeRef, name: &str) -> bool {
        match known(of) {
            Some(Known::Shape(shape)) => shape.elements().any(|(known, element)| {
                element.choice
                    && known.strip_prefix(name).is_some_and(|rest| rest.starts_with(char::is_uppercase))
            }),
            _ => false,
        }
    }

    fn kind(&self, of: TypeRef) -> Kind {
        match known(of) {
            Some(Known::Shape(Shape::RESOURCE | Shape::DOMAIN_RESOURCE)) => Kind::Resource,
            Some(Known::Shape(Shape::QUANTITY)) => Kind::Quantity,
            Some(Known::Shape(shape)) if shape.base() == Some(Shape::QUANTITY) => Kind::Quantity,
            Some(Known::Shape(_)) => Kind::Object,
            Some(Known::Primitive(primitive)) => kind_of(primitive),
            None => Kind::Unknown,
        }
    }
}

const fn kind_of(primitive: Primitive) -> Kind {
    match primitive {
        Primitive::Boolean => Kind::Boolean,
        Primitive::Integer | Primitive::UnsignedInt | Primitive::PositiveInt => Kind::Integer,
        Primitive::Decimal => Kind::Decimal,
        Primitive::Date => Kind::Date,
        Primitive::DateTime | Primitive::Instant => Kind::DateTime,
        Primitive::Time => Kind::Time,
        _ => Kind::Text,
    }
}

/// The type of a value.
pub(crate) fn type_of(holds: Holds) -> TypeRef {
    match holds {
        Holds::Primitive(primitive) => of_primitive(primitive),
        Holds::Object(shape) => of_shape(shape),
        Holds::Resource => of_shape(Shape::RESOURCE),
    }
}

enum Known {
    Shape(Shape),
    Primitive(Primitive),
}

fn known(of: TypeRef) -> Option<Known> {
    match of.0.checked_sub(SHAPES_COUNT) {
        None => Shape::numbered(of.0).map(Known::Shape),
        Some(at) => Primitive::ALL.get(usize::from(at)).copied().map(Known::Primitive),
    }
}

const fn of_shape(shape: Shape) -> TypeRef {
    TypeRef(shape.number())
}

const fn of_primitive(primitive: Primitive) -> TypeRef {
    TypeRef(SHAPES_COUNT + primitive as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        let named = |name: &str| R4.type_named(name).unwrap();
        let line = |name: &str| {
            let types = std::iter::successors(Some(named(name)), |of| R4.parent(*of));
            types.map(|of| R4.name(of)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line("Age"), "Age Quantity Element");
        assert_eq!(line("Patient"), "Patient DomainResource Resource");
        assert_eq!(line("canonical"), "canonical uri Element");
        assert_eq!(line("positiveInt"), "positiveInt integer Element");
        let observation = named("Observation");
        let component = R4.element(observation, "component").unwrap();
        assert_eq!(
            (R4.name(component.of), component.kind, component.choice),
            ("BackboneElement", Kind::Object, false)
        );
        let age = R4.element(named("Condition"), "onsetAge").unwrap();
        assert_eq!((R4.name(age.of), age.kind, age.choice), ("Age", Kind::Quantity, true));
        assert!(R4.has_choice(observation, "value") && !R4.has_choice(observation, "status"));
        assert_eq!(R4.element(named("Bundle.entry"), "resource").unwrap().kind, Kind::Resource);
        for primitive in Primitive::ALL {
            assert_eq!(R4.kind(of_primitive(primitive)), Kind::of(primitive.name()), "{}", primitive.name());
        }
    }
}
