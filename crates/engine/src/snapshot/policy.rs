//! When a snapshot is taken, and which are kept: pure rules.
//!
//! Invariant: none is taken of a first version, and whatever is pruned, no state is further than a thousand events from
//! the snapshot before it.

use anamnesis_kernel::{Instant, Version};
use anamnesis_store::{Listed, Reason, Shape};

/// How many of the newest are kept of each stream.
const NEWEST_KEPT: usize = 3;
/// Up to this version one of each hundred is kept, and beyond one of each thousand.
const HUNDREDS_MAX: Version = 1_000;

const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// When snapshots are taken; each reason stands for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotPolicy {
    /// After each so many events of a stream; never for 0.
    pub every: u64,
    /// Of records that were active on a day.
    pub daily: bool,
    /// When something significant happened.
    pub significant: bool,
    /// How many events must lie between a snapshot and the next that is taken for its significance.
    pub significant_gap: u64,
}

impl Default for SnapshotPolicy {
    fn default() -> Self {
        Self { every: 100, daily: true, significant: true, significant_gap: 10 }
    }
}

/// The newest snapshot of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) version: Version,
    pub(crate) taken_at: Instant,
}

/// What a commit did to one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    /// The stream's version before it.
    pub(crate) before: Version,
    /// And after it.
    pub(crate) after: Version,
    /// Whether one of its events is significant.
    pub(crate) significant: bool,
    /// When the stream was written to before, if it was.
    pub(crate) earlier: Option<Instant>,
    /// When it is written to now.
    pub(crate) now: Instant,
}

impl SnapshotPolicy {
    /// Whether a snapshot is due after a write, and why: the first reason that holds.
    pub(crate) fn due(&self, last: Option<Last>, written: &Written) -> Option<Reason> {
        let Written { before, after, significant, earlier, now } = *written;
        if after <= 1 || after <= before {
            return None;
        }
        // Counted from the beginning and not from the last, so that every hundredth version is there to be kept.
        let of = |version: Version| version.checked_div(self.every).unwrap_or_default();
        if of(after) > of(before) {
            return Some(Reason::Count);
        }
        let far_enough =
            || last.is_none_or(|last| after.saturating_sub(last.version) >= self.significant_gap);
        if self.significant && significant && far_enough() {
            return Some(Reason::Significant);
        }
        let is_earlier = |at: Instant| day(at) < day(now);
        let begins_a_day =
            || earlier.is_some_and(is_earlier) && last.is_none_or(|last| is_earlier(last.taken_at));
        (self.daily && begins_a_day()).then_some(Reason::Daily)
    }

    /// Whether who folds a long stream should keep the state at this version, which was lost or never taken.
    pub(crate) fn keeps_on_the_way(&self, version: Version) -> bool {
        let of = if version <= HUNDREDS_MAX { 100 } else { 1_000 };
        self.every > 0 && version > 0 && version.is_multiple_of(of)
    }
}

/// The number of a day since 1970, in UTC.
pub(crate) const fn day(at: Instant) -> i64 {
    at.micros().div_euclid(DAY_MICROS)
}

/// The moment a day began.
pub(crate) const fn beginning_of(day: i64) -> Instant {
    Instant::from_micros(day.saturating_mul(DAY_MICROS))
}

/// Which snapshots of a stream are no longer needed.
///
/// The newest are, and of those of our shape the first of each hundred versions below a thousand and of each thousand
/// beyond, for reading the past.
pub(crate) fn surplus(kept: &[Listed], shape: Shape) -> Vec<(Version, Shape)> {
    let mut ours: Vec<Version> =
        kept.iter().filter(|listed| listed.shape == shape).map(|listed| listed.version).collect();
    ours.sort_unstable();
    let newest = ours.len().saturating_sub(NEWEST_KEPT);
    let mut earlier = 0;
    let mut surplus: Vec<(Version, Shape)> = kept
        .iter()
        .filter(|listed| listed.shape != shape)
        .map(|listed| (listed.version, listed.shape))
        .collect();
    for (at, version) in ours.into_iter().enumerate() {
        let first_of_its_many = many(version) > many(earlier);
        earlier = version;
        if at < newest && !first_of_its_many {
            surplus.push((version, shape));
        }
    }
    surplus
}

