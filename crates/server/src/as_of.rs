//! `_asOf`: the moment a read is about, at every door.
//!
//! Invariant: what is answered as of a point says so in `Anamnesis-Cursor`, and asked as of that cursor again is
//! answered the same, whoever writes meanwhile.

use std::time::Duration;

use anamnesis_engine::{AsOfError, When, WhenError};
use anamnesis_kernel::{Cursor, Instant};
use anamnesis_store::ReadError;

use crate::app::App;

/// What a read calls its moment.
pub(crate) const AS_OF: &str = "_asOf";

/// How long who asks right after the start waits for the views to have what there was: they do at once after an orderly
/// stop, and soon after a crash.
const START_PATIENCE: Duration = Duration::from_secs(1);

/// Up to where a read is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AsOf {
    /// The point of the log: as of it where that was asked, else complete up to it.
    pub(crate) cursor: Cursor,
    is_past: bool,
}

/// Why a read cannot be answered as of the moment it names.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AsOfProblem {
    /// It stands twice.
    #[error("_asOf: must stand once")]
    Twice,
    /// Neither instant nor cursor. A `+` that was sent as it is has become a space on its way.
    #[error("_asOf: {0}; in a URL + is written %2B")]
    Malformed(#[from] WhenError),
    /// In the future, or before the beginning.
    #[error("_asOf: {0}")]
    Unanswerable(AsOfError),
    /// A cursor of a point this log has not reached, or of another log.
    #[error("cursor-unknown: _asOf {0}")]
    CursorUnknown(AsOfError),
    /// The views did not reach it in time: ask again later.
    #[error("the views have not reached _asOf yet")]
    Behind,
    /// The views lack what there was at the start: what is in the log would be told to be missing.
    #[error("the views are catching up after the start; /readyz says how far they are")]
    Starting,
    /// What it stands on tells of the present alone, or writes.
    #[error(
        "_asOf: not taken here: only what reads records, their history or their events can be asked as of"
    )]
    Misplaced,
    /// The log could not be read.
    #[error("the log cannot be read")]
    Read(#[source] ReadError),
}

/// The moment that the pairs of a query name; the present where they name none, once the views have all there was at the
/// start.
///
/// # Errors
///
/// When nothing can be answered as of it.
pub(crate) async fn as_of(app: &App, pairs: &[(String, String)]) -> Result<AsOf, AsOfProblem> {
    match named(pairs)? {
        Some(when) => resolved(app, &when).await,
        None => AsOf::present(app).await,
    }
}

/// The same of what is read from the log, which lacks nothing at the start.
///
/// # Errors
///
/// When nothing can be answered as of it.
pub(crate) async fn as_of_log(app: &App, pairs: &[(String, String)]) -> Result<AsOf, AsOfProblem> {
    match named(pairs)? {
        Some(when) => resolved(app, &when).await,
        None => Ok(AsOf::now(app)),
    }
}

fn named(pairs: &[(String, String)]) -> Result<Option<When>, AsOfProblem> {
    let mut named = pairs.iter().filter(|(key, _)| key == AS_OF);
    let Some((_, text)) = named.next() else { return Ok(None) };
    if named.next().is_some() {
        return Err(AsOfProblem::Twice);
    }
    Ok(Some(text.parse()?))
}

/// This moment, once the views have all there was.
///
/// # Errors
///
/// When nothing can be answered as of it.
pub(crate) async fn resolved(app: &App, when: &When) -> Result<AsOf, AsOfProblem> {
    let cursor = app.engine.as_of(when).await?;
    if !app.engine.wait_for_views(&cursor, app.limits.views).await {
        return Err(AsOfProblem::Behind);
    }
    Ok(AsOf { cursor, is_past: true })
}

/// Sees to it that the pairs of what cannot be asked as of a moment name none.
///
/// # Errors
///
/// When they do.
pub(crate) fn refused<K: AsRef<str>, V>(pairs: &[(K, V)]) -> Result<(), AsOfProblem> {
    let named = pairs.iter().any(|(key, _)| key.as_ref() == AS_OF);
    if named { Err(AsOfProblem::Misplaced) } else { Ok(()) }
}

impl AsOf {
    /// The present, once the views have what there was at the start.
    async fn present(app: &App) -> Result<Self, AsOfProblem> {
        let start = app.engine.start();
        let now = Self::now(app);
        if now.cursor.offset(0) >= start.offset(0) {
            return Ok(now);
        }
        let there = app.engine.wait_for_views(start, START_PATIENCE).await;
        if there { Ok(Self::now(app)) } else { Err(AsOfProblem::Starting) }
    }

    /// The present: at least all that the views have when this is called.
    fn now(app: &App) -> Self {
        Self { cursor: app.engine.reached(), is_past: false }
    }

    /// The moment to ask the views as of; none for the present.
    pub(crate) fn at(&self) -> Option<Instant> {
        self.is_past.then_some(self.cursor.moment)
    }

    /// Whether the views have taken in more by now, so that what was read of them since may be of several moments.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub(crate) async fn is_behind(&self, app: &App) -> Result<bool, ReadError> {
        let mark = app.engine.views().watermark().await?;
        Ok(mark.is_some_and(|mark| mark.moment != self.cursor.moment))
    }

    /// What links carry so that they ask as of the same; none for the present.
    pub(crate) fn pair(&self) -> Option<(&'static str, String)> {
        self.is_past.then(|| self.pinned())
    }

    /// What the link to the next page carries, so that it asks as of the same as this one was answered.
    pub(crate) fn pinned(&self) -> (&'static str, String) {
        (AS_OF, self.cursor.to_string())
    }
}

impl From<AsOfError> for AsOfProblem {
    fn from(error: AsOfError) -> Self {
        match error {
            AsOfError::Read(error) => Self::Read(error),
            AsOfError::CursorUnknown => Self::CursorUnknown(error),
            AsOfError::Future | AsOfError::BeforeBeginning => Self::Unanswerable(error),
        }
    }
}
