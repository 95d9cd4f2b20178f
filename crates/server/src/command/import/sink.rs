//! Where an import goes: into the store in process, or to a running server; both take bundles.

use std::sync::Arc;

use anamnesis_chart::Door;
use anamnesis_engine::Wait;
use anamnesis_json::Value;
use anamnesis_kernel::{Actor, Source};
use anyhow::Context;

use super::report::Refused;
use super::requests::{Shape, requests, with_text, wrap};
use crate::app::{App, WriteContext};
use crate::command::feed::Feed;
use crate::command::web::Web;
use crate::fhir::outcome::Outcome;
use crate::fhir::transaction;

/// What a bundle is answered whose references or criteria find none, or several: other bundles can change that.
const UNMATCHED: u16 = 412;

/// Takes bundles.
#[derive(Clone)]
pub(super) enum Sink {
    /// The store, in this process.
    Store(App),
    /// A running server.
    Server(Web),
}

/// What became of one feed.
#[derive(Default)]
pub(super) struct Taken {
    /// Resources taken.
    pub(super) resources: u64,
    /// Of them, those taken by an earlier run.
    pub(super) known: u64,
    /// Bytes read.
    pub(super) bytes: u64,
    /// What was refused.
    pub(super) refused: Vec<Refused>,
    /// What of the feed may be taken once the rest is in, and nothing else of it.
    pub(super) again: Option<Feed>,
}

/// What became of one bundle.
struct Done {
    resources: u64,
    known: bool,
    refused: Vec<(Option<u64>, Option<String>, String)>,
    /// Whether the whole bundle was refused for what is not there yet.
    again: bool,
}

impl Sink {
    /// Takes one feed.
    ///
    /// # Errors
    ///
    /// When the store or the server is away; what was refused is no error.
    pub(super) async fn take(&self, feed: Feed) -> anyhow::Result<Taken> {
        let name = feed.name();
        match feed {
            Feed::File(path) => {
                let text = match tokio::fs::read(&path).await {
                    Ok(text) => text,
                    Err(error) => {
                        return Ok(Taken::refusal(&name, None, format!("the file cannot be read: {error}")));
                    }
                };
                let taken = self.document(&name, None, text).await?;
                Ok(taken.or_again(|| Feed::File(path)))
            }
            Feed::Text { text, .. } => {
                let taken = self.document(&name, None, text.clone()).await?;
                Ok(taken.or_again(|| Feed::Text { name, text }))
            }
            Feed::Lines { lines, .. } => self.lines(name, lines).await,
        }
    }

    async fn document(&self, name: &str, line: Option<u64>, text: Vec<u8>) -> anyhow::Result<Taken> {
        let bytes = text.len() as u64;
        let value = match anamnesis_json::parse(&text) {
            Ok(value) => value,
            Err(error) => return Ok(Taken { bytes, ..Taken::refusal(name, line, error.to_string()) }),
        };
        let kind = value.get("resourceType").and_then(Value::as_str).unwrap_or_default().to_owned();
        let shape = match kind.as_str() {
            "Bundle" => Shape::of(&value),
            _ => Shape::Single,
        };
        let (bundle, text) = match shape {
            Shape::Requests => (value, text),
            Shape::Single => with_text(wrap(vec![value])),
            Shape::Collection => with_text(requests(value)),
            Shape::Other(why) => {
                let refused =
                    Refused { path: Some("Bundle.type".to_owned()), ..Refused::whole(name, line, why) };
                return Ok(Taken { bytes, refused: vec![refused], ..Taken::default() });
            }
        };
        let done = self.bundle(bundle, text).await?;
        let alone = matches!(shape, Shape::Single);
        let refused = done.refused.into_iter().map(|(entry, path, reason)| Refused {
            entry: entry.filter(|_| !alone),
            path: if alone { path.and_then(|path| unwrapped(&kind, &path)) } else { path },
            again: done.again,
            ..Refused::whole(name, line, reason)
        });
        let known = if done.known { done.resources } else { 0 };
        Ok(Taken { resources: done.resources, known, bytes, refused: refused.collect(), again: None })
    }

