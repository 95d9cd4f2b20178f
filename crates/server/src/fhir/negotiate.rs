//! What a client sends, accepts and prefers: <https://hl7.org/fhir/R4/http.html#mime-type>.

use axum::response::Response;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::query;

/// What is answered.
pub(super) const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";
/// What a search by POST sends.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// A patch by places in the JSON.
pub(super) const JSON_PATCH: &str = "application/json-patch+json";

const PREFER: HeaderName = HeaderName::from_static("prefer");
const FHIR: &str = "application/fhir+json";
const JSON: [&str; 3] = [FHIR, "application/json", "text/json"];
/// Media types of any JSON, and how an answer says that it is of one.
const GENERIC: [(&str, &str); 2] =
    [("application/json", "application/json; charset=utf-8"), ("text/json", "text/json; charset=utf-8")];

/// What a write is answered with: <https://hl7.org/fhir/R4/http.html#ops>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Return {
    /// Nothing but headers.
    Minimal,
    /// The resource as it is now.
    Representation,
    /// An OperationOutcome.
    Outcome,
}

/// What a client would like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Prefer {
    /// `return=`, where it is said.
    pub(super) returned: Option<Return>,
    /// `handling=strict`: unknown search parameters are refused.
    pub(super) strict: bool,
}

impl Prefer {
    /// Reads `Prefer`; what is not known there is left alone, as RFC 7240 asks.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        for wish in all(headers, &PREFER).flat_map(|value| value.split([',', ';'])) {
            let wish: String = wish.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
            match wish.to_ascii_lowercase().as_str() {
                "return=minimal" => prefer.returned = prefer.returned.or(Some(Return::Minimal)),
                "return=representation" => prefer.returned = prefer.returned.or(Some(Return::Representation)),
                "return=operationoutcome" => prefer.returned = prefer.returned.or(Some(Return::Outcome)),
                "handling=strict" => prefer.strict = true,
                _ => {}
            }
        }
        prefer
    }
}

/// Whether JSON may be answered; `_format` in the query wins over the header.
pub(super) fn accepts_json(headers: &HeaderMap, format: Option<&str>) -> bool {
    if let Some(format) = format {
        let media = media_of_format(format);
        return (media == "json" || is_json(&media)) && in_r4(format);
    }
    let mut said = false;
    for range in all(headers, &ACCEPT).flat_map(|value| value.split(',')) {
        let media = media_type(range);
        if media.is_empty() {
            continue;
        }
        said = true;
        let takes = matches!(media.as_str(), "*/*" | "application/*") || JSON.contains(&media.as_str());
        if takes && !is_refused(range) && in_r4(range) {
            return true;
        }
    }
    !said
}

/// The generic media type a client names for JSON, where it names no better one: it is answered under that name.
pub(super) fn named(headers: &HeaderMap, query: Option<&str>) -> Option<&'static str> {
    let pairs = query.filter(|query| query.contains("_format")).and_then(query::pairs).unwrap_or_default();
    let format = pairs.iter().find(|(key, _)| key == "_format").map(|(_, format)| media_of_format(format));
    let ranges = all(headers, &ACCEPT).flat_map(|value| value.split(',')).filter(|range| !is_refused(range));
    let asked: Vec<String> = match format {
        Some(format) => vec![format],
        None => ranges.map(media_type).collect(),
    };
    if asked.iter().any(|media| matches!(media.as_str(), FHIR | "json" | "*/*" | "application/*")) {
        return None;
    }
    let generic = |media: &String| GENERIC.into_iter().find(|(name, _)| name == media);
    asked.iter().find_map(generic).map(|(_, answered)| answered)
}

/// The answer under the name its client has for it, where it is FHIR in JSON.
pub(super) fn under(named: Option<&'static str>, mut response: Response) -> Response {
    if let Some(named) = named
        && response.headers().get(CONTENT_TYPE) == Some(&HeaderValue::from_static(FHIR_JSON))
    {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(named));
    }
    response
}

/// Whether the body is said to be JSON in UTF-8.
pub(super) fn sends_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| is_json(&media_type(value)) && in_utf8(value) && in_r4(value))
}

/// Whether the body is said to be a JSON Patch in UTF-8.
pub(super) fn sends_json_patch(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| media_type(value) == JSON_PATCH && in_utf8(value))
}

/// Whether the body is said to be a form.
pub(super) fn sends_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| media_type(value) == FORM && in_utf8(value))
}

fn all<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// Whether a media type is that of FHIR in JSON, and of nothing else.
pub(super) fn is_fhir_json(media: &str) -> bool {
    media == FHIR
}

/// Whether a media type is one that FHIR in JSON goes by.
pub(super) fn is_json(media: &str) -> bool {
    JSON.contains(&media)
}

/// A media type without its parameters, in lower case.
pub(super) fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The media type that `_format` names; an unescaped + in a URL arrives as a space.
fn media_of_format(format: &str) -> String {
    media_type(format).replace(' ', "+")
}

