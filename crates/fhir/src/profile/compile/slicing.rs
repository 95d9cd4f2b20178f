//! How slices are told apart: <https://hl7.org/fhir/R4/profiling.html#discriminator>.

use anamnesis_json::Value;

use crate::profile::{By, Discriminator, Others, Slicing, Step};

/// What a slicing says; what of it cannot be told apart here goes to the notes.
pub(super) fn slicing(said: &Value, place: &str, notes: &mut Vec<String>) -> Option<Slicing> {
    let mut discriminators = Vec::new();
    for one in said.get("discriminator").into_iter().flat_map(Value::each) {
        let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
        let by = match text("type") {
            "value" | "pattern" => Some(By::Value),
            "exists" => Some(By::Exists),
            "type" => Some(By::Type),
            "profile" => Some(By::Profile),
            _ => None,
        };
        let (Some(by), Some(steps)) = (by, steps(text("path"))) else {
            notes.push(format!("{place}: slices by {} of {} are not told apart", text("type"), text("path")));
            return None;
        };
        discriminators.push(Discriminator { by, steps });
    }
    if discriminators.is_empty() {
        notes.push(format!("{place}: slices without a discriminator are not told apart"));
        return None;
    }
    let ordered = said.get("ordered").and_then(Value::as_bool) == Some(true);
    let others = match said.get("rules").and_then(Value::as_str) {
        Some("closed") => Others::Nowhere,
        Some("openAtEnd") => Others::AtEnd,
        _ => Others::Anywhere,
    };
    Some(Slicing { discriminators, others, ordered })
}

/// The steps of a path in the part of FHIRPath that R4 lets a discriminator use.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.find(['.', '(']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at_checked(end)?;
        let (step, behind) = match behind.strip_prefix('(') {
            Some(inner) => {
                // What is in brackets may have dots of its own, and brackets only in quotes.
                let close = match inner.strip_prefix('\'') {
                    Some(quoted) => quoted.find('\'')? + 2,
                    None => inner.find(')')?,
                };
                let (inner, behind) = inner.split_at_checked(close)?;
                (called(name, inner)?, behind.strip_prefix(')')?)
            }
            None if name == "$this" => (None, behind),
            None if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                (Some(Step::Element(name.to_owned())), behind)
            }
            None => return None,
        };
        steps.extend(step);
        rest = match behind.strip_prefix('.') {
            Some("") => return None,
            Some(rest) => rest,
            None if behind.is_empty() => behind,
            None => return None,
        };
    }
    (!path.is_empty()).then_some(steps)
}

fn called(name: &str, inner: &str) -> Option<Option<Step>> {
    let quoted = || inner.strip_prefix('\'')?.strip_suffix('\'');
    Some(Some(match name {
        "resolve" if inner.is_empty() => Step::Resolve,
        "extension" => Step::Extension(quoted()?.to_owned()),
        "ofType" => Step::OfType(inner.strip_prefix("FHIR.").unwrap_or(inner).to_owned()),
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_discriminators() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // path                                steps
            ("$this",                           Some("")),
            ("code.coding",                     Some("code coding")),
            ("$this.resolve()",                 Some("resolve()")),
            ("item.resolve().code",             Some("item resolve() code")),
            ("extension('http://x.y/z').value", Some("extension(http://x.y/z) value")),
            ("value.ofType(Coding).code",       Some("value ofType(Coding) code")),
            ("value.ofType(FHIR.Coding)",       Some("value ofType(Coding)")),
            ("",                                None),
            ("code.",                           None),
            (".code",                           None),
            ("code..x",                         None),
            ("code.where(x)",                   None),
            ("code.first()",                    None),
            ("extension('x",                    None),
            ("resolve(",                        None),
            ("resolve()x",                      None),
            ("code = 'x'",                      None),
        ];
        let shown = |step: &Step| match step {
            Step::Element(name) => name.clone(),
            Step::Extension(url) => format!("extension({url})"),
            Step::OfType(kind) => format!("ofType({kind})"),
            Step::Resolve => "resolve()".to_owned(),
        };
        for (path, expected) in cases {
            let found = steps(path).map(|steps| steps.iter().map(shown).collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref(), expected, "{path}");
        }
    }
}
