//! The chain of keys: a master key wraps epoch keys, an epoch key wraps the keys of subjects and the store's secrets.
//!
//! Invariant: a key is wiped when dropped and never shown; destroying a subject's key is what erases the subject.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::SubjectNumber;
use crate::aead::{Cipher, OpenError, Purpose, bound};
use crate::random::Random;

/// The number of the layout of wrapped keys, their first byte.
const FORMAT: u8 = 1;

/// The one key that stands outside: in a file, in memory, never in the store's backups.
pub struct MasterKey(Cipher);

/// A key that wraps keys for a while, until the next epoch.
pub struct EpochKey(Cipher);

/// A subject's key, prepared; a clone is the same key.
#[derive(Clone)]
pub struct SubjectKey(Arc<Cipher>);

impl MasterKey {
    /// The key of these bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Cipher::new(bytes))
    }

    /// A new key.
    pub fn generate(random: &dyn Random) -> Self {
        Self(Cipher::generate(random))
    }

    /// Its bytes, for the file that keeps it.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.0.secret())
    }

    /// Wraps the key of an epoch, bound to the epoch's number.
    pub fn wrap_epoch(&self, epoch: u32, key: &EpochKey, random: &dyn Random) -> Vec<u8> {
        wrap(&self.0, &bound(Purpose::EpochKey, &[&epoch.to_be_bytes()]), key.0.secret(), random)
    }

    /// The key that [`MasterKey::wrap_epoch`] wrapped.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] under another master key too.
    pub fn unwrap_epoch(&self, epoch: u32, wrapped: &[u8]) -> Result<EpochKey, OpenError> {
        let secret = unwrap(&self.0, &bound(Purpose::EpochKey, &[&epoch.to_be_bytes()]), wrapped)?;
        Ok(EpochKey(Cipher::new(&secret)))
    }
}

impl EpochKey {
    /// A new key.
    pub fn generate(random: &dyn Random) -> Self {
        Self(Cipher::generate(random))
    }

    /// Wraps a subject's key, bound to the subject's number.
    pub fn wrap(&self, subject: SubjectNumber, key: &SubjectKey, random: &dyn Random) -> Vec<u8> {
        wrap(&self.0, &bound(Purpose::SubjectKey, &[&subject.0.to_be_bytes()]), key.0.secret(), random)
    }

    /// The key that [`EpochKey::wrap`] wrapped.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] for another subject too.
    pub fn unwrap(&self, subject: SubjectNumber, wrapped: &[u8]) -> Result<SubjectKey, OpenError> {
        let secret = unwrap(&self.0, &bound(Purpose::SubjectKey, &[&subject.0.to_be_bytes()]), wrapped)?;
        Ok(SubjectKey::from_bytes(&secret))
    }

    /// Wraps one of the store's secrets, bound to its name.
    pub fn wrap_secret(&self, name: &str, secret: &[u8; 32], random: &dyn Random) -> Vec<u8> {
        wrap(&self.0, &bound(Purpose::StoreSecret, &[name.as_bytes()]), secret, random)
    }

    /// The secret that [`EpochKey::wrap_secret`] wrapped.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] under another name too.
    pub fn unwrap_secret(&self, name: &str, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, OpenError> {
        unwrap(&self.0, &bound(Purpose::StoreSecret, &[name.as_bytes()]), wrapped)
    }
}

impl SubjectKey {
    /// A new key.
    pub fn generate(random: &dyn Random) -> Self {
        Self(Arc::new(Cipher::generate(random)))
    }

    /// The key of these bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Arc::new(Cipher::new(bytes)))
    }

    pub(crate) fn cipher(&self) -> &Cipher {
        &self.0
    }
}

fn wrap(cipher: &Cipher, bound: &[u8], secret: &[u8; 32], random: &dyn Random) -> Vec<u8> {
    let mut wrapped = vec![FORMAT];
    wrapped.append(&mut cipher.seal(bound, &[secret], random));
    wrapped
}

fn unwrap(cipher: &Cipher, bound: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, OpenError> {
    match wrapped.split_first() {
        Some((&FORMAT, sealed)) => {
            let secret = Zeroizing::new(cipher.open(bound, sealed)?);
            let secret = <[u8; 32]>::try_from(secret.as_slice()).map_err(|_| OpenError::Damaged)?;
            Ok(Zeroizing::new(secret))
        }
        Some(_) => Err(OpenError::Format),
        None => Err(OpenError::Damaged),
    }
}

macro_rules! shows_nothing {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
shows_nothing!(MasterKey, EpochKey, SubjectKey);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn what_is_wrapped_unwraps_only_where_it_belongs() {
        let master = MasterKey::generate(&SystemRandom);
        let epoch = EpochKey::generate(&SystemRandom);
        let wrapped = master.wrap_epoch(7, &epoch, &SystemRandom);
        let again = MasterKey::from_bytes(&master.to_bytes()).unwrap_epoch(7, &wrapped).unwrap();
        assert_eq!(again.0.secret(), epoch.0.secret());
        assert_eq!(master.unwrap_epoch(8, &wrapped).err(), Some(OpenError::Damaged));
        let other = MasterKey::generate(&SystemRandom);
        assert_eq!(other.unwrap_epoch(7, &wrapped).err(), Some(OpenError::Damaged));

        let key = SubjectKey::generate(&SystemRandom);
        let wrapped = epoch.wrap(SubjectNumber(1), &key, &SystemRandom);
        assert_eq!(wrapped.len(), 61);
        assert_eq!(again.unwrap(SubjectNumber(1), &wrapped).unwrap().0.secret(), key.0.secret());
        assert_eq!(again.unwrap(SubjectNumber(2), &wrapped).err(), Some(OpenError::Damaged));

        let wrapped = epoch.wrap_secret("tags", &[9; 32], &SystemRandom);
        assert_eq!(*again.unwrap_secret("tags", &wrapped).unwrap(), [9; 32]);
        assert_eq!(again.unwrap_secret("claims", &wrapped).err(), Some(OpenError::Damaged));
        assert_eq!(again.unwrap_secret("tags", &[]).err(), Some(OpenError::Damaged));
        let newer = [&[2][..], &wrapped[1..]].concat();
        assert_eq!(again.unwrap_secret("tags", &newer).err(), Some(OpenError::Format));
    }

    #[test]
    fn debug_shows_nothing() {
        let shown = format!("{:?}", (MasterKey::from_bytes(&[7; 32]), SubjectKey::from_bytes(&[7; 32])));
        assert_eq!(shown, "(MasterKey, SubjectKey)");
    }
}
