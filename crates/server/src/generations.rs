//! The generations of the views as their operators see them: which serves, which is being made and how far it is, which is
//! kept for a while; and what may be asked of whoever keeps them.

use anamnesis_engine::Progress;
use anamnesis_kernel::Instant;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};

use crate::pace::{Pace, percent};

/// What there is to say of generations.
pub(crate) struct Generations {
    told: watch::Sender<Told>,
    wishes: mpsc::Sender<Wish>,
    /// Gone with the keeper, so that nobody waits for one that is not there.
    taken: Mutex<Option<mpsc::Receiver<Wish>>>,
}

/// All generations there are.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The number of the one that serves.
    pub(crate) serving: u64,
    /// Since when it does.
    pub(crate) since: Instant,
    /// The one that is being made.
    pub(crate) building: Option<Building>,
    /// The one that served before.
    pub(crate) kept: Option<Kept>,
    /// The shape that is wanted and not made, because someone said so.
    pub(crate) cancelled: Option<String>,
}

/// A generation that is being made.
#[derive(Clone, Debug)]
pub(crate) struct Building {
    /// Its number.
    pub(crate) number: u64,
    /// The shape it will have.
    pub(crate) shape: String,
    /// How many search parameters are registered in it.
    pub(crate) parameters: usize,
    /// When it was begun, or gone on with.
    pub(crate) since: Instant,
    /// Events folded.
    pub(crate) done: u64,
    /// Events in all.
    pub(crate) total: u64,
    /// Why it could not be made, when that was tried last.
    pub(crate) failed: Option<String>,
    /// How fast it goes.
    pub(crate) pace: Pace,
}

/// A generation that served, and can again.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// Its number.
    pub(crate) number: u64,
    /// Its shape.
    pub(crate) shape: String,
    /// How many search parameters are registered in it.
    pub(crate) parameters: usize,
    /// When it goes.
    pub(crate) until: Instant,
}

/// Something that is asked of the keeper of the generations, and who is told what came of it.
pub(crate) struct Wish {
    pub(crate) act: Act,
    pub(crate) told: oneshot::Sender<Result<(), Denied>>,
}

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// The one that is being made is not to be, or the one that is kept is not to be kept longer.
    Remove(u64),
    /// The one that is kept is to serve again.
    Serve(u64),
    /// What was cancelled is wanted again.
    Build,
}

/// Why what was asked is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    /// There is no such generation.
    #[error("there is no such generation")]
    Unknown,
    /// It serves.
    #[error("this generation serves")]
    Serves,
    /// Another is under way.
    #[error("the next generation is being made: cancel it, or wait")]
    Busy,
    /// It could not be done; the process's log says why.
    #[error("it could not be done now")]
    Failed,
}

impl Building {
    /// How much of it is there.
    pub(crate) fn percent(&self) -> u64 {
        percent(self.done, self.total)
    }

    /// Events folded in a second, once there are any.
    pub(crate) fn events_per_s(&self) -> Option<u64> {
        self.pace.events_per_s(self.done)
    }

    /// Seconds until it serves, at the pace so far.
    pub(crate) fn seconds_left(&self) -> Option<u64> {
        self.pace.seconds_left(self.done, self.total)
    }
}

impl Generations {
    /// This one serves since then, none is being made.
    pub(crate) fn new(serving: u64, since: Instant) -> Self {
        let (wishes, taken) = mpsc::channel(1);
        let told = Told { serving, since, building: None, kept: None, cancelled: None };
        Self { told: watch::Sender::new(told), wishes, taken: Mutex::new(Some(taken)) }
    }

    /// All there are.
    pub(crate) fn all(&self) -> Told {
        self.told.borrow().clone()
    }

    /// The one being made.
    pub(crate) fn building(&self) -> Option<Building> {
        self.told.borrow().building.clone()
    }

    /// Whether this shape is not made because someone said so.
    pub(crate) fn is_cancelled(&self, shape: &str) -> bool {
        self.told.borrow().cancelled.as_deref() == Some(shape)
    }

    /// Changes what is told.
    pub(crate) fn tell(&self, change: impl FnOnce(&mut Told)) {
        self.told.send_modify(change);
    }

    /// It has come so far.
    pub(crate) fn advance(&self, progress: Progress) {
        self.tell(|told| {
            if let Some(building) = &mut told.building {
                (building.done, building.total) = (progress.done, progress.total);
            }
        });
    }

    /// What is asked from now on; given once.
    pub(crate) fn wishes(&self) -> Option<mpsc::Receiver<Wish>> {
        self.taken.lock().take()
    }

    /// Asks for something, and waits until it is done.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub(crate) async fn ask(&self, act: Act) -> Result<(), Denied> {
        if self.taken.lock().is_some() {
            return Err(Denied::Failed);
        }
        let (told, answer) = oneshot::channel();
        let sent = self.wishes.send(Wish { act, told }).await;
        sent.map_err(|_| Denied::Failed)?;
        answer.await.unwrap_or(Err(Denied::Failed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_a_keeper_that_is_not_there() {
        let generations = Generations::new(1, Instant::default());
        assert_eq!(generations.ask(Act::Build).await, Err(Denied::Failed));
        drop(generations.wishes());
        assert_eq!(generations.ask(Act::Build).await, Err(Denied::Failed));
    }
}
