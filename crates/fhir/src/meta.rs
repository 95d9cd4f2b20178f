//! The operations on `meta`: <https://hl7.org/fhir/R4/resource-operation-meta.html>.

use anamnesis_json::{Object, Value};

use crate::outcome::{Issue, IssueCode};

/// What the operations add and take away; the rest of `meta` is left alone.
const LABELS: [&str; 3] = ["profile", "security", "tag"];

/// The `meta` that a Parameters brings to `$meta-add` or `$meta-delete`.
///
/// # Errors
///
/// What is wrong with it.
pub fn of_parameters(parameters: &Value) -> Result<Object, Issue> {
    let wrong = |what: &str, at: &str| Err(Issue::error(IssueCode::Invalid, what).at(at));
    if parameters.get("resourceType").and_then(Value::as_str) != Some("Parameters") {
        return wrong("must be a Parameters", "Parameters");
    }
    let named = |name: &str| {
        let all = parameters.get("parameter").and_then(Value::as_array).unwrap_or_default();
        all.iter().find(|one| one.get("name").and_then(Value::as_str) == Some(name))
    };
    let meta = named("meta").and_then(|one| one.get("valueMeta")).and_then(Value::as_object);
    let Some(meta) = meta else {
        return wrong("must have one called meta, with valueMeta", "Parameters.parameter");
    };
    for key in LABELS {
        if meta.get(key).is_some_and(|labels| labels.as_array().is_none()) {
            return wrong(
                "must be an array",
                &format!("Parameters.parameter.where(name='meta').value.{key}"),
            );
        }
    }
    Ok(meta.clone())
}

/// The Parameters that the operations answer: the `meta` of a resource as it is.
pub fn to_parameters(resource: &Object) -> Object {
    let meta = resource.get("meta").cloned().unwrap_or_else(|| Object::new().into());
    let returned = Object::new().with("name", "return").with("valueMeta", meta);
    Object::new().with("resourceType", "Parameters").with("parameter", vec![Value::from(returned)])
}

/// Adds the labels of `meta` to a resource; those it has already are left alone.
pub fn add(resource: &mut Object, meta: &Object) {
    for (key, label) in labels(meta) {
        if resource.get("meta").and_then(Value::as_object).is_none() {
            resource.set("meta", Object::new());
        }
        let Some(own) = resource.get_mut("meta").and_then(Value::as_object_mut) else { return };
        match own.get_mut(key).and_then(Value::as_array_mut) {
            Some(known) if known.iter().any(|one| is_same(one, label)) => {}
            Some(known) => known.push(label.clone()),
            None => own.set(key, vec![label.clone()]),
        }
    }
}

/// Takes the labels of `meta` away from a resource; those it has not are no matter.
pub fn remove(resource: &mut Object, meta: &Object) {
    let Some(own) = resource.get_mut("meta").and_then(Value::as_object_mut) else { return };
    for (key, label) in labels(meta) {
        let Some(known) = own.get_mut(key).and_then(Value::as_array_mut) else { continue };
        known.retain(|one| !is_same(one, label));
        if known.is_empty() {
            own.remove(key);
        }
    }
}

fn labels(meta: &Object) -> impl Iterator<Item = (&'static str, &Value)> {
    let of =
        |key| meta.get(key).and_then(Value::as_array).unwrap_or_default().iter().map(move |one| (key, one));
    LABELS.into_iter().flat_map(of)
}

/// Whether both are the same label: a profile by its URL, a code by system and code.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => ["system", "code"].iter().all(|key| a.get(key) == b.get(key)),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        anamnesis_json::parse(text.as_bytes()).unwrap().as_object().unwrap().clone()
    }

    #[test]
    fn labels_come_and_go() {
        let one = r#"{"tag":[{"system":"s","code":"a","display":"A"}],"profile":["http://p"]}"#;
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // resource                                     meta                              added                                                     removed
            (r#"{"a":1}"#,                               r#"{}"#,                          r#"{"a":1}"#,                                             r#"{"a":1}"#),
            (r#"{"a":1}"#,                               r#"{"tag":[{"code":"x"}]}"#,      r#"{"a":1,"meta":{"tag":[{"code":"x"}]}}"#,               r#"{"a":1}"#),
            (&*format!(r#"{{"meta":{one}}}"#),           one,                              &*format!(r#"{{"meta":{one}}}"#),                         r#"{"meta":{}}"#),
            (&*format!(r#"{{"meta":{one}}}"#),           r#"{"tag":[{"code":"a"}]}"#,      r#"{"meta":{"tag":[{"system":"s","code":"a","display":"A"},{"code":"a"}],"profile":["http://p"]}}"#, &*format!(r#"{{"meta":{one}}}"#)),
            (&*format!(r#"{{"meta":{one}}}"#),           r#"{"tag":[{"system":"s","code":"a"}],"source":"x"}"#, &*format!(r#"{{"meta":{one}}}"#),    r#"{"meta":{"profile":["http://p"]}}"#),
        ];
        for (resource, meta, added, removed) in cases {
            let mut one = object(resource);
            add(&mut one, &object(meta));
            assert_eq!(String::from_utf8(one.to_text()).unwrap(), added);
            let mut one = object(resource);
            remove(&mut one, &object(meta));
            assert_eq!(String::from_utf8(one.to_text()).unwrap(), removed);
        }
    }

    #[test]
    fn parameters() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (r#"{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[]}}]}"#, None),
            (r#"{"resourceType":"Patient"}"#,                                                         Some("Parameters")),
            (r#"{"resourceType":"Parameters"}"#,                                                      Some("Parameters.parameter")),
            (r#"{"resourceType":"Parameters","parameter":[{"name":"meta","valueString":"x"}]}"#,      Some("Parameters.parameter")),
            (r#"{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":{}}}]}"#, Some("Parameters.parameter.where(name='meta').value.tag")),
        ];
        for (text, place) in cases {
            let found = of_parameters(&anamnesis_json::parse(text.as_bytes()).unwrap());
            assert_eq!(found.err().and_then(|issue| issue.expression).as_deref(), place, "{text}");
        }
    }
}
