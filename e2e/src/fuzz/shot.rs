//! One request of the fuzz, as data: what is sent, and how it is told when it went wrong.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use flate2::read::GzDecoder;

/// One request.
#[derive(Clone, PartialEq, Eq)]
pub struct Shot {
    /// The method.
    pub method: String,
    /// Path and query, as they stand in the request line.
    pub target: String,
    /// Headers, but for host and length.
    pub headers: Vec<(String, String)>,
    /// The body; empty sends none.
    pub body: Vec<u8>,
    /// Whether the body goes in chunks, whose lengths stand before them.
    pub chunked: bool,
    /// Bytes of the head that are sent as others: places, taken around its end, and what stands there then.
    pub flaws: Vec<(usize, u8)>,
}

impl Shot {
    /// A request without headers and body.
    pub fn new(method: impl Into<String>, target: impl Into<String>) -> Self {
        let (method, target) = (method.into(), target.into());
        Self { method, target, headers: Vec::new(), body: Vec::new(), chunked: false, flaws: Vec::new() }
    }

    /// With this header too.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With this body, of this media type.
    #[must_use]
    pub fn body(self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self.header("content-type", kind) }
    }

    /// Whether a header of this name stands there.
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }

    /// Whether it writes, if it is taken.
    pub fn writes(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// The body as it is meant, unpacked where it is packed.
    pub fn plain_body(&self) -> Cow<'_, [u8]> {
        let mut plain = Vec::new();
        match self.has("content-encoding")
            && GzDecoder::new(self.body.as_slice()).read_to_end(&mut plain).is_ok()
        {
            true => plain.into(),
            false => Cow::Borrowed(&self.body),
        }
    }

    /// The bytes that go over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: x\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match (self.chunked, self.body.is_empty()) {
            (true, _) => head.push_str("transfer-encoding: chunked\r\n\r\n"),
            (false, true) if self.method == "GET" || self.method == "HEAD" => head.push_str("\r\n"),
            _ => head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len())),
        }
        let mut bytes = head.into_bytes();
        let length = bytes.len();
        for (place, byte) in &self.flaws {
            if let Some(there) = place.checked_rem(length).and_then(|place| bytes.get_mut(place)) {
                *there = *byte;
            }
        }
        if self.chunked {
            for chunk in self.body.chunks(1_000) {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        } else {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

/// All of it, so that it can be sent again: what goes over the wire, escaped where it is no text.
impl fmt::Display for Shot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes();
        let shown = bytes.get(..20_000).unwrap_or(&bytes);
        write!(f, "{}", shown.escape_ascii().to_string().replace("\\r\\n", "\n").replace("\\\"", "\""))?;
        if shown.len() < bytes.len() { write!(f, "… {} bytes in all", bytes.len()) } else { Ok(()) }
    }
}
