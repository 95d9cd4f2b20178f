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

use anamnesis_engine::SnapshotPolicy;
use anamnesis_store_sql::SqliteStore;

use crate::app::Limits;
use crate::validation::Validation;

pub(crate) use error::Place;
pub(crate) use flags::{Given, add_to, given};
pub(crate) use load::{Loaded, load};
pub(crate) use value::{Addresses, Level, Origins, Url};

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
    /// How much is taken, and how long is waited.
    pub(crate) limits: Limits,
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
            cors_origins: Origins::default(),
            validation: Validation::default(),
            profiles: Addresses::default(),
            full_text: false,
            snapshot: SnapshotPolicy::default(),
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
