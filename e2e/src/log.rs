//! The event API from a client's side: commits, streams, the log page by page.

use anamnesis_json::Value;
use anamnesis_testkit::{Http, Reply};

use crate::{at, json, list, str};

/// What a read of events gave.
pub struct Events {
    /// The events, in order.
    pub events: Vec<Value>,
    /// The cursor after them.
    pub next: String,
}

impl Events {
    /// Their types, in order.
    pub fn kinds(&self) -> Vec<&str> {
        self.events.iter().map(|event| str(event, "type")).collect()
    }
}

/// Sends one commit.
#[track_caller]
pub fn commit(http: &Http, body: &str) -> Reply {
    http.post("/api/commits", &json(body))
}

/// All events that a query of `/api/events` gives, page after page to the end.
#[track_caller]
pub fn events(http: &Http, query: &str) -> Events {
    events_after(http, "", query)
}

/// The same, of what follows a cursor.
///
/// # Panics
///
/// When an answer is not one, or the pages do not end.
#[track_caller]
pub fn events_after(http: &Http, cursor: &str, query: &str) -> Events {
    let mut all = Vec::new();
    let mut next = cursor.to_owned();
    for _ in 0..10_000 {
        let from = if next.is_empty() { String::new() } else { format!("&from={next}") };
        let page = http.get(&format!("/api/events?{query}{from}")).expect(200).json();
        all.extend(list(&page, "events").iter().cloned());
        let after = str(&page, "next").to_owned();
        if after == next {
            return Events { events: all, next };
        }
        next = after;
    }
    panic!("the pages of {query} do not end")
}

/// The cursor at the end of the log.
#[track_caller]
pub fn last_cursor(http: &Http) -> String {
    events(http, "_count=1000").next
}

/// All events of a stream, oldest first; none where there is no such stream.
///
/// # Panics
///
/// When an answer is not one.
#[track_caller]
pub fn stream(http: &Http, name: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut from = 1;
    loop {
        let reply = http.get(&format!("/api/streams/{name}?from={from}&_count=1000"));
        if reply.status == 404 && from == 1 {
            return all;
        }
        let page = reply.expect(200).json();
        let found = list(&page, "events");
        if found.is_empty() {
            return all;
        }
        all.extend(found.iter().cloned());
        let next = at(&page, "next").as_u64();
        from = next.unwrap_or_else(|| panic!("a stream's next is a version"));
    }
}
