//! Where the time comes from: handed in, so that tests can let it stand still.

use crate::Instant;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, by this clock.
    fn now(&self) -> Instant;
}
