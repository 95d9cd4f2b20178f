//! The narrative after a patch: <https://hl7.org/fhir/R4/http.html#patch> asks that it is never clinically unsafe.
//!
//! Invariant: no narrative is kept that tells of elements as they were before the patch.

use anamnesis_json::{Object, Value};

use super::Failure;
use crate::outcome::{Issue, IssueCode};

/// What a narrative tells nothing of.
const NOT_TOLD: [&str; 6] = ["text", "meta", "id", "resourceType", "language", "implicitRules"];

/// Takes the narrative away where a patch made it stale: one that was made from the elements can be made again.
///
/// # Errors
///
/// [`Failure::Inapplicable`] where it holds what its author added, which cannot be made again: the patch must say what
/// becomes of it.
pub(super) fn settle(before: &Object, after: &mut Object) -> Result<(), Failure> {
    let Some(text) = after.get("text").filter(|text| before.get("text") == Some(text)) else { return Ok(()) };
    let told = |object: &Object, other: &Object| {
        object.iter().all(|(name, value)| NOT_TOLD.contains(&name) || other.get(name) == Some(value))
    };
    if told(before, after) && told(after, before) {
        return Ok(());
    }
    match text.get("status").and_then(Value::as_str) {
        Some("empty") => Ok(()),
        Some("generated" | "extensions") => {
            after.remove("text");
            Ok(())
        }
        _ => {
            let what = "the narrative has more in it than the elements, and may no longer fit them: \
                        the patch must replace or remove it too";
            let kind = before.get("resourceType").and_then(Value::as_str).unwrap_or("DomainResource");
            let issue = Issue::error(IssueCode::BusinessRule, what).at(format!("{kind}.text"));
            Err(Failure::Inapplicable(issue))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narratives() {
        let text = |status: &str| format!(r#""text":{{"status":"{status}","div":"<div>a</div>"}}"#);
        let (generated, more) = (text("generated"), text("additional"));
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // before                                   after                                         then
            (r#""gender":"male""#.to_owned(),        r#""gender":"female""#.to_owned(),            "kept"),
            (format!(r#"{generated},"a":1"#),        format!(r#"{generated},"a":2"#),              "gone"),
            (text("extensions"),                     format!(r#"{},"a":2"#, text("extensions")),   "gone"),
            (format!(r#"{generated},"a":1"#),        generated.clone(),                            "gone"),
            (format!(r#"{generated},"a":1"#),        format!(r#"{},"a":2"#, more),                 "kept"),
            (format!(r#"{generated},"a":1"#),        format!(r#""a":1,{generated}"#),              "kept"),
            (format!(r#"{more},"meta":{{"v":1}}"#),  format!(r#"{more},"meta":{{"v":2}}"#),        "kept"),
            (format!(r#"{more},"a":1"#),             format!(r#"{more},"a":2"#),                   "refused"),
            (format!(r#"{more},"a":1"#),             r#""a":2"#.to_owned(),                        "kept"),
            (format!(r#"{},"a":1"#, text("empty")),  format!(r#"{},"a":2"#, text("empty")),        "kept"),
        ];
        for (before, after, then) in cases {
            let read = |text: &str| match anamnesis_json::parse(format!("{{{text}}}").as_bytes()) {
                Ok(Value::Object(object)) => object,
                _ => panic!("{text}"),
            };
            let (before, whole) = (read(&before), read(&after));
            let mut left = whole.clone();
            let found = match settle(&before, &mut left) {
                Err(_) => "refused",
                Ok(()) if left == whole => "kept",
                Ok(()) => "gone",
            };
            assert_eq!(found, then, "{after}");
            assert_eq!(left.get("text").is_some(), whole.get("text").is_some() && then != "gone", "{after}");
        }
    }
}
