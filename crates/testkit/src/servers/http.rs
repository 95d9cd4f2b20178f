//! A small HTTP client that takes every status for an answer.

use std::time::Duration;

use anamnesis_json::Value;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

use super::give_up;

/// How long one request may take, an answer after a rebuild included.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A client of one server; clones share its connections.
#[derive(Clone)]
pub struct Http {
    agent: Agent,
    base: String,
    headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Clone)]
pub struct Reply {
    /// The status, whatever it is.
    pub status: u16,
    /// Names in lower case, and values, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// No answer came: refused, reset or too late.
#[derive(Debug)]
pub struct Unreached(ureq::Error);

impl Http {
    /// A client of the server at `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Self { agent: config.into(), base: base.trim_end_matches('/').to_owned(), headers: Vec::new() }
    }

    /// The same client, sending one more header with every request.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// GETs `path`, which begins with a slash.
    ///
    /// # Panics
    ///
    /// When no answer comes, as all but [`try_send`](Self::try_send) do.
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], None)
    }

    /// POSTs JSON: as FHIR under `/fhir`, plain elsewhere.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[json_type(path)], Some(body.to_text()))
    }

    /// PUTs JSON: as FHIR under `/fhir`, plain elsewhere.
    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, &[json_type(path)], Some(body.to_text()))
    }

    /// DELETEs `path`.
    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], None)
    }

    /// Sends any request: a header given here stands beside the client's own, and the caller names the body's type.
    ///
    /// # Panics
    ///
    /// When no answer comes.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Reply {
        let reply = self.try_send(method, path, headers, body);
        reply.unwrap_or_else(|cause| give_up(&format!("{method} {path}: {cause}: {}", cause.0)))
    }

    /// As [`send`](Self::send), for tests in which the server may go away.
    ///
    /// # Errors
    ///
    /// [`Unreached`] when no answer comes.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Reply, Unreached> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(body) => self.agent.run(request.body(body).map_err(|e| Unreached(e.into()))?),
            None => self.agent.run(request.body(()).map_err(|e| Unreached(e.into()))?),
        };
        read(response.map_err(Unreached)?)
    }
}

fn json_type(path: &str) -> (&'static str, &'static str) {
    ("content-type", if path.starts_with("/fhir") { "application/fhir+json" } else { "application/json" })
}

fn read(mut response: Response<Body>) -> Result<Reply, Unreached> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers =
        response.headers().iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec().map_err(Unreached)?;
    Ok(Reply { status, headers, body })
}

impl Reply {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not, with status and where the text goes wrong.
    pub fn json(&self) -> Value {
        let parsed = anamnesis_json::parse(&self.body);
        parsed.unwrap_or_else(|error| give_up(&format!("the body of a {} is not JSON: {error}", self.status)))
    }

    /// The same reply, if its status is `status`.
    ///
    /// # Panics
    ///
    /// When it is another, with the body, which in a test is of people who do not exist.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        if self.status != status {
            give_up(&format!("expected {status}, got {}:\n{}", self.status, self.text()));
        }
        self
    }
}

/// Shows the server alone: a header may be a secret.
impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Http({})", self.base)
    }
}

/// Shows the status and the size alone.
impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

impl std::fmt::Display for Unreached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer came")
    }
}

impl std::error::Error for Unreached {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
