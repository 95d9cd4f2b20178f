//! Codes and identifiers: <https://hl7.org/fhir/R4/search.html#token>.

use anamnesis_kernel::search::{Find, Param, Test};
use compact_str::{CompactString, format_compact};

use super::escape::{split, unescaped};
use super::sets::Sets;
use super::wrong::Wrong;
use crate::{fold, key, param};

/// `code`, `system|code`, `|code` or `system|`.
pub(super) fn test(param: Param, value: &str) -> Result<Test, Wrong> {
    let (system, code) = match split(value, '|').as_slice() {
        [code] => (None, part(code)),
        [system, code] => (Some(part(system)), part(code)),
        _ => return Err("more than one |; inside a code it is written \\|".into()),
    };
    if code.is_empty() && system.as_ref().is_none_or(|system| system.is_empty()) {
        return Err("an empty value".into());
    }
    Ok(Test::Token { param, system, code: (!code.is_empty()).then_some(code) })
}

/// `:text`: the words that go with the code begin so.
pub(super) fn text(param: Param, value: &str) -> Result<Test, Wrong> {
    let text = key::beginning_of(&fold::fold(&unescaped(value)));
    if text.is_empty() {
        return Err("an empty value".into());
    }
    Ok(Test::Text { param, text, find: Find::Begins })
}

/// `:of-type`: `system|code|value`, the first two being the type of the identifier.
pub(super) fn of_type(param: Param, value: &str) -> Result<Test, Wrong> {
    match split(value, '|').as_slice() {
        [system, code, value] if !code.is_empty() && !value.is_empty() => Ok(Test::Token {
            param: param::of_type(param),
            system: Some(key::exact(&format_compact!("{}|{}", unescaped(system), unescaped(code)))),
            code: Some(part(value)),
        }),
        _ => Err("not the system and code of a type, and a value: system|code|value".into()),
    }
}

/// `:in`: the codes of a value set. An element that is a bare code leaves its system unsaid, so both are looked for.
pub(super) fn within(param: Param, value: &str, sets: &dyn Sets) -> Result<Vec<Test>, Wrong> {
    let codes = sets.value_set(&unescaped(value));
    let codes = codes.ok_or("not a value set that is known here and whose codes can be listed")?;
    let tests = codes.iter().flat_map(|(system, code)| {
        ["", system.as_str()].map(|system| Test::Token {
            param,
            system: Some(key::exact(system)),
            code: Some(key::exact(code)),
        })
    });
    Ok(tests.collect())
}

/// `:below` and `:above`: a code and those it stands above or below.
pub(super) fn related(param: Param, value: &str, above: bool, sets: &dyn Sets) -> Result<Vec<Test>, Wrong> {
    let (system, code) = match split(value, '|').as_slice() {
        [system, code] if !system.is_empty() && !code.is_empty() => (unescaped(system), unescaped(code)),
        _ => return Err("not a code with its system: system|code".into()),
    };
    let codes = if above { sets.above(&system, &code) } else { sets.below(&system, &code) };
    let codes = codes.ok_or("not a code of a code system whose hierarchy is known here")?;
    let system = Some(key::exact(&system));
    Ok(codes
        .iter()
        .map(|code| Test::Token { param, system: system.clone(), code: Some(key::exact(code)) })
        .collect())
}

fn part(text: &str) -> CompactString {
    key::exact(&unescaped(text))
}
