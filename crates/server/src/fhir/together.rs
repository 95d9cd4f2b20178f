//! Several things at a time, their results in the order they were asked.

use std::sync::Arc;

use anamnesis_store::{ReadError, RecordVersion};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};

use crate::app::App;

/// Runs the tasks, at most `at_once` of them at a time.
pub(super) fn in_order<'a, T: Send + 'a>(
    tasks: Vec<BoxFuture<'a, T>>,
    at_once: usize,
) -> BoxFuture<'a, Vec<T>> {
    stream::iter(tasks).buffered(at_once).collect().boxed()
}

/// These versions as they are served, in order; none where one is a deletion or was erased.
///
/// # Errors
///
/// When the log cannot be read.
pub(super) async fn texts(
    app: &App,
    versions: Vec<&RecordVersion>,
) -> Result<Vec<Option<Arc<[u8]>>>, ReadError> {
    app.engine.texts(&versions).await
}