fn parameters(value: &str) -> impl Iterator<Item = (String, String)> {
    value.split(';').skip(1).filter_map(|part| {
        let (key, value) = part.split_once('=')?;
        Some((key.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_ascii_lowercase()))
    })
}

fn in_utf8(value: &str) -> bool {
    parameters(value).all(|(key, value)| key != "charset" || value == "utf-8" || value == "utf8")
}

/// Whether it is of R4, or of no version in particular: <https://hl7.org/fhir/R4/http.html#version-parameter>.
fn in_r4(value: &str) -> bool {
    parameters(value).all(|(key, value)| key != "fhirversion" || value == "4.0" || value == "4.0.1")
}

/// Whether a range has the weight 0, which means "not this".
pub(super) fn is_refused(range: &str) -> bool {
    parameters(range).any(|(key, value)| key == "q" && value.parse() == Ok(0.0_f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn accepting() {
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&[&str], Option<&str>, bool); 18] = [
            (&[],                                                  None,                          true),
            (&["*/*"],                                             None,                          true),
            (&["application/*"],                                   None,                          true),
            (&["application/fhir+json"],                           None,                          true),
            (&["application/fhir+json; fhirVersion=4.0"],          None,                          true),
            (&["application/fhir+json; fhirVersion=4.0.1"],        None,                          true),
            (&["application/fhir+json; fhirVersion=3.0"],          None,                          false),
            (&["application/fhir+json; fhirVersion=3.0, */*"],     None,                          true),
            (&["*/*"],                                             Some("application/fhir+json;fhirVersion=5.0"), false),
            (&["application/fhir+xml;q=1, application/json;q=.5"], None,                          true),
            (&["application/fhir+xml", "application/json"],        None,                          true),
            (&["application/fhir+xml"],                            None,                          false),
            (&["application/json;q=0, text/html"],                 None,                          false),
            (&["text/html"],                                       Some("json"),                  true),
            (&["text/html"],                                       Some("application/fhir json"), true),
            (&["application/json"],                                Some("xml"),                   false),
            (&["application/json"],                                Some("application/fhir+xml"),  false),
            (&[""],                                                None,                          true),
        ];
        for (accept, format, expected) in cases {
            assert_eq!(accepts_json(&headers(ACCEPT, accept), format), expected, "{accept:?} {format:?}");
        }
    }

    #[test]
    fn naming() {
        let (json, text) = (Some(GENERIC[0].1), Some(GENERIC[1].1));
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&[&str], Option<&str>, Option<&str>); 10] = [
            (&[],                                                None,                                  None),
            (&["*/*"],                                           None,                                  None),
            (&["application/json"],                              None,                                  json),
            (&["text/json"],                                     None,                                  text),
            (&["text/html, text/json;q=0.5"],                    None,                                  text),
            (&["application/json, */*;q=0.1"],                   None,                                  None),
            (&["application/json", "application/fhir+json"],     None,                                  None),
            (&["application/json, application/fhir+json;q=0"],   None,                                  json),
            (&["application/json"],                              Some("_format=json"),                  None),
            (&["application/fhir+json"],                         Some("a=b&_format=application/json"),  json),
        ];
        for (accept, query, expected) in cases {
            assert_eq!(named(&headers(ACCEPT, accept), query), expected, "{accept:?} {query:?}");
        }
    }

    #[test]
    fn sending() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("application/fhir+json",                 true),
            ("application/json; charset=UTF-8",       true),
            ("Application/FHIR+JSON;charset=\"utf-8\"", true),
            ("application/json; charset=latin1",      false),
            ("application/fhir+json; fhirVersion=4.0", true),
            ("application/fhir+json; fhirVersion=1.0", false),
            ("application/fhir+xml",                  false),
            ("text/plain",                            false),
        ];
        for (value, expected) in cases {
            assert_eq!(sends_json(&headers(CONTENT_TYPE, &[value])), expected, "{value}");
        }
        assert!(!sends_json(&HeaderMap::new()));
        assert!(sends_form(&headers(CONTENT_TYPE, &[FORM])));
    }

    #[test]
    fn preferring() {
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&[&str], Option<Return>, bool); 6] = [
            (&[],                                          None,                         false),
            (&["return=minimal"],                          Some(Return::Minimal),        false),
            (&["return=representation; handling=strict"],  Some(Return::Representation), true),
            (&["handling=lenient", "return=OperationOutcome"], Some(Return::Outcome),    false),
            (&["return = \"minimal\", respond-async"],     Some(Return::Minimal),        false),
            (&["return=everything"],                       None,                         false),
        ];
        for (values, returned, strict) in cases {
            assert_eq!(Prefer::of(&headers(PREFER, values)), Prefer { returned, strict }, "{values:?}");
        }
    }
}
