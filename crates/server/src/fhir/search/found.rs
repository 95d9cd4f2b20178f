//! One page of what a search finds, all of it at one moment.

use std::sync::Arc;

use anamnesis_kernel::search::After;
use anamnesis_kernel::{Instant, StreamName};
use anamnesis_store::ReadError;

use super::include::{Included, included};
use super::question::Question;
use super::same::widen;
use super::{page_in, versions};
use crate::app::App;
use crate::index::Index;

/// A record that is shown: its name, and its JSON text.
pub(super) type Shown = (StreamName, Arc<[u8]>);

/// One page.
pub(super) struct Page {
    /// How many are found in all, where that is wanted.
    pub(super) total: Option<u64>,
    /// Those of this page.
    pub(super) matches: Vec<Shown>,
    /// What comes along with them.
    pub(super) included: Included,
    /// Behind which the next page begins, if there is one.
    pub(super) last: Option<After>,
}

/// The page that is asked for, as of `at`, or of now.
///
/// # Errors
///
/// When the views or the log cannot be read.
pub(super) async fn found(
    app: &App,
    index: &Index,
    question: &Question,
    at: Option<Instant>,
) -> Result<Page, ReadError> {
    let mut query = question.parsed.query.clone();
    query.at = at;
    widen(app, index.views(), &mut query, at).await?;
    let (mut hits, mut more) = (Vec::new(), true);
    if !question.parsed.summary_count {
        (hits, more) = page_in(index.views(), &mut query).await?;
    }
    let total = match question.counts() {
        // All of it is on this page.
        true if !more && query.after.is_none() => Some(hits.len() as u64),
        true => Some(index.views().count(&query).await?),
        false => question.total,
    };
    let last = hits.last().filter(|_| more).map(|hit| hit.after.clone());
    let texts = app.engine.texts(&versions(&hits)).await?;
    // What was erased has no text.
    let matches: Vec<Shown> =
        hits.into_iter().zip(texts).filter_map(|(hit, text)| Some((hit.version.name, text?))).collect();
    let included = included(app, index, &question.parsed.includes, &matches, at).await?;
    Ok(Page { total, matches, included, last })
}
