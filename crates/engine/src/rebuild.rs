//! Making a generation of views from nothing: the projector's own loop over the whole log.

use std::sync::Arc;

use crate::engine::Engine;
use crate::generation::Generation;
use crate::projector::{ProjectError, Projector};

/// A generation that lacks fewer events is caught up: the rest is folded while it takes over.
const NEAR_EVENTS: u64 = 500;

/// How far a fold over the whole log is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Events folded.
    pub done: u64,
    /// Events in all.
    pub total: u64,
}

/// Folds the whole log into a generation that is empty or was begun before, and tells how far it is.
///
/// # Errors
///
/// When the log cannot be folded or the views not be written.
pub async fn rebuild(
    engine: &Arc<Engine>,
    generation: Arc<Generation>,
    mut tell: impl FnMut(Progress),
) -> Result<u64, ProjectError> {
    let mut projector = Projector::new(Arc::clone(engine), generation).await?;
    while projector.step_ahead().await? {
        tell(Progress { done: projector.offset(), total: engine.head().offset(0) });
    }
    projector.finish().await?;
    Ok(projector.offset())
}

/// Folds the log into a generation until it is near enough to its end to take over, however much is written
/// meanwhile; none when `go_on` says no.
///
/// # Errors
///
/// When the log cannot be folded or the views not be written.
pub async fn build(
    engine: &Arc<Engine>,
    generation: Arc<Generation>,
    mut go_on: impl FnMut(Progress) -> bool,
) -> Result<Option<Projector>, ProjectError> {
    let mut projector = Projector::new(Arc::clone(engine), generation).await?;
    loop {
        let (done, total) = (projector.offset(), engine.head().offset(0));
        if !go_on(Progress { done, total }) {
            return Ok(None);
        }
        if projector.ahead() + NEAR_EVENTS <= total {
            projector.step_ahead().await?;
            continue;
        }
        // Whoever goes on with it finds nothing under way.
        projector.finish().await?;
        if projector.offset() + NEAR_EVENTS > total {
            return Ok(Some(projector));
        }
    }
}
