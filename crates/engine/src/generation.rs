//! One build of the views, with what it is indexed by; which one serves, and how the next takes its place.
//!
//! Invariant: whoever holds a generation may go on with it; one that comes to serve has all that the one before had.

use std::sync::Arc;

use anamnesis_store::{ReadError, Views};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{mpsc, oneshot, watch};

use crate::engine::Engine;
use crate::held::HeldSet;
use crate::index::Indexing;
use crate::projector::{ProjectError, Projector};

/// One build of the views.
pub struct Generation {
    /// Where it is kept.
    pub views: Arc<dyn Views>,
    /// What its records are found by: only views and the indexing they were made with give true answers.
    pub indexing: Arc<dyn Indexing>,
    /// The streams it holds, as its views have them once its projector began.
    pub(crate) held: RwLock<HeldSet>,
}

impl Generation {
    /// The generation that these views are, or become, under this indexing.
    pub fn new(views: Arc<dyn Views>, indexing: Arc<dyn Indexing>) -> Self {
        Self { views, indexing, held: RwLock::new(HeldSet::default()) }
    }
}

impl Generation {
    /// How many events it includes.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub async fn offset(&self) -> Result<u64, ReadError> {
        let watermark = self.views.watermark().await?;
        Ok(watermark.and_then(|watermark| watermark.marks.first().map(|mark| mark.offset)).unwrap_or(0))
    }
}

/// One who shall take over, and who is told what came of it.
pub(crate) struct Successor {
    pub(crate) projector: Projector,
    pub(crate) told: oneshot::Sender<Result<(), ProjectError>>,
}

/// The generation that serves, and how the next is offered to the projector that runs.
pub(crate) struct Generations {
    serving: watch::Sender<Arc<Generation>>,
    offers: mpsc::Sender<Successor>,
    /// Gone with the projector that runs, so that nobody waits for one that has ended.
    offered: Mutex<Option<mpsc::Receiver<Successor>>>,
}

impl Generations {
    pub(crate) fn new(serving: Generation) -> Self {
        let (offers, offered) = mpsc::channel(1);
        let serving = watch::Sender::new(Arc::new(serving));
        Self { serving, offers, offered: Mutex::new(Some(offered)) }
    }

    /// What is offered from now on; given once.
    pub(crate) fn offered(&self) -> Option<mpsc::Receiver<Successor>> {
        self.offered.lock().take()
    }

    /// From now on this one serves.
    pub(crate) fn swap(&self, next: Arc<Generation>) {
        self.serving.send_replace(next);
    }
}

impl Engine {
    /// The generation that serves: a request that needs both its views and its indexing takes it once.
    pub fn serving(&self) -> Arc<Generation> {
        Arc::clone(&self.generations.serving.borrow())
    }

    /// The serving views, for as long as the caller keeps them.
    pub fn views(&self) -> Arc<dyn Views> {
        Arc::clone(&self.generations.serving.borrow().views)
    }

    /// How many records a generation, whose projector has ended, holds at versions that the serving views are beyond; 0
    /// where those are of other code or of another log, and say nothing.
    ///
    /// # Errors
    ///
    /// When the log or the views cannot be read.
    pub async fn lost_by(&self, next: &Generation) -> Result<u64, ReadError> {
        let serving = self.serving();
        let says_nothing = serving.views.watermark().await?.is_none();
        if says_nothing || Projector::fits(self, &serving).await?.is_err() {
            return Ok(0);
        }
        let names: Vec<_> =
            next.held.read().iter().filter_map(|held| Some((held.name.clone()?, held.version))).collect();
        let mut lost = 0;
        for (name, version) in names {
            let shown = serving.views.find_one(&name, None).await?;
            lost += u64::from(shown.is_some_and(|shown| shown.version > version));
        }
        Ok(lost)
    }

    /// Has the projector that runs give way to this one, which has caught up as far as it could; ends when it serves.
    ///
    /// False says that no projector ran any more.
    ///
    /// # Errors
    ///
    /// When it could not catch up for good, or holds a stream that the serving one does not; the one that served goes on.
    pub async fn hand_over(&self, projector: Projector) -> Result<bool, ProjectError> {
        let (told, answer) = oneshot::channel();
        if self.generations.offers.send(Successor { projector, told }).await.is_err() {
            return Ok(false);
        }
        answer.await.map_or(Ok(false), |taken| taken.map(|()| true))
    }
}
