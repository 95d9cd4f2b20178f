//! The engine: what it is put together from.

use std::sync::Arc;
use std::time::Duration;

use anamnesis_kernel::{Clock, Cursor};
use anamnesis_seal::{Minter, SystemRandom};
use anamnesis_store::{CacheHealth, Log, Snapshots, Views};
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::cache::{Caches, Caching};
use crate::commit::Order;
use crate::generation::{Generation, Generations};
use crate::held::Retries;
use crate::index::Indexing;
use crate::instruments::Instruments;
use crate::keyring::Keyring;
use crate::projector::Reached;
use crate::snapshot::{SnapshotPolicy, Taking};

/// What an engine is put together from.
pub struct Parts {
    /// The log.
    pub log: Arc<dyn Log>,
    /// The serving views.
    pub views: Arc<dyn Views>,
    /// States that were folded already.
    pub snapshots: Arc<dyn Snapshots>,
    /// When such states are kept.
    pub snapshot_policy: SnapshotPolicy,
    /// The keys.
    pub keyring: Keyring,
    /// What FHIR says of a record, and what the serving views find it by.
    pub indexing: Arc<dyn Indexing>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who measures.
    pub instruments: Arc<dyn Instruments>,
    /// How much is remembered, and where.
    pub caching: Caching,
    /// How long a writer waits for the views before it is told that the log has its events, the views not yet.
    pub views_patience: Duration,
}

/// Loads, decides, appends, waits for the views, and reads.
pub struct Engine {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) generations: Generations,
    pub(crate) taking: Taking,
    pub(crate) retries: Retries,
    pub(crate) keyring: Keyring,
    pub(crate) indexing: Arc<dyn Indexing>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instruments: Arc<dyn Instruments>,
    pub(crate) views_patience: Duration,
    pub(crate) minter: Minter,
    pub(crate) caches: Caches,
    pub(crate) order: Order,
    pub(crate) reached: watch::Sender<Reached>,
    pub(crate) stuck: RwLock<Option<String>>,
    /// How many wait for the views to advance.
    waiting: watch::Sender<usize>,
    /// The end of the log when this began.
    start: Cursor,
}

impl Engine {
    /// Puts an engine together; views are made once its [`crate::projector`] runs.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { log, views, snapshots, snapshot_policy, keyring, .. } = parts;
        let Parts { indexing, clock, instruments, caching, views_patience, .. } = parts;
        let (partitions, start) = (log.info().partitions, log.head().borrow().cursor.clone());
        let reached = Reached { cursor: Cursor::beginning(usize::try_from(partitions).unwrap_or(1)) };
        let caches = Caches::new(caching, Arc::clone(&instruments));
        let serving = Generation::new(views, Arc::clone(&indexing));
        Arc::new(Self {
            log,
            generations: Generations::new(serving),
            taking: Taking::new(snapshots, snapshot_policy),
            retries: Retries::new(),
            keyring,
            indexing,
            clock,
            instruments,
            views_patience,
            minter: Minter::new(SystemRandom),
            caches,
            order: Order::new(),
            reached: watch::Sender::new(reached),
            stuck: RwLock::new(None),
            waiting: watch::Sender::new(0),
            start,
        })
    }

    /// The log, for those who watch its head.
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.log
    }

    /// The keys in use.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Mints ids.
    pub fn minter(&self) -> &Minter {
        &self.minter
    }

    /// The time by the engine's clock.
    pub fn now(&self) -> anamnesis_kernel::Instant {
        self.clock.now()
    }

    /// How many records, texts and streams the process remembers.
    pub fn remembers(&self) -> usize {
        self.caches.len()
    }

    /// How the cache outside the process fares, where there is one.
    pub fn cache_health(&self) -> Option<CacheHealth> {
        self.caches.health()
    }

    /// The end of the log: everything acknowledged lies at or before it.
    pub fn head(&self) -> Cursor {
        self.log.head().borrow().cursor.clone()
    }

    /// The end of the log when the process began: until the views have it, they lack what readers saw before.
    pub const fn start(&self) -> &Cursor {
        &self.start
    }

    /// Up to where the views are complete.
    pub fn reached(&self) -> Cursor {
        self.reached.borrow().cursor.clone()
    }

    /// Why the views do not advance, when they cannot.
    pub fn stuck(&self) -> Option<String> {
        self.stuck.read().clone()
    }

    /// Waits until the views have everything up to `cursor`; false when `patience` ran out.
    pub async fn wait_for_views(&self, cursor: &Cursor, patience: Duration) -> bool {
        let mut reached = self.reached.subscribe();
        let covers = |reached: &Reached| {
            reached.cursor.offsets.iter().zip(&cursor.offsets).all(|(have, wanted)| have >= wanted)
        };
        if covers(&reached.borrow_and_update()) {
            return true;
        }
        self.waiting.send_modify(|waiting| *waiting += 1);
        let _waiting = Waiting(&self.waiting);
        tokio::time::timeout(patience, reached.wait_for(covers)).await.is_ok_and(|seen| seen.is_ok())
    }

    /// Whether someone waits for the views.
    pub(crate) fn is_awaited(&self) -> bool {
        *self.waiting.borrow() > 0
    }

    /// Ends as soon as someone waits for the views.
    pub(crate) async fn awaited(&self) {
        // The sender is the engine's own, so it is never gone.
        let _ = self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await;
    }
}

/// One who waits for the views; no longer, once dropped.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}
