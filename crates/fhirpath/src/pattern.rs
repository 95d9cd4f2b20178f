//! Regular expressions, with a limit on what they may become.

use regex::{Regex, RegexBuilder};

/// What a compiled expression may take.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// The regular expression of `text`, found anywhere or, when `full`, matching the whole string.
///
/// A point matches line ends, too: <https://hl7.org/fhirpath/N1/#matchesregex-string-boolean> asks for single line mode.
pub(crate) fn compile(text: &str, full: bool) -> Option<Regex> {
    let whole;
    let text = if full {
        whole = format!("^(?:{text})$");
        &whole
    } else {
        text
    };
    RegexBuilder::new(text)
        .dot_matches_new_line(true)
        .size_limit(COMPILED_BYTES_MAX)
        .dfa_size_limit(COMPILED_BYTES_MAX)
        .build()
        .ok()
}
