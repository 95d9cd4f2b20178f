//! What must be read to answer a transaction that was written.

use std::collections::HashMap;

use anamnesis_engine::{Answer, ItemAnswer};
use anamnesis_kernel::{Instant, StreamName};
use anamnesis_store::RecordVersion;
use axum::body::Bytes;
use http::StatusCode;

use crate::app::App;
use crate::fhir::allowance::Allowance;
use crate::fhir::line::{Line, bare, status_text};
use crate::fhir::negotiate::Return;
use crate::fhir::outcome::Outcome;
use crate::fhir::reply::etag;

/// What must be read to answer: when unchanged records began, and resources where they are to be returned.
pub(super) struct After<'a> {
    allowance: &'a Allowance,
    versions: HashMap<StreamName, RecordVersion>,
    texts: HashMap<StreamName, Bytes>,
    as_outcome: bool,
}

impl<'a> After<'a> {
    pub(super) async fn read(
        app: &App,
        answer: &Answer,
        returned: Option<Return>,
        allowance: &'a Allowance,
    ) -> Result<Self, Outcome> {
        let whole = returned == Some(Return::Representation);
        let wanted = |item: &&ItemAnswer| item.live && (whole || item.events.is_empty());
        let mut after = Self {
            allowance,
            versions: HashMap::new(),
            texts: HashMap::new(),
            as_outcome: returned == Some(Return::Outcome),
        };
        for item in answer.items.iter().filter(wanted) {
            if let Some(found) = app.engine.views().find_version(&item.stream, item.version).await? {
                after.want(app, &found, returned).await?;
                after.versions.insert(item.stream.clone(), found);
            }
        }
        Ok(after)
    }

    /// Keeps the text of a version, where texts are to be returned and the answer has time and room for it.
    pub(super) async fn want(
        &mut self,
        app: &App,
        found: &RecordVersion,
        returned: Option<Return>,
    ) -> Result<(), Outcome> {
        if returned == Some(Return::Representation)
            && self.allowance.spent().is_none()
            && let Some(text) = app.engine.text(found).await?
            && self.allowance.takes(text.len())
        {
            self.texts.insert(found.name.clone(), Bytes::from_owner(text));
        }
        Ok(())
    }

    pub(super) fn line(&mut self, app: &App, item: &ItemAnswer, moment: Instant) -> Line {
        let status = match (item.live, item.created) {
            (false, _) => StatusCode::NO_CONTENT,
            (true, true) => StatusCode::CREATED,
            (true, false) => StatusCode::OK,
        };
        let began =
            self.versions.get(&item.stream).filter(|_| item.events.is_empty()).map_or(moment, |v| v.began);
        let mut line = Line { status: status_text(status), ..self.bare(StatusCode::OK) };
        if item.version > 0 {
            line.etag = Some(etag(item.version));
        }
        if item.live {
            line.full_url = Some(format!("{}/{}", app.base_url, item.stream));
            line.location = Some(format!("{}/_history/{}", item.stream, item.version));
            line.modified = Some(began.to_millis_text());
            line.resource = self.texts.get(&item.stream).cloned();
        }
        line
    }

    pub(super) fn found(&self, app: &App, found: &RecordVersion) -> Line {
        Line {
            full_url: Some(format!("{}/{}", app.base_url, found.name)),
            location: Some(format!("{}/_history/{}", found.name, found.version)),
            etag: Some(etag(found.version)),
            modified: Some(found.began.to_millis_text()),
            resource: self.texts.get(&found.name).cloned(),
            ..self.bare(StatusCode::OK)
        }
    }

    fn bare(&self, status: StatusCode) -> Line {
        let outcome = || anamnesis_fhir::outcome::operation_outcome(&[]).to_text();
        Line { outcome: self.as_outcome.then(outcome), ..bare(status) }
    }
}
