//! Folding a batch while the one before is written, for generations that do not serve.

use std::sync::Arc;

use super::batches::Batches;
use super::scribe::Scribe;
use super::{Folded, ProjectError, Projector};

impl Projector {
    /// As [`step`](Self::step), but a batch is written while the next is folded; false when there was nothing to do.
    ///
    /// For generations that do not serve: what is told of the views is told when they have it.
    ///
    /// # Errors
    ///
    /// When the log cannot be read or the views not be written; what [`offset`](Self::offset) says is there.
    pub(crate) async fn step_ahead(&mut self) -> Result<bool, ProjectError> {
        self.retry_first().await?;
        self.forget_the_erased();
        // What the views refuse is found by one commit after the other.
        if self.mark.offset < self.careful_until || !self.refused.is_empty() {
            return Ok(self.step().await? > 0);
        }
        if self.scribe.is_none() {
            let scribe = Scribe::new(Arc::clone(&self.generation.views));
            self.scribe = Some(scribe.map_err(|error| ProjectError::Views(error.into()))?);
            self.batches = Batches::apart();
        }
        let made = self.make(self.ahead()).await;
        let (had, went_on) = self.taken().await?;
        // What was folded on top of what is not there is nothing.
        if !went_on {
            return Ok(true);
        }
        let Some((change, made)) = made? else { return Ok(had) };
        match &mut self.scribe {
            // Who is parked must be known before the next is folded.
            Some(scribe) if change.parked.is_empty() => scribe.write(change, made),
            _ => {
                let written = self.apply(change).await;
                self.written(made, written).await?;
            }
        }
        Ok(true)
    }

    /// Waits until all that was folded is in the views, for whoever looks at them, or is to be folded again.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub(crate) async fn finish(&mut self) -> Result<(), ProjectError> {
        self.taken().await?;
        self.scribe = None;
        self.batches = Batches::new();
        self.generation.views.finish().await.map_err(ProjectError::Views)
    }

    /// How many events are included once what is being written is there.
    pub(crate) fn ahead(&self) -> u64 {
        let under_way = self.scribe.as_ref().and_then(Scribe::made);
        under_way.map_or(self.mark.offset, |made| made.mark.offset)
    }

    /// Whether something was being written, and whether it can be gone on from there.
    async fn taken(&mut self) -> Result<(bool, bool), ProjectError> {
        let Some(scribe) = &mut self.scribe else { return Ok((false, true)) };
        let Some((made, written)) = scribe.take().await else { return Ok((false, true)) };
        if written.is_err() {
            self.states.clear();
        }
        Ok((true, matches!(self.written(made, written).await?, Folded::Events(_))))
    }
}
