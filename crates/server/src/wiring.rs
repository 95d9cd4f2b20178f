//! The one place that names a store: opens it, puts the engine together, starts the projector.

mod beside;
mod keeper;

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anamnesis_cache_redis::{Options, RedisCache};
use anamnesis_chart::Refusal;
use anamnesis_engine::projector::Projector;
use anamnesis_engine::{
    Caching, Engine, Generation, Indexed, Indexing, Instruments, Keyring, KeyringError, Parts, Sweeper, Taker,
};
use anamnesis_json::Object;
use anamnesis_kernel::search::{Entry, Param};
use anamnesis_kernel::{Clock, Instant, ResourceId, StreamName};
use anamnesis_seal::{MasterKey, SystemRandom};
use anamnesis_store::{Cause, Keys, Log, ReadError, Snapshots, Views};
use anamnesis_store_sql::{OpenError, SqliteKeys, SqliteLog, SqliteStore, SqliteViews};
use futures::future::OptionFuture;
use tokio::sync::watch;
use uuid::Uuid;

use crate::generations::Generations;
use crate::master_key;
use crate::parameters::{ParameterSet, Parameters, in_log};
use crate::priority::Leisure;
use crate::profiles::Profiles;
use crate::settings::Settings;
use crate::validation::{self, Rules};
pub(crate) use beside::{Prepared, open_beside};
use keeper::{Keeper, MakeError, begun};

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
    /// The certificates that Redis is trusted by.
    #[error("the certificates in {path} cannot be read")]
    Certificates {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Redis, as it is set.
    #[error(transparent)]
    Redis(#[from] anamnesis_cache_redis::OpenError),
    /// The keys.
    #[error("the keys cannot be opened")]
    Keys(#[from] KeyringError),
    /// The log or the views.
    #[error("the store cannot be read")]
    Read(#[from] ReadError),
    /// The views.
    #[error("the views cannot be begun")]
    Views(#[source] Cause),
    /// The next generation of them.
    #[error("the next generation of the views cannot be begun")]
    Generation(#[from] MakeError),
    /// A thread of the projector's or the keeper's.
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
    /// What it says of search parameters.
    pub(crate) parameters: Arc<Parameters>,
    /// How far the next generation is.
    pub(crate) generations: Arc<Generations>,
}

/// Opens the store that the settings name; in the place of views that do not fit come those that were prepared, and where
/// there are none, or they do not fit either, they are emptied, to be made again.
pub(crate) async fn open(
    settings: &Settings,
    instruments: Arc<dyn Instruments>,
) -> Result<Opened, WiringError> {
    let opened = open_or_make(settings, Remember::Everywhere, Arc::clone(&instruments)).await?;
    let mut misfit = misfit_of(settings, &opened.engine).await?;
    if misfit.is_none() {
        if let Err(error) = opened.store.forget_prepared() {
            tracing::warn!("views that were prepared and are not needed stay: {error}");
        }
        return Ok(opened);
    }
    let Opened { mut store, engine, .. } = opened;
    drop(engine);
    let taken = store.take_up_prepared().map_err(store_error(&settings.data))?;
    let opened = put_together(settings, store, Remember::Everywhere, Arc::clone(&instruments)).await?;
    if taken {
        misfit = misfit_of(settings, &opened.engine).await?;
    }
    let Some(why) = misfit else { return Ok(opened) };
    if opened.engine.head().offset(0) > 0 {
        tracing::warn!("{why}: they are made again from the log");
    }
    let set = in_log(&opened.engine, settings.full_text).await?;
    let Opened { mut store, engine, .. } = opened;
    drop(engine);
    store.reset_views().map_err(store_error(&settings.data))?;
    store.views.set_plan(&set.plan()).await.map_err(WiringError::Views)?;
    put_together(settings, store, Remember::Everywhere, instruments).await
}

/// Why the serving views cannot be gone on with; none where they can, or are begun with a new store.
async fn misfit_of(settings: &Settings, engine: &Engine) -> Result<Option<&'static str>, WiringError> {
    let serving = engine.serving();
    if let Err(why) = Projector::fits(engine, &serving).await? {
        return Ok(Some(why));
    }
    // Where a new store has no views yet, nothing says by what they are to be made.
    let unplanned = serving.views.plan().await?.is_none() && settings.full_text;
    let begun = engine.head().offset(0) > 0 || unplanned;
    let missing = begun && serving.views.watermark().await?.is_none();
    Ok(missing.then_some("there are no views"))
}

/// Opens the store that the settings name, which must be there, and leaves the views as they are.
///
/// To say of an empty directory that all is well would be the wrong answer to a misspelt one.
pub(crate) async fn open_as_is(
    settings: &Settings,
    instruments: Arc<dyn Instruments>,
) -> Result<Opened, WiringError> {
    is_there(settings)?;
    open_or_make(settings, Remember::InProcess, instruments).await
}

fn is_there(settings: &Settings) -> Result<(), WiringError> {
    match SqliteStore::is_in(&settings.data) {
        true => Ok(()),
        false => Err(WiringError::Nothing { directory: settings.data.clone() }),
    }
}

/// Where what was read is remembered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remember {
    /// In the process, and in Redis where one is set.
    Everywhere,
    /// In the process alone.
    InProcess,
}

async fn open_or_make(
    settings: &Settings,
    remember: Remember,
    instruments: Arc<dyn Instruments>,
) -> Result<Opened, WiringError> {
    let mut store =
        SqliteStore::open(&settings.data, SystemClock.now()).map_err(store_error(&settings.data))?;
    store.making_bytes = settings.making_bytes_max;
    put_together(settings, store, remember, instruments).await
}

async fn put_together(
    settings: &Settings,
    store: SqliteStore,
    remember: Remember,
    instruments: Arc<dyn Instruments>,
) -> Result<Opened, WiringError> {
    store.views.limit_queries(settings.limits.query);
    let master = master(settings.master_key(), &store).await?;
    let files = Files {
        log: Arc::clone(&store.log),
        keys: Arc::clone(&store.keys),
        views: Arc::clone(&store.views),
        snapshots: Arc::clone(&store.snapshots) as _,
    };
    let Engaged { engine, profiles, parameters } =
        engage(settings, files, &master, remember, instruments).await?;
    let generations = Arc::new(Generations::new(store.views.number(), SystemClock.now()));
    Ok(Opened { store, engine, profiles, parameters, generations })
}

/// What an engine works on, whoever holds it.
struct Files {
    log: Arc<SqliteLog>,
    keys: Arc<SqliteKeys>,
    views: Arc<SqliteViews>,
    snapshots: Arc<dyn Snapshots>,
}

/// An engine, and what it says of profiles and search parameters.
struct Engaged {
    engine: Arc<Engine>,
    profiles: Arc<Profiles>,
    parameters: Arc<Parameters>,
}

async fn engage(
    settings: &Settings,
    files: Files,
    master: &MasterKey,
    remember: Remember,
    instruments: Arc<dyn Instruments>,
) -> Result<Engaged, WiringError> {
    let Files { log, keys, views, snapshots } = files;
    let keyring = Keyring::open(keys as Arc<dyn Keys>, master).await?;
    let profiles = Arc::new(Profiles::new(settings.profiles.0.clone()));
    let set = views.plan().await?.and_then(|plan| ParameterSet::planned(&plan));
    let set = Arc::new(set.unwrap_or_else(|| ParameterSet::official(false)));
    let registered_max = settings.limits.search_parameters_max;
    let parameters = Arc::new(Parameters::new(Arc::clone(&set), registered_max, settings.full_text));
    let indexing = R4 { profiles: Arc::clone(&profiles), parameters: Arc::clone(&parameters), set };
    let engine = Engine::new(Parts {
        caching: caching(settings, remember, log.info().id, &instruments)?,
        log: log as Arc<dyn Log>,
        views: views as _,
        snapshots,
        snapshot_policy: settings.snapshot,
        keyring,
        indexing: Arc::new(indexing),
        clock: Arc::new(SystemClock),
        instruments,
        views_patience: settings.limits.views,
    });
    Ok(Engaged { engine, profiles, parameters })
}

/// How much is remembered, and where.
fn caching(
    settings: &Settings,
    remember: Remember,
    store: Uuid,
    instruments: &Arc<dyn Instruments>,
) -> Result<Caching, WiringError> {
    let cache = &settings.cache;
    let Some(redis) = settings.redis.as_ref().filter(|_| remember == Remember::Everywhere) else {
        return Ok(Caching { bytes_max: cache.bytes_max, outside: None });
    };
    let read = |path: &PathBuf| {
        let read = std::fs::read(path);
        read.map_err(|source| WiringError::Certificates { path: path.clone(), source })
    };
    let instruments = Arc::clone(instruments);
    let redis = RedisCache::open(Options {
        url: redis.0.clone(),
        certificates: cache.certificates.as_ref().map(read).transpose()?,
        prefix: cache.prefix.0.clone(),
        store,
        ttl: cache.ttl.0,
        answer: cache.answer,
        connect: cache.connect,
        opened: Box::new(move |open| instruments.circuit_open(open)),
    })?;
    Ok(Caching { bytes_max: cache.bytes_max, outside: Some(Arc::new(redis)) })
}

fn store_error(directory: &Path) -> impl FnOnce(OpenError) -> WiringError {
    let directory = directory.to_owned();
    move |source| WiringError::Store { directory, source }
}

/// The master key: made with a new store, and never for one that has keys already.
async fn master(path: PathBuf, store: &SqliteStore) -> Result<MasterKey, WiringError> {
    let new_store = store.keys.secrets().await?.is_empty() && store.log.head().borrow().cursor.offset(0) == 0;
    if !new_store {
        return read_master(path);
    }
    let made = master_key::read_or_make(&path, &SystemRandom);
    made.map_err(|source| WiringError::MasterKey { path, source })
}

fn read_master(path: PathBuf) -> Result<MasterKey, WiringError> {
    master_key::read(&path).map_err(|source| WiringError::MasterKey { path, source })
}

/// Begins the next generation of the views, to be made with these search parameters, or goes on with one that was begun
/// before.
pub(crate) async fn begin(
    opened: &Opened,
    set: Arc<ParameterSet>,
) -> Result<(Arc<SqliteViews>, Arc<Generation>), WiringError> {
    let Opened { store, engine, profiles, parameters, .. } = opened;
    let unfinished = store.unfinished_generation().map_err(store_error(&store.directory))?;
    Ok(begun(store, engine, unfinished, set, profiles, parameters).await?)
}

/// Begins a generation that is made with these search parameters and never serves.
pub(crate) fn begin_trial(
    opened: &Opened,
    set: Arc<ParameterSet>,
) -> Result<(Arc<SqliteViews>, Arc<Generation>), WiringError> {
    let views = opened.store.begin_trial().map_err(store_error(&opened.store.directory))?;
    let (profiles, parameters) = (Arc::clone(&opened.profiles), Arc::clone(&opened.parameters));
    let indexing = Arc::new(R4 { profiles, parameters, set });
    Ok((Arc::clone(&views), Arc::new(Generation::new(views, indexing))))
}

/// The projector on a thread of its own, and the means to stop it.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    projector: JoinHandle<()>,
    taker: Option<JoinHandle<()>>,
    keeper: Option<JoinHandle<SqliteStore>>,
    /// Outlives the projector, who works there at times.
    _leisure: Option<Leisure>,
}

/// Starts folding the log into the serving views, and taking the snapshots that are due.
pub(crate) async fn project(engine: &Arc<Engine>) -> Result<Running, WiringError> {
    start(engine, false, None).await
}

async fn start(engine: &Arc<Engine>, sweeps: bool, leisure: Option<Leisure>) -> Result<Running, WiringError> {
    let projector = Projector::new(Arc::clone(engine), engine.serving()).await?;
    let (stop, stopped) = watch::channel(false);
    let at_leisure = leisure.as_ref().and_then(Leisure::handle);
    let projector = on_a_thread("projector", move || projector.run(stopped, at_leisure))?;
    let taker = Taker::new(engine).map(|taker| {
        let sweeper = sweeps.then(|| Sweeper::new(engine).run(stop.subscribe()));
        let taking = taker.run(stop.subscribe());
        on_a_thread("snapshots", || async {
            tokio::join!(taking, OptionFuture::from(sweeper));
        })
    });
    Ok(Running { stop, projector, taker: taker.transpose()?, keeper: None, _leisure: leisure })
}

/// As [`project`], but what nobody waits for lets those who append go before it; sweeps when a day has ended, and makes
/// the next generation of the views whenever another is wanted.
pub(crate) async fn keep(settings: &Settings, opened: Opened) -> Result<Running, WiringError> {
    let leisure = Leisure::new().map_err(WiringError::Thread)?;
    let mut running = start(&opened.engine, true, Some(leisure)).await?;
    let (patience, grace) = (settings.limits.query, Duration::from_secs(settings.grace_s));
    if let Some(keeper) = Keeper::new(opened, patience, grace, running.stop.subscribe()) {
        running.keeper = Some(on_a_thread("keeper", || keeper.keep())?);
    }
    Ok(running)
}

fn on_a_thread<F, R>(
    name: &str,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<JoinHandle<R>, WiringError>
where
    F: Future<Output = R>,
    R: Send + 'static,
{
    let runtime = tokio::runtime::Handle::current();
    let thread = std::thread::Builder::new().name(name.into()).spawn(move || runtime.block_on(work()));
    thread.map_err(WiringError::Thread)
}

impl Running {
    /// Stops after the batch in hand.
    pub(crate) fn stop(self) {
        self.stop.send_replace(true);
        // A panic in one of them was told when it happened.
        let _ = self.projector.join();
        let _ = self.taker.map(JoinHandle::join);
        if let Some(Ok(store)) = self.keeper.map(JoinHandle::join)
            && let Err(error) = store.rest()
        {
            tracing::warn!("the next start puts the files of the views in order: {error}");
        }
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

/// FHIR R4's say about records, and what one generation finds them by.
struct R4 {
    profiles: Arc<Profiles>,
    parameters: Arc<Parameters>,
    set: Arc<ParameterSet>,
}

/// The search parameters that a generation was made with.
pub(crate) fn parameters_of(generation: &Generation) -> Arc<ParameterSet> {
    let indexing: &dyn Any = &*generation.indexing;
    match indexing.downcast_ref::<R4>() {
        Some(r4) => Arc::clone(&r4.set),
        // All generations are made here.
        None => Arc::new(ParameterSet::official(false)),
    }
}

impl Indexing for R4 {
    fn shape(&self) -> &str {
        self.set.shape()
    }

    fn index(&self, stream: &StreamName, elements: &Object) -> Indexed {
        let anamnesis_fhir::index::Indexed { entries, date } =
            anamnesis_fhir::index::index(stream, elements, self.set.catalogue());
        Indexed { entries, date }
    }

    fn shown(&self, stream: &StreamName) {
        self.profiles.projected(stream.kind);
        self.parameters.shown(stream.kind);
    }

    fn all_shown(&self) {
        self.profiles.all_projected();
        self.parameters.all_shown();
    }

    fn patients(&self, stream: &StreamName, elements: &Object) -> Vec<ResourceId> {
        anamnesis_fhir::compartment::patients(stream, elements)
    }

    fn happened(&self, patient: &ResourceId) -> Option<Entry> {
        let key = anamnesis_fhir::compartment::key(patient);
        Some(Entry { param: Param::HAPPENED, key, group: 0 })
    }

    fn faults(&self, stream: &StreamName, before: Option<&Object>, after: &Object) -> Vec<Refusal> {
        let rules =
            Rules { profiles: &self.profiles, parameters: &self.parameters, record: Some(&stream.id) };
        validation::faults(stream, before, after, rules)
    }
}
