//! A part of a resource: `_summary` and `_elements`, <https://hl7.org/fhir/R4/search.html#summary>.
//!
//! Invariant: what must be there stays, what modifies the meaning of the rest stays, and a part says that it is one.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use crate::generated::summary::SUMMARY;
use crate::outcome::{Issue, IssueCode};
use crate::prune::prune;

/// What a part is tagged with: <https://hl7.org/fhir/R4/resource.html#Meta>.
const TAG_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
const TAG_CODE: &str = "SUBSETTED";
/// What every part has, whatever is asked for.
const ALWAYS: [&str; 5] = ["resourceType", "id", "meta", "implicitRules", "modifierExtension"];
/// What is left alone inside of elements; at the top a summary has no extensions.
const INSIDE: [&str; 3] = ["id", "extension", "modifierExtension"];
/// How many elements may be named.
const ELEMENTS_MAX: usize = 100;

/// Which part of a resource is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Subset {
    /// All of it.
    #[default]
    Whole,
    /// The elements the definitions mark as its summary.
    Summary,
    /// The narrative.
    Text,
    /// All but the narrative.
    Data,
    /// Nothing of it: only how many there are.
    Count,
    /// These top-level elements.
    Elements(Vec<String>),
}

impl Subset {
    /// What `_summary` and `_elements` of a query ask for; `pairs` are decoded.
    ///
    /// # Errors
    ///
    /// An issue for a `_summary` that R4 does not know, and for elements beside a summary.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, Issue> {
        let wrong = |what: &str| Err(Issue::error(IssueCode::Value, what));
        let mut summary = None;
        let mut elements: Option<Vec<String>> = None;
        for (key, value) in pairs {
            match key.as_str() {
                "_summary" if summary.is_some_and(|before: &str| before != value) => {
                    return wrong("_summary: stands twice");
                }
                "_summary" => summary = Some(value.as_str()),
                "_elements" => {
                    let named = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                    elements.get_or_insert_default().extend(named.map(str::to_owned));
                }
                _ => {}
            }
        }
        let elements = elements.filter(|named| !named.is_empty());
        if elements.as_ref().is_some_and(|named| named.len() > ELEMENTS_MAX) {
            return wrong("_elements: too many");
        }
        match (summary, elements) {
            (None | Some("false"), Some(named)) => Ok(Self::Elements(named)),
            (None | Some("false"), None) => Ok(Self::Whole),
            (Some("count"), _) => Ok(Self::Count),
            (Some(_), Some(_)) => wrong("_elements: cannot stand beside _summary"),
            (Some("true"), None) => Ok(Self::Summary),
            (Some("text"), None) => Ok(Self::Text),
            (Some("data"), None) => Ok(Self::Data),
            (Some(_), None) => wrong("_summary: must be true, text, data, count or false"),
        }
    }

    /// Takes away what was not asked for, and tags what is left as a part.
    ///
    /// A resource whose type R4 does not know is left as it is.
    pub fn cut(&self, resource: &mut Object) {
        let Some(kind) = resource.str("resourceType").and_then(ResourceType::parse) else { return };
        let row = usize::from(kind.number()) - 1;
        match self {
            Self::Whole | Self::Count => return,
            Self::Summary => {
                summarize(resource, row, &ALWAYS);
                prune(resource);
            }
            Self::Text => resource.retain(|key, _| key == "text" || stays(row, key)),
            Self::Data => {
                resource.remove("text");
            }
            Self::Elements(named) => {
                resource.retain(|key, _| stays(row, key) || named.iter().any(|name| names(name, key)));
            }
        }
        tag(resource);
    }
}

/// Whether a resource says of itself that it is a part of one.
pub fn is_part(elements: &Object) -> bool {
    let tags = elements.get("meta").and_then(|meta| meta.get("tag"));
    tags.is_some_and(|tags| tags.each().any(is_tag))
}

fn is_tag(tag: &Value) -> bool {
    let text = |key| tag.get(key).and_then(Value::as_str);
    text("code") == Some(TAG_CODE) && text("system") == Some(TAG_SYSTEM)
}

