//! Random histories and queries, the same for the same seed: few records and few values, so that much meets.

use anamnesis_kernel::search::{By, Entry, Filter, Find, Kept, Key, Link, Order, Param, Query, Real, Test};
use anamnesis_kernel::{Instant, ResourceId, ResourceType};

use super::sample::at;

/// Numbers that look random (SplitMix64).
pub(super) struct Random(pub(super) u64);

/// The types there are.
pub(super) const KINDS: [&str; 2] = ["Patient", "Observation"];
/// Dates that are not as long as a day may be kept otherwise than longer ones.
const DAY: i64 = 86_400_000_000;
const KEPT: [Kept; 5] = [Kept::Token, Kept::Text, Kept::Date, Kept::Quantity, Kept::Reference];
const TEXTS: [(&str, &str); 6] =
    [("anna", "Anna"), ("anna", "ANNA"), ("anna", ""), ("ann", ""), ("b%_", "B%_"), ("munoz", "Muñoz")];
const SAID: [&str; 4] = ["", "red", "green eyes", "red hair"];
/// How many microseconds after the beginning the last commit is at most.
pub(super) const END: i64 = 1_000;

pub(super) fn kind(name: &str) -> ResourceType {
    ResourceType::parse(name).expect("a type")
}

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        let at = usize::try_from(self.below(all.len() as u64)).expect("small");
        *all.get(at).expect("within")
    }

    fn small(&mut self, bound: i64) -> i64 {
        i64::try_from(self.below(bound.unsigned_abs())).expect("small")
    }

    pub(super) fn kind(&mut self) -> ResourceType {
        kind(self.pick(&KINDS))
    }

    /// An id; a third are UUIDs, which sort before all others.
    pub(super) fn id(&mut self, kind: ResourceType) -> String {
        match self.below(6) {
            n @ 0..2 => format!("0123456{n}-89ab-cdef-0123-456789abcdef"),
            n => format!("{}{n}", kind.name().to_ascii_lowercase()),
        }
    }

    fn param(&mut self, kind: ResourceType, kept: Kept) -> Param {
        let of_kept = KEPT.iter().position(|one| *one == kept).expect("one of them");
        let number =
            10 * u32::try_from(of_kept).expect("small") + u32::try_from(self.below(2)).expect("small");
        Param(u32::from(kind.number()) * 256 + number)
    }

    fn real(&mut self) -> Real {
        let number = self.small(8) as f64 / 4.0;
        Real::new(number).expect("a number")
    }

    fn key(&mut self, kept: Kept) -> Key {
        match kept {
            Kept::Token => Key::Token {
                code: self.pick(&["a", "b", "c"]).into(),
                system: self.pick(&["", "s1", "s2"]).into(),
            },
            Kept::Text => {
                let (text, exact) = self.pick(&TEXTS);
                Key::Text { text: text.into(), exact: exact.into() }
            }
            Kept::Date => {
                let low = self.pick(&[i64::MIN, 0, 5, -7, 30, DAY]);
                Key::Date { low, high: self.pick(&[low, 30, DAY - 1, DAY, 3 * DAY, i64::MAX]).max(low) }
            }
            Kept::Quantity => {
                let low = self.real();
                Key::Quantity {
                    low,
                    high: self.real().max(low),
                    unit: self.pick(&["", "mg", "g"]).into(),
                    system: self.pick(&["", "s1"]).into(),
                }
            }
            Kept::Reference => {
                let to = self.kind();
                match self.below(8) {
                    0 | 1 => self.called(),
                    _ => Key::Reference { kind: to.number(), id: self.id(to).into() },
                }
            }
            Kept::Words => Key::Words { narrative: self.pick(&SAID).into(), rest: self.pick(&SAID).into() },
        }
    }

    /// What a definition is called.
    fn called(&mut self) -> Key {
        Key::Reference { kind: 0, id: self.pick(&["http://d|", "http://d|1", "urn:uuid:1"]).into() }
    }

    fn link(&mut self) -> Link {
        self.pick(&[Link::Name, Link::Name, Link::Url])
    }

    /// What a record of this type is found by, sorted, each once; some of it in groups.
    pub(super) fn entries(&mut self, kind: ResourceType) -> Vec<Entry> {
        let mut entries = Vec::new();
        for _ in 0..self.below(9) {
            let kept = self.pick(&KEPT);
            let group = u16::try_from(self.below(6).saturating_sub(2)).expect("small");
            entries.push(Entry { param: self.param(kind, kept), key: self.key(kept), group });
        }
        if self.below(3) == 0 {
            entries.push(Entry { param: Param::CANONICAL, key: self.called(), group: 0 });
        }
        if self.below(3) > 0 {
            let param = Param::of_type(kind.number());
            entries.push(Entry { param, key: self.key(Kept::Words), group: 0 });
        }
        entries.sort_unstable();
        entries.dedup();
        entries
    }

    fn words_test(&mut self) -> Test {
        let expression = self.pick(&["\"red\"", "\"eyes\"", "\"blue\""]).into();
        Test::Words { expression, narrative: self.below(2) > 0 }
    }

    fn own_test(&mut self, kind: ResourceType) -> Test {
        let kept = self.pick(&KEPT);
        let param = self.param(kind, kept);
        if self.below(8) == 0 {
            return Test::Present { param, kept };
        }
        match self.key(kept) {
            Key::Token { code, system } => Test::Token {
                param,
                system: (self.below(2) > 0).then_some(system),
                code: (self.below(4) > 0).then_some(code),
            },
            Key::Text { text, exact } => {
                let find = self.pick(&[Find::Begins, Find::Contains, Find::Exact, Find::Whole]);
                let text = match find {
                    Find::Exact if !exact.is_empty() => exact,
                    Find::Contains => self.pick(&["nn", "%", "_", "z", ""]).into(),
                    Find::Begins => self.pick(&["an", "anna", "b%", "%", ""]).into(),
                    _ => text,
                };
                Test::Text { param, text, find }
            }
            Key::Date { low, high } => {
                let bound = [i64::MIN, 0, 15, 30, DAY, 2 * DAY, i64::MAX];
                let (from, to) = (self.pick(&bound), self.pick(&bound));
                match self.below(3) {
                    0 => Test::Date { param, low: (low, low), high: (high, high) },
                    1 => Test::Date { param, low: (from, to), high: (i64::MIN, i64::MAX) },
                    _ => Test::Date { param, low: (i64::MIN, to), high: (from, i64::MAX) },
                }
            }
            Key::Quantity { low, high, unit, system } => Test::Quantity {
                param,
                low: (Real::LEAST, high),
                high: (low, Real::GREATEST),
                unit: (self.below(2) > 0).then_some(unit),
                system: (self.below(2) > 0).then_some(system),
            },
            Key::Reference { .. } if self.below(4) == 0 => Test::Refers { param, kind: self.kind() },
            Key::Reference { kind, id } => {
                Test::Reference { param, kind: (self.below(2) > 0).then_some(kind), id }
            }
            Key::Words { .. } => self.words_test(),
        }
    }

    fn test(&mut self, kind: ResourceType, depth: u32) -> Test {
        match self.below(13) {
            12 => self.words_test(),
            0 => Test::Id(ResourceId::new(&self.id(kind)).expect("an id")),
            1 => Test::Kind(Param::of_type(kind.number())),
            2 => Test::Updated(at(self.small(END)), at(self.small(END))),
            3 => Test::Together(
                (0..2).map(|_| (0..=self.below(2)).map(|_| self.own_test(kind)).collect()).collect(),
            ),
            4 | 5 if depth > 0 => {
                let to = self.kind();
                let filter = Box::new(self.filter(to, depth - 1));
                Test::Chain { param: self.param(kind, Kept::Reference), by: self.link(), kind: to, filter }
            }
            6 | 7 if depth > 0 => {
                let from = self.kind();
                let filter = Box::new(self.filter(from, depth - 1));
                Test::Has { kind: from, param: self.param(from, Kept::Reference), by: self.link(), filter }
            }
            _ => self.own_test(kind),
        }
    }

    fn filter(&mut self, kind: ResourceType, depth: u32) -> Filter {
        let some = |random: &mut Self| {
            (0..random.below(4)).map(|_| random.filter(kind, depth.saturating_sub(1))).collect()
        };
        match self.below(8) {
            0 if depth > 0 => Filter::All(some(self)),
            1 | 2 if depth > 0 => Filter::Any(some(self)),
            3 | 4 if depth > 0 => Filter::Not(Box::new(self.filter(kind, depth - 1))),
            _ => Filter::Test(self.test(kind, depth)),
        }
    }

    /// A query about now; some of any type.
    pub(super) fn query(&mut self) -> Query {
        let kind = self.kind();
        let all = (0..self.below(4)).map(|_| self.filter(kind, 3)).collect();
        let order = (0..self.below(3))
            .map(|_| {
                let kept = self.pick(&KEPT);
                let param = By::Param { param: self.param(kind, kept), kept };
                Order {
                    by: self.pick(&[By::MainDate, By::Updated, By::Id, param, param, param]),
                    descending: self.below(2) > 0,
                }
            })
            .collect();
        let of = (self.below(6) > 0).then_some(kind);
        if of.is_none() && self.below(2) > 0 {
            return Query { order, ..Query::new(None, vec![self.of_each_type()], 10_000) };
        }
        Query { order, ..Query::new(of, all, 10_000) }
    }

    /// What a search of all types asks of each.
    fn of_each_type(&mut self) -> Filter {
        let types = KINDS.map(kind).map(|kind| {
            let of_type = Filter::from(Test::Kind(Param::of_type(kind.number())));
            let filters = (0..self.below(3)).map(|_| self.filter(kind, 2));
            Filter::All([of_type].into_iter().chain(filters.collect::<Vec<_>>()).collect())
        });
        Filter::Any(types.into())
    }

    pub(super) fn moment(&mut self) -> Instant {
        at(self.small(END))
    }

    pub(super) fn date(&mut self) -> Option<i64> {
        self.pick(&[None, Some(0), Some(5), Some(-7), Some(DAY)])
    }
}
