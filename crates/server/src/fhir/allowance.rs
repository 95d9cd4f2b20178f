//! What the answer to one bundle may hold, and how long it may take, all of its entries together.
//!
//! Invariant: an entry is answered whole, or told that nothing was done for it; once one found no room, none behind it
//! that reads does.

use std::sync::atomic::{AtomicUsize, Ordering};

use anamnesis_fhir::bundle::EntryIn;
use anamnesis_fhir::outcome::{Issue, IssueCode};
use http::StatusCode;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::get::{self, EntryRead};
use super::outcome::Outcome;
use crate::app::{App, Limits};

/// How many entries of one bundle read at a time: half of what reads the views is left to others.
const READS_AT_ONCE: usize = 2;

/// What one bundle has left.
pub(crate) struct Allowance {
    /// Bytes of resources that its answer still takes.
    room: AtomicUsize,
    /// When its time is up.
    until: Option<Instant>,
    reading: Semaphore,
}

impl Allowance {
    /// That of a request, from now on.
    pub(super) fn of_request(limits: &Limits) -> Self {
        Self { until: Some(Instant::now() + limits.bundle), ..Self::of_import(limits) }
    }

    /// That of a bundle that is imported into a store nobody serves: whoever imports waits until all is in.
    pub(super) const fn of_import(limits: &Limits) -> Self {
        let room = AtomicUsize::new(limits.bundle_answer_bytes_max);
        Self { room, until: None, reading: Semaphore::const_new(READS_AT_ONCE) }
    }

    /// What an entry reads, when its turn comes and time and room are left.
    pub(super) async fn read(&self, app: &App, entry: &EntryIn) -> EntryRead {
        let reading = async {
            let _turn = self.reading.acquire().await;
            match self.spent() {
                Some(outcome) => nothing(outcome),
                None => get::entry(app, entry).await,
            }
        };
        self.in_time(reading).await.unwrap_or_else(nothing)
    }

    /// What was read, taken into the answer, where there is room for it; entries must come in their order.
    pub(super) fn admit(&self, read: EntryRead) -> EntryRead {
        match &read.answer {
            Ok(reply) if !self.takes(reply.body.len()) => nothing(full()),
            _ => read,
        }
    }

    /// Whether the answer takes so many bytes more; entries must come in their order, and one that finds no room leaves
    /// none.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        let room = self.room.load(Ordering::Relaxed);
        let left = room.checked_sub(bytes).filter(|_| room > 0);
        self.room.store(left.unwrap_or(0), Ordering::Relaxed);
        left.is_some()
    }

    /// Why nothing more is read, if time or room is used up.
    pub(super) fn spent(&self) -> Option<Outcome> {
        if self.room.load(Ordering::Relaxed) == 0 {
            return Some(full());
        }
        self.begin().err()
    }

    /// Sees to it that time is left to begin something that, once begun, is carried out.
    ///
    /// # Errors
    ///
    /// When none is.
    pub(super) fn begin(&self) -> Result<(), Outcome> {
        if self.until.is_some_and(|until| Instant::now() >= until) { Err(late()) } else { Ok(()) }
    }

    /// Waits for something that changes nothing, as long as time is left.
    ///
    /// # Errors
    ///
    /// When it was not done by then.
    pub(super) async fn in_time<T>(&self, reading: impl Future<Output = T>) -> Result<T, Outcome> {
        match self.until {
            None => Ok(reading.await),
            Some(until) => timeout_at(until, reading).await.map_err(|_| late()),
        }
    }
}

fn nothing(outcome: Outcome) -> EntryRead {
    EntryRead { answer: Err(outcome), said: Vec::new() }
}

/// 503, as of a search that took too long: the same can be had by itself.
fn full() -> Outcome {
    let what =
        "nothing was done for this: the answer to the bundle is full; ask for it by itself, or for less";
    Outcome::Machine(StatusCode::SERVICE_UNAVAILABLE, Issue::error(IssueCode::TooCostly, what))
}

fn late() -> Outcome {
    let what = "nothing was done for this: the time of the bundle was up; send less at once";
    Outcome::Machine(StatusCode::SERVICE_UNAVAILABLE, Issue::error(IssueCode::Timeout, what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn allowance(bytes_max: usize, time: Duration) -> Allowance {
        let limits = Limits { bundle_answer_bytes_max: bytes_max, bundle: time, ..Limits::default() };
        Allowance::of_request(&limits)
    }

    #[test]
    fn what_finds_room() {
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&str, &[usize], &[bool]); 5] = [
         // what                          bytes          taken
            ("all",                       &[3, 3, 3],    &[true, true, true]),
            ("to the brim",               &[9, 1, 1],    &[true, true, false]),
            ("one that does not fit",     &[9, 2, 1],    &[true, false, false]),
            ("one larger than all",       &[11, 1],      &[false, false]),
            ("nothing, where none is left", &[10, 0],    &[true, false]),
        ];
        for (what, bytes, taken) in cases {
            let allowance = allowance(10, Duration::from_secs(60));
            let came: Vec<_> = bytes.iter().map(|bytes| allowance.takes(*bytes)).collect();
            assert_eq!(came, taken, "{what}");
            assert_eq!(allowance.spent().is_some(), bytes.iter().sum::<usize>() >= 10, "{what}");
        }
    }

    #[tokio::test]
    async fn when_the_time_is_up() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // whose                                               in time
            (allowance(10, Duration::from_secs(3_600)),         true),
            (allowance(10, Duration::ZERO),                     false),
            (Allowance::of_import(&Limits::default()),          true),
        ];
        for (allowance, in_time) in cases {
            assert_eq!(allowance.begin().is_ok(), in_time);
            assert_eq!(allowance.spent().is_none(), in_time);
            assert!(allowance.in_time(std::future::ready(())).await.is_ok(), "what is done is done");
        }
        let late = allowance(10, Duration::ZERO).in_time(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!((late.status().as_u16(), late.issues()[0].code), (503, IssueCode::Timeout));
    }
}