/// Tags a resource as a part of one.
fn tag(resource: &mut Object) {
    if is_part(resource) {
        return;
    }
    if resource.get("meta").and_then(Value::as_object).is_none() {
        resource.set("meta", Object::new());
    }
    let Some(meta) = resource.get_mut("meta").and_then(Value::as_object_mut) else { return };
    let tag = Value::from(Object::new().with("system", TAG_SYSTEM).with("code", TAG_CODE));
    match meta.get_mut("tag").and_then(Value::as_array_mut) {
        Some(tags) => tags.push(tag),
        None => meta.set("tag", vec![tag]),
    }
}

/// Leaves what the row has in a summary, inside of what it has too.
fn summarize(object: &mut Object, row: usize, besides: &[&str]) {
    object.retain(|key, _| besides.contains(&key) || found(row, key).is_some());
    for (key, value) in object.iter_mut() {
        let inside = found(row, key).map(|code| usize::from(code >> 2)).filter(|inside| *inside > 0);
        let Some(inside) = inside else { continue };
        match value {
            Value::Object(one) => summarize(one, inside, &INSIDE),
            Value::Array(many) => {
                many.iter_mut()
                    .filter_map(Value::as_object_mut)
                    .for_each(|one| summarize(one, inside, &INSIDE));
            }
            _ => {}
        }
    }
}

/// Whether what stands under this key of a resource is there in every part.
fn stays(row: usize, key: &str) -> bool {
    ALWAYS.contains(&key) || found(row, key).is_some_and(|code| code & 2 != 0)
}

/// The number of an element in its row, if it is in a summary or must be there.
fn found(row: usize, key: &str) -> Option<u16> {
    let row = SUMMARY.get(row)?;
    let name = key.strip_prefix('_').unwrap_or(key);
    let at = row.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    row.get(at).map(|(_, code)| *code)
}

/// Whether `name` names what stands under `key`: `value` names `valueQuantity`, and `birthDate` `_birthDate`.
fn names(name: &str, key: &str) -> bool {
    let key = key.strip_prefix('_').unwrap_or(key);
    let name = name.strip_suffix("[x]").unwrap_or(name);
    key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || CHOICES.contains(&rest))
}

