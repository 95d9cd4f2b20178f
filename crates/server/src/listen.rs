//! The listener: takes connections, each within its limits, and at the end finishes what was begun.
//!
//! Invariant: no client, however slow, silent or many, keeps the others from being answered.

mod pulse;
mod stream;

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures::FutureExt;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::AsyncWrite;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::http::Doors;
use crate::metrics::Limit;
use pulse::Pulse;
use stream::Watched;

/// How long no connection is taken after the machine refused one: it has no files left, and some may close meanwhile.
const BREATH: Duration = Duration::from_millis(100);
/// How many clients are told at once that there are too many; others are closed without a word.
const TOLD_AT_ONCE: usize = 64;
/// How long such a client may take to hear it.
const TOLD_PATIENCE: Duration = Duration::from_secs(2);
/// What it is told, before it has said anything.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\ncontent-length: 94\r\nretry-after: 1\r\nconnection: close\r\n\r\n\
    {\"type\":\"/problems/unavailable\",\"title\":\"there are too many connections already\",\"status\":503}";

/// Serves until `stop`, then waits for requests under way; gives how many connections did not end in time.
pub(crate) async fn serve(
    listener: TcpListener,
    doors: Doors,
    app: &App,
    stop: impl Future<Output = ()>,
) -> usize {
    let limits = app.limits;
    let free = Arc::new(Semaphore::new(limits.connections_max));
    let told = Arc::new(Semaphore::new(TOLD_AT_ONCE));
    let under_way = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    let mut refused = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Once for each time it begins: it may last.
                if !std::mem::replace(&mut refused, true) {
                    tracing::warn!("connections cannot be taken: {error}");
                }
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        refused = false;
        match Arc::clone(&free).try_acquire_owned() {
            Ok(place) => take(stream, place, &doors, app, &under_way),
            Err(_) => {
                app.metrics.refused(Limit::Connections);
                if let Ok(turn) = Arc::clone(&told).try_acquire_owned() {
                    tokio::spawn(turn_away(stream, turn));
                }
            }
        }
    }
    drop(listener);
    tracing::info!(connections = under_way.count(), "finishing what was begun");
    app.stop();
    let in_time = tokio::time::timeout(limits.shutdown, under_way.shutdown()).await.is_ok();
    // A connection gives its place back a moment after it ended.
    if in_time { 0 } else { limits.connections_max - free.available_permits() }
}

/// Answers one connection until it ends.
fn take(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    doors: &Doors,
    app: &App,
    under_way: &GracefulShutdown,
) {
    // Answers are written whole, so there is nothing to gather; a failure costs time alone.
    let _ = stream.set_nodelay(true);
    let pulse = Arc::new(Pulse::new());
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&pulse), app));
    let doors = doors.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        pulse.working();
        let pulse = Arc::clone(&pulse);
        let answer = doors.clone().answer(request.map(body));
        answer.map(move |answer| {
            pulse.answered();
            Ok::<_, Infallible>(answer)
        })
    });
    let connection = http1::Builder::new()
        // The stream has its own watch over heads and idle time, which sets no timer for a head that comes at once.
        .header_read_timeout(None)
        .max_header_size(app.limits.head_bytes_max)
        // A client that closed its half may still read: it is answered.
        .half_close(true)
        .serve_connection(io, service);
    let connection = under_way.watch(connection);
    let app = app.clone();
    app.metrics.connections(1);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            // The client's doing, so of interest only to who looks for it.
            tracing::debug!("a connection ended early: {error}");
        }
        app.metrics.connections(-1);
        drop(place);
    });
}

/// A request's body; most have none, for which nothing is allocated.
fn body(incoming: Incoming) -> Body {
    if incoming.is_end_stream() { Body::empty() } else { Body::new(incoming) }
}

/// Tells a client that there are too many, and waits until it has heard it.
async fn turn_away(mut stream: TcpStream, turn: OwnedSemaphorePermit) {
    let told = async {
        // There is room for it: nothing was sent before.
        stream.try_write(TOO_MANY)?;
        poll_fn(|context| Pin::new(&mut stream).poll_shutdown(context)).await?;
        // Closing with something unread would take the answer back.
        let mut unread = [0; 1_024];
        loop {
            stream.readable().await?;
            match stream.try_read(&mut unread) {
                Ok(0) => return std::io::Result::Ok(()),
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
    };
    // A client that does not listen is closed all the same.
    let _ = tokio::time::timeout(TOLD_PATIENCE, told).await;
    drop(turn);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_too_many_is_told_is_http() {
        let text = std::str::from_utf8(TOO_MANY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{} bytes", body.len());
        assert!(anamnesis_json::parse(body.as_bytes()).is_ok());
    }
}
