//! The next commits of the log, each whole.

use anamnesis_store::{ReadError, StoredEvent};

use crate::engine::Engine;

/// About so many events from an offset on, commit by commit; at least one commit where there is any.
pub(super) async fn next(
    engine: &Engine,
    from: u64,
    mut events_max: u32,
) -> Result<Vec<Vec<StoredEvent>>, ReadError> {
    let head = engine.head().offset(0);
    loop {
        let stored = engine.log.read(0, from, events_max).await?;
        let to_the_end = from + stored.len() as u64 >= head;
        let mut commits = split(stored);
        if to_the_end || commits.is_empty() {
            return Ok(commits);
        }
        // The last may go on beyond what was read.
        commits.pop();
        if !commits.is_empty() {
            return Ok(commits);
        }
        // One commit is longer than the batch.
        events_max = events_max.saturating_mul(2);
    }
}

/// Splits events that follow one another into commits.
fn split(stored: Vec<StoredEvent>) -> Vec<Vec<StoredEvent>> {
    let mut commits: Vec<Vec<StoredEvent>> = Vec::new();
    for event in stored {
        match commits.last_mut() {
            Some(last) if last.first().is_some_and(|first| first.commit_id == event.commit_id) => {
                last.push(event)
            }
            _ => commits.push(vec![event]),
        }
    }
    commits
}
