//! The value sets of R4's required bindings: <https://hl7.org/fhir/R4/terminologies.html#required>.

use crate::generated::codes::{CODES, FIRST, MEMBERS, SETS, SYSTEMS};

/// A value set that can be enumerated, by its number from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueSet(u8);

impl ValueSet {
    /// The set of this number; 0 is none.
    pub(crate) fn numbered(number: u8) -> Option<Self> {
        number.checked_sub(1).map(Self)
    }

    /// The set of this address, whatever its version.
    pub(crate) fn named(url: &str) -> Option<Self> {
        let at = SETS.binary_search(&url.split('|').next()?).ok()?;
        u8::try_from(at).ok().map(Self)
    }

    /// Its address.
    pub(crate) fn url(self) -> &'static str {
        SETS.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    /// Whether some system has this code in it.
    pub(crate) fn has_code(self, code: &str) -> bool {
        self.members().binary_search_by(|(known, _)| at(&CODES, *known).cmp(code)).is_ok()
    }

    /// Whether this code of this system is in it.
    pub(crate) fn has(self, system: &str, code: &str) -> bool {
        let known = |(its_code, its_system): &(u16, u16)| {
            at(&CODES, *its_code).cmp(code).then_with(|| at(&SYSTEMS, *its_system).cmp(system))
        };
        self.members().binary_search_by(known).is_ok()
    }

    /// Every code, with its system.
    pub(crate) fn all(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.members().iter().map(|(code, system)| (at(&SYSTEMS, *system), at(&CODES, *code)))
    }

    fn members(self) -> &'static [(u16, u16)] {
        let first = |at: usize| FIRST.get(at).map_or(0, |first| usize::from(*first));
        let at = usize::from(self.0);
        MEMBERS.get(first(at)..first(at + 1)).unwrap_or_default()
    }
}

fn at(table: &[&'static str], place: u16) -> &'static str {
    table.get(usize::from(place)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::codes::NOT_ENUMERATED;

    #[test]
    fn what_is_not_checked_is_told() {
        let told = include_str!("../../../docs/validation.md");
        for url in NOT_ENUMERATED {
            assert!(told.contains(url), "{url}");
        }
    }

    #[test]
    fn sets() {
        assert!(SETS.is_sorted() && CODES.is_sorted() && SYSTEMS.is_sorted());
        let gender = ValueSet::named("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1").unwrap();
        let status = ValueSet::named("http://hl7.org/fhir/ValueSet/condition-clinical").unwrap();
        let clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical";
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (gender.has_code("female"),         true),
            (gender.has_code("Female"),         false),
            (gender.has_code(""),               false),
            // A code below another counts, and one of another system does not.
            (status.has(clinical, "relapse"),   true),
            (status.has("http://other", "relapse"), false),
            (status.has(clinical, "male"),      false),
        ];
        for (at, (found, expected)) in cases.into_iter().enumerate() {
            assert_eq!(found, expected, "{at}");
        }
        for set in (1..=u8::try_from(SETS.len()).unwrap()).map(|n| ValueSet::numbered(n).unwrap()) {
            assert!(!set.members().is_empty(), "{}", set.url());
            assert!(set.members().is_sorted(), "{}", set.url());
        }
    }
}
