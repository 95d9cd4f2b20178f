//! All doors behind one listener: their routes, and what is to be found at no door.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::Service;

use crate::app::App;
use crate::around::{Around, Surrounded};
use crate::{api, fhir, health};

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
        if fhir::Reads::is_asked_by(&request) {
            return self.reads.answer(request).await;
        }
        let Ok(answer) = self.router.call(request).await;
        answer
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

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::HeaderMap;
    use tower::util::ServiceExt;

    use super::*;
    use crate::app::Limits;
    use crate::app::fixture::with_app;

    const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","name":[{"family":"Peeters"}]}"#;

    /// What a client is told.
    async fn told(answer: Response) -> (StatusCode, HeaderMap, Vec<u8>) {
        let (mut head, body) = answer.into_parts();
        // The router says the length itself, else whoever writes the answer does.
        head.headers.remove(header::CONTENT_LENGTH);
        (head.status, head.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
    }

    #[test]
    fn past_the_router_the_answer_is_the_same() {
        with_app(Limits::default(), |app| async move {
            let doors = Doors::new(app.clone(), &[]);
            let sent = |method: &str, uri: &str, body: &'static str| {
                let json = (header::CONTENT_TYPE, "application/fhir+json");
                Request::builder()
                    .method(method)
                    .uri(uri)
                    .header(json.0, json.1)
                    .body(Body::from(body))
                    .unwrap()
            };
            let put = doors.clone().answer(sent("PUT", "/fhir/Patient/p1", PATIENT)).await;
            assert_eq!(put.status(), StatusCode::CREATED);
            let uris = [
                ("/fhir/Patient/p1", 200),
                ("/fhir/Patient/p1?_pretty=true&_summary=true", 200),
                ("/fhir/Patient/p1?_format=json", 200),
                ("/fhir/Patient/p1?_format=xml", 406),
                ("/fhir/Patient/p1?_asOf=never", 400),
                ("/fhir/Patient/p2", 404),
                ("/fhir/Patient/p%31", 404),
                ("/fhir/Patient/p%zz", 400),
                ("/fhir/Nothing/p1", 404),
                ("/fhir/metadata/x", 404),
                ("/fhir/Binary/x", 404),
            ];
            for (uri, status) in uris {
                assert!(fhir::Reads::is_asked_by(&sent("GET", uri, "")), "{uri}");
                let past = told(doors.clone().answer(sent("GET", uri, "")).await).await;
                let Ok(through) = doors.router.clone().oneshot(sent("GET", uri, "")).await;
                assert_eq!(past, told(through).await, "{uri}");
                assert_eq!(past.0.as_u16(), status, "{uri}");
            }
            let Ok(metrics) = doors.router.clone().oneshot(sent("GET", "/metrics", "")).await;
            let metrics = String::from_utf8(told(metrics).await.2).unwrap();
            let counted = format!("{{method=\"GET\",route=\"{}\",status=\"200\"}} 6", fhir::Reads::PATTERN);
            assert!(metrics.contains(&counted), "three by each way, under one name");
        });
    }
}
