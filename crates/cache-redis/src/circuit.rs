//! Whether Redis is asked: not while it does not answer.
//!
//! Invariant: each change is told once in the process's log, with its reason.

use std::time::Duration;

use anamnesis_store::Circuit as Position;
use parking_lot::Mutex;

use crate::fault::Fault;

/// How many questions in a row may go unanswered.
const FAILURES_MAX: u32 = 5;
/// How long it is left alone the first time, and at most; twice as long each time between.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The circuit: closed while Redis answers.
pub(crate) struct Circuit(Mutex<Inner>);

struct Inner {
    position: Position,
    /// Failures in a row while it is closed.
    failures: u32,
    /// Trials in a row that failed.
    trials: u32,
    /// Why it is open; none as long as nobody has tried.
    fault: Option<Fault>,
    /// Whether Redis takes no more.
    full: bool,
}

impl Circuit {
    /// Open, until the first trial.
    pub(crate) fn new() -> Self {
        let inner = Inner { position: Position::Open, failures: 0, trials: 0, fault: None, full: false };
        Self(Mutex::new(inner))
    }

    /// Where it stands, and why it is open or takes nothing.
    pub(crate) fn look(&self) -> (Position, Option<&'static str>) {
        let inner = self.0.lock();
        let trouble = match inner.position {
            Position::Closed => inner.full.then_some(Fault::Full.words()),
            Position::HalfOpen | Position::Open => {
                Some(inner.fault.map_or("it was not reached yet", Fault::words))
            }
        };
        (inner.position, trouble)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().position == Position::Closed
    }

    /// A question was answered.
    pub(crate) fn answered(&self) {
        self.0.lock().failures = 0;
    }

    /// A question was not answered; true if that opened the circuit.
    pub(crate) fn failed(&self, fault: Fault) -> bool {
        let mut inner = self.0.lock();
        if inner.position != Position::Closed {
            return false;
        }
        inner.failures += 1;
        // A connection that broke does not mend.
        if inner.failures < FAILURES_MAX && fault != Fault::Broken {
            return false;
        }
        inner.position = Position::Open;
        inner.trials = 0;
        inner.fault = Some(fault);
        tracing::warn!("the cache in Redis is left alone: {}", fault.words());
        true
    }

    /// Redis took, or refused for want of room, what it was to keep.
    pub(crate) fn took(&self, full: bool) {
        let mut inner = self.0.lock();
        if std::mem::replace(&mut inner.full, full) == full {
            return;
        }
        if full {
            tracing::warn!("the cache in Redis takes no more: {}", Fault::Full.words());
        } else {
            tracing::info!("the cache in Redis takes what is put there again");
        }
    }

    /// How long it is left alone before the next trial.
    pub(crate) fn pause(&self) -> Duration {
        match self.0.lock() {
            inner if inner.fault.is_none() => Duration::ZERO,
            inner => PAUSE.saturating_mul(1 << inner.trials.min(10)).min(PAUSE_MAX),
        }
    }

    /// A trial begins.
    pub(crate) fn trial(&self) {
        self.0.lock().position = Position::HalfOpen;
    }

    /// What came of it.
    pub(crate) fn tried(&self, outcome: Result<(), Fault>) {
        let mut inner = self.0.lock();
        match outcome {
            Ok(()) => {
                *inner =
                    Inner { position: Position::Closed, failures: 0, trials: 0, fault: None, full: false };
                tracing::info!("the cache in Redis answers");
            }
            Err(fault) => {
                inner.position = Position::Open;
                inner.trials += 1;
                if inner.fault.replace(fault) != Some(fault) {
                    tracing::warn!("the cache in Redis is left alone: {}", fault.words());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed() -> Circuit {
        let circuit = Circuit::new();
        circuit.trial();
        circuit.tried(Ok(()));
        circuit
    }

    #[test]
    fn it_begins_open_and_is_tried_at_once() {
        let circuit = Circuit::new();
        assert_eq!(circuit.look().0, Position::Open);
        assert_eq!(circuit.pause(), Duration::ZERO);
        assert!(!circuit.failed(Fault::Slow), "what is open does not open");
        circuit.trial();
        assert_eq!(circuit.look().0, Position::HalfOpen);
        circuit.tried(Ok(()));
        assert_eq!(circuit.look(), (Position::Closed, None));
    }

    #[test]
    fn it_opens_after_failures_in_a_row() {
        let circuit = closed();
        for _ in 0..3 {
            for _ in 1..FAILURES_MAX {
                assert!(!circuit.failed(Fault::Slow));
            }
            circuit.answered();
        }
        for _ in 1..FAILURES_MAX {
            assert!(!circuit.failed(Fault::Slow));
        }
        assert!(circuit.failed(Fault::Slow));
        assert_eq!(circuit.look(), (Position::Open, Some(Fault::Slow.words())));
        assert!(!circuit.failed(Fault::Slow), "only once");
    }

    #[test]
    fn a_broken_connection_opens_it_at_once() {
        let circuit = closed();
        assert!(circuit.failed(Fault::Broken));
        assert!(!circuit.is_closed());
    }

    #[test]
    fn it_is_left_alone_longer_each_time_and_not_for_ever() {
        let circuit = closed();
        circuit.failed(Fault::Broken);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            pauses.push(circuit.pause().as_millis());
            circuit.trial();
            circuit.tried(Err(Fault::Broken));
        }
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        circuit.tried(Ok(()));
        circuit.failed(Fault::Broken);
        assert_eq!(circuit.pause(), PAUSE, "it begins anew");
    }

    #[test]
    fn a_full_one_is_asked_all_the_same() {
        let circuit = closed();
        circuit.took(true);
        assert_eq!(circuit.look(), (Position::Closed, Some(Fault::Full.words())));
        circuit.took(false);
        assert_eq!(circuit.look(), (Position::Closed, None));
    }
}
