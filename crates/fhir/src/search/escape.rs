//! Separators and their escapes: <https://hl7.org/fhir/R4/search.html#escaping>.

use compact_str::CompactString;

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

/// The text with `\,` `\|` `\$` and `\\` resolved.
pub(super) fn unescaped(text: &str) -> CompactString {
    let mut out = CompactString::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let escape = letter == '\\' && matches!(letters.peek(), Some(',' | '|' | '$' | '\\'));
        out.push(if escape { letters.next().unwrap_or(letter) } else { letter });
    }
    out
}
