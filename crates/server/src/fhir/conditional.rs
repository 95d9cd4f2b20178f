//! Criteria in place of an id: of conditional creates, <https://hl7.org/fhir/R4/http.html#ccreate>, updates,
//! <https://hl7.org/fhir/R4/http.html#cond-update>, deletions, and references, <https://hl7.org/fhir/R4/http.html#trules>.
//!
//! Invariant: that none was found is only said with a claim that was read before the views had all of the log, so
//! that of two who race the second is told to search again; and what was found is only changed at the version that
//! was found, so that it still meets the criteria when it is.

use std::collections::HashSet;

use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_fhir::search::{is_about_result, parse};
use anamnesis_kernel::search::Query;
use anamnesis_kernel::{ResourceType, StreamName};
use anamnesis_store::{Claim, Hit, RecordVersion};
use futures::FutureExt;
use http::StatusCode;

use super::get::broken_query;
use super::outcome::Outcome;
use super::query;
use super::search::Asking;
use super::together::in_order;
use crate::app::App;
use crate::as_of::refused;
use crate::index::Index;

/// Where criteria stand that are the query of a URL.
pub(super) const CRITERIA: &str = "the URL";

/// How often a search is done anew because someone touched its claim.
pub(super) const ATTEMPTS_MAX: u32 = 10;

const SEARCHES_AT_ONCE: usize = 8;

/// A search that must find none, or one.
pub(super) struct Criteria {
    /// The type that is searched.
    pub(super) kind: ResourceType,
    /// The criteria in an order of their own, so that those who mean the same say the same.
    pub(super) normal: String,
    query: Query,
    /// What they were read by.
    index: Index,
}

/// What criteria find.
pub(super) enum Match {
    /// This record.
    One(RecordVersion),
    /// None; a commit that depends on it carries the claim.
    None(Claim),
    /// More than one.
    Several,
}

impl Criteria {
    /// Reads criteria; what is not understood is refused, as it would widen them.
    ///
    /// # Errors
    ///
    /// Everything wrong with them.
    pub(super) fn parse(app: &App, kind: ResourceType, text: &str) -> Result<Self, Vec<Issue>> {
        // Clients send both forms: with the type in front, and without.
        let text = text.strip_prefix(kind.name()).unwrap_or(text);
        let pairs =
            query::pairs(text.strip_prefix('?').unwrap_or(text)).ok_or_else(|| vec![broken_query()])?;
        refused(&pairs).map_err(|problem| Outcome::from(problem).issues())?;
        let asking = Asking::new(app, true);
        let parsed = parse(kind, &pairs, &asking.context());
        let index = asking.index(app).cloned();
        let index =
            index.map_err(|unindexed| vec![Issue::error(IssueCode::Transient, unindexed.to_string())])?;
        let parsed = parsed?;
        let mut said: Vec<_> =
            parsed.understood.into_iter().filter(|(key, _)| !is_about_result(key)).collect();
        if said.is_empty() || parsed.page.is_some() {
            let what = "criteria must name at least one search parameter";
            return Err(vec![Issue::error(IssueCode::Value, what)]);
        }
        if parsed.as_of.is_some() {
            let what = "_asOf: what is written depends on the present alone";
            return Err(vec![Issue::error(IssueCode::Value, what)]);
        }
        said.sort();
        said.dedup();
        let mut query = parsed.query;
        query.limit = 2;
        query.order.clear();
        Ok(Self { kind, normal: query::text(&said), query, index })
    }

    /// The same, to find up to so many instead of two.
    pub(super) fn up_to(mut self, records: u32) -> Self {
        self.query.limit = records;
        self
    }

    /// What the views that serve now find.
    async fn hits(&self, app: &App) -> Result<Vec<Hit>, Outcome> {
        Ok(self.index.views_now(app)?.search(&self.query).await?)
    }

    /// As it is searched.
    pub(super) const fn query(&self) -> &Query {
        &self.query
    }

    /// What to say when they find several; criteria can name people, so they are not repeated.
    pub(super) fn several(&self, at: impl Into<String>) -> Issue {
        let what = format!("several records of type {} meet the criteria", self.kind);
        Issue::error(IssueCode::MultipleMatches, what).at(at)
    }
}

/// What each of these finds, in order.
///
/// # Errors
///
/// When the log or the views cannot be read, or the views do not reach the end of the log in time.
pub(super) async fn resolve(app: &App, all: &[Criteria]) -> Result<Vec<Match>, Outcome> {
    let mut found: Vec<Option<Match>> =
        searched(app, all.iter().collect()).await?.into_iter().map(Found::matched).collect();
    let open: Vec<&Criteria> =
        all.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(c, _)| c).collect();
    if !open.is_empty() {
        let claims = claims(app, open.iter().copied()).await?;
        catch_up(app).await?;
        let again = searched(app, open).await?.into_iter().zip(claims);
        let mut again = again.map(|(found, claim)| found.matched().unwrap_or(Match::None(claim)));
        for slot in found.iter_mut().filter(|slot| slot.is_none()) {
            *slot = again.next();
        }
    }
    Ok(found.into_iter().flatten().collect())
}

