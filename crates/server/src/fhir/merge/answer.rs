//! What merging is answered with: Parameters with the input, what was done, and the record that stays.

use anamnesis_chart::{Context, EventRef, State, decide, evolve};
use anamnesis_engine::{Answer, Request};
use anamnesis_fhir::outcome::{Issue, IssueCode, Severity, operation_outcome};
use anamnesis_json::{Object, Value};
use anamnesis_store::ReadError;

use super::Operation;
use super::asked::Asked;
use crate::app::App;
use crate::fhir::outcome::Outcome;
use crate::fhir::reply::Reply;
use crate::fhir::revise::read_back;
use crate::same::{compartment, same_patients};

/// One request, to be answered.
pub(super) struct Answered<'a> {
    pub(super) app: &'a App,
    pub(super) operation: Operation,
    pub(super) asked: &'a Asked,
    /// What was sent.
    pub(super) parameters: Value,
}

impl Answered<'_> {
    /// The answer to what was done.
    ///
    /// # Errors
    ///
    /// When what is to be shown cannot be read.
    pub(super) async fn done(self, answer: Answer) -> Result<Reply, Outcome> {
        let target = &self.asked.target.stream;
        let version = answer.items.iter().find(|item| item.stream == *target).map(|item| item.version);
        let mut result = None;
        // A view that does not show it yet leaves it out: what was asked for is done all the same.
        if let Some(version) = version
            && let Some(found) = self.app.engine.views().find_version(target, version).await?
            && let Some(text) = self.app.engine.text(&found).await?
        {
            result = Some(read_back(&text)?);
        }
        let source = &self.asked.source.stream;
        let done = match self.operation {
            Operation::Merge => format!("{source} was merged into {target}"),
            Operation::Unmerge => format!("{source} was parted from {target}"),
        };
        let versions = answer.items.iter().map(|item| format!("{}/_history/{}", item.stream, item.version));
        let said = vec![format!("{done}: {}", versions.collect::<Vec<_>>().join(", "))];
        Ok(self.reply(said, result, answer.cursor))
    }

    /// The answer to what was only looked at.
    ///
    /// # Errors
    ///
    /// When what is to be shown cannot be read.
    pub(super) async fn foreseen(self, request: &Request) -> Result<Reply, Outcome> {
        let cursor = self.app.engine.reached();
        let (source, target) = (&self.asked.source.stream, &self.asked.target.stream);
        let said = match self.operation {
            Operation::Merge => {
                let same = same_patients(&self.app.engine, source, None).await?;
                let records = compartment(&self.app.engine, &same).await?.len();
                vec![
                    format!("{source} would be merged into {target}, and become inactive"),
                    format!("{records} records about it would be found by {target} too"),
                ]
            }
            Operation::Unmerge => vec![format!("{source} would be parted from {target}")],
        };
        let result = self.target_after(request).await?;
        Ok(self.reply(said, result, cursor))
    }

    /// The record that stays as it would be, without the version it would have.
    async fn target_after(&self, request: &Request) -> Result<Option<Value>, ReadError> {
        let target = &self.asked.target.stream;
        let found = self.app.engine.views().find_one(target, None).await?;
        let item = request.items.iter().find(|item| item.stream == *target);
        let (Some(found), Some(step)) = (found, item.and_then(|item| item.steps.first())) else {
            return Ok(None);
        };
        let before = self.app.engine.elements(&found).await?;
        let state = State { version: found.version, elements: before.clone() };
        let context = Context { stream: target, reason: step.reason.as_deref(), door: request.door };
        let events = decide(&state, &context, step.command.clone()).unwrap_or_default();
        let after = events.iter().fold(before, |elements, event| {
            evolve(elements, &EventRef { kind: &event.kind, whole: event.whole, data: &event.data })
        });
        let named = || Object::new().with("resourceType", target.kind.name()).with("id", target.id.as_str());
        Ok(after.map(|elements| {
            let rest = elements.iter().map(|(key, value)| (key, value.clone()));
            rest.fold(named(), |resource, (key, value)| resource.with(key, value)).into()
        }))
    }

    fn reply(self, said: Vec<String>, result: Option<Value>, cursor: anamnesis_kernel::Cursor) -> Reply {
        let told =
            |what| Issue { severity: Severity::Information, ..Issue::error(IssueCode::Informational, what) };
        let issues: Vec<Issue> = said.into_iter().map(told).collect();
        let part = |name: &str, resource: Value| {
            Value::from(Object::new().with("name", name).with("resource", resource))
        };
        let mut parts =
            vec![part("input", self.parameters), part("outcome", operation_outcome(&issues).into())];
        parts.extend(result.map(|result| part("result", result)));
        let answer = Object::new().with("resourceType", "Parameters").with("parameter", parts);
        Reply::bundle(answer.to_text(), cursor)
    }
}
