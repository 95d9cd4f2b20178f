//! What the lines of one request have in common in the process's log.
//!
//! Invariant: what a client sent as an id is logged only where it can be nothing else.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderValue};
use tokio::task::futures::TaskLocalFuture;
use uuid::Uuid;

use crate::headers::REQUEST_ID;

/// The id of a request, written out when it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestId {
    /// The client's own.
    Sent(Uuid),
    /// The number of the request in this process.
    Ours(u64),
}

tokio::task_local! {
    static CURRENT: RequestId;
}

impl RequestId {
    /// The client's id where it is a UUID, with or without its dashes; else one of ours.
    ///
    /// Anything else could be a name or a number of someone.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let sent = headers.get(&REQUEST_ID).map(HeaderValue::as_bytes);
        let sent =
            sent.filter(|id| matches!(id.len(), 32 | 36)).and_then(|id| Uuid::try_parse_ascii(id).ok());
        sent.map_or_else(|| Self::Ours(NEXT.fetch_add(1, Ordering::Relaxed)), Self::Sent)
    }

    /// The id of the request that is worked on here.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(|id| *id).ok()
    }

    /// Works on a request under its id.
    pub(crate) fn during<F: Future>(self, work: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, work)
    }
}

/// As it was sent, or the process and the number.
impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        match self {
            Self::Sent(id) => id.fmt(f),
            Self::Ours(number) => {
                let process = PROCESS.get_or_init(|| Uuid::new_v4().as_u64_pair().1);
                write!(f, "{process:016x}-{number}")
            }
        }
    }
}

/// The id of the request that is worked on, for a line of the log; a dash where there is none.
pub(crate) fn current() -> String {
    RequestId::current().map_or_else(|| "-".to_owned(), |id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_nothing_else_is_the_clients() {
        let of = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(id).unwrap());
            RequestId::of(&headers)
        };
        let uuid = Uuid::from_u128(7);
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (uuid.to_string(),            true),
            (uuid.simple().to_string(),   true),
            (format!("{{{uuid}}}"),       false),
            (format!("urn:uuid:{uuid}"),  false),
            ("Vandersecret".to_owned(),   false),
            ("8512031234567890".to_owned(), false),
            (String::new(),               false),
        ];
        for (id, sent) in cases {
            assert_eq!(of(&id) == RequestId::Sent(uuid), sent, "{id}");
        }
        assert_ne!(RequestId::of(&HeaderMap::new()), RequestId::of(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn lines_of_one_request_have_one_id() {
        assert_eq!(current(), "-");
        let id = RequestId::Ours(3);
        id.during(async { assert_eq!(current(), id.to_string()) }).await;
        assert!(id.to_string().ends_with("-3"));
    }
}