/// What references find, in order: what is there wins, and the views are waited for only where something is not.
///
/// # Errors
///
/// When the views cannot be read, or do not reach the end of the log in time.
pub(super) async fn look_up(
    app: &App,
    all: &[Criteria],
) -> Result<Vec<Result<RecordVersion, bool>>, Outcome> {
    let mut found = searched(app, all.iter().collect()).await?;
    if found.iter().any(|found| matches!(found, Found::None)) {
        catch_up(app).await?;
        let open: Vec<&Criteria> = all
            .iter()
            .zip(&found)
            .filter(|(_, found)| matches!(found, Found::None))
            .map(|(c, _)| c)
            .collect();
        let mut again = searched(app, open).await?.into_iter();
        for slot in found.iter_mut().filter(|found| matches!(found, Found::None)) {
            *slot = again.next().unwrap_or(Found::None);
        }
    }
    let told = |found| match found {
        Found::One(version) => Ok(version),
        Found::None => Err(false),
        Found::Several => Err(true),
    };
    Ok(found.into_iter().map(told).collect())
}

enum Found {
    None,
    One(RecordVersion),
    Several,
}

impl Found {
    fn matched(self) -> Option<Match> {
        match self {
            Self::None => None,
            Self::One(version) => Some(Match::One(version)),
            Self::Several => Some(Match::Several),
        }
    }
}

async fn searched(app: &App, all: Vec<&Criteria>) -> Result<Vec<Found>, Outcome> {
    let mut tasks = Vec::with_capacity(all.len());
    for criteria in all {
        tasks.push(one(app, criteria).boxed());
    }
    in_order(tasks, SEARCHES_AT_ONCE).await.into_iter().collect()
}

async fn one(app: &App, criteria: &Criteria) -> Result<Found, Outcome> {
    let mut hits = criteria.hits(app).await?.into_iter();
    Ok(match (hits.next(), hits.next()) {
        (None, _) => Found::None,
        (Some(hit), None) => Found::One(hit.version),
        _ => Found::Several,
    })
}

/// What criteria find when the views have all of the log.
pub(super) struct Settled {
    /// Carried by a commit that depends on none having been found.
    pub(super) claim: Claim,
    /// At most as many as were wanted.
    pub(super) found: Vec<RecordVersion>,
}

impl Settled {
    /// What it comes to when these records are gone.
    pub(super) fn without(self, gone: &HashSet<StreamName>) -> Match {
        let mut left = self.found.into_iter().filter(|version| !gone.contains(&version.name));
        match (left.next(), left.next()) {
            (None, _) => Match::None(self.claim),
            (Some(one), None) => Match::One(one),
            _ => Match::Several,
        }
    }
}

/// What each of these finds now, in order: for interactions that change what they find, or depend on its absence.
///
/// A commit about a record that was found expects it at the version that was found. When it stands elsewhere by
/// then, or a claim was touched, this is asked again, at most [`ATTEMPTS_MAX`] times.
///
/// # Errors
///
/// When the log or the views cannot be read, or the views do not reach the end of the log in time.
pub(super) async fn settle(app: &App, all: &[Criteria]) -> Result<Vec<Settled>, Outcome> {
    let claims = claims(app, all.iter()).await?;
    catch_up(app).await?;
    let mut tasks = Vec::with_capacity(all.len());
    for criteria in all {
        tasks.push(criteria.hits(app).boxed());
    }
    let mut settled = Vec::with_capacity(all.len());
    for (hits, claim) in in_order(tasks, SEARCHES_AT_ONCE).await.into_iter().zip(claims) {
        settled.push(Settled { claim, found: hits?.into_iter().map(|hit| hit.version).collect() });
    }
    Ok(settled)
}

/// The claims on these criteria, as they were last touched.
async fn claims<'a>(
    app: &App,
    all: impl Iterator<Item = &'a Criteria>,
) -> Result<Vec<Claim>, anamnesis_store::ReadError> {
    let mut claims = Vec::new();
    for criteria in all {
        let claim = app.engine.keyring().store.claim(&format!("{}?{}", criteria.kind, criteria.normal));
        claims.push(Claim { claim, seen: app.engine.log().claim(claim).await? });
    }
    Ok(claims)
}

/// Waits until the views have everything that was acknowledged.
///
/// # Errors
///
/// When they do not in time.
pub(super) async fn catch_up(app: &App) -> Result<(), Outcome> {
    if app.engine.wait_for_views(&app.engine.head(), app.limits.views).await {
        return Ok(());
    }
    let what = "the views have not caught up with the log yet; nothing was kept";
    Err(Outcome::Machine(StatusCode::SERVICE_UNAVAILABLE, Issue::error(IssueCode::Transient, what)))
}
