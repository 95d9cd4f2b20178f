//! The history of one record, of a type and of the system: <https://hl7.org/fhir/R4/http.html#history>.
//!
//! Invariant: newest first, and each version once however long the pages are turned and whoever writes meanwhile: a
//! page begins behind a version, versions keep their places, and new ones come before all others.

mod asked;
mod line;
mod listed;
mod page_of;

use anamnesis_fhir::bundle::{Happened, Head, Said, history as history_bundle};
use anamnesis_fhir::outcome::operation_outcome;
use anamnesis_kernel::{Instant, ResourceType, StreamName};
use anamnesis_store::{ReadError, RecordVersion};
use futures::FutureExt;

use super::outcome::Outcome;
use super::page;
use super::query;
use super::reply::Reply;
use super::search::{bundle_id, linked};
use super::together::in_order;
use crate::app::App;
use crate::as_of::as_of;
use crate::held::Told;
use asked::Asked;
use line::Line;
use listed::Listed;
use page_of::{Page, page_of};

pub(super) use asked::{count, instant};

/// How many versions are looked up at a time.
const AT_ONCE: usize = 8;

/// Whose history.
pub(super) enum Of {
    /// This record's.
    Record(StreamName),
    /// That of all records of a type.
    Type(ResourceType),
    /// That of all records.
    System,
}

impl Of {
    /// Its path below the base.
    fn path(&self) -> String {
        match self {
            Self::Record(stream) => format!("{stream}/_history"),
            Self::Type(kind) => format!("{kind}/_history"),
            Self::System => "_history".to_owned(),
        }
    }

    /// What there is to say of records that are held, where these versions are shown of what was until then.
    fn held<'a>(&'a self, app: &App, shown: &'a [RecordVersion], until: Instant) -> Told<'a> {
        let names = shown.iter().map(|version| &version.name);
        match self {
            Self::Record(stream) => Told::of(app, std::iter::once(stream), Some(until)),
            Self::Type(kind) => Told::of_some(app, names, |one| one == *kind, Some(until)),
            Self::System => Told::of_some(app, names, |_| true, Some(until)),
        }
    }
}

/// Versions, newest first, deletions without a resource; what was erased is left out.
///
/// # Errors
///
/// 404 when a record was not here yet; 400 when a parameter cannot be taken.
pub(super) async fn history(
    app: &App,
    of: &Of,
    pairs: &[(String, String)],
    strict: bool,
) -> Result<Reply, Outcome> {
    let path = of.path();
    let as_of = as_of(app, pairs).await?;
    let mut asked = Asked::read(app, &path, pairs, &as_of, strict)?;
    if let Some(list) = &asked.list {
        asked.listed = Some(Listed::read(app, list, asked.as_of).await?);
    }
    let counted = match of {
        Of::Record(stream) => Some(app.engine.views().history_count(stream, as_of.at()).await?),
        _ => None,
    };
    if counted == Some(0) {
        return Err(Outcome::NotFound);
    }
    let Page { shown, next } = page_of(app, of, &asked).await?;
    let texts = app.engine.texts(&shown.iter().collect::<Vec<_>>()).await?;
    let lines = lines(app, &shown).await?;

    let url = format!("{}/{path}", app.base_url);
    let own = linked(&url, &query::text(&asked.pairs));
    let next = next.map(|end| {
        let mut pairs = asked.pairs.clone();
        pairs.push(("_page", page::token(&app.engine.keyring().store, &asked.question, &end)));
        linked(&url, &query::text(&pairs))
    });
    let mut links = vec![("self", own.as_str())];
    links.extend(next.as_deref().map(|next| ("next", next)));

    let urls: Vec<String> = shown.iter().map(|one| format!("{}/{}", app.base_url, one.name)).collect();
    // A version that is neither there nor a deletion was erased.
    let told = lines.iter().zip(&texts).zip(&urls).filter(|((line, text), _)| text.is_some() || line.deleted);
    let entries: Vec<Happened<'_>> = told
        .map(|((line, text), full_url)| Happened {
            full_url,
            resource: text.as_deref(),
            method: line.method,
            url: &line.url,
            status: line.status,
            etag: &line.etag,
            last_modified: &line.modified,
        })
        .collect();
    let total = match counted {
        // All of it is on this page.
        _ if asked.after.is_none() && next.is_none() && asked.count > 0 => Some(entries.len() as u64),
        Some(counted) if asked.whole() && entries.len() == shown.len() => Some(counted),
        // To count all of a type would cost more than the page.
        _ => None,
    };
    let until = asked.until().unwrap_or(as_of.cursor.moment);
    let issues = of.held(app, &shown, until).in_history();
    let outcome = (!issues.is_empty()).then(|| operation_outcome(&issues).to_text());
    let said = outcome.as_deref().map(|outcome| Said { url: &path, outcome });
    let now = app.engine.now().to_millis_text();
    let id = bundle_id();
    let head = Head { id: Some(&id), last_updated: Some(&now), total };
    Ok(Reply::bundle(history_bundle(&head, &links, entries, said), as_of.cursor))
}

/// What is said of each, for which the version before it is looked up where it matters.
async fn lines(app: &App, shown: &[RecordVersion]) -> Result<Vec<Line>, ReadError> {
    let mut tasks = Vec::with_capacity(shown.len());
    for (at, version) in shown.iter().enumerate() {
        let behind = shown.get(at + 1).filter(|behind| behind.name == version.name);
        tasks.push(
            async move {
                if version.version == 1 || behind.is_some() {
                    return Ok(Line::of(version, behind));
                }
                let before = app.engine.views().history(&version.name, version.version, None, 1).await?;
                Ok(Line::of(version, before.first()))
            }
            .boxed(),
        );
    }
    in_order(tasks, AT_ONCE).await.into_iter().collect()
}