    /// Single resources go together; when that is refused, each goes alone, so that one bad line keeps no other out.
    async fn lines(&self, name: String, lines: Vec<(u64, Vec<u8>)>) -> anyhow::Result<Taken> {
        let mut taken = Taken::default();
        let mut together = Vec::new();
        let mut alone = Vec::new();
        for (number, text) in lines {
            match anamnesis_json::parse(&text) {
                Ok(value) if value.get("resourceType").and_then(Value::as_str) == Some("Bundle") => {
                    alone.push((number, text))
                }
                Ok(value) => together.push((number, text, value)),
                Err(error) => {
                    taken.bytes += text.len() as u64;
                    taken.refused.extend(Taken::refusal(&name, Some(number), error.to_string()).refused);
                }
            }
        }
        if !together.is_empty() {
            let (texts, values): (Vec<_>, Vec<_>) =
                together.into_iter().map(|(n, text, value)| ((n, text), value)).unzip();
            let bundle = wrap(values);
            let text = bundle.to_text();
            let done = self.bundle(bundle, text).await?;
            if done.refused.is_empty() {
                taken.resources += done.resources;
                taken.known += if done.known { done.resources } else { 0 };
                taken.bytes += texts.iter().map(|(_, text)| text.len() as u64).sum::<u64>();
            } else {
                alone.extend(texts);
            }
        }
        let mut lines = Vec::new();
        for (number, text) in alone {
            let one = self.document(&name, Some(number), text.clone()).await?;
            if one.may_pass_later() {
                lines.push((number, text));
            }
            taken.resources += one.resources;
            taken.known += one.known;
            taken.bytes += one.bytes;
            taken.refused.extend(one.refused);
        }
        if !lines.is_empty() {
            taken.again = Some(Feed::Lines { name, lines });
        }
        Ok(taken)
    }

    async fn bundle(&self, bundle: Value, text: Vec<u8>) -> anyhow::Result<Done> {
        let key = key_of(&text);
        match self {
            Self::Store(app) => store(app, bundle, &text, key).await,
            Self::Server(web) => {
                let web = web.clone();
                let text = Arc::new(text);
                let posted = tokio::task::spawn_blocking(move || web.post("", &key, &text)).await;
                let reply = posted.context("a request broke")??;
                read_reply(reply.status, &reply.body)
            }
        }
    }
}

impl Taken {
    fn refusal(name: &str, line: Option<u64>, reason: String) -> Self {
        Self { refused: vec![Refused::whole(name, line, reason)], ..Self::default() }
    }

    fn may_pass_later(&self) -> bool {
        self.refused.iter().any(|refused| refused.again)
    }

    /// The same, with the feed it came of if that may be taken later.
    fn or_again(mut self, feed: impl FnOnce() -> Feed) -> Self {
        self.again = self.may_pass_later().then(feed);
        self
    }
}

async fn store(app: &App, bundle: Value, text: &[u8], key: String) -> anyhow::Result<Done> {
    let context = WriteContext {
        door: Door::Import,
        source: Source { door: "import".into(), ..Source::default() },
        actor: Actor::default(),
        reason: None,
        idempotency_key: Some(key.into_bytes()),
        correlation_id: None,
        wait: Wait::Log,
        provenance: None,
    };
    app.learn().await.context("the profiles cannot be read")?;
    match transaction::bundle(app, text, bundle, &context).await {
        Ok(done) => Ok(Done {
            resources: u64::from(done.taken),
            known: done.repeated,
            refused: done
                .refused
                .into_iter()
                .map(|r| (Some(r.entry as u64), Some(r.path), r.reason))
                .collect(),
            again: false,
        }),
        Err(outcome) if outcome.status().is_server_error() => {
            anyhow::bail!("the store does not take writes: {}", outcome.reason())
        }
        Err(outcome) => Ok(refused(&outcome)),
    }
}

fn refused(outcome: &Outcome) -> Done {
    let issue = |issue: &anamnesis_fhir::outcome::Issue| {
        (issue.expression.as_deref().and_then(entry_of), issue.expression.clone(), issue.diagnostics.clone())
    };
    let again = outcome.status().as_u16() == UNMATCHED;
    Done { resources: 0, known: false, refused: outcome.issues().iter().map(issue).collect(), again }
}

