//! What a record says, for the full-text index: `_text` asks its narrative, `_content` all its texts.
//!
//! Invariant: total; no markup comes out, and words of two elements never stand side by side.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::search::Key;

/// Stands between texts as a word of its own, so that no phrase leads from one into the next.
const BETWEEN: &str = " \u{e000} ";
/// What is longer and has no space in it is data, such as base64, and nothing to look for.
const WORD_BYTES_MAX: usize = 256;
/// Markup that ends no word.
const INLINE: [&str; 20] = [
    "a", "abbr", "b", "big", "cite", "code", "dfn", "em", "font", "i", "kbd", "q", "samp", "small", "span",
    "strong", "sub", "sup", "tt", "var",
];

/// The words of a record; none where it has none.
pub(super) fn words(elements: &Object) -> Option<Key> {
    let (mut narrative, mut rest) = (String::new(), String::new());
    for (name, value) in elements.iter() {
        match name {
            "resourceType" | "id" => {}
            "text" => told(value, &mut narrative),
            _ => texts(value, &mut rest),
        }
    }
    let says = |text: &str| text.contains(char::is_alphanumeric);
    (says(&narrative) || says(&rest)).then(|| Key::Words { narrative: narrative.into(), rest: rest.into() })
}

/// What a narrative tells.
fn told(narrative: &Value, out: &mut String) {
    if let Some(div) = narrative.get("div").and_then(Value::as_str) {
        add(&without_markup(div), out);
    }
}

/// All texts within a value; narratives of contained resources are among them.
fn texts(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            let is_data = text.len() > WORD_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_data {
                add(text, out);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, out)),
        Value::Object(object) => object.iter().for_each(|(name, value)| match name {
            "text" if value.get("div").is_some() => told(value, out),
            _ => texts(value, out),
        }),
        _ => {}
    }
}

fn add(text: &str, out: &mut String) {
    if !out.is_empty() {
        out.push_str(BETWEEN);
    }
    out.push_str(text);
}

/// The text of XHTML: tags gone, with a space for those that end a word, and entities as what they stand for.
fn without_markup(xhtml: &str) -> String {
    let mut out = String::with_capacity(xhtml.len());
    let mut rest = xhtml;
    while let Some(at) = rest.find(['<', '&']) {
        let (text, markup) = rest.split_at(at);
        out.push_str(text);
        let (end, longest) = if markup.starts_with('<') { ('>', usize::MAX) } else { (';', 12) };
        let closed = markup.find(end).filter(|length| *length <= longest);
        let Some((inner, after)) =
            closed.and_then(|length| Some((markup.get(1..length)?, markup.get(length + 1..)?)))
        else {
            // Nothing ends it, so it is none; what is no XHTML is still text.
            out.push(' ');
            rest = markup.get(1..).unwrap_or_default();
            continue;
        };
        match end {
            '>' => {
                if !is_inline(inner) {
                    out.push(' ');
                }
            }
            _ => out.push(entity(inner).unwrap_or(' ')),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn is_inline(tag: &str) -> bool {
    let name = tag.trim_start_matches('/');
    let name = name.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
    INLINE.contains(&name)
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_records_say() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // elements                                                                      narrative            rest
            (r#"{"id":"a","gender":"male","active":true}"#,                                "",                  "male"),
            (r#"{"text":{"status":"generated","div":"<div><p>One</p><p>t<b>w</b>o</p></div>"},"name":[{"family":"Oe"}]}"#, "One two", "Oe"),
            (r#"{"text":{"div":"<div title=\"no\">a &lt; b&#233; &#x41; &nbsp;c & d<br/>e</div>"}}"#, "a < b\u{e9} A c d e", ""),
            (r#"{"text":{"div":"<div>not closed"}}"#,                                      "not closed",       ""),
            (r#"{"text":{"div":"a <"}}"#,                                                  "a",               ""),
            (r#"{"code":{"text":"one","coding":[{"display":"two"}]}}"#,                    "",                  "one \u{e000} two"),
            (r#"{"contained":[{"text":{"status":"generated","div":"<i>in</i>side"}}]}"#,   "",                  "inside"),
            (r#"{"id":"a","x":["-","..."],"n":1}"#,                                        "none",              "none"),
            (r#"{}"#,                                                                      "none",              "none"),
        ];
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (text, narrative, rest) in cases {
            let value = anamnesis_json::parse(text.as_bytes()).unwrap();
            match words(value.as_object().unwrap()) {
                Some(Key::Words { narrative: told, rest: other }) => {
                    assert_eq!(
                        (flat(&told), flat(&other)),
                        (narrative.to_owned(), rest.to_owned()),
                        "{text}"
                    );
                }
                _ => assert_eq!(narrative, "none", "{text}"),
            }
        }
    }

    #[test]
    fn data_is_no_text() {
        for (data, said) in
            [("QUJD".repeat(64), true), ("QUJD".repeat(65), false), ("QU JD".repeat(65), true)]
        {
            let elements = Object::new().with("data", data.clone());
            assert_eq!(words(&elements).is_some(), said, "{data}");
        }
    }
}
