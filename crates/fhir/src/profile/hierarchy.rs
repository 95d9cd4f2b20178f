//! How the codes of a CodeSystem stand to one another: <https://hl7.org/fhir/R4/codesystem.html#hierarchy>.
//!
//! Invariant: there is an answer only where the resource has every code, and nests them by what subsumes what.

use anamnesis_json::Value;

/// The code and every code that it subsumes; `None` when the system cannot tell.
pub fn below(code_system: &Value, code: &str) -> Option<Vec<String>> {
    let way = way(concepts(code_system)?, code)?;
    let mut found = Vec::new();
    collect(way.last()?, &mut found);
    Some(found)
}

/// The code and every code that subsumes it; `None` when the system cannot tell.
pub fn above(code_system: &Value, code: &str) -> Option<Vec<String>> {
    let way = way(concepts(code_system)?, code)?;
    way.into_iter().map(|concept| named(concept).map(str::to_owned)).collect()
}

/// The concepts of a system that is complete and tells by nesting alone what is a kind of what.
fn concepts(code_system: &Value) -> Option<&Value> {
    let text = |key: &str| code_system.get(key).and_then(Value::as_str);
    let is_a = text("hierarchyMeaning").is_none_or(|meaning| meaning == "is-a");
    let properties = code_system.get("property").into_iter().flat_map(Value::each);
    let by_property = properties
        .filter_map(|property| property.get("code")?.as_str())
        .any(|code| matches!(code, "parent" | "child" | "subsumedBy"));
    code_system.get("concept").filter(|_| text("content") == Some("complete") && is_a && !by_property)
}

fn named(concept: &Value) -> Option<&str> {
    concept.get("code").and_then(Value::as_str)
}

/// From the outermost concept to the one of this code.
fn way<'a>(concepts: &'a Value, code: &str) -> Option<Vec<&'a Value>> {
    concepts.each().find_map(|concept| {
        if named(concept) == Some(code) {
            return Some(vec![concept]);
        }
        let mut inner = way(concept.get("concept")?, code)?;
        inner.insert(0, concept);
        Some(inner)
    })
}

fn collect(concept: &Value, found: &mut Vec<String>) {
    found.extend(named(concept).map(str::to_owned));
    for inner in concept.get("concept").into_iter().flat_map(Value::each) {
        collect(inner, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_kinds() {
        let system = |more: &str| {
            let text = format!(
                r#"{{{more}"concept":[{{"code":"a","concept":[{{"code":"b","concept":[{{"code":"c"}}]}},{{"code":"d"}}]}},{{"code":"e"}}]}}"#
            );
            anamnesis_json::parse(text.as_bytes()).unwrap()
        };
        let complete = r#""content":"complete","#;
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // more                                           code  below            above
            (complete.to_owned(),                          "a",  Some("a b c d"), Some("a")),
            (complete.to_owned(),                          "b",  Some("b c"),     Some("a b")),
            (complete.to_owned(),                          "c",  Some("c"),       Some("a b c")),
            (complete.to_owned(),                          "x",  None,            None),
            (format!(r#"{complete}"hierarchyMeaning":"is-a","#),    "d", Some("d"), Some("a d")),
            (format!(r#"{complete}"hierarchyMeaning":"part-of","#), "d", None,      None),
            (format!(r#"{complete}"property":[{{"code":"parent"}}],"#), "d", None,  None),
            (r#""content":"fragment","#.to_owned(),        "d",  None,            None),
        ];
        for (more, code, under, over) in cases {
            let system = system(&more);
            let text = |codes: Option<Vec<String>>| codes.map(|codes| codes.join(" "));
            assert_eq!(
                (text(below(&system, code)).as_deref(), text(above(&system, code)).as_deref()),
                (under, over),
                "{more} {code}"
            );
        }
    }
}
