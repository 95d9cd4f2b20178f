//! A small house for the engine's tests: a store in a folder of its own, and a projector that runs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says by its panic what it found"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use anamnesis_cache_redis::{Options, RedisCache};
use anamnesis_chart::{Command, Door, take_apart};
use anamnesis_engine::projector::Projector;
use anamnesis_engine::{
    CacheLevel, CacheResult, Caching, Engine, Expect, Generation, Indexed, Indexing, Instruments, Item,
    Keyring, Parts, Projected, Request, SnapshotPolicy, Step, Taker, Wait,
};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::search::{Entry, Param};
use anamnesis_kernel::{Actor, Clock, Cursor, Instant, ResourceId, ResourceType, Source, StreamName};
use anamnesis_seal::{MasterKey, SystemRandom};
use anamnesis_store::{Cache, CacheHealth, Circuit, Keys, Log, RecordVersion};
use anamnesis_store_sql::{SqliteStore, SqliteViews};
use anamnesis_testkit::Redis;
use anamnesis_testkit::people::{People, StepKind};
use anamnesis_testkit::{NewerEvent, NewerProgram};
use tokio::runtime::Handle;
use uuid::Uuid;

pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: SqliteStore,
    pub(crate) engine: Arc<Engine>,
    master: MasterKey,
    clock: Arc<dyn Clock>,
    pub(crate) tally: Arc<Tally>,
    policy: SnapshotPolicy,
    /// Snapshots are taken when a test says so.
    pub(crate) taker: Taker,
    redis: Option<String>,
    /// The patient whose record the extractors trip over.
    trips_over: Trips,
    /// Where what nobody waits for is folded.
    leisure: Option<Handle>,
    stop: tokio::sync::watch::Sender<bool>,
    projecting: tokio::task::JoinHandle<()>,
}

type Trips = Arc<std::sync::Mutex<Option<&'static str>>>;

impl House {
    pub(crate) async fn new() -> Self {
        Self::with_clock(Machine).await
    }

    pub(crate) async fn with_clock(clock: impl Clock + 'static) -> Self {
        Self::with(clock, SnapshotPolicy::default()).await
    }

    pub(crate) async fn with_policy(policy: SnapshotPolicy) -> Self {
        Self::with(Machine, policy).await
    }

    pub(crate) async fn with(clock: impl Clock + 'static, policy: SnapshotPolicy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::opened(folder, MasterKey::generate(&SystemRandom), Arc::new(clock), None, policy, None).await
    }

    /// The same house, opened again with other rules for snapshots.
    pub(crate) async fn with_other_policy(mut self, policy: SnapshotPolicy) -> Self {
        self.policy = policy;
        self.reopened().await
    }

