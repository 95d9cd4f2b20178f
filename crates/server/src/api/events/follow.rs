//! The log as server-sent events that keep following it: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.
//!
//! Invariant: the next events are read only once the client has taken those before, so a slow one costs one page.

use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

use anamnesis_engine::{EventPage, Filter, Shown};
use anamnesis_kernel::Cursor;
use anamnesis_store::{Head, ReadError};
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::sync::watch;
use tokio::time::Instant as Stopwatch;

use super::super::answer::set_cursor;
use super::super::envelope;
use crate::app::App;

/// How long nothing may be sent: those between would take the connection for dead.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// How many events are read at a time.
const READ_EVENTS: u32 = 250;
/// How long a client waits before it connects again, in milliseconds.
const BEGIN: &[u8] = b"retry: 1000\n\n";

/// What an event is called that cannot be read.
const UNREADABLE: &str = "unreadable";

/// Where a follower stands.
struct Follower {
    app: App,
    head: watch::Receiver<Head>,
    stopping: watch::Receiver<bool>,
    cursor: Cursor,
    /// Up to where the client could resume.
    told: Cursor,
    filter: Filter,
    last_sent: Stopwatch,
    began: bool,
}

/// Everything that follows `from` and passes the filter, then whatever comes.
pub(super) fn follow(app: App, from: Cursor, filter: Filter, reached: &Cursor) -> Response {
    let (head, stopping) = (app.engine.log().head(), app.stopping());
    let (told, last_sent) = (from.clone(), Stopwatch::now());
    let follower = Follower { app, head, stopping, cursor: from, told, filter, last_sent, began: false };
    let chunks = stream::unfold(follower, |mut follower| async move {
        let chunk = match follower.next().await {
            Ok(chunk) => chunk?,
            Err(error) => {
                // The client connects again and says where it was.
                tracing::error!("a follower of the log was dropped: {error}");
                return None;
            }
        };
        follower.last_sent = Stopwatch::now();
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), follower))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    let mut response = (headers, Body::from_stream(chunks)).into_response();
    set_cursor(&mut response, reached);
    response
}

impl Follower {
    /// The next text to send; none when the log is closed or the process ends: the client resumes where it was.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        if !self.began {
            self.began = true;
            return Ok(Some(BEGIN.to_vec()));
        }
        loop {
            if *self.stopping.borrow() {
                return Ok(None);
            }
            let end = self.app.engine.head();
            let EventPage { events, next } =
                self.app.engine.events(&self.cursor, &end, &self.filter, READ_EVENTS).await?;
            let moved = next != self.cursor;
            let mut text = Vec::with_capacity(events.len() * 1_024);
            for event in &events {
                point_after(&mut self.told, event);
                write_frame(&self.told, event, &mut text);
            }
            self.cursor = next;
            if !text.is_empty() {
                return Ok(Some(text));
            }
            let left = SILENCE_MAX.saturating_sub(self.last_sent.elapsed());
            if left.is_zero() {
                return Ok(Some(self.keep_alive()));
            }
            if moved {
                continue;
            }
            let cursor = &self.cursor;
            let grown = async {
                tokio::select! {
                    head = self.head.wait_for(|head| is_beyond(&head.cursor, cursor)) => head.is_ok(),
                    _ = self.stopping.wait_for(|stop| *stop) => false,
                }
            };
            match tokio::time::timeout(left, grown).await {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(_) => return Ok(Some(self.keep_alive())),
            }
        }
    }

    /// A comment; where events were passed over, with a new point to resume from, which dispatches nothing.
    fn keep_alive(&mut self) -> Vec<u8> {
        if self.told == self.cursor {
            return b": still here\n\n".to_vec();
        }
        self.told.clone_from(&self.cursor);
        format!(": still here\nid: {}\n\n", self.told).into_bytes()
    }
}

fn is_beyond(head: &Cursor, cursor: &Cursor) -> bool {
    head.offsets.iter().zip(&cursor.offsets).any(|(there, seen)| there > seen)
}

/// Moves a cursor to just after an event.
fn point_after(cursor: &mut Cursor, event: &Shown) {
    cursor.moment = event.recorded_at().unwrap_or(cursor.moment);
    let Some(position) = event.position() else { return };
    let at = usize::try_from(position.partition).unwrap_or(usize::MAX);
    if let Some(offset) = cursor.offsets.get_mut(at) {
        *offset = position.offset + 1;
    }
}

fn write_frame(cursor: &Cursor, event: &Shown, out: &mut Vec<u8>) {
    // Who listens for a type is spared events of it without data.
    let kind = event.event().map_or(UNREADABLE, |event| &event.kind);
    // Writing to a vector does not fail.
    let _ = write!(out, "id: {cursor}\nevent: {kind}\ndata: ");
    envelope::write(event, out);
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use super::super::super::envelope::tests::registered;
    use super::*;

    #[test]
    fn frames() {
        let event = Shown::Event(registered());
        let mut cursor = Cursor::beginning(1);
        point_after(&mut cursor, &event);
        assert_eq!(cursor.offsets, [8]);
        assert_eq!(Some(cursor.moment), event.recorded_at());

        let mut frame = Vec::new();
        write_frame(&cursor, &event, &mut frame);
        let frame = String::from_utf8(frame).unwrap();
        let lines: Vec<&str> = frame.split('\n').collect();
        let [id, kind, data, "", ""] = lines.as_slice() else { panic!("a frame is three lines: {frame}") };
        assert_eq!(id.strip_prefix("id: ").and_then(|id| id.parse().ok()), Some(cursor));
        assert_eq!(*kind, "event: PatientRegistered");
        let data = data.strip_prefix("data: ").map(|data| anamnesis_json::parse(data.as_bytes()));
        assert!(data.is_some_and(|data| data.is_ok()));
    }
}
