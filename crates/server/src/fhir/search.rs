//! The search interaction: <https://hl7.org/fhir/R4/http.html#search>.

use std::sync::Arc;

use anamnesis_fhir::bundle::{Found, Head, Mode, searchset};
use anamnesis_fhir::search::{Context, Limits, Sets, Total, parse};
use anamnesis_kernel::search::Query;
use anamnesis_kernel::{Instant, ResourceType};
use anamnesis_store::{Hit, ReadError, Views};
use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::outcome::Outcome;
use super::page::{self, End};
use super::reply::{self, Reply};
use super::together::texts;
use super::{get, negotiate, query, represent, request};
use crate::app::App;
use crate::as_of::{AS_OF, as_of};
use crate::index::{Index, Unindexed};

const COUNT_DEFAULT: u32 = 20;

/// `POST /{kind}/_search`, the parameters in a form, or in the URL, or in both.
pub(super) async fn handle_post(
    State(app): State<App>,
    Path(kind): Path<String>,
    request: Request,
) -> Response {
    let answer = async {
        let (parts, body) = request.into_parts();
        let strict = request::accepted(&app, &parts.headers, parts.uri.query()).await?;
        let kind = request::kind(&kind)?;
        let body = request::bytes(&app, &parts.headers, body).await?;
        if !negotiate::sends_form(&parts.headers) && !body.is_empty() {
            return Err(Outcome::MediaType);
        }
        let broken = || Outcome::Invalid(vec![get::broken_query()]);
        let mut pairs = query::pairs(parts.uri.query().unwrap_or_default()).ok_or_else(broken)?;
        let form = std::str::from_utf8(&body).ok().and_then(query::pairs).ok_or_else(broken)?;
        pairs.extend(form);
        request::acceptable_pairs(&parts.headers, &pairs)?;
        let subset = represent::asked(&pairs)?;
        represent::cut(search(&app, kind, &pairs, strict).await?, &subset, &pairs)
    };
    reply::finish(&app, answer.await)
}

/// The records of one type that the parameters ask for, newest main date first, a page at a time.
///
/// # Errors
///
/// When a parameter cannot be taken as it was sent, or the views cannot be read.
pub(super) async fn search(
    app: &App,
    kind: ResourceType,
    pairs: &[(String, String)],
    strict: bool,
) -> Result<Reply, Outcome> {
    let as_of = as_of(app, pairs).await?;
    app.learn().await?;
    let others: Vec<_> = pairs.iter().filter(|(key, _)| key != AS_OF).cloned().collect();
    // Only now, so that its views have all that was waited for.
    let asking = Asking::new(app, strict);
    let parsed = parse(kind, &others, &asking.context());
    let index = asking.index(app)?;
    let mut parsed = parsed.map_err(Outcome::Invalid)?;
    parsed.understood.extend(as_of.pair().map(|(key, cursor)| (key.to_owned(), cursor)));
    if !parsed.includes.is_empty() {
        return Err(Outcome::bad("_include, _revinclude: not answered yet"));
    }
    let keys = &app.engine.keyring().store;
    let url = format!("{}/{kind}", app.base_url);
    let asked: Vec<&(String, String)> = parsed.understood.iter().filter(|(key, _)| key != "_count").collect();
    let question = format!("{kind}?{}", link_text(&asked));
    let mut query = parsed.query;
    query.at = as_of.at();
    if let Some(token) = &parsed.page {
        match page::read(keys, &question, token) {
            Some(End::Place(place)) => query.after = Some(place.into()),
            _ => return Err(Outcome::bad("_page: not a page of this search")),
        }
    }
    let total = match parsed.total != Total::None || parsed.summary_count {
        true => Some(index.views().count(&query).await?),
        false => None,
    };
    let now = app.engine.now().to_millis_text();
    let id = bundle_id();
    let head = Head { id: Some(&id), last_updated: Some(&now), total };
    let own = linked(&url, &query::text(&parsed.understood));
    if parsed.summary_count {
        return Ok(Reply::bundle(searchset(&head, &[("self", &own)], []), as_of.cursor));
    }
    let (hits, more) = page_in(index.views(), &mut query).await?;
    let next = hits.last().filter(|_| more).map(|last| {
        let token = page::token(keys, &question, &End::Place(last.after.place));
        let mut pairs: Vec<(&str, &str)> =
            parsed.understood.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        pairs.push(("_page", &token));
        linked(&url, &query::text(&pairs))
    });
    let texts = texts(app, hits.iter().map(|hit| &hit.version).collect()).await?;
    let mut links = vec![("self", own.as_str())];
    links.extend(next.as_deref().map(|next| ("next", next)));
    let urls: Vec<String> = hits.iter().map(|hit| format!("{}/{}", app.base_url, hit.version.name)).collect();
    let entries = urls.iter().zip(&texts).filter_map(|(url, text)| {
        Some(Found { full_url: Some(url), resource: text.as_deref()?, mode: Mode::Match })
    });
    Ok(Reply::bundle(searchset(&head, &links, entries), as_of.cursor))
}

/// What the query strings of this door are read against.
pub(super) struct Asking {
    index: Index,
    limits: Limits,
    sets: Arc<dyn Sets + Send + Sync>,
    now: Instant,
}

impl Asking {
    /// As of now; `strict` refuses parameters that are not understood.
    pub(super) fn new(app: &App, strict: bool) -> Self {
        let limits = Limits {
            base: Some(app.base_url.clone()),
            count_default: COUNT_DEFAULT.min(app.limits.count_max),
            count_max: app.limits.count_max,
            values_max: app.limits.values_max,
            chain_depth_max: app.limits.chain_depth_max,
            includes_max: app.limits.includes_max,
            sorts_max: app.limits.sorts_max,
            filter_bytes_max: app.limits.filter_bytes_max,
            filter_depth_max: app.limits.filter_depth_max,
            full_text: false,
            strict,
        };
        Self { index: app.index(), limits, sets: app.profiles.sets(), now: app.engine.now() }
    }

    /// What it was read by, and what is to be searched.
    ///
    /// # Errors
    ///
    /// When it names what is not indexed yet, whatever else is wrong with it.
    pub(super) fn index(&self, app: &App) -> Result<&Index, Unindexed> {
        self.index.settled(app).map(|()| &self.index)
    }

    /// What a parser is given.
    pub(super) fn context(&self) -> Context<'_> {
        Context { params: &self.index, sets: &*self.sets, limits: &self.limits, now: self.now }
    }
}

/// The hits of a page, and whether others follow.
///
/// # Errors
///
/// When the views cannot be read.
pub(super) async fn page_of(app: &App, query: &mut Query) -> Result<(Vec<Hit>, bool), ReadError> {
    page_in(&*app.engine.views(), query).await
}

/// The same, of these views.
async fn page_in(views: &dyn Views, query: &mut Query) -> Result<(Vec<Hit>, bool), ReadError> {
    let wanted = query.limit as usize;
    query.limit = query.limit.saturating_add(1);
    let mut hits = views.search(query).await?;
    let more = hits.len() > wanted;
    hits.truncate(wanted);
    Ok((hits, more))
}

/// A bundle made for one answer has an id of its own, and none other will ever have it.
pub(super) fn bundle_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A URL with its query, if it has one.
pub(super) fn linked(url: &str, query: &str) -> String {
    if query.is_empty() { url.to_owned() } else { format!("{url}?{query}") }
}

fn link_text(pairs: &[&(String, String)]) -> String {
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    query::text(&pairs)
}
