//! The webhook: messages in their order, each again and again until it is taken or there is no more sense in it.
//!
//! Invariant: who tells never waits; what finds no room or is never taken is counted and said in the log.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use aws_lc_rs::hmac;
use prometheus::IntCounterVec;
use ureq::Agent;

use crate::outward;

/// The hash of the body under the secret, where there is one.
pub(crate) const SIGNATURE: &str = "anamnesis-signature";

/// Messages that wait at most.
const MESSAGES_MAX: usize = 64;
/// How often one is sent at most: over about seven minutes.
const TRIES_MAX: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(120);
/// How long the other side may take.
const PATIENCE: Duration = Duration::from_secs(10);
const SECRET_BYTES_MIN: usize = 16;

/// Why there can be no webhook.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HookError {
    /// The secret's file.
    #[error("the secret of the webhook in {path} cannot be read")]
    Secret {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// One that could be guessed.
    #[error("the secret of the webhook in {path} has less than {SECRET_BYTES_MIN} bytes")]
    Short {
        /// Where.
        path: PathBuf,
    },
    /// Its thread.
    #[error("the thread of the webhook cannot be started")]
    Thread(#[source] io::Error),
}

/// The way to whoever is told.
pub(super) struct Webhook {
    messages: SyncSender<Vec<u8>>,
    counted: IntCounterVec,
}

impl Webhook {
    /// One at this address, which signs with the secret in that file; counts by `sent`, `failed` and `dropped`.
    ///
    /// # Errors
    ///
    /// See [`HookError`].
    pub(super) fn new(url: &str, secret: Option<&Path>, counted: IntCounterVec) -> Result<Self, HookError> {
        let secret = secret.map(key).transpose()?;
        let (messages, waiting) = sync_channel(MESSAGES_MAX);
        let teller = Teller { agent: outward::agent(PATIENCE), url: url.to_owned(), secret };
        let count = counted.clone();
        let work = move || teller.run(&waiting, &count);
        std::thread::Builder::new().name("webhook".into()).spawn(work).map_err(HookError::Thread)?;
        Ok(Self { messages, counted })
    }

    /// Has a message told, soon.
    pub(super) fn tell(&self, message: Vec<u8>) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.messages.try_send(message) {
            self.counted.with_label_values(&["dropped"]).inc();
            tracing::warn!("an alert is not told to the webhook: too many wait");
        }
    }
}

/// The key in a file; the end of its line is no part of it.
fn key(path: &Path) -> Result<hmac::Key, HookError> {
    let text = std::fs::read(path).map_err(|source| HookError::Secret { path: path.to_owned(), source })?;
    let secret = text.trim_ascii();
    if secret.len() < SECRET_BYTES_MIN {
        return Err(HookError::Short { path: path.to_owned() });
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, secret))
}

/// The thread that tells.
struct Teller {
    agent: Agent,
    url: String,
    secret: Option<hmac::Key>,
}

/// What came of a try.
enum Tried {
    Taken,
    /// It may be taken later.
    Later(String),
    /// It will never be taken.
    Never(String),
}

impl Teller {
    fn run(&self, waiting: &Receiver<Vec<u8>>, counted: &IntCounterVec) {
        while let Ok(message) = waiting.recv() {
            let result = match self.tell(&message) {
                Ok(()) => "sent",
                Err(cause) => {
                    tracing::warn!(cause, "an alert could not be told to the webhook");
                    "failed"
                }
            };
            counted.with_label_values(&[result]).inc();
        }
    }

    fn tell(&self, message: &[u8]) -> Result<(), String> {
        let mut pause = PAUSE;
        let mut tries = 1;
        loop {
            match self.try_once(message) {
                Tried::Taken => return Ok(()),
                Tried::Never(cause) => return Err(cause),
                Tried::Later(cause) if tries == TRIES_MAX => return Err(cause),
                Tried::Later(_) => {}
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MAX);
            tries += 1;
        }
    }

    fn try_once(&self, message: &[u8]) -> Tried {
        let mut request = self.agent.post(&self.url).header("content-type", "application/json");
        if let Some(secret) = &self.secret {
            request = request.header(SIGNATURE, signature(secret, message));
        }
        match request.send(message) {
            Ok(answer) => match answer.status().as_u16() {
                200..=299 => Tried::Taken,
                status @ (408 | 425 | 429 | 500..) => Tried::Later(format!("it answered {status}")),
                status => Tried::Never(format!("it answered {status}")),
            },
            // Which address it was stands in the settings; it may hold a password.
            Err(ureq::Error::BadUri(_)) => Tried::Never("its address is none".to_owned()),
            Err(ureq::Error::Timeout(_)) => Tried::Later("it did not answer in time".to_owned()),
            Err(_) => Tried::Later("it cannot be reached".to_owned()),
        }
    }
}

/// The body's HMAC with SHA-256, in the form that GitHub's webhooks made common.
fn signature(secret: &hmac::Key, message: &[u8]) -> String {
    let tag = hmac::sign(secret, message);
    let digits = tag.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.fold("sha256=".to_owned(), |text, digits| text + &digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Case 2 of <https://www.rfc-editor.org/rfc/rfc4231#section-4.3>.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        assert_eq!(
            signature(&key, b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_secret_is_a_file_of_some_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert!(matches!(key(&path), Err(HookError::Secret { .. })));
        std::fs::write(&path, "  short \n").unwrap();
        assert!(matches!(key(&path), Err(HookError::Short { .. })));
        std::fs::write(&path, "0123456789abcdef\n").unwrap();
        assert!(key(&path).is_ok());
    }
}
