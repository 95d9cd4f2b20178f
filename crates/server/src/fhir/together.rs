//! Several things at a time, their results in the order they were asked.

use std::sync::Arc;

use anamnesis_store::{ReadError, RecordVersion};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};

use crate::app::App;

/// How many records are fetched at a time to fill a page.
const TEXTS_AT_ONCE: usize = 8;

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
    let mut tasks = Vec::with_capacity(versions.len());
    for version in versions {
        tasks.push(app.engine.text(version).boxed());
    }
    in_order(tasks, TEXTS_AT_ONCE).await.into_iter().collect()
}
