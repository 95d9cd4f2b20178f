//! A point of the log as a parameter names it: an instant with a zone, or a cursor.
//!
//! Invariant: an instant is resolved once; nothing later can appear at or before it.

use anamnesis_kernel::{Cursor, Instant};

use super::problem::{Kind, Problem};
use super::query::cursor;
use crate::app::App;

/// Which of the events recorded at the very instant lie at or before the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// All of them.
    Until,
    /// None of them.
    Since,
}

/// The point of the log that `text`, the value of the parameter `name`, stands for.
///
/// # Errors
///
/// 400 when it is neither, or lies in the future or before 1970; 409 when a cursor lies beyond the end.
pub(super) async fn point(app: &App, name: &str, text: &str, edge: Edge) -> Result<Cursor, Problem> {
    let bad = |what: &str| Err(Problem::new(Kind::BadRequest, format!("{name} {what}")));
    let Ok(at) = text.parse::<Instant>() else {
        if text.parse::<Cursor>().is_err() {
            return bad("is neither an instant with a zone nor a cursor; in a URL + is written %2B");
        }
        return cursor(app, name, text);
    };
    if !app.engine.is_past(at) {
        return bad("lies in the future");
    }
    if at.micros() < 0 {
        return bad("lies before 1970");
    }
    let last = match edge {
        Edge::Until => at,
        Edge::Since => at.plus_micros(-1),
    };
    Ok(app.engine.log().resolve(last).await?)
}
