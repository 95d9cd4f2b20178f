//! `GET /api/patients/{id}`, `…/clinical-record`, `…/lab-results`: the read models of one patient.
//!
//! Invariant: what is answered is as of its cursor, all of it; only records that the model shows are loaded.

use anamnesis_chart::read_model::{self, Entry};
use anamnesis_fhir::compartment;
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Instant, ResourceId, ResourceType, StreamName, Version};
use anamnesis_store::{Body, RecordVersion};
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use futures::{StreamExt, TryStreamExt, stream};

use super::answer::{json, stamp};
use super::problem::{Kind, Problem};
use super::query::Query;
use super::snapshots::shown;
use crate::app::App;
use crate::as_of::AS_OF;
use crate::headers::await_cursor;
use crate::held::Told;
use crate::same::{about, same_patients};

/// How many records are found at a time.
const FOUND_AT_ONCE: u32 = 1_000;
/// How many records are loaded side by side.
const LOADED_AT_ONCE: usize = 16;

/// One way of seeing a patient's records.
struct Model {
    /// The types of records it is made of, beside the patient's own.
    kinds: &'static [&'static str],
    make: fn(&[Entry<'_>]) -> Object,
}

const PATIENT: Model = Model { kinds: &[], make: read_model::patient };
const CLINICAL_RECORD: Model = Model {
    kinds: &[
        "AllergyIntolerance",
        "Condition",
        "Encounter",
        "Immunization",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Procedure",
    ],
    make: read_model::clinical_record,
};
const LAB_RESULTS: Model = Model { kinds: &["Observation", "ServiceRequest"], make: read_model::lab_results };

/// Who the patient is.
pub(super) async fn patient(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    stamp(&app, read(&app, &PATIENT, &id, query.as_deref(), &headers).await)
}

/// What the patient has, takes, and went through.
pub(super) async fn clinical_record(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    stamp(&app, read(&app, &CLINICAL_RECORD, &id, query.as_deref(), &headers).await)
}

/// What the laboratory was asked and what it found.
pub(super) async fn lab_results(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    stamp(&app, read(&app, &LAB_RESULTS, &id, query.as_deref(), &headers).await)
}

/// A record as it was loaded.
struct Loaded {
    stream: StreamName,
    version: Version,
    corrects: Option<Version>,
    elements: Object,
}

impl Loaded {
    fn entry(&self) -> Entry<'_> {
        let Self { stream, version, corrects, elements } = self;
        Entry { stream, version: *version, corrects: *corrects, elements }
    }
}

async fn read(
    app: &App,
    model: &Model,
    id: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let query = Query::read(query, &[AS_OF])?;
    let id = ResourceId::new(id).map_err(|_| Problem::new(Kind::NotFound, "there is no such patient"))?;
    await_cursor(app, headers).await?;

    // Taken before anything is looked at, so that at least all of this is in the answer.
    let as_of = query.as_of(app).await?;
    let name = StreamName::new(ResourceType::PATIENT, id);
    let mut made = made(app, model, &name, as_of.at()).await;
    // Several queries: where the views moved on between them, they are asked again as of where they were.
    if as_of.at().is_none() && as_of.is_behind(app).await? {
        made = self::made(app, model, &name, Some(as_of.cursor.moment)).await;
    }
    let Made { version, snapshot, data, held } = made?;
    let mut answer = Object::new()
        .with("id", name.id.as_str())
        .with("version", version)
        .with("cursor", as_of.cursor.to_string())
        .with("as_of", as_of.at().map_or(Value::Null, |at| at.to_string().into()))
        .with("snapshot", snapshot)
        .with("data", data);
    for (key, value) in held.iter() {
        answer.push(key, value.clone());
    }
    Ok(json(&as_of.cursor, answer.to_text()))
}

/// A read model, the version of the Patient it is of, and what there is to say of records that are held.
struct Made {
    version: Version,
    /// The newest snapshot of that stream, null where there is none.
    snapshot: Value,
    data: Object,
    held: Object,
}

/// Makes the model as of `at`, or of now.
async fn made(app: &App, model: &Model, name: &StreamName, at: Option<Instant>) -> Result<Made, Problem> {
    let found = app.engine.views().find_one(name, at).await?;
    let found = found.ok_or_else(|| Problem::new(Kind::NotFound, "there is no such patient"))?;
    if found.body == Body::Deleted {
        return Err(Problem::new(Kind::Deleted, "the patient's record was deleted"));
    }
    let version = found.version;
    let Some(patient) = load(app, found).await? else {
        return Err(Problem::new(Kind::Erased, "the patient was erased"));
    };
    let mut loaded = vec![patient];
    compartment(app, model, name, at, &mut loaded).await?;
    let entries: Vec<Entry<'_>> = loaded.iter().map(Loaded::entry).collect();
    let snapshot = app.engine.snapshot(name, at).await?;
    let snapshot = snapshot.map_or(Value::Null, |listed| shown(&listed).into());
    let is_of = |kind: ResourceType| model.is_of(kind);
    let held = Told::of_some(app, loaded.iter().map(|loaded| &loaded.stream), is_of, at).members();
    Ok(Made { version, snapshot, data: (model.make)(&entries), held })
}

/// Loads those records of the patient's compartment that the model is made of, of all records merged with it too.
async fn compartment(
    app: &App,
    model: &Model,
    patient: &StreamName,
    at: Option<Instant>,
    loaded: &mut Vec<Loaded>,
) -> Result<(), Problem> {
    if model.kinds.is_empty() {
        return Ok(());
    }
    let same = same_patients(&app.engine, patient, at).await?;
    let mut search = about(compartment::PARAM, &same, at, None, FOUND_AT_ONCE);
    loop {
        let hits = app.engine.views().search(&search).await?;
        search.after = hits.last().map(|hit| hit.after.clone());
        let more = hits.len() as u64 >= u64::from(FOUND_AT_ONCE);
        let wanted = hits.into_iter().map(|hit| hit.version).filter(|record| model.is_made_of(record));
        let records: Vec<Option<Loaded>> = stream::iter(wanted)
            .map(|record| load(app, record))
            .buffered(LOADED_AT_ONCE)
            .try_collect()
            .await?;
        loaded.extend(records.into_iter().flatten());
        if !more {
            return Ok(());
        }
    }
}

impl Model {
    fn is_made_of(&self, record: &RecordVersion) -> bool {
        self.kinds.contains(&record.name.kind.name())
    }

    /// Whether another record of this type could belong to it, if it were known: one that says who is whom too.
    fn is_of(&self, kind: ResourceType) -> bool {
        self.kinds.contains(&kind.name()) || (kind == ResourceType::PATIENT && !self.kinds.is_empty())
    }
}

/// The record's elements; none when it was deleted or erased.
async fn load(app: &App, record: RecordVersion) -> Result<Option<Loaded>, Problem> {
    let elements = app.engine.elements(&record).await?;
    let RecordVersion { name: stream, version, corrects, .. } = record;
    Ok(elements.map(|elements| Loaded { stream, version, corrects, elements }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_are_made_of_types_there_are() {
        for kind in CLINICAL_RECORD.kinds.iter().chain(LAB_RESULTS.kinds) {
            assert!(ResourceType::parse(kind).is_some(), "{kind}");
        }
    }
}
