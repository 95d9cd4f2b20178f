//! Ids for what has no key to make them from: UUIDv8, ordered by time, with the slot of their home.
//!
//! Invariant: the ids of one minter rise strictly, whatever its clock does.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use anamnesis_kernel::{Instant, ResourceId};
use uuid::Uuid;

use crate::random::{Random, draw};

/// The bits of the counter behind the milliseconds.
const COUNTER_BITS: u32 = 12;

/// Mints ids: 48 bits of milliseconds, a counter of 12, slot and randomness.
pub struct Minter {
    random: Box<dyn Random>,
    /// Milliseconds and counter of the last id, as one number.
    last: AtomicU64,
}

impl Minter {
    /// A minter that draws from `random`.
    pub fn new(random: impl Random + 'static) -> Self {
        Self { random: Box::new(random), last: AtomicU64::new(0) }
    }

    /// An id for an event or a commit.
    pub fn event_id(&self, now: Instant) -> Uuid {
        self.mint(now, None)
    }

    /// An id for a record that lives in `slot`.
    pub fn record_id(&self, now: Instant, slot: u16) -> ResourceId {
        ResourceId::from_uuid(self.mint(now, Some(slot)))
    }

    fn mint(&self, now: Instant, slot: Option<u16>) -> Uuid {
        let now_ms = u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0);
        let wanted = now_ms << COUNTER_BITS;
        // A counter that runs over borrows from the next millisecond, a clock that steps back is not followed.
        let next = |last: u64| wanted.max(last.wrapping_add(1));
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)))
            .unwrap_or_else(|last| last);
        let count = next(last);
        let [_, _, a, b, c, d, e, f] = (count >> COUNTER_BITS).to_be_bytes();
        let [.., g, h] = count.to_be_bytes();
        let [i, any_high, any_low, l, m, o, p, q] = draw(&*self.random);
        let [high, low] = slot.map_or([any_high, any_low], u16::to_be_bytes);
        // The builder sets the version over the high half of `g`, which is the milliseconds' again.
        uuid::Builder::from_custom_bytes([a, b, c, d, e, f, g, h, i, high, low, l, m, o, p, q]).into_uuid()
    }
}

/// Its randomness is not shown.
impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Minter")
    }
}

#[cfg(test)]
mod tests {
    use anamnesis_kernel::slot_of;

    use super::*;
    use crate::SystemRandom;

    #[test]
    fn ids_rise_when_the_clock_does_not() {
        let minter = Minter::new(SystemRandom);
        let now = Instant::from_micros(1_700_000_000_000_000);
        let mut last = minter.event_id(now);
        assert_eq!(last.get_version_num(), 8);
        assert_eq!(last.as_bytes()[..6], 1_700_000_000_000_u64.to_be_bytes()[2..]);
        for n in 0..10_000 {
            let next = minter.event_id(now.plus_micros(-n));
            assert!(next > last, "{n}");
            last = next;
        }
        assert!(minter.event_id(now.plus_micros(60_000_000)) > last);
        assert_eq!(minter.event_id(Instant::from_micros(i64::MIN)).get_version_num(), 8);
    }

    #[test]
    fn a_record_id_carries_its_slot() {
        let minter = Minter::new(SystemRandom);
        for slot in [0, 1, 0x8000, u16::MAX] {
            assert_eq!(slot_of(&minter.record_id(Instant::from_micros(1), slot)), slot);
        }
    }
}
