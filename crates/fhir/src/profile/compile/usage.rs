//! Where an extension may stand, as its definition says: <https://hl7.org/fhir/R4/defining-extensions.html#context>.

use anamnesis_json::Value;

use crate::profile::{Place, Usage};

/// Where the extension of a definition may stand, of which these are the elements.
pub(super) fn usage(definition: &Value, elements: &[Value]) -> Usage {
    let is_root = |element: &&Value| element.get("path").and_then(Value::as_str) == Some("Extension");
    let root = elements.iter().find(is_root);
    let modifier = root.and_then(|root| root.get("isModifier")).and_then(Value::as_bool) == Some(true);
    let mut usage = Usage { modifier, contexts: Vec::new(), elsewhere: false };
    for context in definition.get("context").into_iter().flat_map(Value::each) {
        let text = |key: &str| context.get(key).and_then(Value::as_str).unwrap_or_default();
        match (text("type"), text("expression")) {
            ("element", path) if is_path(path) => usage.contexts.push(Place::Element(path.to_owned())),
            ("extension", url) if !url.is_empty() => usage.contexts.push(Place::Extension(url.to_owned())),
            _ => usage.elsewhere = true,
        }
    }
    usage
}

/// Whether it is a type or names after one another; an element of a certain profile or slice is neither.
fn is_path(text: &str) -> bool {
    let is_name = |name: &str| {
        let name = name.strip_suffix("[x]").unwrap_or(name);
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    text.split('.').all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // contexts                                                                       allowed
            (r#"[{"type":"element","expression":"Patient.contact"}]"#,                     "Patient.contact"),
            (r#"[{"type":"element","expression":"Observation.value[x]"}]"#,                "Observation.value[x]"),
            (r#"[{"type":"extension","expression":"http://e"}]"#,                          "ext http://e"),
            (r#"[{"type":"element","expression":"http://p#Patient"}]"#,                    "elsewhere"),
            (r#"[{"type":"element","expression":"Observation.value.ofType(Quantity)"}]"#,  "elsewhere"),
            (r#"[{"type":"fhirpath","expression":"Patient"},{"type":"element","expression":"Element"}]"#, "Element elsewhere"),
            (r#"[{}]"#,                                                                    "elsewhere"),
            (r#"[]"#,                                                                      ""),
        ];
        for (contexts, expected) in cases {
            let text = format!(r#"{{"context":{contexts}}}"#);
            let usage = usage(&anamnesis_json::parse(text.as_bytes()).unwrap(), &[]);
            let mut found: Vec<String> = usage
                .contexts
                .iter()
                .map(|place| match place {
                    Place::Element(path) => path.clone(),
                    Place::Extension(url) => format!("ext {url}"),
                })
                .collect();
            found.extend(usage.elsewhere.then(|| "elsewhere".to_owned()));
            assert_eq!(found.join(" "), expected, "{contexts}");
        }
    }
}
