//! What is kept outside the process: put there by tasks of their own, and of use only while the stream stands where it
//! stood.

mod events;

use std::sync::Arc;

use anamnesis_seal::SubjectNumber;
use anamnesis_store::{Cache, CacheHealth, Circuit, Found, Place};
use tokio::sync::Semaphore;

use super::{Erasures, Seen};

pub(crate) use events::{opened as events_of, sealed as sealed_events};

/// How many are sealed at once to be put there; what comes beyond is not put.
const SEALING_MAX: usize = 64;

/// The cache outside, and how much may be on its way there.
pub(crate) struct Outside {
    cache: Arc<dyn Cache>,
    erasures: Erasures,
    sealing: Arc<Semaphore>,
}

impl Outside {
    pub(crate) fn new(cache: Arc<dyn Cache>, erasures: Erasures) -> Self {
        Self { cache, erasures, sealing: Arc::new(Semaphore::new(SEALING_MAX)) }
    }

    pub(crate) fn health(&self) -> CacheHealth {
        self.cache.health()
    }

    /// Whether anything is taken there now.
    pub(crate) fn takes(&self) -> bool {
        self.sealing.available_permits() > 0 && self.cache.health().circuit == Circuit::Closed
    }

    pub(crate) async fn get(&self, place: Place) -> Found {
        self.cache.get(place).await
    }

    pub(crate) fn remove(&self, place: Place) {
        self.cache.remove(place);
    }

    /// Puts what `seal` makes, which was found since `seen`, on a task of its own.
    pub(crate) fn put(
        &self,
        seen: Seen,
        place: Place,
        seal: impl FnOnce() -> Option<Vec<u8>> + Send + 'static,
    ) {
        let Ok(permit) = Arc::clone(&self.sealing).try_acquire_owned() else { return };
        let (cache, erasures) = (Arc::clone(&self.cache), self.erasures.clone());
        tokio::spawn(async move {
            if let Some(bytes) = seal() {
                erasures.keep(seen, || cache.put(place, bytes));
            }
            drop(permit);
        });
    }

    /// Forgets a subject; true once nothing of theirs is there.
    pub(crate) async fn forget(&self, subject: SubjectNumber) -> bool {
        self.cache.forget(subject).await
    }
}
