//! The answer to a transaction or batch, an entry for each entry in the same order.
//!
//! Invariant: an entry is text as soon as it is answered, so that nothing of it need be kept until all are.

use super::Kind;
use super::write::{Head, Writer};

/// One entry of the answer.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Response<'a> {
    /// The record's absolute address.
    pub full_url: Option<&'a str>,
    /// The status, `201 Created`.
    pub status: &'a str,
    /// Where the version is, `Patient/p1/_history/1`.
    pub location: Option<&'a str>,
    /// The entity tag, `W/"1"`.
    pub etag: Option<&'a str>,
    /// When, a FHIR instant.
    pub last_modified: Option<&'a str>,
    /// The JSON text of an OperationOutcome.
    pub outcome: Option<&'a [u8]>,
    /// The JSON text of a resource, where one is returned.
    pub resource: Option<&'a [u8]>,
}

/// The answer so far.
pub struct Answered(Writer);

impl Answered {
    /// An answer without entries.
    pub fn begin(kind: Kind, head: &Head<'_>) -> Self {
        let code = match kind {
            Kind::Transaction => "transaction-response",
            Kind::Batch => "batch-response",
        };
        Self(Writer::begin(code, head, &[]))
    }

    /// Adds the next entry.
    pub fn entry(&mut self, entry: &Response<'_>) {
        let out = &mut self.0;
        out.entry(entry.full_url, entry.resource);
        out.open("response");
        out.text("status", Some(entry.status));
        out.text("location", entry.location);
        out.text("etag", entry.etag);
        out.text("lastModified", entry.last_modified);
        out.raw("outcome", entry.outcome);
        out.close();
        out.close();
    }

    /// The text of the bundle.
    pub fn end(self) -> Vec<u8> {
        self.0.end()
    }
}

/// Shows nothing of it.
impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answered")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_text() {
        let outcome =
            br#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]}"#;
        let created = Response {
            status: "201 Created",
            location: Some("Patient/p1/_history/1"),
            etag: Some("W/\"1\""),
            ..Response::default()
        };
        let refused = Response { status: "400 Bad Request", outcome: Some(outcome), ..Response::default() };
        #[rustfmt::skip] // A table reads by column.
        let cases: [(Kind, &[Response<'_>], &str); 2] = [
            (Kind::Transaction, &[],
             r#"{"resourceType":"Bundle","type":"transaction-response"}"#),
            (Kind::Batch, &[created, refused],
             r#"{"resourceType":"Bundle","type":"batch-response","entry":[{"response":{"status":"201 Created","location":"Patient/p1/_history/1","etag":"W/\"1\""}},{"response":{"status":"400 Bad Request","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]}}}]}"#),
        ];
        for (kind, entries, expected) in cases {
            let mut answered = Answered::begin(kind, &Head::default());
            entries.iter().for_each(|entry| answered.entry(entry));
            let text = answered.end();
            assert_eq!(String::from_utf8(text.clone()).unwrap(), expected);
            let bundle = anamnesis_json::parse(&text).unwrap();
            let kind = anamnesis_kernel::ResourceType::parse("Bundle").unwrap();
            assert_eq!(crate::check::issues(kind, bundle.as_object().unwrap()), []);
        }
    }
}
