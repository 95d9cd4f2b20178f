//! Several things at a time, their results in the order they were asked.

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};

/// Runs the tasks, at most `at_once` of them at a time.
pub(super) fn in_order<'a, T: Send + 'a>(
    tasks: Vec<BoxFuture<'a, T>>,
    at_once: usize,
) -> BoxFuture<'a, Vec<T>> {
    stream::iter(tasks).buffered(at_once).collect().boxed()
}
