//! Conditional reads, which spare a client what it has: <https://hl7.org/fhir/R4/http.html#cread>.
//!
//! Invariant: 304 is only said of one record's version; a condition that cannot be read is left out, and all is sent,
//! which is what HTTP asks for: <https://www.rfc-editor.org/rfc/rfc9110#section-13.1>.

use anamnesis_fhir::bundle::EntryIn;
use anamnesis_kernel::{Instant, Version};
use axum::body::Bytes;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use super::http_date::end_of_second;
use super::reply::Reply;
use super::request::version_of_tag;

/// What the client has already.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    tags: Option<Tags>,
    /// The last microsecond of the date it has the record of.
    until: Option<Instant>,
}

#[derive(Debug, PartialEq, Eq)]
enum Tags {
    Any,
    Versions(Vec<Version>),
}

impl Known {
    /// What the headers of a read say.
    pub(super) fn of_headers(headers: &HeaderMap) -> Self {
        let mut tags =
            headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).peekable();
        let tags = tags.peek().is_some().then(|| tags.collect::<Vec<_>>().join(","));
        let until = headers.get(IF_MODIFIED_SINCE).and_then(|date| end_of_second(date.to_str().ok()?.trim()));
        Self { tags: tags.as_deref().map(Tags::read), until }
    }

    /// What a read in a bundle says: the same tags, and a FHIR instant.
    pub(super) fn of_entry(entry: &EntryIn) -> Self {
        let until = entry.if_modified_since.as_deref().and_then(anamnesis_fhir::date::bounds);
        Self {
            tags: entry.if_none_match.as_deref().map(Tags::read),
            until: until.map(|(_, last)| Instant::from_micros(last)),
        }
    }

    /// The reply, or 304 in its place when it would tell the client what it has.
    pub(super) fn spared(&self, reply: Reply) -> Reply {
        let (Some(version), Some(modified), StatusCode::OK) = (reply.version, reply.modified, reply.status)
        else {
            return reply;
        };
        // A tag is exact where a date is cut to the second, so a date is only asked where there is no tag.
        let has = match (&self.tags, self.until) {
            (Some(Tags::Any), _) => true,
            (Some(Tags::Versions(versions)), _) => versions.contains(&version),
            (None, Some(until)) => modified <= until,
            (None, None) => false,
        };
        if has { Reply { status: StatusCode::NOT_MODIFIED, body: Bytes::new(), ..reply } } else { reply }
    }
}

impl Tags {
    /// Tags that name no version of ours match none.
    fn read(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::Any;
        }
        Self::Versions(text.split(',').filter_map(version_of_tag).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_kernel::Cursor;
    use http::{HeaderName, HeaderValue};

    #[test]
    fn what_is_spared() {
        let (tag, date) = (IF_NONE_MATCH, IF_MODIFIED_SINCE);
        let sent = |pairs: &[(&HeaderName, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, HeaderValue::from_str(value).unwrap());
            }
            let modified: Instant = "2026-03-01T12:00:00.250000Z".parse().unwrap();
            let reply = Reply::bundle(b"{}".to_vec(), Cursor::beginning(1));
            let reply = Reply { version: Some(3), modified: Some(modified), ..reply };
            Known::of_headers(&headers).spared(reply).status.as_u16()
        };
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&[(&HeaderName, &str)], u16); 12] = [
            (&[],                                                                     200),
            (&[(&tag, "W/\"3\"")],                                                    304),
            (&[(&tag, "W/\"2\", \"3\"")],                                             304),
            (&[(&tag, "W/\"2\""), (&tag, "W/\"3\"")],                                 304),
            (&[(&tag, "*")],                                                          304),
            (&[(&tag, "W/\"2\"")],                                                    200),
            (&[(&tag, "yesterday")],                                                  200),
            (&[(&date, "Sun, 01 Mar 2026 12:00:00 GMT")],                             304),
            (&[(&date, "Sun, 01 Mar 2026 11:59:59 GMT")],                             200),
            (&[(&date, "2026-03-01")],                                                200),
            (&[(&tag, "W/\"2\""), (&date, "Sun, 01 Mar 2026 12:00:00 GMT")],          200),
            (&[(&tag, "W/\"3\""), (&date, "Sun, 01 Mar 2026 11:59:59 GMT")],          304),
        ];
        for (pairs, status) in cases {
            assert_eq!(sent(pairs), status, "{pairs:?}");
        }
        let many = Reply::bundle(b"{}".to_vec(), Cursor::beginning(1));
        let any = Known { tags: Some(Tags::Any), until: None };
        assert_eq!(any.spared(many).status, StatusCode::OK, "a bundle is no version");
    }
}
