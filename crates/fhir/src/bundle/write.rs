//! Writing bundles around resources whose text is ready: none of it is parsed again.

use anamnesis_json::write_string;

/// What stands at the head of a searchset or a history.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Head<'a> {
    /// The bundle's own id.
    pub id: Option<&'a str>,
    /// `meta.lastUpdated`, a FHIR instant.
    pub last_updated: Option<&'a str>,
    /// How many there are in all, where that is known.
    pub total: Option<u64>,
}

/// A link of a bundle is its relation, such as `self` or `next`, and a URL.
type Link<'a> = (&'a str, &'a str);

/// One entry of a searchset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Its absolute address; none for an outcome.
    pub full_url: Option<&'a str>,
    /// Its JSON text.
    pub resource: &'a [u8],
    /// Why it is there.
    pub mode: Mode,
}

/// Why an entry is in a searchset: <https://hl7.org/fhir/R4/valueset-search-entry-mode.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It matched.
    Match,
    /// A match refers to it.
    Include,
    /// It is an OperationOutcome about the search.
    Outcome,
}

/// One entry of a history, one version of one record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Happened<'a> {
    /// The record's absolute address.
    pub full_url: &'a str,
    /// The version's JSON text; none for a deletion.
    pub resource: Option<&'a [u8]>,
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'a str,
    /// The URL of the request, `Patient/p1`.
    pub url: &'a str,
    /// The status it was answered with, `201` or `201 Created`.
    pub status: &'a str,
    /// The entity tag, `W/"3"`.
    pub etag: &'a str,
    /// When, a FHIR instant.
    pub last_modified: &'a str,
}

/// A searchset: <https://hl7.org/fhir/R4/bundle.html#searchset>.
pub fn searchset<'a>(
    head: &Head<'_>,
    links: &[Link<'_>],
    entries: impl IntoIterator<Item = Found<'a>>,
) -> Vec<u8> {
    let mut out = Writer::begin("searchset", head, links);
    for entry in entries {
        out.entry(entry.full_url, Some(entry.resource));
        out.open("search");
        out.text("mode", Some(entry.mode.code()));
        out.close();
        out.close();
    }
    out.end()
}

/// What there is to say of a history as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// The URL of the history, `Patient/_history`.
    pub url: &'a str,
    /// The JSON text of an OperationOutcome.
    pub outcome: &'a [u8],
}

/// A history, newest first as the caller gives it: <https://hl7.org/fhir/R4/bundle.html#history>.
///
/// What is said of it stands behind the versions, as the outcome of the request for the history itself: each entry of a
/// history has a request and a response, and an OperationOutcome in the place of a version would be taken for one.
pub fn history<'a>(
    head: &Head<'_>,
    links: &[Link<'_>],
    entries: impl IntoIterator<Item = Happened<'a>>,
    said: Option<Said<'_>>,
) -> Vec<u8> {
    let mut out = Writer::begin("history", head, links);
    for entry in entries {
        out.entry(Some(entry.full_url), entry.resource);
        out.open("request");
        out.text("method", Some(entry.method));
        out.text("url", Some(entry.url));
        out.close();
        out.open("response");
        out.text("status", Some(entry.status));
        out.text("etag", Some(entry.etag));
        out.text("lastModified", Some(entry.last_modified));
        out.close();
        out.close();
    }
    if let Some(Said { url, outcome }) = said {
        out.entry(None, None);
        out.open("request");
        out.text("method", Some("GET"));
        out.text("url", Some(url));
        out.close();
        out.open("response");
        out.text("status", Some("200 OK"));
        out.raw("outcome", Some(outcome));
        out.close();
        out.close();
    }
    out.end()
}

impl Mode {
    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Include => "include",
            Self::Outcome => "outcome",
        }
    }
}

/// Text so far, and whether a comma is due before what comes next.
pub(super) struct Writer {
    out: Vec<u8>,
    comma: bool,
    entries: bool,
}

