//! Which request a commit came with, until the projector has it.
//!
//! Invariant: bounded; what is forgotten costs a link and nothing else.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use opentelemetry::trace::SpanContext;
use uuid::Uuid;

/// How many commits may be on their way to the views.
const COMMITS_MAX: usize = 8_192;

#[derive(Default)]
pub(super) struct Commits(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    by_id: HashMap<Uuid, SpanContext>,
    order: VecDeque<Uuid>,
}

impl Commits {
    pub(super) fn remember(&self, commit: Uuid, span: SpanContext) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.by_id.insert(commit, span).is_none() {
            remembered.order.push_back(commit);
        }
        // The order also has those that were recalled.
        while remembered.order.len() > COMMITS_MAX
            && let Some(oldest) = remembered.order.pop_front()
        {
            remembered.by_id.remove(&oldest);
        }
    }

    /// The span of the request that this commit came with; asked once.
    pub(super) fn recall(&self, commit: Uuid) -> Option<SpanContext> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_id.remove(&commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_first() {
        let commits = Commits::default();
        let id = |n: usize| Uuid::from_u128(n as u128);
        for n in 0..=COMMITS_MAX {
            commits.remember(id(n), SpanContext::NONE);
        }
        assert!(commits.recall(id(0)).is_none());
        assert!(commits.recall(id(1)).is_some());
        assert!(commits.recall(id(1)).is_none(), "it is asked once");
        assert!(commits.recall(id(COMMITS_MAX)).is_some());
    }
}
