//! The headers for people: `docs/headers.md`.

use std::fmt::Write;

use http::HeaderName;
use http::header as std_header;

use super::{
    CORRELATION_ID, CURSOR, IDEMPOTENCY_KEY, KEY_BYTES_MAX, REASON, REASON_BYTES_MAX, REQUEST_ID,
    REQUEST_ID_BYTES_MAX, WAIT,
};
use crate::blessed::blessed;
use crate::fhir::PROVENANCE;
use crate::held::HELD;

const HEAD: &str = "# Headers

<!-- @generated from the table in crates/server/src/headers/reference.rs: change it there, then test with ANAMNESIS_BLESS=1. -->

One that is there and cannot be taken refuses the request with 400; it is never quietly left out.\n`X-Request-Id` alone is replaced, and `traceparent` passed over: whoever sends an unfit one should still be served.
";

/// A header: its name, how it is shown, and what it says.
type Row = (HeaderName, &'static str, String);

fn at_both_doors() -> Vec<Row> {
    vec![
        (IDEMPOTENCY_KEY, "Idempotency-Key", format!("on a write: a key of the caller's own, 1 to {KEY_BYTES_MAX} bytes; the same key with the same content is done once and answered the same, with other content refused with 409; kept for seven days")),
        (WAIT, "Anamnesis-Wait", "on a write: `views`, the default, answers when reads see it; `log` answers once it is synced".into()),
        (REASON, "Anamnesis-Reason", format!("on a write: why, at most {REASON_BYTES_MAX} bytes of UTF-8; for events that do not say so themselves")),
        (CURSOR, "Anamnesis-Cursor", "on an answer: the point of the log up to which it is complete, after a write the write's own, and after a read with `_asOf` the point it was answered as of; on a read: the point the answer must be complete up to, 409 `cursor-unknown` where the log does not reach it".into()),
        (HELD, "Anamnesis-Held", "on an answer about one record: the server could not apply what happened to it after this version, 0 where it cannot show the record at all; see [When an event cannot be applied](parked.md)".into()),
        (REQUEST_ID, "X-Request-Id", format!("on a request: what it belongs together with, up to {REQUEST_ID_BYTES_MAX} visible ASCII characters; answered back, and kept as `correlation_id` in the events; a write without one, or with another, is given a UUID")),
        (CORRELATION_ID, "X-Correlation-Id", "on the answer to a write whose `X-Request-Id` was replaced: the one that was sent".into()),
        (HeaderName::from_static("traceparent"), "traceparent", "on a request: the trace it is part of, as W3C Trace Context has it; one that is none is passed over, as that standard asks".into()),
        (std_header::CONTENT_ENCODING, "Content-Encoding", "on a request: `gzip`, and limits count what comes out of it; answers are compressed where `Accept-Encoding` allows".into()),
        (std_header::RETRY_AFTER, "Retry-After", "on a 503: when to ask again, in seconds".into()),
    ]
}

fn at_the_fhir_door() -> Vec<Row> {
    vec![
        (std_header::ETAG, "ETag", "on an answer about one record: its version, `W/\"3\"`; on `/fhir/metadata`: a tag that changes with the statement".into()),
        (std_header::IF_MATCH, "If-Match", "on an update, patch or deletion: the version the record must be at, else 412".into()),
        (std_header::IF_NONE_MATCH, "If-None-Match", "on a read: the version that is known, answered 304 where it still holds; on an update `*`: only if there is no live record, else 412".into()),
        (std_header::IF_MODIFIED_SINCE, "If-Modified-Since", "on a read: answered 304 where the record has not changed since".into()),
        (HeaderName::from_static("if-none-exist"), "If-None-Exist", "on a create: criteria; a record is made only where none meets them".into()),
        (HeaderName::from_static("prefer"), "Prefer", "`return=minimal`, `representation` or `OperationOutcome`; `handling=strict` refuses search parameters that are not understood".into()),
        (PROVENANCE, "X-Provenance", "on a write: a Provenance in JSON without `target`, recorded in the same commit; its first agent and reason stand in the events too".into()),
        (std_header::LAST_MODIFIED, "Last-Modified", "on an answer about one record: when this version was recorded".into()),
        (std_header::LOCATION, "Location", "after a create: where the new version is".into()),
    ]
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (title, rows) in [("At both doors", at_both_doors()), ("At the FHIR door", at_the_fhir_door())] {
        let _ = write!(page, "\n## {title}\n\n| header | what it says |\n|---|---|\n");
        for (_, shown, what) in rows {
            let _ = writeln!(page, "| `{shown}` | {what} |");
        }
    }
    page
}

#[test]
fn headers_are_shown_under_their_names() {
    for (name, shown, _) in at_both_doors().into_iter().chain(at_the_fhir_door()) {
        assert_eq!(name.as_str(), shown.to_ascii_lowercase());
    }
}

#[test]
fn what_is_committed_is_what_the_table_gives() {
    blessed("headers.md", &page());
}
