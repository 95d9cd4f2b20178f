//! What the engine tells whoever measures it.

use std::time::Duration;

/// A step of an event's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// From the request to its events.
    Decide,
    /// Sealing and queueing.
    Append,
    /// Until the log is synced.
    Sync,
    /// From the log to the views.
    Project,
}

/// Takes measurements.
pub trait Instruments: Send + Sync {
    /// A step took so long.
    fn took(&self, stage: Stage, time: Duration);

    /// An append met a stream or claim that had moved.
    fn conflict(&self);
}

/// Measures nothing.
pub struct Silent;

impl Instruments for Silent {
    fn took(&self, _: Stage, _: Duration) {}

    fn conflict(&self) {}
}
