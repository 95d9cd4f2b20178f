//! One page of what a search finds, all of it at one moment.

use std::sync::Arc;

use anamnesis_kernel::search::After;
use anamnesis_kernel::{Instant, StreamName, Version};
use anamnesis_store::{ReadError, RecordVersion};

use super::include::{Included, included};
use super::question::Question;
use super::same::widen;
use super::with_one_more;
use crate::app::App;
use crate::index::Index;

/// A record that is shown.
pub(super) struct Shown {
    pub(super) name: StreamName,
    pub(super) version: Version,
    /// Its JSON text.
    pub(super) text: Arc<[u8]>,
}

/// The records of these versions that are still there to be shown, in order: what was erased has no text.
pub(super) async fn shown(app: &App, versions: Vec<RecordVersion>) -> Result<Vec<Shown>, ReadError> {
    let texts = app.engine.texts(&versions.iter().collect::<Vec<_>>()).await?;
    let shown = |(RecordVersion { name, version, .. }, text): (_, Option<_>)| {
        Some(Shown { name, version, text: text? })
    };
    Ok(versions.into_iter().zip(texts).filter_map(shown).collect())
}

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
    let views = index.views();
    let wanted = with_one_more(&mut query);
    let (mut hits, total) = match (question.parsed.summary_count, question.counts()) {
        (true, true) => (Vec::new(), Some(views.count(&query).await?)),
        (true, false) => (Vec::new(), question.total),
        (false, true) => views.search_counted(&query).await.map(|(hits, all)| (hits, Some(all)))?,
        (false, false) => (views.search(&query).await?, question.total),
    };
    let more = hits.len() > wanted;
    hits.truncate(wanted);
    let last = hits.last().filter(|_| more).map(|hit| hit.after.clone());
    let matches = shown(app, hits.into_iter().map(|hit| hit.version).collect()).await?;
    let included = included(app, index, &question.parsed.includes, &matches, at).await?;
    Ok(Page { total, matches, included, last })
}
