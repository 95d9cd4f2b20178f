//! The profiles and value sets that stand in the store as ordinary records, compiled once a version.
//!
//! Invariant: what a client was told is taken holds for whatever it sends next.

mod sets;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use anamnesis_engine::Engine;
use anamnesis_fhir::check::Finding;
use anamnesis_fhir::outcome::{Issue, IssueCode, Severity};
use anamnesis_fhir::profile::{Claim, Definitions, Profile, Wanted, add, codes, extensions, shown};
use anamnesis_fhir::search::Sets;
use anamnesis_json::{Object, Value};
use anamnesis_kernel::search::{Param, Query, Test};
use anamnesis_kernel::{ResourceType, StreamName};
use anamnesis_store::{ReadError, RecordVersion, Views};
use tokio::sync::{Mutex, watch};

/// How many records are read at once.
const PAGE: u32 = 500;
/// How deep value sets may stand on others.
const DEPTH_MAX: usize = 8;
/// The types whose records define what others must be.
const KINDS: [&str; 3] = ["StructureDefinition", "ValueSet", "CodeSystem"];

/// What is known of profiles.
pub(crate) struct Profiles {
    /// Grows whenever a definition is projected.
    changes: AtomicU64,
    loaded: watch::Sender<Arc<Loaded>>,
    seen: Mutex<Seen>,
    /// Those that records of their type follow, whether they name them or not.
    required: Vec<String>,
}

/// Up to which change the definitions were read.
#[derive(Default)]
struct Seen {
    changes: u64,
    /// Changes that may not have been visible yet, and where the views must be for them.
    pending: Option<(u64, u64)>,
}

/// The definitions at one point, by their address.
#[derive(Default)]
struct Loaded {
    profiles: HashMap<String, Arc<Stored>>,
    /// Whether some of them define extensions.
    extensions: bool,
    value_sets: HashMap<String, Arc<Stored>>,
    systems: HashMap<String, Arc<Stored>>,
    /// The codes of each value set, once they were asked for; they may stand on other sets.
    codes: HashMap<String, OnceLock<Option<Codes>>>,
}

/// Codes with their systems.
type Codes = Arc<Vec<(String, String)>>;

/// A definition as it stands in the store, and what it was made into.
struct Stored {
    of: (StreamName, u64),
    text: Value,
    profile: OnceLock<Option<Arc<Profile>>>,
}

impl Profiles {
    /// Nothing is known yet.
    pub(crate) fn new(required: Vec<String>) -> Self {
        Self {
            // Before the first look, everything is new.
            changes: AtomicU64::new(1),
            loaded: watch::Sender::new(Arc::default()),
            seen: Mutex::default(),
            required,
        }
    }

    /// Is told of each record that is projected.
    pub(crate) fn projected(&self, kind: ResourceType) {
        if KINDS.contains(&kind.name()) {
            self.all_projected();
        }
    }

