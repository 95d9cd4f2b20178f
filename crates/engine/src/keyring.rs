//! The keys in use: unwrapped once, kept in memory, made when a new subject appears.

use std::collections::HashMap;
use std::sync::Arc;

use anamnesis_kernel::{Instant, StreamName};
use anamnesis_seal::{
    EpochKey, MasterKey, OpenError, StoreKeys, SubjectKey, SubjectNumber, SystemRandom, Tag,
};
use anamnesis_store::{AppendError, KeyRow, Keys, ReadError, Secret};
use quick_cache::sync::Cache;
use zeroize::Zeroizing;

use crate::cache::{Erasures, Seen};

const EPOCH: u32 = 1;
const EPOCH_NAME: &str = "epoch-1";
const KEYS_KEPT: usize = 100_000;

/// Why a key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The master key is not the one the keys were wrapped with.
    #[error("the master key does not fit these keys")]
    WrongMaster,
    /// The keys could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A new key could not be kept.
    #[error(transparent)]
    Write(#[from] AppendError),
    /// A key is missing without a tombstone, or does not unwrap.
    #[error("the key of subject {} is {what}", subject.0)]
    Damaged {
        /// Whose.
        subject: SubjectNumber,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// A subject's number and key.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) number: SubjectNumber,
    /// None once the subject was erased.
    pub(crate) key: Option<SubjectKey>,
}

/// The store's keys, and those of subjects as they are needed.
pub struct Keyring {
    keys: Arc<dyn Keys>,
    epoch: EpochKey,
    /// The store's own keys.
    pub store: StoreKeys,
    by_name: Cache<StreamName, Held>,
    by_number: Cache<SubjectNumber, Held>,
    erasures: Erasures,
}

impl Keyring {
    /// Opens the keys with the master key; in a new store they are made.
    ///
    /// # Errors
    ///
    /// [`KeyringError::WrongMaster`], or when the keys cannot be read or kept.
    pub async fn open(keys: Arc<dyn Keys>, master: &MasterKey) -> Result<Self, KeyringError> {
        let mut secrets = keys.secrets().await?;
        if secrets.is_empty() {
            secrets = keys.add_secrets(new_secrets(master)).await?;
        }
        let wrapped = |name: &str| {
            let secret = secrets.iter().find(|secret| secret.name == name);
            secret.map(|secret| secret.wrapped.as_slice()).ok_or(KeyringError::WrongMaster)
        };
        let epoch =
            master.unwrap_epoch(EPOCH, wrapped(EPOCH_NAME)?).map_err(|_| KeyringError::WrongMaster)?;
        let mut clear = Zeroizing::new([[0; 32]; StoreKeys::NAMES.len()]);
        for (name, slot) in StoreKeys::NAMES.iter().zip(clear.iter_mut()) {
            *slot = *epoch.unwrap_secret(name, wrapped(name)?).map_err(|_| KeyringError::WrongMaster)?;
        }
        Ok(Self {
            keys,
            epoch,
            store: StoreKeys::from_secrets(&clear),
            by_name: Cache::new(KEYS_KEPT),
            by_number: Cache::new(KEYS_KEPT),
            erasures: Erasures::new(),
        })
    }

    /// A subject's key, where it is in memory.
    pub(crate) fn known(&self, subject: &StreamName) -> Option<Held> {
        self.by_name.get(subject)
    }

    /// The keys of these subjects, made and synced where there are none.
    pub(crate) async fn of_subjects(&self, subjects: &[&StreamName]) -> Result<Vec<Held>, KeyringError> {
        let seen = self.erasures.seen();
        let mut held: Vec<Option<Held>> = subjects.iter().map(|subject| self.by_name.get(*subject)).collect();
        let unknown: Vec<(&StreamName, Tag)> = subjects
            .iter()
            .zip(&held)
            .filter(|(_, held)| held.is_none())
            .map(|(subject, _)| (*subject, self.store.subject_tag(subject)))
            .collect();
        if !unknown.is_empty() {
            let tags: Vec<Tag> = unknown.iter().map(|(_, tag)| *tag).collect();
            let found = self.keys.find_by_tag(&tags).await?;
            let missing: Vec<KeyRow> = tags
                .iter()
                .zip(&found)
                .filter(|(_, row)| row.is_none())
                .map(|(tag, _)| self.new_row(*tag))
                .collect();
            let mut rows: Vec<KeyRow> = found.into_iter().flatten().collect();
            if !missing.is_empty() {
                rows.extend(self.keys.add(missing).await?);
            }
            let by_tag: HashMap<Tag, &KeyRow> = rows.iter().map(|row| (row.tag, row)).collect();
            let empty = held.iter_mut().filter(|held| held.is_none());
            for ((subject, tag), slot) in unknown.into_iter().zip(empty) {
                if let Some(row) = by_tag.get(&tag) {
                    *slot = Some(self.remember(seen, Some(subject), row)?);
                }
            }
        }
        Ok(held.into_iter().flatten().collect())
    }

    /// The key that opens what is sealed for `number`; none when the subject was erased.
    pub(crate) async fn of_number(&self, number: SubjectNumber) -> Result<Option<SubjectKey>, KeyringError> {
        if let Some(held) = self.by_number.get(&number) {
            return Ok(held.key);
        }
        let seen = self.erasures.seen();
        let row = self.keys.find_by_number(&[number]).await?.into_iter().flatten().next();
        let row = row.ok_or(KeyringError::Damaged { subject: number, what: "missing" })?;
        Ok(self.remember(seen, None, &row)?.key)
    }

    /// A subject's number; none where there was never a key of theirs.
    pub(crate) async fn number(&self, subject: &StreamName) -> Result<Option<SubjectNumber>, KeyringError> {
        Ok(self.row(subject).await?.map(|row| row.number))
    }

    /// Whether a subject's key was destroyed.
    pub(crate) async fn is_erased(&self, subject: &StreamName) -> Result<bool, KeyringError> {
        if let Some(held) = self.by_name.get(subject) {
            return Ok(held.key.is_none());
        }
        let seen = self.erasures.seen();
        let Some(row) = self.row(subject).await? else { return Ok(false) };
        Ok(self.remember(seen, Some(subject), &row)?.key.is_none())
    }

    async fn row(&self, subject: &StreamName) -> Result<Option<KeyRow>, KeyringError> {
        let tag = self.store.subject_tag(subject);
        Ok(self.keys.find_by_tag(&[tag]).await?.into_iter().flatten().next())
    }

    /// Destroys a subject's key for ever; true if there was one.
    pub(crate) async fn destroy(&self, number: SubjectNumber, at: Instant) -> Result<bool, KeyringError> {
        Ok(self.keys.destroy(number, at).await?)
    }

    /// Forgets a subject's key, which was destroyed.
    pub(crate) fn forget(&self, subject: &StreamName, number: SubjectNumber) {
        self.erasures.erase(|| {
            self.by_name.remove(subject);
            self.by_number.remove(&number);
        });
    }

    fn remember(&self, seen: Seen, subject: Option<&StreamName>, row: &KeyRow) -> Result<Held, KeyringError> {
        let held = self.unwrap(row)?;
        self.erasures.keep(seen, || {
            if let Some(subject) = subject {
                self.by_name.insert(subject.clone(), held.clone());
            }
            self.by_number.insert(row.number, held.clone());
        });
        Ok(held)
    }

    fn unwrap(&self, row: &KeyRow) -> Result<Held, KeyringError> {
        let damaged = |_: OpenError| KeyringError::Damaged { subject: row.number, what: "damaged" };
        let key = row.wrapped.as_deref().map(|wrapped| self.epoch.unwrap(row.number, wrapped)).transpose();
        Ok(Held { number: row.number, key: key.map_err(damaged)? })
    }

    fn new_row(&self, tag: Tag) -> KeyRow {
        let number = SubjectNumber::generate(&SystemRandom);
        let key = SubjectKey::generate(&SystemRandom);
        KeyRow { tag, number, wrapped: Some(self.epoch.wrap(number, &key, &SystemRandom)) }
    }
}

fn new_secrets(master: &MasterKey) -> Vec<Secret> {
    let epoch = EpochKey::generate(&SystemRandom);
    let store = StoreKeys::generate(&SystemRandom);
    let mut secrets: Vec<Secret> = store
        .secrets()
        .map(|(name, secret)| Secret {
            name: name.to_owned(),
            wrapped: epoch.wrap_secret(name, secret, &SystemRandom),
        })
        .collect();
    secrets.push(Secret {
        name: EPOCH_NAME.to_owned(),
        wrapped: master.wrap_epoch(EPOCH, &epoch, &SystemRandom),
    });
    secrets
}
