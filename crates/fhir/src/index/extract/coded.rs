//! Codes and identifiers, and the words that go with them for `:text`: <https://hl7.org/fhir/R4/search.html#token>.

use anamnesis_json::Value;
use anamnesis_kernel::search::Key;
use compact_str::{CompactString, format_compact};

use crate::key;

/// A code without a system, or a boolean.
pub(super) fn code(value: &Value, give: &mut dyn FnMut(Key)) {
    if let Some(code) = bare(value) {
        give(Key::Token { code, system: CompactString::default() });
    }
}

/// A code with its system, and its display.
pub(super) fn coding(value: &Value, give: &mut dyn FnMut(Key)) {
    system_and_code(value, "code", give);
    words(value.get("display"), give);
}

/// Each of its codings, and its text.
pub(super) fn concept(value: &Value, give: &mut dyn FnMut(Key)) {
    value.get("coding").into_iter().flat_map(Value::each).for_each(|one| coding(one, give));
    words(value.get("text"), give);
}

/// A phone number, an address of mail and so on, whatever its system.
pub(super) fn contact(value: &Value, give: &mut dyn FnMut(Key)) {
    if let Some(value) = value.get("value") {
        code(value, give);
    }
}

/// An identifier, and the text of its type.
pub(super) fn identifier(value: &Value, give: &mut dyn FnMut(Key)) {
    system_and_code(value, "value", give);
    words(value.get("type").and_then(|of| of.get("text")), give);
}

/// An identifier under each coding of its type, with `system|code` of that as its system.
pub(super) fn of_type(identifier: &Value, give: &mut dyn FnMut(Key)) {
    let codings = identifier.get("type").and_then(|of| of.get("coding"));
    let Some((codings, value)) = codings.zip(identifier.get("value").and_then(bare)) else { return };
    for coding in codings.each() {
        let text = |name: &str| coding.get(name).and_then(Value::as_str);
        if let Some(code) = text("code") {
            let system = key::exact(&format_compact!("{}|{code}", text("system").unwrap_or_default()));
            give(Key::Token { code: value.clone(), system });
        }
    }
}

/// What stands under this name, with the system beside it.
pub(super) fn system_and_code(value: &Value, under: &str, give: &mut dyn FnMut(Key)) {
    if let Some(code) = value.get(under).and_then(bare) {
        let system = value.get("system").and_then(Value::as_str).map(key::exact).unwrap_or_default();
        give(Key::Token { code, system });
    }
}

fn bare(value: &Value) -> Option<CompactString> {
    match value {
        Value::String(code) if !code.is_empty() => Some(key::exact(code)),
        Value::Bool(flag) => Some(CompactString::const_new(if *flag { "true" } else { "false" })),
        _ => None,
    }
}

/// Words are found by their beginning and never exactly.
fn words(value: Option<&Value>, give: &mut dyn FnMut(Key)) {
    let text = value.and_then(Value::as_str).map(|text| key::beginning_of(&crate::fold::fold(text)));
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        give(Key::Text { text, exact: CompactString::default() });
    }
}
