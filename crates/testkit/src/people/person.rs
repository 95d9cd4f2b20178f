//! One person: what decides everything else, and the ways to tell it.

use anamnesis_json::Value;
use anamnesis_kernel::Instant;
use compact_str::CompactString;

use super::draft::{Links, bundle};
use super::elements::{DAY_US, MINUTE_US, YEAR_DAYS};
use super::life::Life;
use super::rng::Rng;
use super::words::{TOWNS, Town};
use super::{Record, Size, Step, history};

/// The day up to which bundles tell, and after which histories go on: 2025-07-01T00:00:00Z.
pub(super) const HORIZON: Instant = Instant::from_micros(1_751_328_000_000_000);

/// Ages go up to this, in years.
const AGE_YEARS_MAX: i64 = 95;

/// A person who does not exist.
#[derive(Clone)]
pub struct Person {
    pub(super) seed: u64,
    pub(super) number: u64,
    pub(super) size: Size,
    pub(super) id: CompactString,
    pub(super) female: bool,
    pub(super) born: Instant,
}

impl Person {
    pub(super) fn born(seed: u64, number: u64, size: Size) -> Self {
        let mut rng = Rng::new(seed, number);
        let id = rng.uuid().into();
        let age_days = rng.between(20, AGE_YEARS_MAX * YEAR_DAYS);
        let minute = rng.between(0, 24 * 60 - 1);
        let born = HORIZON.plus_micros(-age_days * DAY_US).plus_micros(minute * MINUTE_US);
        Self { seed, number, size, id, female: rng.chance(51), born }
    }

    /// Which of the people this is.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The id of the Patient in [`bundle_with_ids`](Self::bundle_with_ids), a UUID in its usual form.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The stream of the Patient there: `Patient/id`.
    pub fn stream(&self) -> String {
        format!("Patient/{}", self.id)
    }

    /// The life so far as a transaction that creates: entries are POSTed and refer to each other by `urn:uuid:`.
    pub fn bundle(&self) -> Value {
        bundle(Life::told(self, Links::Urn), Links::Urn)
    }

    /// The same as a transaction of PUTs under ids known beforehand, so that a [`history`](Self::history) can go on.
    pub fn bundle_with_ids(&self) -> Value {
        bundle(Life::told(self, Links::Ids), Links::Ids)
    }

    /// The resources of [`bundle_with_ids`](Self::bundle_with_ids), in its order, without the bundle.
    pub fn records(&self) -> Vec<Record> {
        Life::told(self, Links::Ids)
    }

    /// What happened after [`bundle_with_ids`](Self::bundle_with_ids), in order.
    pub fn history(&self) -> Vec<Step> {
        history::after(self)
    }

    /// Full years at the horizon.
    pub(super) fn age_years(&self) -> i64 {
        (HORIZON.micros() - self.born.micros()) / (DAY_US * YEAR_DAYS)
    }

    /// Where the person lives when the bundle ends.
    pub(super) fn town(&self) -> &'static Town {
        self.rng(0x746f_776e).one_of(&TOWNS)
    }

    /// Chance of this person alone, for one purpose.
    pub(super) fn rng(&self, purpose: u64) -> Rng {
        Rng::new(self.seed ^ purpose.rotate_left(32), self.number)
    }
}

/// Shows which person it is and nothing about them.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({})", self.number)
    }
}
