//! The two moments of a diff: `from`, the beginning where it is absent, and `to`, now.
//!
//! Invariant: instants are resolved to cursors once, and given back, so that the question can be put again.

use std::time::Instant as Stopwatch;

use anamnesis_engine::StateThen;
use anamnesis_json::Value;
use anamnesis_kernel::{Cursor, Event, Instant, Version};
use anamnesis_store::UpTo;

use crate::api::moment::{Edge, point};
use crate::api::problem::{Kind, Problem};
use crate::api::query::{Query, bad, version};
use crate::app::App;

/// One moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// The end of this version of the record.
    Version(Version),
    /// This point of the log.
    Point(Cursor),
}

/// What lies between.
pub(super) struct Bounds {
    pub(super) from: Bound,
    pub(super) to: Bound,
    /// When to give up.
    pub(super) deadline: Stopwatch,
}

impl Bound {
    /// Whether an event lies at or before it.
    pub(super) fn has(&self, event: &Event) -> bool {
        match self {
            Self::Version(version) => event.version <= *version,
            Self::Point(cursor) => event.position.offset < cursor.offset(event.position.partition),
        }
    }

    /// The version it names.
    pub(super) fn version(&self) -> Option<Version> {
        match self {
            Self::Version(version) => Some(*version),
            Self::Point(_) => None,
        }
    }

    /// The moment it names; none where it names a version.
    pub(super) fn moment(&self) -> Option<Instant> {
        match self {
            Self::Version(_) => None,
            Self::Point(cursor) => Some(cursor.moment),
        }
    }

    /// What certainly lies before it: of a version less than itself, since whether it ends a commit shows only when its
    /// event is passed.
    pub(super) fn start(&self) -> UpTo {
        match self {
            Self::Version(version) => UpTo::Version(version.saturating_sub(1)),
            Self::Point(cursor) => UpTo::Moment(cursor.moment.plus_micros(-1)),
        }
    }

    /// Whether a state certainly lies before it.
    pub(super) fn follows(&self, state: &StateThen) -> bool {
        match self {
            Self::Version(version) => state.version < *version,
            Self::Point(cursor) => state.began < cursor.moment,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Version(version) => (*version).into(),
            Self::Point(cursor) => cursor.to_string().into(),
        }
    }

    async fn read(app: &App, name: &str, text: &str, of_one_record: bool) -> Result<Self, Problem> {
        match version(text) {
            Some(version) if of_one_record => Ok(Self::Version(version)),
            Some(_) => Err(bad(format!("{name} is a version, which names no moment of many records"))),
            None => Ok(Self::Point(point(app, name, text, Edge::Until).await?)),
        }
    }
}

impl Bounds {
    /// Reads the query; `of_one_record` lets versions be moments too.
    ///
    /// # Errors
    ///
    /// When one is no moment there was, or they stand the wrong way round.
    pub(super) async fn read(app: &App, query: Option<&str>, of_one_record: bool) -> Result<Self, Problem> {
        let query = Query::read(query, &["from", "to"])?;
        let from = match query.from()? {
            Some(text) => Bound::read(app, "from", text, of_one_record).await?,
            None => Bound::Point(Cursor::beginning(app.engine.head().offsets.len())),
        };
        let to = match query.to()? {
            Some(text) => Bound::read(app, "to", text, of_one_record).await?,
            None => Bound::Point(app.engine.reached()),
        };
        if let Bound::Point(to) = &to
            && !app.engine.wait_for_views(to, app.limits.views).await
        {
            return Err(Problem::new(Kind::Unavailable, "the views have not reached that moment yet"));
        }
        let deadline = Stopwatch::now() + app.limits.query;
        let is_backward = match (&from, &to) {
            (Bound::Version(from), Bound::Version(to)) => from > to,
            (Bound::Point(from), Bound::Point(to)) => {
                from.offsets.iter().zip(&to.offsets).any(|(from, to)| from > to)
            }
            // Which is the later, only the record can say.
            _ => false,
        };
        if is_backward { Err(Self::backward()) } else { Ok(Self { from, to, deadline }) }
    }

    /// The refusal of moments that stand the wrong way round.
    pub(super) fn backward() -> Problem {
        bad("from lies after to")
    }
}
