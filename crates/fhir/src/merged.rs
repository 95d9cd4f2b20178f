//! Which patients are one person: `Patient.link` of type replaced-by, <https://hl7.org/fhir/R4/patient.html#links>.
//!
//! Invariant: the record that yielded says so; what the other says of it is an echo, which no row is made of.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceId;
use anamnesis_kernel::search::{Key, Param};

use crate::index::visit_keys;
use crate::param::Extract;

/// The parameter of "its record yielded to this patient's", the key being [`crate::compartment::key`].
pub const PARAM: Param = Param(2);

/// The patients of this server that a Patient was replaced by, each once.
pub fn replaced_by(elements: &Object) -> Vec<ResourceId> {
    let mut found = Vec::new();
    let links = elements.get("link").into_iter().flat_map(Value::each).filter_map(Value::as_object);
    for link in links.filter(|link| link.str("type") == Some("replaced-by")) {
        visit_keys(link, &(&["other"], Extract::To("Patient")), &mut |key| {
            if let Key::Reference { id, .. } = key
                && let Ok(id) = ResourceId::new(&id)
                && !found.contains(&id)
            {
                found.push(id);
            }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use anamnesis_json::parse;

    use super::*;

    #[test]
    fn whom_it_was_replaced_by() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (r#"{}"#,                                                                                          ""),
            (r#"{"link":[{"other":{"reference":"Patient/b"},"type":"replaced-by"}]}"#,                         "b"),
            (r#"{"link":[{"other":{"reference":"Patient/b/_history/3"},"type":"replaced-by"},{"other":{"reference":"Patient/b"},"type":"replaced-by"}]}"#, "b"),
            (r#"{"link":[{"other":{"reference":"Patient/b"},"type":"replaces"},{"other":{"reference":"Patient/c"},"type":"seealso"}]}"#, ""),
            (r#"{"link":[{"other":{"reference":"http://elsewhere/Patient/b"},"type":"replaced-by"}]}"#,        ""),
            (r#"{"link":[{"other":{"reference":"RelatedPerson/b"},"type":"replaced-by"}]}"#,                   ""),
            (r#"{"link":{"other":{"reference":"Patient/b"},"type":"replaced-by"}}"#,                           "b"),
            (r#"{"link":[7,null,{"type":"replaced-by"},{"other":"Patient/b","type":"replaced-by"}]}"#,         ""),
        ];
        for (json, expected) in cases {
            let found = replaced_by(parse(json.as_bytes()).unwrap().as_object().unwrap());
            let found: Vec<&str> = found.iter().map(ResourceId::as_str).collect();
            assert_eq!(found.join(" "), expected, "{json}");
        }
    }
}
