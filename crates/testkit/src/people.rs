//! People who do not exist, with years of life as FHIR R4 says them.
//!
//! Invariant: a person is a pure function of (seed, size, number): same bytes in any order, on any machine.

mod address;
mod allergy;
mod condition;
mod documents;
mod draft;
mod elements;
mod encounter;
mod history;
mod immunization;
mod labs;
mod life;
mod medication;
mod patient;
mod person;
mod popularity;
mod procedure;
mod rng;
mod vitals;
mod words;

pub use address::address_event;
pub use draft::Record;
pub use history::{Step, StepKind};
pub use person::Person;
pub use popularity::zipf;
pub use rng::Rng;

/// A population that does not exist: as many people as are asked for.
#[derive(Clone, Copy, Debug)]
pub struct People {
    seed: u64,
    size: Size,
}

/// How much of each life is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// Everything: about 60 to 400 resources, by age.
    Whole,
    /// The last visit alone: about 25 resources.
    Small,
}

impl People {
    /// People with their whole lives: about 60 to 400 resources each, by age.
    pub const fn new(seed: u64) -> Self {
        Self { seed, size: Size::Whole }
    }

    /// The same people with about 25 resources each, for tests that must be fast.
    pub const fn small(seed: u64) -> Self {
        Self { seed, size: Size::Small }
    }

    /// Person number `n`; any number will do.
    pub fn person(&self, n: u64) -> Person {
        Person::born(self.seed, n, self.size)
    }

    /// Person 0, 1, 2 … without end.
    pub fn iter(&self) -> impl Iterator<Item = Person> + use<> {
        let people = *self;
        (0..).map(move |n| people.person(n))
    }
}

#[cfg(test)]
mod tests;
