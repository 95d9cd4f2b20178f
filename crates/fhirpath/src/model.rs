//! What an evaluator must be told of FHIR's types; the tables themselves stand elsewhere.

/// A type, datatype or backbone element, by a number only its [`Model`] understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeRef(pub u16);

/// How a value is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is known: the JSON itself decides.
    Unknown,
    /// An object that is neither a resource of some type nor a quantity.
    Object,
    /// A resource of any type: its `resourceType` says which.
    Resource,
    /// `Quantity` or a specialisation of it.
    Quantity,
    /// `boolean`
    Boolean,
    /// `integer`, `positiveInt`, `unsignedInt`
    Integer,
    /// `decimal`
    Decimal,
    /// Every other primitive: `string`, `code`, `uri`, `base64Binary` …
    Text,
    /// `date`
    Date,
    /// `dateTime`, `instant`
    DateTime,
    /// `time`
    Time,
}

impl Kind {
    /// The kind of a FHIR type by its name; a name without its own kind is an object's if it begins in upper case.
    pub fn of(name: &str) -> Self {
        match name {
            "boolean" => Self::Boolean,
            "integer" | "positiveInt" | "unsignedInt" => Self::Integer,
            "decimal" => Self::Decimal,
            "date" => Self::Date,
            "dateTime" | "instant" => Self::DateTime,
            "time" => Self::Time,
            "Quantity" | "Age" | "Count" | "Distance" | "Duration" | "SimpleQuantity" | "MoneyQuantity" => {
                Self::Quantity
            }
            "Resource" | "DomainResource" => Self::Resource,
            name if name.starts_with(|c: char| c.is_ascii_lowercase()) => Self::Text,
            _ => Self::Object,
        }
    }

    /// Whether its values are FHIR primitives, which may have an object beside them.
    pub fn is_primitive(self) -> bool {
        !matches!(self, Self::Unknown | Self::Object | Self::Resource | Self::Quantity)
    }
}

/// What a model says of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// The type of its values.
    pub of: TypeRef,
    /// How its values are to be read.
    pub kind: Kind,
    /// Whether it is one of a choice: `valueQuantity`, which FHIRPath calls `value`.
    pub choice: bool,
}

/// FHIR's types, as far as expressions ask for them.
///
/// A primitive type has the elements `id` and `extension`, which stand in the object beside its value.
pub trait Model: Sync {
    /// The resource type, datatype or primitive of this name.
    fn type_named(&self, name: &str) -> Option<TypeRef>;

    /// The name of a type: `Patient`, `Quantity`, `code`; of a backbone element, `BackboneElement` or `Element`.
    fn name(&self, of: TypeRef) -> &str;

    /// The type it specialises: of `Age` it is `Quantity`, of `Patient` it is `DomainResource`, of `code` it is `string`.
    fn parent(&self, of: TypeRef) -> Option<TypeRef>;

    /// The element with this JSON name, choices by their full name: `valueQuantity`.
    fn element(&self, of: TypeRef, json_name: &str) -> Option<Element>;

    /// Whether a type has a choice called `name`: `value`, of an Observation. Only strict evaluation asks.
    fn has_choice(&self, of: TypeRef, name: &str) -> bool;

    /// How values of a type are to be read.
    fn kind(&self, of: TypeRef) -> Kind {
        Kind::of(self.name(of))
    }

    /// Whether a type is the one of this name or specialises it.
    fn is(&self, of: TypeRef, name: &str) -> bool {
        // No chain of FHIR's is longer than six; a model that goes in a circle must not hang us.
        let mut at = Some(of);
        for _ in 0..8 {
            let Some(this) = at else { return false };
            if self.name(this) == name {
                return true;
            }
            at = self.parent(this);
        }
        false
    }
}
