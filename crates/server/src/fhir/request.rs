//! What every interaction asks of a request before it looks at its content: headers, media types, a body that parses.

use anamnesis_chart::Door;
use anamnesis_engine::Expect;
use anamnesis_fhir::outcome::IssueCode;
use anamnesis_json::Value;
use anamnesis_kernel::{ResourceId, ResourceType, StreamName, Version};
use axum::body::Body;
use axum::body::Bytes;
use http::header::{CONTENT_LENGTH, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::negotiate::{Prefer, accepts_json, sends_json};
use super::outcome::Outcome;
use super::write::expected as expected_of;
use super::{provenance, query};
use crate::app::{App, WriteContext};
use crate::arriving::Unarrived;
use crate::as_of::refused;
use crate::headers::{await_cursor, write_context};

/// <https://hl7.org/fhir/R4/http.html#ccreate>
pub(super) const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// Sees to it that a read may be answered: JSON is wanted, and the views have the cursor it names.
///
/// # Errors
///
/// When not. Gives whether the client wants to be told of what is not understood.
pub(super) async fn accepted(app: &App, headers: &HeaderMap, query: Option<&str>) -> Result<bool, Outcome> {
    acceptable(headers, query)?;
    seen(app, headers).await
}

/// Sees to it that the views have the cursor that a read names.
///
/// # Errors
///
/// When not. Gives whether the client wants to be told of what is not understood.
pub(super) async fn seen(app: &App, headers: &HeaderMap) -> Result<bool, Outcome> {
    await_cursor(app, headers).await?;
    Ok(Prefer::of(headers).strict)
}

/// What the headers of a write say, once JSON may be answered.
///
/// # Errors
///
/// When a header cannot be taken.
pub(super) fn writing(headers: &HeaderMap, query: Option<&str>) -> Result<(WriteContext, Prefer), Outcome> {
    acceptable(headers, query)?;
    // What is written is written now.
    refused(&query.and_then(query::pairs).unwrap_or_default())?;
    let mut context = write_context(headers, Door::Fhir, "fhir")?;
    provenance::read(headers, &mut context)?;
    Ok((context, Prefer::of(headers)))
}

/// Sees to it that JSON may be answered.
///
/// # Errors
///
/// When the client asks for something else.
pub(super) fn acceptable(headers: &HeaderMap, query: Option<&str>) -> Result<(), Outcome> {
    let pairs = query.filter(|query| query.contains("_format")).and_then(query::pairs).unwrap_or_default();
    acceptable_pairs(headers, &pairs)
}

/// Sees to it that JSON may be answered to a query, or to a form.
///
/// # Errors
///
/// When it asks for something else.
pub(super) fn acceptable_pairs(headers: &HeaderMap, pairs: &[(String, String)]) -> Result<(), Outcome> {
    let format = pairs.iter().find(|(key, _)| key == "_format").map(|(_, value)| value.as_str());
    if accepts_json(headers, format) { Ok(()) } else { Err(Outcome::NotAcceptable) }
}

/// What nearly every URL takes.
pub(super) const JSON: &str = "application/fhir+json in UTF-8";

/// The JSON of a body, as text and as a tree.
///
/// # Errors
///
/// When it is said to be something else, is too long, or does not parse.
pub(super) async fn json(app: &App, headers: &HeaderMap, body: Body) -> Result<(Bytes, Value), Outcome> {
    if !sends_json(headers) {
        return Err(Outcome::MediaType(JSON));
    }
    parsed(app, headers, body).await
}

/// The JSON of a body whose media type was looked at.
///
/// # Errors
///
/// When it is too long, or does not parse.
pub(super) async fn parsed(app: &App, headers: &HeaderMap, body: Body) -> Result<(Bytes, Value), Outcome> {
    let text = bytes(app, headers, body).await?;
    let value = anamnesis_json::parse_with_depth(&text, app.limits.nesting_max).map_err(|error| {
        let code = match error.reason {
            anamnesis_json::Reason::TooDeep => IssueCode::TooCostly,
            _ => IssueCode::Structure,
        };
        Outcome::Invalid(vec![anamnesis_fhir::outcome::Issue::error(
            code,
            format!("the body is no JSON that is taken: {error}"),
        )])
    })?;
    Ok((text, value))
}

/// The bytes of a body.
///
/// # Errors
///
/// When there are too many, or they stop coming.
pub(super) async fn bytes(app: &App, headers: &HeaderMap, body: Body) -> Result<Bytes, Outcome> {
    let bytes_max = app.limits.body_bytes_max;
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > bytes_max as u64) {
        return Err(Outcome::TooLong { bytes_max });
    }
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Outcome::TooLong { bytes_max }),
        Err(error) => Err(match Unarrived::of(&*error) {
            Some(Unarrived::TooSlow) => Outcome::TooSlow,
            Some(Unarrived::Busy(_)) => Outcome::Busy,
            _ => Outcome::bad("the body broke off, or could not be decoded"),
        }),
    }
}

/// The type of this name.
///
/// # Errors
///
/// When R4 has none; an operation that is not known here is no type either.
pub(super) fn kind(name: &str) -> Result<ResourceType, Outcome> {
    let none = if name.starts_with('$') { Outcome::NoInteraction } else { Outcome::UnknownType };
    ResourceType::parse(name).ok_or(none)
}

/// The record a write is about.
///
/// # Errors
///
/// When R4 has no such type, or the id is none.
pub(super) fn stream(name: &str, id: &str) -> Result<StreamName, Outcome> {
    let kind = kind(name)?;
    let id = ResourceId::new(id).map_err(|error| Outcome::bad(format!("id: {error}")))?;
    Ok(StreamName::new(kind, id))
}

/// The text of a header that stands at most once.
///
/// # Errors
///
/// When it stands twice or is no text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Outcome> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(|value| std::str::from_utf8(value.as_bytes())), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(text)), None) => Ok(Some(text.trim())),
        _ => Err(Outcome::bad(format!("{name}: must stand once, as UTF-8"))),
    }
}

/// The version `If-Match` asks for.
///
/// # Errors
///
/// When it names none.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<Version>, Outcome> {
    header(headers, &IF_MATCH)?
        .map(|tag| {
            version_of_tag(tag).ok_or_else(|| Outcome::bad("If-Match: must be a version such as W/\"3\""))
        })
        .transpose()
}

/// Where the headers of an update say that the record must stand: `If-Match: W/"3"`, or `If-None-Match: *`.
///
/// # Errors
///
/// When they say something else, or both.
pub(super) fn expected(headers: &HeaderMap) -> Result<Expect, Outcome> {
    expected_of(if_match(headers)?, header(headers, &IF_NONE_MATCH)?)
        .ok_or_else(|| Outcome::bad("If-None-Match: must be * on an update, and stand without If-Match"))
}

/// The version an entity tag names: `W/"3"`, and what clients make of it: `"3"`, `3`.
pub(super) fn version_of_tag(tag: &str) -> Option<Version> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    version(tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag))
}

/// A version as it is written: digits that do not begin with 0.
pub(super) fn version(text: &str) -> Option<Version> {
    let digits = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("W/\"3\"",  Some(3)),
            ("\"12\"",   Some(12)),
            ("3",        Some(3)),
            ("W/\"0\"",  None),
            ("W/\"03\"", None),
            ("W/\"+3\"", None),
            ("W/\"a\"",  None),
            ("*",        None),
            ("",         None),
            ("\"",       None),
            ("99999999999999999999", None),
        ];
        for (tag, expected) in cases {
            assert_eq!(version_of_tag(tag), expected, "{tag}");
        }
    }
}
