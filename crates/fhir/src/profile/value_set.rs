//! The codes of a stored ValueSet, where they can be listed: <https://hl7.org/fhir/R4/valueset.html>.

use anamnesis_json::Value;

use crate::codes::ValueSet;

/// A code and the system it is of.
type Coded = (String, String);

/// The codes of a value set: as expanded, or of what it includes; `None` when they cannot be listed.
///
/// `other` gives the codes of another value set, should R4 itself not have it; `system` the CodeSystem of an address.
pub fn codes(
    value_set: &Value,
    other: &dyn Fn(&str) -> Option<Vec<Coded>>,
    system: &dyn Fn(&str) -> Option<Value>,
) -> Option<Vec<Coded>> {
    let mut found = Vec::new();
    if let Some(contains) = value_set.get("expansion").and_then(|expansion| expansion.get("contains")) {
        expanded(contains, &mut found);
        return Some(found);
    }
    let compose = value_set.get("compose")?;
    for include in compose.get("include")?.each() {
        found.extend(part(include, other, system)?);
    }
    for exclude in compose.get("exclude").into_iter().flat_map(Value::each) {
        let without = part(exclude, other, system)?;
        found.retain(|code| !without.contains(code));
    }
    Some(found)
}

fn expanded(contains: &Value, found: &mut Vec<Coded>) {
    for one in contains.each() {
        let text = |key: &str| one.get(key).and_then(Value::as_str);
        if let (Some(system), Some(code)) = (text("system"), text("code")) {
            found.push((system.to_owned(), code.to_owned()));
        }
        if let Some(inner) = one.get("contains") {
            expanded(inner, found);
        }
    }
}

/// What one include or exclude names: of its system, and of all the value sets it names.
fn part(
    include: &Value,
    other: &dyn Fn(&str) -> Option<Vec<Coded>>,
    system: &dyn Fn(&str) -> Option<Value>,
) -> Option<Vec<Coded>> {
    if include.get("filter").is_some() {
        return None;
    }
    let mut found = None;
    if let Some(url) = include.get("system").and_then(Value::as_str) {
        let mut codes = Vec::new();
        match include.get("concept") {
            Some(concepts) => below(url, concepts, &mut codes),
            None => {
                let known = system(url)?;
                let complete = known.get("content").and_then(Value::as_str) == Some("complete");
                below(url, known.get("concept").filter(|_| complete)?, &mut codes);
            }
        }
        found = Some(codes);
    }
    for url in include.get("valueSet").into_iter().flat_map(Value::each).filter_map(Value::as_str) {
        let of_r4 = || {
            let all = ValueSet::named(url)?.all();
            Some(all.map(|(system, code)| (system.to_owned(), code.to_owned())).collect())
        };
        let codes = other(url.split('|').next().unwrap_or(url)).or_else(of_r4)?;
        found = Some(match found {
            Some(mut found) => {
                found.retain(|code| codes.contains(code));
                found
            }
            None => codes,
        });
    }
    found
}

fn below(system: &str, concepts: &Value, codes: &mut Vec<Coded>) {
    for concept in concepts.each() {
        if let Some(code) = concept.get("code").and_then(Value::as_str) {
            codes.push((system.to_owned(), code.to_owned()));
        }
        if let Some(inner) = concept.get("concept") {
            below(system, inner, codes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing() {
        let json = |text: &str| anamnesis_json::parse(text.as_bytes()).unwrap();
        let other = |url: &str| (url == "http://vs").then(|| vec![("s".to_owned(), "b".to_owned())]);
        let system = |url: &str| {
            (url == "s")
                .then(|| json(r#"{"content":"complete","concept":[{"code":"a","concept":[{"code":"b"}]}]}"#))
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // value set                                                                            codes
            (r#"{"expansion":{"contains":[{"system":"s","code":"a","contains":[{"system":"s","code":"c"}]}]}}"#, Some("a c")),
            (r#"{"compose":{"include":[{"system":"s","concept":[{"code":"x"}]}]}}"#,               Some("x")),
            (r#"{"compose":{"include":[{"system":"s"}]}}"#,                                        Some("a b")),
            (r#"{"compose":{"include":[{"system":"s"}],"exclude":[{"valueSet":["http://vs|1"]}]}}"#, Some("a")),
            (r#"{"compose":{"include":[{"system":"s","valueSet":["http://vs"]}]}}"#,               Some("b")),
            (r#"{"compose":{"include":[{"system":"other"}]}}"#,                                    None),
            (r#"{"compose":{"include":[{"system":"s","filter":[{}]}]}}"#,                          None),
            (r#"{"compose":{"include":[{"valueSet":["http://no"]}]}}"#,                            None),
            (r#"{}"#,                                                                              None),
        ];
        for (text, expected) in cases {
            let found = codes(&json(text), &other, &system);
            let found =
                found.map(|codes| codes.into_iter().map(|(_, code)| code).collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
