//! What is around a route, whatever the route is.

use axum::body::{Body, to_bytes};
use futures::future::ready;

use super::*;
use crate::app::Limits;
use crate::app::fixture::with_app;

const ORIGIN: &str = "https://chart.example";

fn sent(method: Method, headers: &[(header::HeaderName, &str)]) -> Request {
    let mut request = Request::builder().method(method).uri("/api/x");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// The answer to each of these requests of a route that answers each so.
fn answers<F>(origins: &[&'static str], requests: Vec<Request>, answer: fn(Request) -> F) -> Vec<Response>
where
    F: Future<Output = Response> + Send + 'static,
{
    let origins: Vec<HeaderValue> = origins.iter().copied().map(HeaderValue::from_static).collect();
    let mut answers = Vec::new();
    with_app(Limits::default(), |app| {
        let answers = &mut answers;
        async move {
            let route = service_fn(move |request| answer(request).map(Ok));
            let route = Surrounded::beside(Around::new(app, &origins), "/x", route);
            for request in requests {
                answers.push(route.clone().answer(request).await);
            }
        }
    });
    answers
}

fn text<'a>(response: &'a Response, name: &header::HeaderName) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_handler_that_panics_ends_its_own_request_alone() {
    let requests = || {
        vec![
            sent(Method::GET, &[]),
            sent(Method::GET, &[(header::ACCEPT_ENCODING, "gzip")]),
            sent(Method::GET, &[(header::ORIGIN, ORIGIN)]),
            sent(Method::POST, &[]),
        ]
    };
    for origins in [&[][..], &[ORIGIN][..]] {
        let told = tokio::task::spawn_blocking(move || {
            answers(origins, requests(), |_| async { panic!("a bug of the test's own") })
        });
        for response in told.await.unwrap() {
            assert_eq!(response.status(), 500);
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let body = std::str::from_utf8(&body).unwrap();
            assert!(body.contains("/problems/internal") && !body.contains("own"), "{body}");
        }
    }
}

#[test]
fn what_may_come_packed_says_so_to_everyone() {
    let long = |_| ready(Response::new(Body::from("x".repeat(2_000))));
    let requests = vec![
        sent(Method::GET, &[]),
        sent(Method::GET, &[(header::ACCEPT_ENCODING, "gzip")]),
        sent(Method::GET, &[(header::ACCEPT_ENCODING, "identity")]),
    ];
    let said: Vec<(String, String)> = answers(&[], requests, long)
        .iter()
        .map(|answer| {
            (text(answer, &header::VARY).to_owned(), text(answer, &header::CONTENT_ENCODING).to_owned())
        })
        .collect();
    let both = |coding: &str| ("accept-encoding".to_owned(), coding.to_owned());
    assert_eq!(said, [both(""), both("gzip"), both("")]);

    let short = |_| ready(Response::new(Body::from("x")));
    let requests = vec![sent(Method::GET, &[]), sent(Method::GET, &[(header::ACCEPT_ENCODING, "gzip")])];
    for answer in answers(&[], requests, short) {
        assert!(!answer.headers().contains_key(header::VARY));
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING));
    }
}

#[test]
fn an_origin_that_was_named_is_let_in_packed_or_not() {
    let requests = vec![
        sent(Method::GET, &[(header::ORIGIN, ORIGIN)]),
        sent(Method::GET, &[(header::ORIGIN, ORIGIN), (header::ACCEPT_ENCODING, "gzip")]),
        sent(Method::GET, &[(header::ORIGIN, "https://elsewhere.example")]),
    ];
    let told = answers(&[ORIGIN], requests, |_| ready(Response::new(Body::from("x".repeat(2_000)))));
    let allowed: Vec<&str> =
        told.iter().map(|answer| text(answer, &header::ACCESS_CONTROL_ALLOW_ORIGIN)).collect();
    assert_eq!(allowed, [ORIGIN, ORIGIN, ""]);
}

#[test]
fn a_body_that_means_nothing_saves_nobody_the_queue() {
    with_app(Limits { requests_max: 1, queue_max: 0, ..Limits::default() }, |app| async move {
        let answer = |_| ready(Ok(Response::new(Body::empty())));
        let route = Surrounded::beside(Around::new(app.clone(), &[]), "/x", service_fn(answer));
        let status = |method: Method| {
            let request = Request::builder().method(method).uri("/api/x").body(Body::from("x")).unwrap();
            route.clone().answer(request).map(|answer| answer.status().as_u16())
        };
        let turn = app.turns().take().await.unwrap();
        for method in [Method::GET, Method::HEAD, Method::DELETE] {
            assert_eq!(status(method).await, 503);
        }
        drop(turn);
        for method in [Method::GET, Method::HEAD, Method::DELETE] {
            assert_eq!(status(method).await, 200);
        }
    });
}
