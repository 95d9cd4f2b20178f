//! Generations of the views from a client's side: which serves, and when the next does.

use std::time::{Duration, Instant};

use anamnesis_json::Value;
use anamnesis_testkit::Http;

use crate::{at, int, text};

/// How long a generation of a test's store may take.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(10);

/// What `GET /api/generations` says.
#[track_caller]
pub fn generations(http: &Http) -> Value {
    http.get("/api/generations").expect(200).json()
}

/// Waits until the generation serves that is wanted, with so many registered search parameters.
///
/// # Panics
///
/// When that does not come to be.
#[track_caller]
pub fn indexed(http: &Http, parameters: u64) {
    let begun = Instant::now();
    loop {
        let now = generations(http);
        let serves = at(&now, "wanted") == at(&now, "serving.shape") && *at(&now, "building") == Value::Null;
        if serves && int(&now, "serving.search_parameters") == parameters {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {}", text(&now));
        std::thread::sleep(GLANCE);
    }
}
