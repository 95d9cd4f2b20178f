//! Strings in other alphabets: hex, base64, and escaped for HTML and JSON.
//!
//! <https://build.fhir.org/ig/HL7/FHIRPath/#encodeformat--string--string>

use super::{Eval, Result, Scope};
use crate::expr::Call;
use crate::function::Function;
use crate::{Collection, EvalError};

impl<'a> Eval<'_, 'a> {
    /// Nothing when the format is not known or the string is not of it.
    pub(super) fn recode(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let base = self.eval(&call.base, scope)?;
        let format = self.argument(call, 0, scope)?;
        let Some((text, format)) = self.string(&base)?.zip(self.string(&format)?) else {
            return Ok(Collection::EMPTY);
        };
        self.charge_string(text.len().saturating_mul(6))?;
        let recoded = match (call.function, format) {
            (Function::Encode, "hex") => Some(text.bytes().map(|b| format!("{b:02x}")).collect()),
            (Function::Decode, "hex") => unhex(text),
            (Function::Encode, "base64") => Some(base64(text.as_bytes(), STANDARD, true)),
            (Function::Decode, "base64") => unbase64(text, STANDARD),
            (Function::Encode, "urlbase64") => Some(base64(text.as_bytes(), FOR_URLS, true)),
            (Function::Decode, "urlbase64") => unbase64(text, FOR_URLS),
            (Function::Escape, "html") => Some(escape_html(text)),
            (Function::Unescape, "html") => Some(unescape_html(text)),
            (Function::Escape, "json") => Some(escape_json(text)),
            (Function::Unescape, "json") => unescape_json(text),
            _ => return Err(EvalError::Wrong("an unknown format")),
        };
        Ok(Collection::from(recoded))
    }
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64(bytes: &[u8], alphabet: &[u8; 64], padded: bool) -> String {
    let mut out = String::with_capacity(bytes.len() * 4 / 3 + 4);
    for three in bytes.chunks(3) {
        let word =
            three.iter().chain(std::iter::repeat(&0)).take(3).fold(0_u32, |w, b| w << 8 | u32::from(*b));
        for n in 0..4 {
            let six = usize::try_from(word >> (18 - 6 * n) & 63).unwrap_or_default();
            match alphabet.get(six) {
                Some(letter) if n <= three.len() => out.push(char::from(*letter)),
                _ if padded => out.push('='),
                _ => {}
            }
        }
    }
    out
}

fn unbase64(text: &str, alphabet: &[u8; 64]) -> Option<String> {
    let letters = text.trim_end_matches('=').as_bytes();
    if letters.len() % 4 == 1 || text.len() - letters.len() > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for four in letters.chunks(4) {
        let mut word = 0_u32;
        for letter in four {
            let six = alphabet.iter().position(|known| known == letter)?;
            word = word << 6 | u32::try_from(six).ok()?;
        }
        word <<= 6 * (4 - four.len());
        out.extend(word.to_be_bytes().get(1..four.len())?);
    }
    String::from_utf8(out).ok()
}

fn unhex(text: &str) -> Option<String> {
    if !text.is_ascii() || text.len() % 2 == 1 {
        return None;
    }
    let bytes = text.as_bytes().chunks(2).map(|two| {
        let two = std::str::from_utf8(two).ok()?;
        two.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u8::from_str_radix(two, 16).ok())?
    });
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The ampersand last, so that nothing is unescaped twice.
fn unescape_html(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// As it would stand between a JSON string's quotes.
fn escape_json(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    anamnesis_json::write_string(text, &mut out);
    let quoted = String::from_utf8(out).unwrap_or_default();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

fn unescape_json(text: &str) -> Option<String> {
    // A quote that is not escaped would end the string; those who call this leave it so.
    let mut quoted = String::with_capacity(text.len() + 2);
    let mut escaped = false;
    quoted.push('"');
    for c in text.chars() {
        if c == '"' && !escaped {
            quoted.push('\\');
        }
        escaped = c == '\\' && !escaped;
        quoted.push(c);
    }
    quoted.push('"');
    anamnesis_json::parse(quoted.as_bytes()).ok()?.as_str().map(str::to_owned)
}
