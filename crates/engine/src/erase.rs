//! Erasing a person: their key is destroyed, and what was opened with it is forgotten.
//!
//! Invariant: once this answers, no cache of the process holds anything of theirs, and none comes to.

use anamnesis_kernel::StreamName;
use anamnesis_seal::SubjectNumber;

use crate::engine::Engine;
use crate::keyring::KeyringError;

impl Engine {
    /// Destroys a person's key for ever, and forgets what was opened with it; true if there was a key.
    ///
    /// To be called again where it failed, or the process ended within: what is gone stays so.
    ///
    /// # Errors
    ///
    /// When the key could not be found or destroyed.
    pub async fn destroy_key(&self, subject: &StreamName) -> Result<bool, KeyringError> {
        let Some(number) = self.keyring.number(subject).await? else { return Ok(false) };
        let destroyed = self.keyring.destroy(number, self.clock.now()).await?;
        self.forget_subject(subject, number).await;
        Ok(destroyed)
    }

    /// Forgets a person whose key was destroyed, in the process and outside; true once nothing of theirs is anywhere.
    ///
    /// Where the cache outside does not answer, what it has of them is removed when it does, before anybody asks it for
    /// anything, and cannot be opened until then.
    pub async fn forget_subject(&self, subject: &StreamName, number: SubjectNumber) -> bool {
        self.keyring.forget(subject, number);
        self.caches.clear();
        match &self.caches.outside {
            Some(outside) => outside.forget(number).await,
            None => true,
        }
    }
}
