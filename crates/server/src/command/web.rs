//! A running server, asked over HTTP.

use std::time::Duration;

use anamnesis_json::Value;
use anyhow::Context;
use ureq::Agent;

/// How long one request may take: a large bundle is synced and projected before it is answered.
const PATIENCE: Duration = Duration::from_secs(300);

/// Asks one server.
#[derive(Clone)]
pub(super) struct Web {
    agent: Agent,
    base: String,
}

/// What it said.
pub(super) struct Reply {
    /// The status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Vec<u8>,
}

impl Web {
    /// A client of the server whose address begins so.
    pub(super) fn new(base: &str) -> anyhow::Result<Self> {
        anyhow::ensure!(
            base.starts_with("http://"),
            "the address must begin with http:// (TLS ends before the server)"
        );
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        Ok(Self { agent: config.into(), base: base.trim_end_matches('/').to_owned() })
    }

    /// Posts FHIR JSON under an idempotency key.
    pub(super) fn post(&self, path: &str, key: &str, body: &[u8]) -> anyhow::Result<Reply> {
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/fhir+json")
            .header("idempotency-key", key)
            .header("anamnesis-wait", "log");
        reply(request.send(body))
    }

    /// Posts nothing: asks for something to be done.
    pub(super) fn ask(&self, path: &str) -> anyhow::Result<Reply> {
        reply(self.agent.post(format!("{}{path}", self.base)).send_empty())
    }

    /// Gets a page.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Reply> {
        reply(self.agent.get(format!("{}{path}", self.base)).call())
    }
}

fn reply(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> anyhow::Result<Reply> {
    let mut answer = answer.context("the server cannot be reached")?;
    let body =
        answer.body_mut().with_config().limit(1 << 30).read_to_vec().context("the answer broke off")?;
    Ok(Reply { status: answer.status().as_u16(), body })
}

/// Why a server did not answer with what was asked for.
pub(super) fn refusal(reply: &Reply) -> String {
    let problem = anamnesis_json::parse(&reply.body).ok();
    match problem.as_ref().and_then(|problem| problem.get("detail")).and_then(Value::as_str) {
        Some(detail) => format!("the server answered {}: {detail}", reply.status),
        None if reply.status == 404 => {
            "there is no event API at this address (404): --url is one such as http://127.0.0.1:8080"
                .to_owned()
        }
        None => format!("the server answered {}", reply.status),
    }
}

/// A value of a query, percent-encoded where it must be.
pub(super) fn escaped(value: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-_.~/".contains(&b);
    value.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