/// What a server's answer to a bundle says.
fn read_reply(status: u16, body: &[u8]) -> anyhow::Result<Done> {
    let value = anamnesis_json::parse(body).ok();
    anyhow::ensure!(status < 500, "the server answered {status}");
    let told = value.as_ref().and_then(|outcome| outcome.get("resourceType")).is_some();
    anyhow::ensure!(
        told || !matches!(status, 404 | 405),
        "there is no FHIR at this address ({status}): --url is a base, such as http://127.0.0.1:8080/fhir"
    );
    let issue = |issue: &Value| {
        let path = issue.get("expression").and_then(|e| e.each().next()).and_then(Value::as_str);
        let reason = issue.get("diagnostics").and_then(Value::as_str).unwrap_or("refused");
        (path.and_then(entry_of), path.map(str::to_owned), reason.to_owned())
    };
    let issues = |outcome: &Value| {
        outcome.get("issue").map(|i| i.each().map(issue).collect::<Vec<_>>()).unwrap_or_default()
    };
    if !(200..300).contains(&status) {
        let mut refused = value.as_ref().map(issues).unwrap_or_default();
        if refused.is_empty() {
            refused.push((None, None, format!("the server answered {status}")));
        }
        return Ok(Done { resources: 0, known: false, refused, again: status == UNMATCHED });
    }
    let mut done = Done { resources: 0, known: false, refused: Vec::new(), again: false };
    let entries = value.as_ref().and_then(|bundle| bundle.get("entry"));
    for (at, entry) in (0_u64..).zip(entries.map(Value::each).into_iter().flatten()) {
        let response = entry.get("response");
        let text = |key: &str| response.and_then(|r| r.get(key)).and_then(Value::as_str);
        if text("status").is_some_and(|status| status.starts_with('2')) {
            done.resources += 1;
            continue;
        }
        let found = response.and_then(|r| r.get("outcome")).map(issues).unwrap_or_default();
        let (_, path, reason) = found.into_iter().next().unwrap_or((None, None, "refused".to_owned()));
        done.refused.push((Some(at), path, reason));
    }
    Ok(done)
}

/// The entry that a path such as `Bundle.entry[9].request` speaks of.
fn entry_of(path: &str) -> Option<u64> {
    path.strip_prefix("Bundle.entry[")?.split_once(']')?.0.parse().ok()
}

/// A path as seen from the resource that was wrapped alone: `Bundle.entry[0].resource.gender` is `Patient.gender`.
fn unwrapped(kind: &str, path: &str) -> Option<String> {
    let rest = path.strip_prefix("Bundle.entry[0].resource")?;
    Some(format!("{kind}{rest}"))
}

/// A bundle is taken once: its key is the hash of its text.
fn key_of(text: &[u8]) -> String {
    let hash = anamnesis_seal::sha256(text);
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("import-{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_in_paths() {
        let cases = [
            ("Bundle.entry[9].request", Some(9)),
            ("Bundle.entry", None),
            ("Patient.name", None),
            ("Bundle.entry[x]", None),
        ];
        for (path, entry) in cases {
            assert_eq!(entry_of(path), entry, "{path}");
        }
    }

    #[test]
    fn a_path_is_that_of_what_was_sent() {
        assert_eq!(
            unwrapped("Patient", "Bundle.entry[0].resource.gender").as_deref(),
            Some("Patient.gender")
        );
        assert_eq!(unwrapped("Patient", "Bundle.entry[0].resource").as_deref(), Some("Patient"));
        assert_eq!(unwrapped("Patient", "Bundle.entry[0].request.url"), None);
    }

    #[test]
    fn a_server_s_words_are_kept() {
        let body = br#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"no","expression":["Bundle.entry[3].resource"]}]}"#;
        let done = read_reply(422, body).unwrap();
        assert_eq!(done.refused, [(Some(3), Some("Bundle.entry[3].resource".to_owned()), "no".to_owned())]);
        assert!(read_reply(503, b"").is_err());
        let body = br#"{"entry":[{"response":{"status":"201 Created"}},{"response":{"status":"422 x","outcome":{"issue":[{"diagnostics":"why"}]}}}]}"#;
        let done = read_reply(200, body).unwrap();
        assert_eq!((done.resources, done.refused), (1, vec![(Some(1), None, "why".to_owned())]));
    }
}
