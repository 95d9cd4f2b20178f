//! Settings: what can be set, by file, environment and flags, each over the one before.
//!
//! Invariant: what nobody knows, or cannot be taken, ends the program with its name and its place; nothing is skipped.

mod error;
mod file;
mod flags;
mod load;
#[cfg(test)]
mod page;
mod table;
mod value;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anamnesis_engine::{Caching, SnapshotPolicy};
use anamnesis_store_sql::SqliteStore;

use crate::alerts;
use crate::app::Limits;
use crate::validation::Validation;

pub(crate) use error::Place;
pub(crate) use flags::{Given, add_to, given};
pub(crate) use load::{Loaded, load};
pub(crate) use value::{Addresses, Level, Origins, Prefix, RedisUrl, Seconds, Url};

/// Everything that can be set; each field has its row in the table beside this file.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The data directory.
    pub(crate) data: PathBuf,
    /// Where the server listens.
    pub(crate) listen: SocketAddr,
    /// The FHIR base as clients see it.
    pub(crate) base_url: Option<Url>,
    /// A running server, for commands that can work on one.
    pub(crate) url: Option<Url>,
    /// The file of the master key.
    pub(crate) master_key: Option<PathBuf>,
    /// How much is logged.
    pub(crate) log_level: Level,
    /// Whether each line of the log is JSON.
    pub(crate) log_json: bool,
    /// Where traces are sent.
    pub(crate) otlp: Option<Url>,
    /// Where alerts are told.
    pub(crate) alerts: alerts::Asked,
    /// Whose scripts may use the server from a browser.
    pub(crate) cors_origins: Origins,
    /// What becomes of resources that break FHIR's rules.
    pub(crate) validation: Validation,
    /// The profiles that records of their type follow, whether they name them or not.
    pub(crate) profiles: Addresses,
    /// Whether the words of records are indexed.
    pub(crate) full_text: bool,
    /// When the state of a record is kept.
    pub(crate) snapshot: SnapshotPolicy,
    /// The Redis beside the process.
    pub(crate) redis: Option<RedisUrl>,
    /// How much is remembered, and where.
    pub(crate) cache: Cache,
    /// How long a generation of the views is kept after another took its place.
    pub(crate) grace_s: u64,
    /// How much of one is kept in memory while it is made.
    pub(crate) making_bytes_max: u64,
    /// How much is taken, and how long is waited.
    pub(crate) limits: Limits,
}

/// What is remembered, and how Redis is reached; `cache.` and the setting's name.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    /// What the process keeps.
    pub(crate) bytes_max: u64,
    /// How long Redis keeps what is put there.
    pub(crate) ttl: Seconds,
    /// How long an answer of Redis is waited for.
    pub(crate) answer: Duration,
    /// How long connecting may take.
    pub(crate) connect: Duration,
    /// What all keys begin with.
    pub(crate) prefix: Prefix,
    /// The certificates Redis is trusted by.
    pub(crate) certificates: Option<PathBuf>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            bytes_max: Caching::default().bytes_max,
            ttl: Seconds(Duration::from_secs(3_600)),
            answer: Duration::from_millis(100),
            connect: Duration::from_secs(1),
            prefix: Prefix("anamnesis".to_owned()),
            certificates: None,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: "anamnesis-data".into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            base_url: None,
            url: None,
            master_key: None,
            log_level: Level::default(),
            log_json: false,
            otlp: None,
            alerts: alerts::Asked::default(),
            cors_origins: Origins::default(),
            validation: Validation::default(),
            profiles: Addresses::default(),
            full_text: false,
            snapshot: SnapshotPolicy::default(),
            redis: None,
            cache: Cache::default(),
            grace_s: 300,
            making_bytes_max: 200 << 20,
            limits: Limits::default(),
        }
    }
}

impl Settings {
    /// The file of the master key: the one that is set, else the one in the data directory.
    pub(crate) fn master_key(&self) -> PathBuf {
        self.master_key.clone().unwrap_or_else(|| SqliteStore::master_key_path(&self.data))
    }
}
