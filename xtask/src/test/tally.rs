//! How many tests there were, read from what the runners say.
//!
//! Invariant: every test is counted once, as passed, failed or skipped.

use std::collections::BTreeSet;
use std::fmt;

/// The count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// They did their work and it was right.
    pub(crate) passed: u64,
    /// Something was not right.
    pub(crate) failed: u64,
    /// They could not do their work, or were told not to.
    pub(crate) skipped: u64,
}

impl Tally {
    /// Whether there were tests, and none failed.
    pub(crate) fn is_good(self) -> bool {
        self.failed == 0 && self.passed > 0
    }

    /// Reads nextest's last word: `Summary [ 1.2s] 5 tests run: 3 passed (1 slow), 2 failed, 1 skipped`.
    pub(crate) fn hear_nextest(&mut self, line: &str) {
        let Some(said) = line.trim_start().strip_prefix("Summary [") else { return };
        let Some((_, counts)) = said.split_once(" run: ") else { return };
        self.add(counts.split(", "));
    }

    /// Reads the last word of each crate's samples: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    pub(crate) fn hear_doc_tests(&mut self, line: &str) {
        let Some(said) = line.strip_prefix("test result: ") else { return };
        let Some((_, counts)) = said.split_once(". ") else { return };
        self.add(counts.split("; "));
    }

    fn add<'a>(&mut self, counts: impl Iterator<Item = &'a str>) {
        for part in counts {
            let mut words = part.split_whitespace();
            let Some(Ok(count)) = words.next().map(str::parse::<u64>) else { continue };
            match words.next() {
                Some("passed") => self.passed += count,
                Some("failed" | "timed" | "exec") => self.failed += count,
                Some("skipped" | "ignored") => self.skipped += count,
                _ => {}
            }
        }
    }

    /// Moves the tests that wrote themselves down, a line each, from passed to skipped.
    pub(crate) fn could_not_run(&mut self, written: &str) {
        let tests: BTreeSet<&str> = written.lines().filter(|line| !line.trim().is_empty()).collect();
        let count = (tests.len() as u64).min(self.passed);
        self.passed -= count;
        self.skipped += count;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_runners_say() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("     Summary [   0.010s] 12 tests run: 12 passed, 0 skipped",                          (12, 0, 0)),
            ("     Summary [   9.410s] 12 tests run: 9 passed (1 slow), 2 failed, 1 timed out, 4 skipped", (9, 3, 4)),
            ("     Summary [   1.000s] 1 test run: 0 passed, 1 exec failed, 0 skipped",              (0, 1, 0)),
            ("        PASS [   0.010s] a-crate tests::passed",                                       (0, 0, 0)),
            ("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.21s", (3, 0, 1)),
            ("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",       (1, 2, 0)),
            ("",                                                                                     (0, 0, 0)),
        ];
        for (line, (passed, failed, skipped)) in cases {
            let mut tally = Tally::default();
            tally.hear_nextest(line);
            tally.hear_doc_tests(line);
            assert_eq!(tally, Tally { passed, failed, skipped }, "{line}");
        }
    }

    #[test]
    fn a_test_that_could_not_run_is_not_counted_as_passed() {
        let mut tally = Tally { passed: 5, failed: 0, skipped: 1 };
        tally.could_not_run("one\ntwo\none\n\n");
        assert_eq!(tally.to_string(), "3 passed, 0 failed, 3 skipped");
        assert!(tally.is_good());
        assert!(!Tally::default().is_good(), "no tests at all is nothing to be glad of");
    }
}