/// Which hundred, or thousand, a version belongs to.
const fn many(version: Version) -> u64 {
    if version < HUNDREDS_MAX { version / 100 } else { 9 + version / 1_000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600 * 1_000_000;

    /// An hour of a day.
    fn at(day: i64, hour: i64) -> Instant {
        Instant::from_micros(day * 24 * HOUR + hour * HOUR)
    }

    #[test]
    fn when_a_snapshot_is_due() {
        let all = SnapshotPolicy::default();
        let none = SnapshotPolicy { every: 0, daily: false, significant: false, significant_gap: 0 };
        let counts = SnapshotPolicy { every: 5, ..none };
        let each = SnapshotPolicy { every: 1, ..none };
        let daily = SnapshotPolicy { daily: true, ..none };
        let significant = SnapshotPolicy { significant: true, significant_gap: 10, ..none };
        let last = |version, taken_at| Some(Last { version, taken_at });
        let (count, day, change) = (Some(Reason::Count), Some(Reason::Daily), Some(Reason::Significant));
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // name                              policy        last                     before  after  sig.   earlier          now         then
            ("the hundredth",                  all,         None,                    99,     100,   false, Some(at(5, 1)),  at(5, 2),   count),
            ("the one before",                 all,         None,                    98,     99,    false, Some(at(5, 1)),  at(5, 2),   None),
            ("the one after",                  all,         last(100, at(5, 1)),     100,    101,   false, Some(at(5, 1)),  at(5, 2),   None),
            ("a commit that passes it",        all,         None,                    98,     103,   false, Some(at(5, 1)),  at(5, 2),   count),
            ("the last was lost",              all,         None,                    199,    200,   false, Some(at(5, 1)),  at(5, 2),   count),
            ("one was taken just before",      all,         last(99, at(5, 1)),      99,     100,   false, Some(at(5, 1)),  at(5, 2),   count),
            ("every fifth",                    counts,      last(5, at(5, 1)),       9,      10,    true,  Some(at(5, 1)),  at(6, 2),   count),
            ("each but the first",             each,        None,                    1,      2,     false, Some(at(5, 1)),  at(5, 2),   count),
            ("the first, of every one",        each,        None,                    0,      1,     true,  None,            at(5, 2),   None),
            ("the first is significant",       all,         None,                    0,      1,     true,  None,            at(5, 2),   None),
            ("begun with a hundred",           all,         None,                    0,      100,   false, None,            at(5, 2),   count),
            ("significant, none yet",          all,         None,                    1,      2,     true,  Some(at(5, 1)),  at(5, 2),   change),
            ("significant, far enough",        all,         last(2, at(5, 1)),       11,     12,    true,  Some(at(5, 1)),  at(5, 2),   change),
            ("significant, too near",          all,         last(3, at(5, 1)),       11,     12,    true,  Some(at(5, 1)),  at(5, 2),   None),
            ("not significant",                significant, None,                    11,     12,    false, Some(at(5, 1)),  at(6, 2),   None),
            ("significant and the hundredth",  all,         None,                    99,     100,   true,  Some(at(4, 1)),  at(5, 2),   count),
            ("significant on a new day",       all,         last(2, at(4, 1)),       30,     31,    true,  Some(at(4, 1)),  at(5, 2),   change),
            ("the first write of a day",       daily,       None,                    3,      4,     true,  Some(at(4, 23)), at(5, 0),   day),
            ("the second write of a day",      daily,       None,                    3,      4,     false, Some(at(5, 0)),  at(5, 23),  None),
            ("the first, but one was taken",   daily,       last(3, at(5, 1)),       3,      4,     false, Some(at(4, 23)), at(5, 2),   None),
            ("the first, one is of yesterday", daily,       last(3, at(4, 1)),       3,      4,     false, Some(at(4, 23)), at(5, 2),   day),
            ("the record begins",              daily,       None,                    0,      1,     false, None,            at(5, 2),   None),
            ("a clock that went back",         daily,       None,                    3,      4,     false, Some(at(6, 1)),  at(5, 2),   None),
            ("nothing was written",            all,         None,                    100,    100,   true,  Some(at(4, 1)),  at(5, 2),   None),
            ("nobody wants any",               none,        None,                    99,     100,   true,  Some(at(4, 1)),  at(5, 2),   None),
        ];
        for (name, policy, last, before, after, significant, earlier, now, then) in cases {
            let written = Written { before, after, significant, earlier, now };
            assert_eq!(policy.due(last, &written), then, "{name}");
        }
    }

    fn listed(version: Version, shape: Shape) -> Listed {
        let at = Instant::default();
        Listed { version, shape, moment: at, taken_at: at, reason: Reason::Count }
    }

    #[test]
    fn what_is_no_longer_needed() {
        let (ours, other) = (Shape([1; 16]), Shape([2; 16]));
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&str, &[Version], &[Version]); 8] = [
         // name                                 kept                                         surplus
            ("the newest three stay",             &[2, 3, 4],                                  &[]),
            ("the fourth goes",                   &[2, 3, 4, 5],                               &[2]),
            ("in whatever order",                 &[5, 2, 4, 3],                               &[2]),
            ("hundreds stay",                     &[100, 200, 300, 400, 500],                  &[]),
            ("the first of a hundred stays",      &[103, 140, 199, 200, 210, 220, 230],        &[140, 199]),
            ("thousands stay beyond",             &[900, 1000, 1100, 1900, 2000, 2100, 2200, 2300], &[1100, 1900]),
            ("the thousandth is one of them",     &[900, 999, 1000, 1001, 1002, 1003, 1004],   &[999, 1001]),
            ("none",                              &[],                                         &[]),
        ];
        for (name, kept, then) in cases {
            let kept: Vec<Listed> = kept.iter().map(|version| listed(*version, ours)).collect();
            let expected: Vec<_> = then.iter().map(|version| (*version, ours)).collect();
            assert_eq!(surplus(&kept, ours), expected, "{name}");
        }
        let mixed = [listed(100, other), listed(100, ours), listed(200, other)];
        assert_eq!(surplus(&mixed, ours), [(100, other), (200, other)], "another shape is of no use");
    }

    /// However long a stream grows, what is kept of it is enough to fold no state from further than a thousand events.
    #[test]
    fn no_state_is_far_from_the_snapshot_before_it() {
        let shape = Shape([1; 16]);
        let policy = SnapshotPolicy::default();
        let mut kept: Vec<Listed> = Vec::new();
        let mut version = 0;
        let mut most = 0;
        while version < 30_000 {
            let (before, after) = (version, version + 1 + version % 3);
            let written = Written {
                before,
                after,
                significant: version % 41 == 0,
                earlier: None,
                now: Instant::default(),
            };
            let last = kept.last().map(|l| Last { version: l.version, taken_at: l.taken_at });
            if policy.due(last, &written).is_some() {
                kept.push(listed(after, shape));
                let gone = surplus(&kept, shape);
                kept.retain(|listed| !gone.contains(&(listed.version, shape)));
            }
            version = after;
            most = most.max(kept.len());
        }
        let versions: Vec<Version> = kept.iter().map(|listed| listed.version).chain([version]).collect();
        let widest = versions.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(widest <= 1_003, "a commit may pass a thousandth by two: {widest}");
        let early = versions.windows(2).filter(|pair| pair[1] <= 1_000).map(|pair| pair[1] - pair[0]);
        assert!(early.max().unwrap() <= 203, "a hundred may begin at its end");
        assert!(most <= 9 + 30 + 4, "{most}");
        assert!((1..=30_000).filter(|version| policy.keeps_on_the_way(*version)).count() == 10 + 29);
    }

    #[test]
    fn days_begin_at_midnight_in_utc() {
        assert_eq!(day(at(5, 0)), 5);
        assert_eq!(day(Instant::from_micros(at(5, 0).micros() - 1)), 4);
        assert_eq!(beginning_of(5), at(5, 0));
        assert_eq!(day(Instant::from_micros(-1)), -1);
    }
}