impl Writer {
    pub(super) fn begin(kind: &str, head: &Head<'_>, links: &[Link<'_>]) -> Self {
        let mut writer = Self { out: Vec::with_capacity(4_096), comma: false, entries: false };
        writer.brace();
        writer.text("resourceType", Some("Bundle"));
        writer.text("id", head.id);
        if head.last_updated.is_some() {
            writer.open("meta");
            writer.text("lastUpdated", head.last_updated);
            writer.close();
        }
        writer.text("type", Some(kind));
        if let Some(total) = head.total {
            writer.raw("total", Some(total.to_string().as_bytes()));
        }
        for (n, (relation, url)) in links.iter().enumerate() {
            if n == 0 {
                writer.key("link");
                writer.out.push(b'[');
                writer.comma = false;
            }
            writer.brace();
            writer.text("relation", Some(relation));
            writer.text("url", Some(url));
            writer.close();
        }
        if !links.is_empty() {
            writer.out.push(b']');
        }
        writer
    }

    pub(super) fn entry(&mut self, full_url: Option<&str>, resource: Option<&[u8]>) {
        if !self.entries {
            // FHIR has no empty arrays, so the array begins with its first entry.
            self.key("entry");
            self.out.push(b'[');
            (self.entries, self.comma) = (true, false);
        }
        self.brace();
        self.text("fullUrl", full_url);
        self.raw("resource", resource);
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        if self.entries {
            self.out.push(b']');
        }
        self.close();
        self.out
    }

    fn brace(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.out.push(b'{');
        self.comma = false;
    }

    pub(super) fn open(&mut self, key: &str) {
        self.key(key);
        self.out.push(b'{');
        self.comma = false;
    }

    pub(super) fn close(&mut self) {
        self.out.push(b'}');
        self.comma = true;
    }

    fn key(&mut self, key: &str) {
        if self.comma {
            self.out.push(b',');
        }
        write_string(key, &mut self.out);
        self.out.push(b':');
        self.comma = true;
    }

    pub(super) fn text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.key(key);
            write_string(text, &mut self.out);
        }
    }

    pub(super) fn raw(&mut self, key: &str, json: Option<&[u8]>) {
        if let Some(json) = json {
            self.key(key);
            self.out.extend_from_slice(json);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_as_text() {
        let patient = br#"{"resourceType":"Patient","id":"p1"}"#;
        let outcome =
            br#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]}"#;
        let head = Head { id: Some("b"), last_updated: Some("2026-03-01T00:00:00.000Z"), total: Some(2) };
        let found = |full_url, resource, mode| Found { full_url, resource, mode };
        let version = Happened {
            full_url: "http://h/Patient/p1",
            resource: Some(patient),
            method: "PUT",
            url: "Patient/p1",
            status: "200",
            etag: "W/\"2\"",
            last_modified: "2026-03-01T00:00:00.000Z",
        };
        let deleted =
            Happened { resource: None, method: "DELETE", status: "204", etag: "W/\"3\"", ..version };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("empty",    searchset(&Head::default(), &[], []),
             r#"{"resourceType":"Bundle","type":"searchset"}"#),
            ("matches",  searchset(&head, &[("self", "http://h/Patient?a=\"b\""), ("next", "n")],
                            [found(Some("http://h/Patient/p1"), patient, Mode::Match), found(None, outcome, Mode::Outcome)]),
             r#"{"resourceType":"Bundle","id":"b","meta":{"lastUpdated":"2026-03-01T00:00:00.000Z"},"type":"searchset","total":2,"link":[{"relation":"self","url":"http://h/Patient?a=\"b\""},{"relation":"next","url":"n"}],"entry":[{"fullUrl":"http://h/Patient/p1","resource":{"resourceType":"Patient","id":"p1"},"search":{"mode":"match"}},{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]},"search":{"mode":"outcome"}}]}"#),
            ("history",  history(&Head::default(), &[], [deleted, version], None),
             r#"{"resourceType":"Bundle","type":"history","entry":[{"fullUrl":"http://h/Patient/p1","request":{"method":"DELETE","url":"Patient/p1"},"response":{"status":"204","etag":"W/\"3\"","lastModified":"2026-03-01T00:00:00.000Z"}},{"fullUrl":"http://h/Patient/p1","resource":{"resourceType":"Patient","id":"p1"},"request":{"method":"PUT","url":"Patient/p1"},"response":{"status":"200","etag":"W/\"2\"","lastModified":"2026-03-01T00:00:00.000Z"}}]}"#),
            ("a history of which something is said", history(&Head::default(), &[], [], Some(Said { url: "Patient/_history", outcome })),
             r#"{"resourceType":"Bundle","type":"history","entry":[{"request":{"method":"GET","url":"Patient/_history"},"response":{"status":"200 OK","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]}}}]}"#),
        ];
        for (name, text, expected) in cases {
            assert_eq!(String::from_utf8(text.clone()).unwrap(), expected, "{name}");
            let bundle = anamnesis_json::parse(&text).unwrap();
            let kind = anamnesis_kernel::ResourceType::parse("Bundle").unwrap();
            assert_eq!(crate::check::issues(kind, bundle.as_object().unwrap()), [], "{name}");
        }
    }
}
