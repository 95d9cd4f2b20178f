//! All doors behind one listener: their routes, and what is to be found at no door.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::Service;

use crate::app::App;
use crate::around::{Around, Surrounded};
use crate::{api, encoding, fhir, health};

/// Every route of the server.
#[derive(Clone)]
pub(crate) struct Doors {
    router: Router,
    reads: Surrounded<fhir::Reads>,
}

impl Doors {
    /// Scripts of these origins may use them, too.
    pub(crate) fn new(app: App, origins: &[HeaderValue]) -> Self {
        let around = Around::new(app.clone(), origins);
        let reads = Surrounded::beside(around.clone(), fhir::Reads::PATTERN, fhir::Reads::new(app.clone()));
        let router = Router::new()
            .merge(fhir::router())
            .nest("/api", api::router(&app.limits))
            .merge(health::router())
            .route("/", get(welcome))
            .fallback(nowhere)
            .layer(around)
            .with_state(app);
        Self { router, reads }
    }

    /// The answer to a request.
    ///
    /// What is asked most goes past the router, which copies its routes and keeps the parts of the path in a map.
    pub(crate) async fn answer(mut self, request: Request) -> Response {
        if fhir::Reads::take(&request) {
            return self.reads.measured(request).await;
        }
        encoding::certain(self.router.call(request).await)
    }
}

/// Where to look, for someone who opened the address in a browser.
async fn welcome() -> Response {
    let text = "Anamnesis: a health record kept as the facts that made it.\n\n\
        /fhir/metadata       what the FHIR R4 door can do\n\
        /fhir/Patient        patients\n\
        /api                 the event API and the read models\n\
        /api/openapi.json    their description\n\
        /readyz, /metrics    how the server fares\n";
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

async fn nowhere(State(app): State<App>, uri: Uri) -> Response {
    if fhir::is_at(uri.path()) {
        return fhir::nothing(&app);
    }
    let text =
        "{\"type\":\"/problems/not-found\",\"title\":\"there is nothing at this address\",\"status\":404}";
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "application/problem+json")], text).into_response()
}