/// The types that a choice may have, as they end its name: <https://hl7.org/fhir/R4/datatypes.html#open>.
pub(crate) const CHOICES: [&str; 50] = [
    "Address",
    "Age",
    "Annotation",
    "Attachment",
    "Base64Binary",
    "Boolean",
    "Canonical",
    "Code",
    "CodeableConcept",
    "Coding",
    "ContactDetail",
    "ContactPoint",
    "Contributor",
    "Count",
    "DataRequirement",
    "Date",
    "DateTime",
    "Decimal",
    "Distance",
    "Dosage",
    "Duration",
    "Expression",
    "HumanName",
    "Id",
    "Identifier",
    "Instant",
    "Integer",
    "Markdown",
    "Meta",
    "Money",
    "Oid",
    "ParameterDefinition",
    "Period",
    "PositiveInt",
    "Quantity",
    "Range",
    "Ratio",
    "Reference",
    "RelatedArtifact",
    "SampledData",
    "Signature",
    "String",
    "Time",
    "Timing",
    "TriggerDefinition",
    "UnsignedInt",
    "Uri",
    "Url",
    "UsageContext",
    "Uuid",
];

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: &str = concat!(
        r#"{"resourceType":"Patient","id":"p1","meta":{"versionId":"1"},"text":{"status":"generated","div":"<div/>"},"#,
        r#""extension":[{"url":"u"}],"modifierExtension":[{"url":"m"}],"name":[{"id":"n","family":"A"}],"#,
        r#""birthDate":"1970","_birthDate":{"id":"b"},"deceasedBoolean":false,"photo":[{"data":"AA=="}],"#,
        r#""contact":[{"gender":"male"}],"link":[{"other":{"reference":"Patient/p2"},"type":"seealso"}]}"#
    );
    const OBSERVATION: &str = concat!(
        r#"{"resourceType":"Observation","id":"o1","text":{"status":"generated"},"status":"final","code":{"text":"k"},"#,
        r#""valueAttachment":{},"valueQuantity":{"value":1.50},"valued":1,"note":[{"text":"n"}],"component":[{"code":{"text":"c"},"#,
        r#""referenceRange":[{"text":"r"}],"valueString":"s"}]}"#
    );

    fn query(text: &str) -> Result<Subset, String> {
        let pairs: Vec<_> = text
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        Subset::parse(&pairs).map_err(|issue| issue.diagnostics)
    }

    fn keys(resource: &str, asked: &str) -> String {
        let mut resource = match anamnesis_json::parse(resource.as_bytes()).unwrap() {
            Value::Object(resource) => resource,
            _ => panic!("no object"),
        };
        query(asked).unwrap().cut(&mut resource);
        assert!(asked.contains("false") || is_part(&resource), "{asked} is tagged");
        resource.keys().skip(1).collect::<Vec<_>>().join(" ")
    }

    /// <https://hl7.org/fhir/R4/search.html#summary>, <https://hl7.org/fhir/R4/search.html#elements>
    #[test]
    fn parts() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (PATIENT,     "_summary=true",           "id meta modifierExtension name birthDate _birthDate deceasedBoolean link"),
            (PATIENT,     "_summary=text",           "id meta text modifierExtension"),
            (PATIENT,     "_summary=data",           "id meta extension modifierExtension name birthDate _birthDate deceasedBoolean photo contact link"),
            (PATIENT,     "_summary=false",          "id meta text extension modifierExtension name birthDate _birthDate deceasedBoolean photo contact link"),
            (PATIENT,     "_elements=birthDate",     "id meta modifierExtension birthDate _birthDate"),
            (PATIENT,     "_elements=deceased,link", "id meta modifierExtension deceasedBoolean link"),
            (PATIENT,     "_elements=dragon",        "id meta modifierExtension"),
            (OBSERVATION, "_elements=value",         "id status code valueAttachment valueQuantity meta"),
            (OBSERVATION, "_elements=value[x]",      "id status code valueAttachment valueQuantity meta"),
            (OBSERVATION, "_summary=text",           "id text status code meta"),
            (OBSERVATION, "_summary=true",           "id status code valueQuantity component meta"),
        ];
        for (resource, asked, expected) in cases {
            assert_eq!(keys(resource, asked), expected, "{asked}");
        }
    }

    #[test]
    fn a_summary_goes_inside() {
        let text = r#"{"resourceType":"DocumentReference","id":"d","content":[{"id":"x","attachment":{"id":"y","data":"AA==","url":"Binary/b","title":"t"},"format":{"code":"f"}}],"context":{"practiceSetting":{"text":"s"}},"docStatus":"final"}"#;
        let Value::Object(mut document) = anamnesis_json::parse(text.as_bytes()).unwrap() else { panic!() };
        Subset::Summary.cut(&mut document);
        document.remove("meta");
        assert_eq!(
            String::from_utf8(document.to_text()).unwrap(),
            r#"{"resourceType":"DocumentReference","id":"d","content":[{"id":"x","attachment":{"id":"y","url":"Binary/b","title":"t"},"format":{"code":"f"}}],"docStatus":"final"}"#
        );
    }

    #[test]
    fn queries() {
        let elements =
            |names: &[&str]| Subset::Elements(names.iter().map(|name| (*name).to_owned()).collect());
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("",                              Ok(Subset::Whole)),
            ("_summary=false",                Ok(Subset::Whole)),
            ("_summary=true",                 Ok(Subset::Summary)),
            ("_summary=count&_elements=a",    Ok(Subset::Count)),
            ("_elements=a,b&_elements=c",     Ok(elements(&["a", "b", "c"]))),
            ("_elements=",                    Ok(Subset::Whole)),
            ("_summary=false&_elements=a",    Ok(elements(&["a"]))),
            ("_summary=true&_elements=a",     Err("_elements: cannot stand beside _summary")),
            ("_summary=long",                 Err("_summary: must be true, text, data, count or false")),
            ("_summary=true&_summary=text",   Err("_summary: stands twice")),
        ];
        for (asked, expected) in cases {
            assert_eq!(query(asked), expected.map_err(str::to_owned), "{asked}");
        }
    }

    #[test]
    fn rows_are_sorted_and_lead_to_rows() {
        assert!(SUMMARY.iter().all(|row| row.is_sorted_by(|(a, _), (b, _)| a < b)));
        let codes = SUMMARY.iter().flat_map(|row| row.iter().map(|(_, code)| usize::from(code >> 2)));
        assert!(codes.clone().all(|row| row < SUMMARY.len()));
        assert!(codes.filter(|row| *row > 0).all(|row| row >= ResourceType::all().count()));
    }
}
