//! Choices: `value` in FHIRPath, `valueQuantity` in JSON.
//!
//! <https://hl7.org/fhir/R4/formats.html#choice>

use crate::{Kind, Model, TypeRef};

/// Whether `key` is a choice called `name`.
pub(super) fn is_choice(known: Option<(&dyn Model, TypeRef)>, key: &str, name: &str) -> bool {
    let Some(suffix) = key.strip_prefix(name) else { return false };
    let Some((model, of)) = known else { return SUFFIXES.contains(&suffix) };
    let Some(element) = model.element(of, key).filter(|element| element.choice) else { return false };
    // `valueSet` is no choice called `value`: what follows the name must be the name of its type.
    let mut suffix = suffix.chars();
    let mut of = model.name(element.of).chars();
    let first = suffix.next().zip(of.next()).is_some_and(|(a, b)| a == b.to_ascii_uppercase());
    first && suffix.eq(of)
}

/// The datatypes of open choices, <https://hl7.org/fhir/R4/datatypes.html#open>, and the few others choices have.
#[rustfmt::skip] // One a line would be longer and say no more.
const SUFFIXES: &[&str] = &[
    "Address", "Age", "Annotation", "Attachment", "Base64Binary", "Boolean", "Canonical", "Code",
    "CodeableConcept", "Coding", "ContactDetail", "ContactPoint", "Contributor", "Count",
    "DataRequirement", "Date", "DateTime", "Decimal", "Distance", "Dosage", "Duration", "Expression",
    "HumanName", "Id", "Identifier", "Instant", "Integer", "Markdown", "Meta", "Money", "Oid",
    "ParameterDefinition", "Period", "PositiveInt", "Quantity", "Range", "Ratio", "Reference",
    "RelatedArtifact", "SampledData", "Signature", "String", "Time", "Timing", "TriggerDefinition",
    "UnsignedInt", "Uri", "Url", "UsageContext", "Uuid",
];

/// Without a parent's type: what the suffix of a choice says, `Quantity` of `valueQuantity`.
pub(super) fn by_suffix(model: Option<&dyn Model>, suffix: &str) -> (Option<TypeRef>, Kind) {
    if suffix.is_empty() {
        return (None, Kind::Unknown);
    }
    let mut primitive = suffix.to_owned();
    if let Some(first) = primitive.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let kind = match (Kind::of(suffix), Kind::of(&primitive)) {
        (Kind::Quantity, _) => Kind::Quantity,
        // `Text` is what any word in lower case would be; it may as well be an object.
        (_, Kind::Text) => Kind::Unknown,
        (_, kind) => kind,
    };
    (model.and_then(|m| m.type_named(suffix).or_else(|| m.type_named(&primitive))), kind)
}
