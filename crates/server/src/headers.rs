//! The headers that every door understands: waiting, cursors, keys, reasons.
//!
//! Invariant: a header that is there and cannot be taken refuses the request; it is never quietly left out.

#[cfg(test)]
mod reference;

use anamnesis_chart::Door;
use anamnesis_engine::Wait;
use anamnesis_kernel::{Actor, Cursor, Source};
use compact_str::CompactString;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use uuid::Uuid;

use crate::app::{App, WriteContext};

/// The point of the log an answer is complete up to; on a request, the point it must be complete up to.
pub(crate) const CURSOR: HeaderName = HeaderName::from_static("anamnesis-cursor");
/// What a write waits for: `views` or `log`.
pub(crate) const WAIT: HeaderName = HeaderName::from_static("anamnesis-wait");
/// Why something is written, UTF-8.
pub(crate) const REASON: HeaderName = HeaderName::from_static("anamnesis-reason");
/// The caller's key that makes a repetition harmless.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// What a request belongs together with.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// On an answer: what its client called the request, where it is called otherwise here.
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

const REASON_BYTES_MAX: usize = 1_024;
const KEY_BYTES_MAX: usize = 1_024;
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Why a request's headers cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderProblem {
    /// Not a cursor.
    #[error("Anamnesis-Cursor: not a cursor")]
    Cursor,
    /// A cursor of a point this log has not reached, or of another log.
    #[error("cursor-unknown: Anamnesis-Cursor lies beyond the end of the log")]
    CursorUnknown,
    /// The views did not reach the cursor in time: ask again later.
    #[error("the views have not reached Anamnesis-Cursor yet")]
    Behind,
    /// Neither views nor log.
    #[error("Anamnesis-Wait: must be views or log")]
    Wait,
    /// An empty or overlong key, or one that stands twice.
    #[error("Idempotency-Key: must stand once and have 1 to 1024 bytes")]
    Key,
    /// Not UTF-8, or too long.
    #[error("Anamnesis-Reason: must stand once and have at most 1024 bytes of UTF-8")]
    Reason,
}

/// What the headers of a write say.
///
/// # Errors
///
/// The first header that cannot be taken.
pub(crate) fn write_context(
    headers: &HeaderMap,
    door: Door,
    source_door: &str,
) -> Result<WriteContext, HeaderProblem> {
    let wait = match once(headers, &WAIT, HeaderProblem::Wait)? {
        None | Some(b"views") => Wait::Views,
        Some(b"log") => Wait::Log,
        Some(_) => return Err(HeaderProblem::Wait),
    };
    let idempotency_key = match once(headers, &IDEMPOTENCY_KEY, HeaderProblem::Key)? {
        Some(key) if key.is_empty() || key.len() > KEY_BYTES_MAX => return Err(HeaderProblem::Key),
        key => key.map(<[u8]>::to_vec),
    };
    let reason = match once(headers, &REASON, HeaderProblem::Reason)? {
        Some(reason) if reason.len() > REASON_BYTES_MAX => return Err(HeaderProblem::Reason),
        Some(reason) => {
            let text = std::str::from_utf8(reason).map_err(|_| HeaderProblem::Reason)?.trim();
            (!text.is_empty()).then(|| CompactString::from(text))
        }
        None => None,
    };
    Ok(WriteContext {
        door,
        source: Source { door: source_door.into(), ..Source::default() },
        actor: Actor::default(),
        reason,
        idempotency_key,
        correlation_id: Some(correlation_id(headers)),
        wait,
        provenance: None,
    })
}

/// Waits until the views have what the request's cursor has, if it names one.
///
/// # Errors
///
/// When it is no cursor, lies beyond the log, or is not reached in time.
pub(crate) async fn await_cursor(app: &App, headers: &HeaderMap) -> Result<(), HeaderProblem> {
    let Some(text) = once(headers, &CURSOR, HeaderProblem::Cursor)? else { return Ok(()) };
    let text = std::str::from_utf8(text).map_err(|_| HeaderProblem::Cursor)?;
    let cursor: Cursor = text.parse().map_err(|_| HeaderProblem::Cursor)?;
    if !covers(&app.engine.head(), &cursor) {
        return Err(HeaderProblem::CursorUnknown);
    }
    if app.engine.wait_for_views(&cursor, app.limits.views).await {
        Ok(())
    } else {
        Err(HeaderProblem::Behind)
    }
}

fn covers(head: &Cursor, cursor: &Cursor) -> bool {
    head.offsets.len() == cursor.offsets.len()
        && head.offsets.iter().zip(&cursor.offsets).all(|(have, wanted)| have >= wanted)
}

