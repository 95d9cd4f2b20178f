//! What tests of handlers are given: all that a server has but its listener.

use super::*;
use crate::settings::Settings;
use crate::wiring;

/// Runs a test on a store of its own, which is gone at the end.
pub(crate) fn with_app<F: Future<Output = ()>>(limits: Limits, test: impl FnOnce(App) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let metrics = Arc::new(Metrics::new().unwrap());
        let settings = Settings { data: directory.path().to_owned(), ..Settings::default() };
        let opened = wiring::open(&settings, Arc::clone(&metrics) as _).await.unwrap();
        let running = wiring::project(&opened.engine).await.unwrap();
        let app = App::new(Parts {
            engine: Arc::clone(&opened.engine),
            metrics,
            limits,
            data: settings.data.clone(),
            validation: Validation::Strict,
            profiles: Arc::clone(&opened.profiles),
            parameters: Arc::clone(&opened.parameters),
            generations: Arc::clone(&opened.generations),
            base_url: String::new(),
        });
        test(app).await;
        tokio::task::spawn_blocking(|| running.stop()).await.unwrap();
    });
}
