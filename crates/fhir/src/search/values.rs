//! One value of a search parameter, as tests of the index.

use anamnesis_kernel::search::{Find, Param, Test};
use anamnesis_kernel::{ResourceId, ResourceType};
use compact_str::CompactString;

use super::Limits;
use crate::param::{ParamKind, SearchParam};
use crate::{date, fold, key, reference};

/// Adds the tests of which one must hold for the value to match; `param` is `None` for `_id`.
///
/// # Errors
///
/// What is wrong with the value, without repeating it.
pub(super) fn tests(
    kind: ResourceType,
    param: Option<&SearchParam>,
    value: &str,
    limits: &Limits,
    any: &mut Vec<Test>,
) -> Result<(), &'static str> {
    let Some(of) = param else {
        let id = ResourceId::new(value).map_err(|_| "not an id: 1 to 64 of A-Z a-z 0-9 - .")?;
        any.push(Test::Id(id));
        return Ok(());
    };
    for number in of.under(kind) {
        match of.kind {
            ParamKind::Token => any.push(token(number, value)?),
            ParamKind::String => {
                let text = key::beginning_of(&fold::fold(&unescaped(value)));
                if text.is_empty() {
                    return Err("an empty value");
                }
                any.push(Test::Text { param: number, text, find: Find::Begins });
            }
            ParamKind::Date => dates(number, value, any)?,
            ParamKind::Reference => any.push(referred(number, of, &unescaped(value), limits)?),
            _ => return Err("of a kind that is not searched yet"),
        }
    }
    Ok(())
}

/// Whether parameters of this kind are searched yet.
pub(super) const fn takes(kind: ParamKind) -> bool {
    matches!(kind, ParamKind::Date | ParamKind::Reference | ParamKind::String | ParamKind::Token)
}

/// The parts between separators that have no `\` in front; their own escapes stay.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut escaped = false;
    text.split(|c: char| {
        let splits = c == separator && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    })
    .collect()
}

/// The text with `\,` `\|` `\$` and `\\` resolved: <https://hl7.org/fhir/R4/search.html#escaping>.
fn unescaped(text: &str) -> CompactString {
    let mut out = CompactString::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let escape = letter == '\\' && matches!(letters.peek(), Some(',' | '|' | '$' | '\\'));
        out.push(if escape { letters.next().unwrap_or(letter) } else { letter });
    }
    out
}

/// `code`, `system|code`, `|code` or `system|`: <https://hl7.org/fhir/R4/search.html#token>.
fn token(param: Param, value: &str) -> Result<Test, &'static str> {
    let part = |text: &str| key::exact(&unescaped(text));
    let (system, code) = match split(value, '|').as_slice() {
        [code] => (None, *code),
        [system, code] => (Some(part(system)), *code),
        _ => return Err("more than one |; inside a code it is written \\|"),
    };
    if code.is_empty() && system.as_ref().is_none_or(|system| system.is_empty()) {
        return Err("an empty value");
    }
    let code = (!code.is_empty()).then(|| part(code));
    Ok(Test::Token { param, system, code })
}

/// `Type/id`, an id, our own absolute address, or the text of a reference that is none of ours.
fn referred(param: Param, of: &SearchParam, text: &str, limits: &Limits) -> Result<Test, &'static str> {
    let patient = ResourceType::PATIENT.number();
    let own = limits.base.as_deref().and_then(|base| text.strip_prefix(base)?.strip_prefix('/'));
    let (kind, id) = if let Some((kind, id, _)) = reference::local(own.unwrap_or(text)) {
        if of.patients_only() && kind != ResourceType::PATIENT {
            return Err("not a reference to a Patient");
        }
        (Some(kind.number()), id.as_str().into())
    } else if ResourceId::new(text).is_ok() {
        (of.patients_only().then_some(patient), text.into())
    } else if text.is_empty() {
        return Err("an empty value");
    } else if of.patients_only() {
        return Err("not a reference to a Patient of this server");
    } else {
        (Some(0), key::exact(text))
    };
    Ok(Test::Reference { param, kind, id })
}

/// The prefixes of <https://hl7.org/fhir/R4/search.html#prefix>, on spans: `low` and `high` are those of the record.
///
/// `ap` means that the spans overlap: without a clock there is no distance from now to take a tenth of.
fn dates(param: Param, value: &str, any: &mut Vec<Test>) -> Result<(), &'static str> {
    let (prefix, text) = match value.split_at_checked(2) {
        Some((prefix, text)) if prefix.bytes().all(|b| b.is_ascii_lowercase()) => (prefix, text),
        _ => ("eq", value),
    };
    let (first, last) = date::bounds(text).ok_or("not a date, such as 2026-03-01 or ge2026-03")?;
    let (before, after) = (first.saturating_sub(1), last.saturating_add(1));
    let mut test = |low: (i64, i64), high: (i64, i64)| any.push(Test::Date { param, low, high });
    let all = (i64::MIN, i64::MAX);
    let (starts_before, ends_after) = ((i64::MIN, before), (after, i64::MAX));
    let within = ((first, i64::MAX), (i64::MIN, last));
    match prefix {
        "eq" => test(within.0, within.1),
        "ne" => {
            test(starts_before, all);
            test(all, ends_after);
        }
        "lt" => test(starts_before, all),
        "gt" => test(all, ends_after),
        "le" => {
            test(starts_before, all);
            test(within.0, within.1);
        }
        "ge" => {
            test(all, ends_after);
            test(within.0, within.1);
        }
        "sa" => test(ends_after, all),
        "eb" => test(all, starts_before),
        "ap" => test((i64::MIN, last), (first, i64::MAX)),
        _ => return Err("not a prefix: eq, ne, lt, gt, le, ge, sa, eb or ap"),
    }
    Ok(())
}
