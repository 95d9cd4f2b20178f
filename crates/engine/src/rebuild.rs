//! Making a generation of views from nothing: the projector's own loop over the whole log.

use std::sync::Arc;

use anamnesis_store::Views;

use crate::engine::Engine;
use crate::projector::{ProjectError, Projector};

/// How far a fold over the whole log is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Events folded.
    pub done: u64,
    /// Events in all.
    pub total: u64,
}

/// Folds the whole log into `views`, which are empty or were begun before, and tells how far it is.
///
/// # Errors
///
/// When the log cannot be folded or the views not be written.
pub async fn rebuild(
    engine: &Arc<Engine>,
    views: Arc<dyn Views>,
    mut tell: impl FnMut(Progress),
) -> Result<u64, ProjectError> {
    let mut projector = Projector::new(Arc::clone(engine), views).await?;
    loop {
        let folded = projector.step().await?;
        let total = engine.head().offset(0);
        tell(Progress { done: projector.offset(), total });
        if folded == 0 {
            return Ok(projector.offset());
        }
    }
}
