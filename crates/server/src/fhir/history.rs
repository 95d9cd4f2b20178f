//! The history of one record: <https://hl7.org/fhir/R4/http.html#history>.

use anamnesis_fhir::bundle::{Happened, Head, history as history_bundle};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_kernel::{StreamName, Version};
use anamnesis_store::{Body, RecordVersion};

use super::outcome::Outcome;
use super::page::{self, End};
use super::query;
use super::reply::{Reply, etag};
use super::search::{bundle_id, linked};
use super::together::texts;
use crate::app::App;

const COUNT_DEFAULT: u32 = 100;
/// Above every version; the views count in signed numbers.
const BEYOND: Version = i64::MAX as Version;

/// The versions of one record, newest first, deletions without a resource.
///
/// # Errors
///
/// 404 when it was never here; 400 when a parameter cannot be taken.
pub(super) async fn history(
    app: &App,
    stream: &StreamName,
    pairs: &[(String, String)],
) -> Result<Reply, Outcome> {
    let asked = Asked::read(app, stream, pairs)?;
    let cursor = app.engine.reached();
    let views = app.engine.views();
    let total = views.history_count(stream).await?;
    if total == 0 {
        return Err(Outcome::NotFound);
    }
    // One more than the page: it says whether others follow, and whether the oldest of the page began the record.
    let limit = asked.count.saturating_add(1);
    let found = if asked.count == 0 { Vec::new() } else { views.history(stream, asked.below, limit).await? };
    let shown = found.get(..found.len().min(asked.count as usize)).unwrap_or_default();
    let texts = texts(app, shown.iter().collect()).await?;

    let full_url = format!("{}/{stream}", app.base_url);
    let url = format!("{full_url}/_history");
    let count = asked.sent.map(|count| ("_count", count.to_string()));
    let own: Vec<(&str, String)> = count.into_iter().collect();
    let next = shown.last().filter(|_| found.len() > shown.len()).map(|last| {
        let token = page::token(&app.engine.keyring().store, &question(stream), &End::Version(last.version));
        let mut pairs = own.clone();
        pairs.push(("_page", token));
        linked(&url, &query::text(&pairs))
    });
    let own = linked(&url, &query::text(&own));
    let mut links = vec![("self", own.as_str())];
    links.extend(next.as_deref().map(|next| ("next", next)));

    let lines: Vec<Line> =
        shown.iter().enumerate().map(|(at, one)| Line::of(one, found.get(at + 1))).collect();
    // A version that is neither there nor a deletion was erased: it is left out.
    let told = lines.iter().zip(&texts).filter(|(line, text)| text.is_some() || line.deleted);
    let entries = told.map(|(line, text)| Happened {
        full_url: &full_url,
        resource: text.as_deref(),
        method: line.method,
        url: &line.url,
        status: line.status,
        etag: &line.etag,
        last_modified: &line.modified,
    });
    let now = app.engine.now().to_millis_text();
    let id = bundle_id();
    let head = Head { id: Some(&id), last_updated: Some(&now), total: Some(total) };
    Ok(Reply::bundle(history_bundle(&head, &links, entries), cursor))
}

/// What is said of one version beside its content.
struct Line {
    deleted: bool,
    method: &'static str,
    url: String,
    status: &'static str,
    etag: String,
    modified: String,
}

impl Line {
    fn of(version: &RecordVersion, before: Option<&RecordVersion>) -> Self {
        let deleted = matches!(version.body, Body::Deleted);
        let begins = before.is_none_or(|before| matches!(before.body, Body::Deleted));
        // An id that was minted here was never the client's to PUT.
        let minted = version.name.id.to_uuid().is_some_and(|id| id.get_version_num() == 8);
        let (method, status) = match (deleted, begins) {
            (true, _) => ("DELETE", "204 No Content"),
            (false, true) if minted && before.is_none() => ("POST", "201 Created"),
            (false, true) => ("PUT", "201 Created"),
            (false, false) => ("PUT", "200 OK"),
        };
        let url = if method == "POST" { version.name.kind.to_string() } else { version.name.to_string() };
        Self {
            deleted,
            method,
            url,
            status,
            etag: etag(version.version),
            modified: version.began.to_millis_text(),
        }
    }
}

struct Asked {
    below: Version,
    count: u32,
    sent: Option<u32>,
}

impl Asked {
    fn read(app: &App, stream: &StreamName, pairs: &[(String, String)]) -> Result<Self, Outcome> {
        let mut asked = Self { below: BEYOND, count: COUNT_DEFAULT.min(app.limits.count_max), sent: None };
        for (key, value) in pairs {
            match key.as_str() {
                "_count" => {
                    let count = count(value)?;
                    asked.sent = Some(count);
                    asked.count = count.min(app.limits.count_max);
                }
                "_page" => match page::read(&app.engine.keyring().store, &question(stream), value) {
                    Some(End::Version(version)) => asked.below = version,
                    _ => return Err(Outcome::bad("_page: not a page of this history")),
                },
                "_since" | "_at" | "_list" => return Err(not_supported(key)),
                _ => {}
            }
        }
        Ok(asked)
    }
}

fn question(stream: &StreamName) -> String {
    format!("{stream}/_history")
}

/// A `_count`; more digits than fit ask for more than any page holds.
///
/// # Errors
///
/// When it is no whole number.
pub(super) fn count(value: &str) -> Result<u32, Outcome> {
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Outcome::bad("_count: not a whole number from 0"));
    }
    Ok(value.parse().unwrap_or(u32::MAX))
}

/// A parameter that would narrow the answer, and is refused because leaving it out would answer something else.
pub(super) fn not_supported(key: &str) -> Outcome {
    Outcome::Invalid(vec![Issue::error(IssueCode::NotSupported, format!("{key}: not supported here"))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_kernel::Instant;
    use anamnesis_store::RecordNumber;

    fn version(name: &str, version: Version, body: Body) -> RecordVersion {
        RecordVersion {
            number: RecordNumber { partition: 0, record: 0 },
            name: name.parse().unwrap(),
            version,
            began: Instant::from_micros(0),
            ended: None,
            offset: 0,
            body,
            corrects: None,
        }
    }

    #[test]
    fn what_a_version_came_of() {
        let (put, minted) = ("Patient/p1", "Patient/01890a5d-ac96-8b74-a1c2-0242ac120002");
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (version(put, 1, Body::InLog),      None,                                    "PUT Patient/p1 201 Created"),
            (version(minted, 1, Body::InLog),   None,                                    "POST Patient 201 Created"),
            (version(put, 2, Body::InLog),      Some(version(put, 1, Body::InLog)),      "PUT Patient/p1 200 OK"),
            (version(put, 3, Body::Deleted),    Some(version(put, 2, Body::InLog)),      "DELETE Patient/p1 204 No Content"),
            (version(put, 4, Body::InLog),      Some(version(put, 3, Body::Deleted)),    "PUT Patient/p1 201 Created"),
        ];
        for (one, before, expected) in cases {
            let line = Line::of(&one, before.as_ref());
            assert_eq!(format!("{} {} {}", line.method, line.url, line.status), expected);
        }
    }
}