    /// Is told that other views serve.
    pub(crate) fn all_projected(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Reads what changed since the last look.
    ///
    /// # Errors
    ///
    /// When the views cannot be read; what was known stays.
    pub(crate) async fn refresh(&self, engine: &Engine) -> Result<(), ReadError> {
        let changes = self.changes.load(Ordering::Acquire);
        let mut seen = self.seen.lock().await;
        if seen.changes >= changes {
            return Ok(());
        }
        // A change is told of before the views show it, so it is seen for good once they have what the log has now.
        let (reached, head) = (engine.reached().offset(0), engine.head().offset(0));
        let complete = match seen.pending {
            Some((of, target)) if of == changes && reached < target => return Ok(()),
            Some((of, _)) if of == changes => true,
            _ => reached >= head,
        };
        let before = Arc::clone(&self.loaded.borrow());
        let loaded = Loaded::read(engine, &before).await?;
        self.loaded.send_replace(Arc::new(loaded));
        if complete {
            *seen = Seen { changes, pending: None };
        } else {
            seen.pending = Some((changes, head));
        }
        Ok(())
    }

    /// What the definitions say of codes, and these views of units, for searches.
    pub(crate) fn sets(&self, views: Arc<dyn Views>) -> Arc<dyn Sets + Send + Sync> {
        Arc::new(sets::Told { loaded: Arc::clone(&self.loaded.borrow()), views })
    }

    /// Whether this profile is known.
    pub(crate) fn knows(&self, url: &str) -> bool {
        self.loaded.borrow().profile(url).is_some()
    }

    /// What is wrong with a resource by the profiles it names, by those that are required, by `more`, and by the
    /// definitions of its extensions; and with the resources in it by those that each names.
    ///
    /// Profiles that are not known, and what of one is not checked, are told as information where it is `wanted`.
    pub(crate) fn check(
        &self,
        kind: ResourceType,
        elements: &Object,
        more: &[String],
        wanted: Wanted,
    ) -> Vec<Finding> {
        let mut whole = Claim::of(kind, elements);
        let inside = whole.inside();
        whole.urls.extend(more.iter().map(String::as_str));
        let loaded = Arc::clone(&self.loaded.borrow());
        let of_extensions = loaded.extensions || wanted == Wanted::All;
        if inside.is_empty() && whole.urls.is_empty() && self.required.is_empty() && !of_extensions {
            return Vec::new();
        }
        let required = self.required.iter().map(String::as_str);
        let is_of = |url: &&str| loaded.profile(url).is_none_or(|profile| profile.is_of(kind));
        whole.urls.extend(required.filter(is_of));
        let mut found = Vec::new();
        for claim in std::iter::once(&whole).chain(&inside) {
            checked(claim, &loaded, wanted, &mut found);
        }
        if of_extensions {
            extensions(&whole, &*loaded, wanted).into_iter().for_each(|finding| add(&mut found, finding));
        }
        found
    }
}

/// Adds what is wrong with one resource by the profiles it claims.
fn checked(claim: &Claim<'_>, loaded: &Loaded, wanted: Wanted, found: &mut Vec<Finding>) {
    for (at, url) in claim.urls.iter().enumerate() {
        if claim.urls.iter().take(at).any(|before| before == url) {
            continue;
        }
        match loaded.profile(url) {
            Some(profile) => {
                profile.check(claim, loaded, wanted).into_iter().for_each(|finding| add(found, finding));
            }
            None if wanted == Wanted::Faults => {}
            None => {
                let what = format!("the profile {} is not known here, so it is not checked", shown(url));
                let issue =
                    Issue { severity: Severity::Information, ..Issue::error(IssueCode::Informational, what) };
                let issue = issue.at(format!("{}.meta.profile", claim.place));
                add(found, Finding { issue, bearable: true });
            }
        }
    }
}

impl Loaded {
    /// Reads the definitions from the views; those of `before` that are of the same version are kept as they are.
    async fn read(engine: &Engine, before: &Loaded) -> Result<Self, ReadError> {
        let mut loaded = Self::default();
        for kind in KINDS.into_iter().filter_map(ResourceType::parse) {
            let (old, new) = match kind.name() {
                "StructureDefinition" => (&before.profiles, &mut loaded.profiles),
                "ValueSet" => (&before.value_sets, &mut loaded.value_sets),
                _ => (&before.systems, &mut loaded.systems),
            };
            let known: HashMap<_, _> = old.iter().map(|(url, stored)| (&stored.of, (url, stored))).collect();
            let all = vec![Test::Kind(Param::of_type(kind.number())).into()];
            let mut query = Query::new(Some(kind), all, PAGE);
            loop {
                let hits = engine.views().search(&query).await?;
                query.after = hits.last().map(|hit| hit.after.clone());
                let full = hits.len() == PAGE as usize;
                for hit in hits {
                    let of = (hit.version.name.clone(), hit.version.version);
                    if let Some((url, stored)) = known.get(&of) {
                        new.entry((*url).clone()).or_insert_with(|| Arc::clone(stored));
                    } else if let Some((url, stored)) = Stored::read(engine, &hit.version).await? {
                        new.entry(url).or_insert(Arc::new(stored));
                    }
                }
                if !full {
                    break;
                }
            }
        }
        let is_extension =
            |stored: &Arc<Stored>| stored.text.get("type").and_then(Value::as_str) == Some("Extension");
        loaded.extensions = loaded.profiles.values().any(is_extension);
        loaded.codes = loaded.value_sets.keys().map(|url| (url.clone(), OnceLock::new())).collect();
        Ok(loaded)
    }

    fn codes(&self, url: &str, depth: usize) -> Option<Codes> {
        let stored = self.value_sets.get(url).filter(|_| depth < DEPTH_MAX)?;
        let other = |url: &str| self.codes(url, depth + 1).map(|codes| codes.to_vec());
        let system = |url: &str| self.systems.get(url).map(|stored| stored.text.clone());
        let list = || codes(&stored.text, &other, &system).map(Arc::new);
        // Below the first the list is not kept, or sets that stand on one another would wait for themselves.
        if depth == 0 { self.codes.get(url)?.get_or_init(list).clone() } else { list() }
    }
}

impl Definitions for Loaded {
    fn profile(&self, url: &str) -> Option<Arc<Profile>> {
        let stored = self.profiles.get(url.split('|').next()?)?;
        stored.profile.get_or_init(|| Profile::compile(&stored.text).ok().map(Arc::new)).clone()
    }

    fn value_set(&self, url: &str) -> Option<Codes> {
        self.codes(url.split('|').next()?, 0)
    }
}

impl Stored {
    async fn read(engine: &Engine, version: &RecordVersion) -> Result<Option<(String, Self)>, ReadError> {
        let Some(elements) = engine.elements(version).await? else { return Ok(None) };
        let Some(url) = elements.str("url").map(str::to_owned) else { return Ok(None) };
        let of = (version.name.clone(), version.version);
        Ok(Some((url, Self { of, text: elements.into(), profile: OnceLock::new() })))
    }
}
