//! The search interaction: <https://hl7.org/fhir/R4/http.html#search>.
//!
//! Invariant: a page is answered as of one cursor, which the answer names, and the pages that follow are answered as of
//! the same; so a reader who turns pages while others write sees no record twice and misses none.

mod asking;
mod found;
mod include;
pub(super) mod post;
mod question;
mod same;
mod scope;
mod told;

use anamnesis_fhir::bundle::{Found, Head, Mode, searchset};
use anamnesis_kernel::search::Query;
use anamnesis_store::{Hit, ReadError, RecordVersion};

use super::outcome::Outcome;
use super::reply::Reply;
use crate::app::App;
use crate::as_of::as_of;
use crate::index::Index;
use found::{Page, Shown, found};
use question::Question;
use told::told;

pub(super) use asking::Asking;
pub(super) use scope::Scope;

/// The records that the parameters ask for, newest main date first unless they say otherwise, a page at a time.
///
/// # Errors
///
/// When a parameter cannot be taken as it was sent, or the views cannot be read.
pub(super) async fn search(
    app: &App,
    scope: &Scope,
    pairs: &[(String, String)],
    strict: bool,
) -> Result<Reply, Outcome> {
    let as_of = as_of(app, pairs).await?;
    app.learn().await?;
    loop {
        // Only now, so that its views have all that was waited for.
        let asking = Asking::new(app, strict);
        let parsed = scope.parse(pairs, &asking.context());
        let index = asking.index(app)?;
        let question = Question::of(app, scope, parsed.map_err(Outcome::Invalid)?, as_of.clone()).await?;
        // A link to a page may have waited for views that took over meanwhile: those are asked then.
        if question.parsed.page.is_none() || index.has(&question.cursor).await? {
            let page = pinned(app, index, &question).await?;
            return Ok(Reply::bundle(bundle(app, &question, &page), question.cursor.clone()));
        }
    }
}

/// The page as of the question's cursor.
///
/// To look at what is there now costs less than to look at what was there then, and is the same as long as nothing
/// came since: that is tried first where it may be so, and holds when the views have not moved on meanwhile.
async fn pinned(app: &App, index: &Index, question: &Question) -> Result<Page, ReadError> {
    let moment = question.cursor.moment;
    if app.engine.reached().moment == moment {
        let page = found(app, index, question, None).await?;
        if index.views().watermark().await?.is_none_or(|mark| mark.moment == moment) {
            return Ok(page);
        }
    }
    found(app, index, question, Some(moment)).await
}

/// The searchset: what matched, what came along, and what there is to say of it.
fn bundle(app: &App, question: &Question, page: &Page) -> Vec<u8> {
    let now = app.engine.now().to_millis_text();
    let id = bundle_id();
    let head = Head { id: Some(&id), last_updated: Some(&now), total: page.total };
    let own = question.own();
    let next = page.last.clone().map(|last| question.page(app, page.total, Some(last)));
    let first = question.parsed.page.as_ref().map(|_| question.page(app, page.total, None));
    let mut links = vec![("self", own.as_str())];
    links.extend(first.as_deref().map(|first| ("first", first)));
    links.extend(next.as_deref().map(|next| ("next", next)));

    let matches = page.matches.iter().map(|shown| (shown, Mode::Match));
    let included = page.included.records.iter().map(|shown| (shown, Mode::Include));
    let shown: Vec<_> = matches
        .chain(included)
        .map(|(Shown { name, text, .. }, mode)| (format!("{}/{name}", app.base_url), text, mode))
        .collect();
    let outcome = told(app, question, page);
    let entries = shown
        .iter()
        .map(|(url, text, mode)| Found { full_url: Some(url), resource: text, mode: *mode })
        .chain(outcome.as_deref().map(|text| Found { full_url: None, resource: text, mode: Mode::Outcome }));
    searchset(&head, &links, entries)
}

/// The hits of a page, and whether others follow.
///
/// # Errors
///
/// When the views cannot be read.
pub(super) async fn page_of(app: &App, query: &mut Query) -> Result<(Vec<Hit>, bool), ReadError> {
    let wanted = with_one_more(query);
    let mut hits = app.engine.views().search(query).await?;
    let more = hits.len() > wanted;
    hits.truncate(wanted);
    Ok((hits, more))
}

/// Has the query ask for one hit more than are shown, which says whether others follow; gives how many are.
fn with_one_more(query: &mut Query) -> usize {
    let wanted = query.limit as usize;
    query.limit = query.limit.saturating_add(1);
    wanted
}

/// The versions of these hits.
pub(super) fn versions(hits: &[Hit]) -> Vec<&RecordVersion> {
    hits.iter().map(|hit| &hit.version).collect()
}

/// A bundle made for one answer has an id of its own, and none other will ever have it.
pub(super) fn bundle_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A URL with its query, if it has one.
pub(super) fn linked(url: &str, query: &str) -> String {
    if query.is_empty() { url.to_owned() } else { format!("{url}?{query}") }
}
