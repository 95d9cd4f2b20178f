//! A page of events, written as they come: `{"events": […], "next"}`.

use anamnesis_engine::Shown;
use anamnesis_json::{Object, write_string};
use anamnesis_kernel::{Cursor, Version};

use super::envelope;

/// A page ends early once it has grown to this; `next` says where it goes on.
const PAGE_BYTES_MAX: usize = 16 << 20;
/// How many events are read at a time, so that a page of large ones ends in time.
const READ_EVENTS: u32 = 250;
/// What one event takes, more or less.
const EVENT_BYTES: usize = 1_024;

/// A page that grows.
pub(super) struct Page {
    out: Vec<u8>,
    count: u32,
    limit: u32,
}

impl Page {
    /// An empty page of at most `limit` events.
    pub(super) fn new(limit: u32) -> Self {
        let mut out = Vec::with_capacity(EVENT_BYTES * limit.min(READ_EVENTS) as usize);
        out.extend_from_slice(b"{\"events\":[");
        Self { out, count: 0, limit }
    }

    /// How many events to read next; none when the page is full.
    pub(super) fn room(&self) -> Option<u32> {
        let left = self.limit.saturating_sub(self.count).min(READ_EVENTS);
        (left > 0 && self.out.len() < PAGE_BYTES_MAX).then_some(left)
    }

    /// Whether nothing was found yet.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds events.
    pub(super) fn extend(&mut self, events: &[Shown]) {
        for event in events {
            if self.count > 0 {
                self.out.push(b',');
            }
            envelope::write(event, &mut self.out);
            self.count += 1;
        }
    }

    /// The page of a log, which goes on after `next`.
    pub(super) fn end_at(self, next: &Cursor) -> Vec<u8> {
        self.end_saying(next, &Object::new())
    }

    /// The same with what else there is to say of it.
    pub(super) fn end_saying(mut self, next: &Cursor, said: &Object) -> Vec<u8> {
        self.out.extend_from_slice(format!("],\"next\":\"{next}\"").as_bytes());
        for (key, value) in said.iter() {
            self.out.push(b',');
            write_string(key, &mut self.out);
            self.out.push(b':');
            value.write(&mut self.out);
        }
        self.out.push(b'}');
        self.out
    }

    /// The page of a stream, which goes on with `next`.
    pub(super) fn end_before(mut self, next: Version) -> Vec<u8> {
        self.out.extend_from_slice(format!("],\"next\":{next}}}").as_bytes());
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::super::envelope::tests::registered;
    use super::*;

    #[test]
    fn pages() {
        let empty = Page::new(10);
        assert_eq!((empty.room(), empty.is_empty()), (Some(10), true));
        assert_eq!(empty.end_before(1), br#"{"events":[],"next":1}"#);

        let mut page = Page::new(1_000);
        assert_eq!(page.room(), Some(READ_EVENTS));
        page.extend(&[Shown::Event(registered()), Shown::Event(registered())]);
        let text = page.end_at(&Cursor::beginning(1));
        let page = anamnesis_json::parse(&text).unwrap();
        assert_eq!(page.get("events").and_then(|events| events.as_array()).map(<[_]>::len), Some(2));
        assert_eq!(page.get("next").and_then(|next| next.as_str()), Some("c1~0~0"));

        let said = Object::new().with("held_not_shown", 2_u64);
        assert_eq!(
            Page::new(1).end_saying(&Cursor::beginning(1), &said),
            br#"{"events":[],"next":"c1~0~0","held_not_shown":2}"#
        );

        let mut full = Page::new(1);
        full.extend(&[Shown::Event(registered())]);
        assert_eq!(full.room(), None);
    }
}
