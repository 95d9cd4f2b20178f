//! Chance that can be repeated: splitmix64 (Steele, Lea, Flood 2014), which needs no dependency and no state but a number.

/// A stream of numbers that its seed decides.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The stream of a seed and what it is for, so that two uses of one seed do not go in step.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut rng = Self(seed);
        let mixed = rng.next() ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(mixed)
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to below `limit`, and 0 when there is none.
    pub fn below(&mut self, limit: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(limit);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).saturating_add(1);
        low.saturating_add_unsigned(self.below(u64::try_from(span).unwrap_or(1)))
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A number from 0 to below 1.
    pub(super) fn fraction(&mut self) -> f64 {
        // 32 bits are exact in an f64, and so is the division by a power of two.
        let bits = u32::try_from(self.next() >> 32).unwrap_or_default();
        f64::from(bits) / 4_294_967_296.0
    }

    /// One of `all`.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(u64::try_from(all.len()).unwrap_or_default());
        all.get(usize::try_from(at).unwrap_or_default())
            .expect("whoever chooses has something to choose from")
    }

    /// One of the words.
    pub(super) fn word(&mut self, words: &[&'static str]) -> &'static str {
        let word: &&str = self.one_of(words);
        word
    }

    /// A UUID of version 4, in its usual form.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_splitmix64() {
        // The first numbers of the reference implementation for seed 1234567.
        let mut rng = Rng(1_234_567);
        let first: Vec<_> = (0..3).map(|_| rng.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn stays_within() {
        let mut rng = Rng::new(1, 2);
        for _ in 0..1_000 {
            assert!((-3..=3).contains(&rng.between(-3, 3)));
            assert!((0.0..1.0).contains(&rng.fraction()));
        }
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.one_of(&[7]), &7);
        let uuid = rng.uuid();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"), "{uuid}");
    }
}