    /// With a cache in this Redis, which answers.
    pub(crate) async fn beside(redis: &Redis) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (master, clock) = (MasterKey::generate(&SystemRandom), Arc::new(Machine));
        Self::opened(folder, master, clock, Some(redis.url()), SnapshotPolicy::default(), None).await
    }

    /// The same house, closed and opened again.
    pub(crate) async fn reopened(self) -> Self {
        self.reopened_after(|_| {}).await
    }

    /// The same, after something was done to its folder.
    pub(crate) async fn reopened_after(self, change: impl FnOnce(&std::path::Path)) -> Self {
        let Self {
            folder,
            store,
            engine,
            master,
            clock,
            redis,
            policy,
            leisure,
            taker,
            stop,
            projecting,
            ..
        } = self;
        stop.send_replace(true);
        projecting.await.unwrap();
        drop((engine, store, taker));
        change(folder.path());
        Self::opened(folder, master, clock, redis, policy, leisure).await
    }

    /// The same house, where what nobody waits for is folded there once it is opened again.
    pub(crate) fn with_leisure(self, leisure: Handle) -> Self {
        Self { leisure: Some(leisure), ..self }
    }

    async fn opened(
        folder: tempfile::TempDir,
        master: MasterKey,
        clock: Arc<dyn Clock>,
        redis: Option<String>,
        policy: SnapshotPolicy,
        leisure: Option<Handle>,
    ) -> Self {
        let store = SqliteStore::open(folder.path(), clock.now()).unwrap();
        let keys = Arc::clone(&store.keys) as Arc<dyn Keys>;
        let keyring = Keyring::open(keys, &master).await.unwrap();
        let trips_over = Trips::default();
        let tally = Arc::new(Tally::default());
        let outside = redis.clone().map(|url| cache(url, store.log.info().id));
        let engine = Engine::new(Parts {
            log: Arc::clone(&store.log) as Arc<dyn Log>,
            views: Arc::clone(&store.views) as _,
            snapshots: Arc::clone(&store.snapshots) as _,
            snapshot_policy: policy,
            keyring,
            indexing: Arc::new(R4(anamnesis_fhir::index::SHAPE, Arc::clone(&trips_over))),
            clock: Arc::clone(&clock),
            instruments: Arc::clone(&tally) as _,
            caching: Caching { outside, ..Caching::default() },
            views_patience: std::time::Duration::from_secs(30),
        });
        let projector = Projector::new(Arc::clone(&engine), engine.serving()).await.unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let projecting = tokio::spawn(projector.run(stopped, leisure.clone()));
        let taker = Taker::new(&engine).unwrap();
        let house = Self {
            folder,
            store,
            engine,
            master,
            clock,
            tally,
            policy,
            taker,
            redis,
            trips_over,
            leisure,
            stop,
            projecting,
        };
        let open = |health: CacheHealth| health.circuit != Circuit::Closed;
        while house.engine.cache_health().is_some_and(open) {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        house
    }

    pub(crate) async fn find(&self, name: &str) -> Option<RecordVersion> {
        self.engine.views().find(&[name.parse().unwrap()], None).await.unwrap().remove(0)
    }

    /// Two people's records and what happened to them since.
    pub(crate) async fn live_a_little(&self) {
        for person in People::small(5).iter().take(2) {
            let mut all = request("Patient/none", Command::Delete);
            all.items.clear();
            for record in person.records() {
                let stream = record.stream().parse().unwrap();
                let (_, _, elements) = take_apart(Value::Object(record.resource)).unwrap();
                all.items.push(Item {
                    stream,
                    expected: Expect::Any,
                    steps: vec![Step::of(Command::Put(elements))],
                });
            }
            self.engine.commit(all).await.unwrap();
            for step in person.history() {
                let (command, reason) = match step.kind {
                    StepKind::Put(resource) => (Command::Put(take_apart(resource).unwrap().2), None),
                    StepKind::Delete => (Command::Delete, None),
                    StepKind::Event { kind, schema_version, data, reason } => {
                        (Command::Append { kind: kind.into(), schema_version, data }, reason)
                    }
                };
                let mut one = request(&step.stream, command);
                one.items[0].steps[0].reason = Some(reason.unwrap_or("because").into());
                self.engine.commit(one).await.unwrap();
            }
        }
    }

    /// Changes the log's file behind the program's back.
    pub(crate) fn damage(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.folder.path().join("log.db")).unwrap();
        assert_eq!(connection.execute(sql, []).unwrap(), 1);
    }

    /// Changes the tables of the serving views behind the program's back.
    pub(crate) fn change_views(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.folder.path().join("views.db")).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// From now on the extractors have a bug that shows in this patient's record.
    pub(crate) fn trip_over(&self, patient: &'static str) {
        *self.trips_over.lock().unwrap() = Some(patient);
    }

    /// The extractors are as they were.
    pub(crate) fn mend(&self) {
        *self.trips_over.lock().unwrap() = None;
    }

    /// The generation that views become by the same extractors, bugs and all.
    pub(crate) fn generation(&self, views: &Arc<SqliteViews>, shape: &'static str) -> Arc<Generation> {
        let r4 = R4(shape, Arc::clone(&self.trips_over));
        Arc::new(Generation::new(Arc::clone(views) as _, Arc::new(r4)))
    }

    /// Appends an event as a newer program on the same store would, and waits until the views are past it.
    pub(crate) async fn newer(&self, stream: &str, kind: &str, schema_version: u16, data: &str) {
        let event = NewerEvent { kind, schema_version, whole: false, data };
        let newer = self.newer_program().await;
        let appended = newer.append(&stream.parse().unwrap(), event, self.clock.now()).await;
        self.seen(&appended.cursor).await;
    }

    /// Appends an event that was sealed with a key that is not its subject's.
    pub(crate) async fn sealed_wrongly(&self, stream: &str) {
        let event = NewerEvent { kind: "PatientGenderChanged", schema_version: 1, whole: false, data: "{}" };
        let newer = self.newer_program().await;
        let appended = newer.append_unopenable(&stream.parse().unwrap(), event, self.clock.now()).await;
        self.seen(&appended.cursor).await;
    }

    async fn newer_program(&self) -> NewerProgram {
        let (log, keys) = (Arc::clone(&self.store.log) as _, Arc::clone(&self.store.keys) as _);
        NewerProgram::open(log, keys, &self.master).await
    }

    async fn seen(&self, cursor: &Cursor) {
        assert!(self.engine.wait_for_views(cursor, std::time::Duration::from_secs(30)).await);
    }

    pub(crate) async fn destroy_key(&self, subject: &str) {
        assert!(self.engine.destroy_key(&subject.parse().unwrap()).await.unwrap());
    }
}

