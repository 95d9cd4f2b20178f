//! The one place that names a store: opens it, puts the engine together, starts the projector.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use anamnesis_chart::Refusal;
use anamnesis_engine::projector::Projector;
use anamnesis_engine::{Engine, Indexed, Indexing, Instruments, Keyring, KeyringError, Parts};
use anamnesis_json::Object;
use anamnesis_kernel::search::Entry;
use anamnesis_kernel::{Clock, Instant, ResourceId, StreamName};
use anamnesis_seal::{MasterKey, SystemRandom};
use anamnesis_store::{Keys, Log, ReadError};
use anamnesis_store_sql::{OpenError, SqliteStore};
use tokio::sync::watch;

use crate::master_key;
use crate::profiles::Profiles;
use crate::settings::Settings;

/// Why a store could not be put to work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WiringError {
    /// The data directory.
    #[error("the store in {directory} cannot be opened")]
    Store {
        /// Where.
        directory: PathBuf,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// Nothing: most likely the directory is misspelt.
    #[error("there is no store in {directory}")]
    Nothing {
        /// Where.
        directory: PathBuf,
    },
    /// The master key's file.
    #[error("the master key in {path} cannot be used")]
    MasterKey {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The keys.
    #[error("the keys cannot be opened")]
    Keys(#[from] KeyringError),
    /// The log or the views.
    #[error("the store cannot be read")]
    Read(#[from] ReadError),
    /// The projector's thread.
    #[error("the projector cannot be started")]
    Thread(#[source] io::Error),
}

/// A store with its engine.
pub(crate) struct Opened {
    /// The store itself.
    pub(crate) store: SqliteStore,
    /// What works on it.
    pub(crate) engine: Arc<Engine>,
    /// What it says of profiles.
    pub(crate) profiles: Arc<Profiles>,
}

/// Opens the store that the settings name; views that do not fit are emptied, to be made again.
pub(crate) async fn open(
    settings: &Settings,
    instruments: Arc<dyn Instruments>,
) -> Result<Opened, WiringError> {
    let mut opened = open_or_make(settings, Arc::clone(&instruments)).await?;
    if let Err(why) = Projector::fits(&opened.engine, &**opened.engine.views()).await? {
        tracing::warn!("{why}: they are made again from the log");
        let Opened { mut store, engine, .. } = opened;
        drop(engine);
        store.reset_views().map_err(store_error(&settings.data))?;
        opened = put_together(settings, store, instruments).await?;
    }
    Ok(opened)
}

/// Opens the store that the settings name, which must be there, and leaves the views as they are.
///
/// To say of an empty directory that all is well would be the wrong answer to a misspelt one.
pub(crate) async fn open_as_is(
    settings: &Settings,
    instruments: Arc<dyn Instruments>,
) -> Result<Opened, WiringError> {
    if !SqliteStore::is_in(&settings.data) {
        return Err(WiringError::Nothing { directory: settings.data.clone() });
    }
    open_or_make(settings, instruments).await
}

async fn open_or_make(settings: &Settings, instruments: Arc<dyn Instruments>) -> Result<Opened, WiringError> {
    let store = SqliteStore::open(&settings.data, SystemClock.now()).map_err(store_error(&settings.data))?;
    put_together(settings, store, instruments).await
}

async fn put_together(
    settings: &Settings,
    store: SqliteStore,
    instruments: Arc<dyn Instruments>,
) -> Result<Opened, WiringError> {
    store.views.limit_queries(settings.limits.query);
    let master = master(settings.master_key(), &store).await?;
    let keys: Arc<dyn Keys> = Arc::clone(&store.keys) as Arc<dyn Keys>;
    let keyring = Keyring::open(keys, &master).await?;
    let profiles = Arc::new(Profiles::new(settings.profiles.0.clone()));
    let engine = Engine::new(Parts {
        log: Arc::clone(&store.log) as Arc<dyn Log>,
        views: Arc::clone(&store.views) as _,
        keyring,
        indexing: Arc::new(R4 { profiles: Arc::clone(&profiles) }),
        clock: Arc::new(SystemClock),
        instruments,
        views_patience: settings.limits.views,
    });
    Ok(Opened { store, engine, profiles })
}

fn store_error(directory: &Path) -> impl FnOnce(OpenError) -> WiringError {
    let directory = directory.to_owned();
    move |source| WiringError::Store { directory, source }
}

/// The master key: made with a new store, and never for one that has keys already.
async fn master(path: PathBuf, store: &SqliteStore) -> Result<MasterKey, WiringError> {
    let new_store = store.keys.secrets().await?.is_empty() && store.log.head().borrow().cursor.offset(0) == 0;
    let made =
        if new_store { master_key::read_or_make(&path, &SystemRandom) } else { master_key::read(&path) };
    made.map_err(|source| WiringError::MasterKey { path, source })
}

/// The projector on a thread of its own, and the means to stop it.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

/// Starts folding the log into the serving views.
pub(crate) async fn project(engine: &Arc<Engine>) -> Result<Running, WiringError> {
    let projector = Projector::new(Arc::clone(engine), Arc::clone(engine.views())).await?;
    let (stop, stopped) = watch::channel(false);
    let runtime = tokio::runtime::Handle::current();
    let thread = std::thread::Builder::new()
        .name("projector".into())
        .spawn(move || runtime.block_on(projector.run(stopped)))
        .map_err(WiringError::Thread)?;
    Ok(Running { stop, thread })
}

impl Running {
    /// Stops after the batch in hand.
    pub(crate) fn stop(self) {
        self.stop.send_replace(true);
        // A panic in the projector was told when it happened.
        let _ = self.thread.join();
    }
}

/// The machine's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = since_1970.map_or(0, |time| i64::try_from(time.as_micros()).unwrap_or(i64::MAX));
        Instant::from_micros(micros)
    }
}

/// FHIR R4's say about records.
struct R4 {
    profiles: Arc<Profiles>,
}

impl Indexing for R4 {
    fn shape(&self) -> &str {
        anamnesis_fhir::index::SHAPE
    }

    fn index(&self, stream: &StreamName, elements: &Object) -> Indexed {
        self.profiles.projected(stream.kind);
        let anamnesis_fhir::index::Indexed { entries, date } =
            anamnesis_fhir::index::index(stream, elements, &anamnesis_fhir::Catalogue::default());
        Indexed { entries, date }
    }

    fn patients(&self, stream: &StreamName, elements: &Object) -> Vec<ResourceId> {
        anamnesis_fhir::compartment::patients(stream, elements)
    }

    fn happened(&self, patient: &ResourceId) -> Option<Entry> {
        let key = anamnesis_fhir::compartment::key(patient);
        Some(Entry { param: anamnesis_fhir::compartment::HAPPENED, key, group: 0 })
    }

    fn faults(&self, stream: &StreamName, before: Option<&Object>, after: &Object) -> Vec<Refusal> {
        crate::validation::faults(stream, before, after, &self.profiles)
    }
}
