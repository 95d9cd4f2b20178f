//! Commits that register search parameters: one after another, so that each knows of those before it.
//!
//! Invariant: of two whose codes clash, at once or in one commit, one is refused; none is kept and left out of the index.

use std::sync::{Mutex, PoisonError};

use anamnesis_chart::{Cause, Command, Refusal};
use anamnesis_engine::{Answer, CommitError, Request};
use anamnesis_fhir::Registered;
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_json::Object;
use anamnesis_kernel::{ResourceId, StreamName};
use tokio::sync::MutexGuard;

use super::{KIND, Parameters, set};
use crate::app::App;

/// Whose turn it is, and what the commit whose turn it is registers.
#[derive(Default)]
pub(super) struct Registering {
    turn: tokio::sync::Mutex<()>,
    /// By record, those of the commit that have been looked at.
    beside: Mutex<Vec<(ResourceId, Registered)>>,
}

impl Registering {
    async fn turn(&self) -> MutexGuard<'_, ()> {
        let turn = self.turn.lock().await;
        self.beside.lock().unwrap_or_else(PoisonError::into_inner).clear();
        turn
    }
}

impl Parameters {
    /// What cannot be registered of what a request writes whole, by item and step: it was looked at before it had its
    /// turn. What it writes by events is looked at when they are decided.
    fn refused(&self, request: &Request) -> Vec<(usize, usize, Refusal)> {
        let mut refused = Vec::new();
        for (n, item) in request.items.iter().enumerate() {
            for (at, step) in item.steps.iter().enumerate() {
                let Command::Put(elements) = &step.command else { continue };
                let (kind, id) = (item.stream.kind, Some(&item.stream.id));
                let issues = self.faults(kind, id, elements).into_iter();
                let issues = issues.chain(self.faults_beside(&item.stream, elements));
                refused.extend(issues.map(|issue| (n, at, refusal(issue))));
            }
        }
        refused
    }

    /// What is wrong with a definition beside the others of its commit.
    pub(crate) fn faults_beside(&self, stream: &StreamName, elements: &Object) -> Option<Issue> {
        if stream.kind.name() != KIND || !set::is_active(elements) {
            return None;
        }
        let one = Registered::read(elements).ok()?;
        let mut beside = self.registering.beside.lock().unwrap_or_else(PoisonError::into_inner);
        beside.retain(|(id, _)| *id != stream.id);
        if beside.iter().any(|(_, other)| one.clashes(other)) {
            let what = "another search parameter of the same commit has this code for one of these types";
            return Some(Issue::error(IssueCode::Duplicate, what).at("SearchParameter.code"));
        }
        beside.push((stream.id.clone(), one));
        None
    }
}

fn refusal(issue: Issue) -> Refusal {
    Refusal { cause: Cause::Invalid, path: issue.expression.unwrap_or_default(), text: issue.diagnostics }
}

impl App {
    /// Carries out a request, as the engine does; one that writes definitions of search parameters in its turn, once
    /// everything that was registered before is known.
    ///
    /// # Errors
    ///
    /// As the engine's; [`CommitError::Busy`] where the views do not get there in time.
    pub(crate) async fn commit(&self, request: Request) -> Result<Answer, CommitError> {
        if !request.items.iter().any(|item| item.stream.kind.name() == KIND) {
            return self.engine.commit(request).await;
        }
        let _turn = self.parameters.registering.turn().await;
        if !self.engine.wait_for_views(&self.engine.head(), self.limits.views).await {
            return Err(CommitError::Busy);
        }
        self.learn().await?;
        let refused = self.parameters.refused(&request);
        if refused.is_empty() {
            self.engine.commit(request).await
        } else {
            Err(CommitError::Refused(refused))
        }
    }
}
