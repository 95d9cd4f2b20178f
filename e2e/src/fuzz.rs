//! A fuzz of every door: good requests of several clients, spoilt at three levels, and what must hold of any answer.
//!
//! Invariant: what a client sends follows from the seed, its number and what it was told; a failure says all three.

mod judge;
mod ledger;
mod shot;
mod shrink;
mod spoil;
mod valid;
mod wire;

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anamnesis_testkit::{Options, People, Rng, Server};

pub use anamnesis_testkit::odd::SECRET;
pub use judge::complaint;
pub use ledger::Ledger;
pub use shot::Shot;
pub use shrink::shrink;
pub use wire::{Answer, Wire};

use valid::{Maker, PEOPLE, Told, World};

/// Of a hundred requests so many are spoilt.
const SPOILT_PERCENT: u64 = 60;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// What chance begins with.
    pub seed: u64,
    /// How many clients there are at once.
    pub clients: u64,
    /// How long they go on.
    pub time: Duration,
}

/// What came of it.
#[derive(Default)]
pub struct Score {
    /// How many requests were answered, by status.
    pub answers: BTreeMap<u16, u64>,
    /// How many connections ended without an answer, as a broken head may make them.
    pub unanswered: u64,
    /// What was acknowledged.
    pub ledger: Ledger,
}

impl Score {
    /// How many requests there were.
    pub fn requests(&self) -> u64 {
        self.answers.values().sum::<u64>() + self.unanswered
    }

    fn merge(&mut self, other: Self) {
        for (status, count) in other.answers {
            *self.answers.entry(status).or_default() += count;
        }
        self.unanswered += other.unanswered;
        self.ledger.merge(other.ledger);
    }
}

/// One request after which something was wrong.
pub struct Failure {
    /// The seed, the client, and the number of the request.
    pub of: (u64, u64, u64),
    /// The request.
    pub shot: Shot,
    /// What was wrong.
    pub complaint: String,
}

impl Campaign {
    /// Lets the clients loose on a server whose store is empty.
    ///
    /// # Errors
    ///
    /// The first failure that a client met; the others stop at their own.
    pub fn run(&self, server: &Server) -> Result<Score, Box<Failure>> {
        let world = World::new(self.seed);
        let mut score = Score::default();
        let mut wire = Wire::to(&server.url());
        for (n, shot) in first(self.seed).into_iter().enumerate() {
            self.tried(&mut wire, &shot, &mut score, &mut Told::default(), (u64::MAX, n as u64))?;
        }
        let ends = Instant::now() + self.time;
        let scores: Vec<_> = thread::scope(|scope| {
            let clients = (0..self.clients).map(|client| {
                let world = &world;
                scope.spawn(move || self.client(server, world, client, ends))
            });
            let clients: Vec<_> = clients.collect();
            clients.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        for one in scores {
            score.merge(one.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(score)
    }

    fn client(
        &self,
        server: &Server,
        world: &World,
        client: u64,
        ends: Instant,
    ) -> Result<Score, Box<Failure>> {
        let mut score = Score::default();
        let mut told = Told::default();
        let mut wire = Wire::to(&server.url());
        let mut n = 0;
        while Instant::now() < ends {
            let mut rng = Rng::new(self.seed, (client << 40) + n);
            let mut shot = Maker { rng: &mut rng, world, told: &told }.shot();
            if rng.chance(SPOILT_PERCENT) {
                spoil::spoil(&mut shot, &mut rng);
            }
            self.tried(&mut wire, &shot, &mut score, &mut told, (client, n))?;
            n += 1;
        }
        Ok(score)
    }

    fn tried(
        &self,
        wire: &mut Wire,
        shot: &Shot,
        score: &mut Score,
        told: &mut Told,
        (client, n): (u64, u64),
    ) -> Result<(), Box<Failure>> {
        let failure =
            |complaint| Box::new(Failure { of: (self.seed, client, n), shot: shot.clone(), complaint });
        let answer = wire.send(shot).map_err(failure)?;
        if let Some(mut complaint) = complaint(shot, answer.as_ref()) {
            if let (None, Some((before, status))) = (&answer, wire.before()) {
                complaint = format!("{complaint}; before it {status} was the answer to\n{before}\n");
            }
            return Err(failure(complaint));
        }
        let Some(answer) = answer else {
            score.unanswered += 1;
            return Ok(());
        };
        *score.answers.entry(answer.status).or_default() += 1;
        score.ledger.hear(shot, &answer);
        told.hear(answer.header("anamnesis-cursor"), answer.header("location"), &answer.body);
        Ok(())
    }
}

/// The request alone, on a server of its own that knows the people, as small as it can be and still fail.
pub fn smallest(failure: &Failure) -> Option<Shot> {
    let server = Options::new().start();
    let mut wire = Wire::to(&server.url());
    for shot in first(failure.of.0) {
        let _ = wire.send(&shot);
    }
    let fails = |shot: &Shot| match Wire::to(&server.url()).send(shot) {
        Ok(answer) => complaint(shot, answer.as_ref()).is_some(),
        Err(_) => true,
    };
    fails(&failure.shot).then(|| shrink(&failure.shot, fails))
}

/// What every run begins with: the people whose records the requests are about.
fn first(seed: u64) -> Vec<Shot> {
    let bundles = People::small(seed).iter().take(usize::try_from(PEOPLE).unwrap_or(1));
    bundles
        .map(|person| {
            Shot::new("POST", "/fhir").body("application/fhir+json", person.bundle_with_ids().to_text())
        })
        .collect()
}
