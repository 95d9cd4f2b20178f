//! Whether an event's data has the JSON shape of its record's elements, so that what is taken can be served as FHIR.

use std::borrow::Cow;

use anamnesis_chart::{newest, upcast};
use anamnesis_fhir::check::{Extent, check};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use super::locate::in_data;

/// Where the shape is wrong and how: the paths begin with `data`.
///
/// Data of an older schema is looked at as it will be read; a null of a delta removes, and has no shape.
pub(super) fn issues(
    kind: ResourceType,
    event_type: &str,
    schema_version: Option<u16>,
    data: &Object,
) -> Vec<(String, String)> {
    let mut lifted = Cow::Borrowed(data);
    if let Some(version) = schema_version.filter(|version| *version < newest(event_type)) {
        match upcast(event_type, version, data.clone()) {
            Ok(today) => lifted = Cow::Owned(today),
            // The decision refuses it, and says why.
            Err(_) => return Vec::new(),
        }
    }
    if lifted.iter().any(|(_, value)| *value == Value::Null) {
        lifted.to_mut().retain(|_, value| *value != Value::Null);
    }
    let told = check(kind, &lifted, Extent::Part).into_iter().map(|finding| {
        let issue = finding.issue;
        let path = issue.expression.as_deref().and_then(in_data);
        (path.unwrap_or_else(|| "data".to_owned()), issue.diagnostics)
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        #[rustfmt::skip] // A table reads by column.
        let cases: &[(&str, Option<u16>, &str, &[&str])] = &[
         // type                     version  data                                      paths
            ("PatientAddressUpdated", None,    r#"{"address":[{"city":"Ghent"}]}"#,      &[]),
            ("PatientAddressUpdated", None,    r#"{"address":null}"#,                    &[]),
            ("PatientAddressUpdated", None,    r#"{"address":{"city":"Ghent"}}"#,        &["data.address"]),
            ("PatientAddressUpdated", Some(1), r#"{"new_address":{"city":"Ghent"}}"#,    &[]),
            ("PatientAddressUpdated", Some(1), r#"{"new_address":{"city":1}}"#,          &["data.address[0].city"]),
            ("PatientRegistered",     None,    r#"{"active":"yes","gender":1}"#,         &["data.active", "data.gender"]),
        ];
        for (event_type, version, data, expected) in cases {
            let Value::Object(data) = anamnesis_json::parse(data.as_bytes()).unwrap() else {
                panic!("an object")
            };
            let found = issues(ResourceType::PATIENT, event_type, *version, &data);
            let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
            assert_eq!(paths, *expected, "{event_type}");
        }
    }
}
