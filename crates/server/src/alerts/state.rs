//! When an alert begins and when it is over: only what lasts is told, so that what comes and goes is told once.

use anamnesis_kernel::Instant;

/// How long a condition must be gone before it is over, in looks.
pub(super) const CLEAR_LOOKS: u32 = 20;

/// Where one alert stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct State {
    /// Looks that found it in a row, while it is not told; looks that did not, once it is.
    looks: u32,
    /// Since when the looks that are counted find what they find.
    since: Option<Instant>,
    /// Since when it is told.
    told: Option<Instant>,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    /// It began then, and this is how bad it is.
    Fired { since: Instant, value: f64 },
    /// What began then is over.
    Resolved { since: Instant },
}

impl State {
    /// One more look found it, this bad, or did not; it is told after so many looks.
    pub(super) fn step(&mut self, found: Option<f64>, looks: u32, now: Instant) -> Option<Change> {
        if found.is_some() == self.told.is_some() {
            (self.looks, self.since) = (0, None);
            return None;
        }
        self.looks += 1;
        let since = *self.since.get_or_insert(now);
        match (found, self.told) {
            (Some(value), None) if self.looks >= looks => {
                *self = Self { told: Some(since), ..Self::default() };
                Some(Change::Fired { since, value })
            }
            (None, Some(since)) if self.looks >= CLEAR_LOOKS => {
                *self = Self::default();
                Some(Change::Resolved { since })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of looks, `x` for one that found it: the number of the look, and since which look it holds.
    fn told(looks: &str, after: u32) -> Vec<(usize, char, i64)> {
        let mut state = State::default();
        let mut told = Vec::new();
        for (at, look) in looks.chars().enumerate() {
            let now = Instant::from_micros(i64::try_from(at).unwrap());
            match state.step((look == 'x').then_some(1.0), after, now) {
                Some(Change::Fired { since, .. }) => told.push((at, '+', since.micros())),
                Some(Change::Resolved { since }) => told.push((at, '-', since.micros())),
                None => {}
            }
        }
        told
    }

    #[test]
    fn only_what_lasts_is_told_and_once() {
        let quiet = ".".repeat(CLEAR_LOOKS as usize);
        let almost = ".".repeat(CLEAR_LOOKS as usize - 1);
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            // name                       looks                       after  told
            ("never",                     "........".to_owned(),      1,     vec![]),
            ("at once",                   ".x".to_owned(),            1,     vec![(1, '+', 1)]),
            ("after three",               ".xxxxxx".to_owned(),       3,     vec![(3, '+', 1)]),
            ("broken off",                "xx.xx.xx.".to_owned(),     3,     vec![]),
            ("over",                      format!("x{quiet}..."),     1,     vec![(0, '+', 0), (20, '-', 0)]),
            ("comes back in time",        format!("x{almost}x{almost}x"), 1, vec![(0, '+', 0)]),
            ("and again",                 format!("x{quiet}x"),       1,     vec![(0, '+', 0), (20, '-', 0), (21, '+', 21)]),
        ];
        for (name, looks, after, expected) in cases {
            assert_eq!(told(&looks, after), expected, "{name}");
        }
    }
}