fn cache(url: String, store: Uuid) -> Arc<dyn Cache> {
    let second = std::time::Duration::from_secs(1);
    let options = Options {
        url,
        certificates: None,
        prefix: "house".into(),
        store,
        ttl: 3_600 * second,
        answer: 10 * second,
        connect: 10 * second,
        opened: Box::new(|_| {}),
    };
    Arc::new(RedisCache::open(options).unwrap())
}

/// What came of asking Redis: hits, misses, errors; how many events were folded to load states; on which threads
/// batches were folded into the views; and how often somebody else had written first.
#[derive(Default)]
pub(crate) struct Tally([AtomicU32; 3], AtomicUsize, std::sync::Mutex<Vec<String>>, AtomicUsize);

impl Tally {
    /// How many since this was asked last.
    pub(crate) fn taken(&self) -> [u32; 3] {
        self.0.each_ref().map(|count| count.swap(0, Ordering::SeqCst))
    }

    /// How many events were folded since this was asked last.
    pub(crate) fn folded(&self) -> usize {
        self.1.swap(0, Ordering::SeqCst)
    }

    /// How many decisions met a conflict.
    pub(crate) fn conflicts(&self) -> usize {
        self.3.load(Ordering::SeqCst)
    }

    /// The names of the threads that folded a batch each.
    pub(crate) fn folded_on(&self) -> Vec<String> {
        self.2.lock().unwrap().clone()
    }
}

impl Instruments for Tally {
    fn projected(&self, _: &Projected) {
        self.2.lock().unwrap().push(std::thread::current().name().unwrap_or_default().to_owned());
    }

    fn conflict(&self) {
        self.3.fetch_add(1, Ordering::SeqCst);
    }

    fn loaded(&self, events: usize) {
        self.1.fetch_add(events, Ordering::SeqCst);
    }

    fn cache(&self, level: CacheLevel, result: CacheResult) {
        let [hits, misses, errors] = &self.0;
        let count = match result {
            CacheResult::Hit => hits,
            CacheResult::Miss => misses,
            CacheResult::Error => errors,
        };
        if level == CacheLevel::Redis {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

pub(crate) fn patient(id: &str) -> StreamName {
    StreamName::new(ResourceType::PATIENT, ResourceId::new(id).unwrap())
}

pub(crate) fn put(name: &str, elements: &str) -> Request {
    let Ok(Value::Object(elements)) = anamnesis_json::parse(elements.as_bytes()) else {
        panic!("not an object")
    };
    request(name, Command::Put(elements))
}

pub(crate) fn request(name: &str, command: Command) -> Request {
    Request {
        items: vec![Item {
            stream: name.parse().unwrap(),
            expected: Expect::Any,
            steps: vec![Step::of(command)],
        }],
        idempotency: None,
        claims: Vec::new(),
        actor: Actor::default(),
        source: Source { door: "test".into(), ..Source::default() },
        door: Door::Fhir,
        correlation_id: None,
        wait: Wait::Views,
    }
}

struct R4(&'static str, Trips);

/// The generation that views become under a shape.
pub(crate) fn generation(views: &Arc<SqliteViews>, shape: &'static str) -> Arc<Generation> {
    Arc::new(Generation::new(Arc::clone(views) as _, Arc::new(R4(shape, Trips::default()))))
}

impl Indexing for R4 {
    fn shape(&self) -> &str {
        self.0
    }

    fn index(&self, stream: &StreamName, elements: &Object) -> Indexed {
        let trips = *self.1.lock().unwrap();
        assert_ne!(trips, Some(stream.id.as_str()), "the bug that a test asked for");
        let anamnesis_fhir::index::Indexed { entries, date } =
            anamnesis_fhir::index::index(stream, elements, &anamnesis_fhir::Catalogue::default());
        Indexed { entries, date }
    }

    fn patients(&self, stream: &StreamName, elements: &Object) -> Vec<ResourceId> {
        anamnesis_fhir::compartment::patients(stream, elements)
    }

    fn happened(&self, patient: &ResourceId) -> Option<Entry> {
        let key = anamnesis_fhir::compartment::key(patient);
        Some(Entry { param: Param::HAPPENED, key, group: 0 })
    }
}

struct Machine;

impl Clock for Machine {
    fn now(&self) -> Instant {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Instant::from_micros(i64::try_from(since_1970.as_micros()).unwrap())
    }
}