/// The caller's own id where it can be kept and shown as it is, else a new one.
fn correlation_id(headers: &HeaderMap) -> CompactString {
    match sent_id(headers).and_then(|id| std::str::from_utf8(id.as_bytes()).ok()) {
        Some(id) => id.into(),
        None => compact_str::format_compact!("{}", Uuid::new_v4()),
    }
}

/// What an answer is to say the request is called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Called {
    id: Option<HeaderValue>,
    /// What its client called it, where that is not `id`.
    replaced: Option<HeaderValue>,
}

impl Called {
    /// The request's own id, or the one that a write is given here.
    ///
    /// <https://hl7.org/fhir/R4/http.html#custom>
    pub(crate) fn of(method: &Method, headers: &mut HeaderMap) -> Self {
        if let Some(sent) = sent_id(headers) {
            return Self { id: Some(sent.clone()), replaced: None };
        }
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Self::default();
        }
        let Ok(given) = HeaderValue::try_from(Uuid::new_v4().to_string()) else { return Self::default() };
        let replaced = headers.insert(REQUEST_ID, given.clone());
        Self { id: Some(given), replaced }
    }

    /// Says so on the answer.
    pub(crate) fn say(self, headers: &mut HeaderMap) {
        let said = [(REQUEST_ID, self.id), (CORRELATION_ID, self.replaced)];
        headers.extend(said.into_iter().filter_map(|(name, id)| Some((name, id?))));
    }
}

fn sent_id(headers: &HeaderMap) -> Option<&HeaderValue> {
    let visible =
        |id: &[u8]| (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic);
    headers.get(&REQUEST_ID).filter(|value| visible(value.as_bytes()))
}

fn once<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    problem: HeaderProblem,
) -> Result<Option<&'a [u8]>, HeaderProblem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Ok(Some(value.as_bytes())),
        _ => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'a HeaderName, &'a [u8])];

    fn context(pairs: Pairs<'_>) -> Result<WriteContext, HeaderProblem> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        write_context(&headers, Door::Fhir, "fhir")
    }

    #[test]
    fn refused() {
        let long = vec![b'x'; 1_025];
        #[rustfmt::skip] // A table reads by column.
        let cases: [(Pairs<'_>, Option<HeaderProblem>); 9] = [
            (&[],                                                None),
            (&[(&WAIT, b"views")],                               None),
            (&[(&WAIT, b"soon")],                                Some(HeaderProblem::Wait)),
            (&[(&WAIT, b"log"), (&WAIT, b"log")],                Some(HeaderProblem::Wait)),
            (&[(&IDEMPOTENCY_KEY, b"")],                         Some(HeaderProblem::Key)),
            (&[(&IDEMPOTENCY_KEY, &long)],                       Some(HeaderProblem::Key)),
            (&[(&REASON, "später gemessen".as_bytes())],         None),
            (&[(&REASON, b"\xff")],                              Some(HeaderProblem::Reason)),
            (&[(&REASON, &long)],                                Some(HeaderProblem::Reason)),
        ];
        for (pairs, problem) in cases {
            assert_eq!(context(pairs).err(), problem, "{pairs:?}");
        }
    }

    #[test]
    fn what_a_write_says() {
        let said =
            context(&[(&WAIT, b"log"), (&IDEMPOTENCY_KEY, b"k"), (&REQUEST_ID, b"r-1"), (&REASON, b" why ")]);
        let said = said.ok().unwrap();
        assert_eq!(said.wait, Wait::Log);
        assert_eq!(said.idempotency_key.as_deref(), Some(b"k".as_slice()));
        assert_eq!(said.correlation_id.as_deref(), Some("r-1"));
        assert_eq!(said.reason.as_deref(), Some("why"));
        for odd in [b"a b".as_slice(), b"", &[b'x'; 129]] {
            let id = context(&[(&REQUEST_ID, odd)]).ok().unwrap().correlation_id.unwrap();
            assert_eq!(id.len(), 36);
        }
    }

    #[test]
    fn a_cursor_beyond_the_log() {
        let at = |offsets: &[u64]| Cursor {
            moment: anamnesis_kernel::Instant::default(),
            offsets: offsets.to_vec(),
        };
        assert!(covers(&at(&[3]), &at(&[3])));
        assert!(!covers(&at(&[3]), &at(&[4])));
        assert!(!covers(&at(&[3]), &at(&[1, 1])));
    }
}
