//! Folding a stream: one event after the other, from its beginning or from a state that was folded already.
//!
//! Invariant: where the fold began does not show in what it comes to.

use anamnesis_chart::{EventRef, State, evolve};
use anamnesis_json::Object;
use anamnesis_kernel::{Event, Instant, StreamName, Version};
use anamnesis_seal::{Hash, SubjectNumber};
use anamnesis_store::{ReadError, StoredEvent};

use crate::codec;
use crate::keyring::Keyring;
use crate::snapshot::form::Folded;

/// What a stream has come to so far.
#[derive(Default)]
pub(crate) struct Fold {
    elements: Option<Object>,
    /// Whose key seals it, as its newest event says; none where nobody said yet.
    subject: Option<StreamName>,
    /// The event it has come to.
    at: Option<At>,
    /// Why an event could not be folded, until one comes that a fold may start at.
    broken: Option<ReadError>,
    /// How many events were folded.
    events: usize,
}

/// Where a fold stands.
#[derive(Clone, Copy)]
struct At {
    version: Version,
    moment: Instant,
    leaf: Hash,
    /// Whose key opens the event; none once that subject was erased.
    key_of: Option<SubjectNumber>,
}

/// An event of the stream, opened if it can be.
pub(crate) struct Opened {
    at: At,
    /// None once its subject was erased.
    event: Result<Option<Event>, ReadError>,
}

impl Opened {
    /// Opens an event.
    ///
    /// # Errors
    ///
    /// When its key cannot be read. That it is damaged is an error only for who must fold it.
    pub(crate) async fn of(keyring: &Keyring, stored: StoredEvent) -> Result<Self, ReadError> {
        let StoredEvent { version, moment, leaf, subject, .. } = stored;
        let event = match codec::open(keyring, stored).await {
            Err(error @ ReadError::Unavailable(_)) => return Err(error),
            event => event,
        };
        let key_of = matches!(event, Ok(Some(_))).then_some(subject);
        Ok(Self { at: At { version, moment, leaf, key_of }, event })
    }

    /// Its number.
    pub(crate) const fn version(&self) -> Version {
        self.at.version
    }

    /// Whether a fold may start at it.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(&self.event, Ok(Some(event)) if event.whole)
    }
}

impl Fold {
    /// A fold that goes on from a state.
    pub(crate) fn from(folded: Folded) -> Self {
        let Folded { state, subject, moment, leaf } = folded;
        let at = At { version: state.version, moment, leaf, key_of: None };
        Self { elements: state.elements, subject: Some(subject), at: Some(at), broken: None, events: 0 }
    }

    /// Takes in the next event of the stream.
    pub(crate) fn add(&mut self, opened: Opened) {
        let Opened { at, event } = opened;
        self.at = Some(at);
        self.events += 1;
        let lifted = event
            .and_then(|event| event.map(|event| codec::lifted(&event).map(|data| (event, data))).transpose());
        match lifted {
            Ok(None) => {}
            Ok(Some((event, data))) => {
                if event.whole {
                    self.broken = None;
                }
                if self.broken.is_none() {
                    let event = EventRef { kind: &event.kind, whole: event.whole, data: &data };
                    self.elements = evolve(self.elements.take(), &event);
                }
                self.subject = Some(event.subject.unwrap_or(event.stream));
            }
            // What follows may be a fold's start, which does without it.
            Err(error) => self.broken = Some(error),
        }
    }

    /// How many events were folded.
    pub(crate) const fn events(&self) -> usize {
        self.events
    }

    /// The version it has come to, 0 before any.
    pub(crate) fn version(&self) -> Version {
        self.at.map_or(0, |at| at.version)
    }

    /// The state at the event it has come to with whose key seals that event; none before any event, or where the state
    /// is nobody's to keep: of someone who was erased, or of what cannot be folded.
    pub(crate) fn to_keep(&self) -> Option<(SubjectNumber, Folded)> {
        let At { version, moment, leaf, key_of } = self.at?;
        let (None, Some(subject)) = (&self.broken, &self.subject) else { return None };
        let state = State { version, elements: self.elements.clone() };
        Some((key_of?, Folded { state, subject: subject.clone(), moment, leaf }))
    }

    /// What it has come to; none where there was no event.
    ///
    /// # Errors
    ///
    /// When an event could not be folded.
    pub(crate) fn end(self, name: &StreamName) -> Result<Option<Folded>, ReadError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let Some(At { version, moment, leaf, .. }) = self.at else { return Ok(None) };
        let state = State { version, elements: self.elements };
        Ok(Some(Folded { state, subject: self.subject.unwrap_or_else(|| name.clone()), moment, leaf }))
    }
}
