//! Who is asked for, when a few are asked for often: Zipf's law, where person k comes up in proportion to 1/(k+1).

use super::rng::Rng;

/// Numbers below `n_people` without end, the low ones far more often (Zipf, exponent 1); none when there are no people.
///
/// Only sums and divisions of numbers every machine rounds alike, so the same seed gives the same people everywhere.
pub fn zipf(n_people: usize, seed: u64) -> impl Iterator<Item = usize> {
    let mut total = 0.0;
    let mut below = 0.0;
    let shares: Vec<f64> = (0..n_people)
        .map(|_| {
            below += 1.0;
            total += 1.0 / below;
            total
        })
        .collect();
    let mut rng = Rng::new(seed, 0x7a69_7066);
    std::iter::repeat_with(move || {
        let wanted = rng.fraction() * total;
        let at = shares.partition_point(|share| *share <= wanted);
        at.min(n_people.saturating_sub(1))
    })
    .take(if n_people == 0 { 0 } else { usize::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_asked_for_often() {
        let mut hits = vec![0_u32; 100];
        for n in zipf(100, 7).take(10_000) {
            hits[n] += 1;
        }
        // The first has 1/5.19 of a hundred people's share, the second half of that.
        assert!((1_800..2_100).contains(&hits[0]), "{}", hits[0]);
        assert!((850..1_080).contains(&hits[1]), "{}", hits[1]);
        assert!(hits[99] > 0);
        assert!(zipf(100, 7).take(50).eq(zipf(100, 7).take(50)));
        assert_eq!(zipf(0, 7).next(), None);
        assert_eq!(zipf(1, 7).nth(9), Some(0));
    }
}
