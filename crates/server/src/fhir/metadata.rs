//! The capabilities interaction: <https://hl7.org/fhir/R4/http.html#capabilities>.
//!
//! Invariant: it says what works, so whoever adds an interaction adds it here.

use std::hash::{DefaultHasher, Hasher};

use anamnesis_fhir::capability::{Facts, TypeFacts, statement};
use anamnesis_fhir::{Params, has_compartment};
use anamnesis_json::Object;
use anamnesis_kernel::ResourceType;
use axum::body::Bytes;

use super::patch::FORMATS as PATCH_FORMATS;
use super::reply::Reply;
use crate::app::{App, ConditionalDelete};
use crate::index::Index;

/// When what follows last changed.
const CHANGED: &str = "2026-11-25";

const INTERACTIONS: [&str; 9] = [
    "read",
    "vread",
    "create",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "search-type",
];
/// Of patients alone, and of every type. R4 has no merge yet, and nobody has an unmerge.
const OPERATIONS: [(&str, &str); 7] = [
    ("everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything"),
    ("merge", "http://hl7.org/fhir/OperationDefinition/Patient-merge"),
    ("unmerge", "urn:anamnesis:operation:Patient-unmerge"),
    ("meta", "http://hl7.org/fhir/OperationDefinition/Resource-meta"),
    ("meta-add", "http://hl7.org/fhir/OperationDefinition/Resource-meta-add"),
    ("meta-delete", "http://hl7.org/fhir/OperationDefinition/Resource-meta-delete"),
    ("validate", "http://hl7.org/fhir/OperationDefinition/Resource-validate"),
];

/// How many of these are of patients alone.
const OF_PATIENTS: usize = 3;

/// Of the base too.
const OF_THE_BASE: [&str; 2] = ["meta", "validate"];

/// What becomes of a resource: <https://hl7.org/fhir/R4/http.html#transactional-integrity>.
const DOCUMENTATION: &str = "A write is kept as it was sent, but for `id`, `meta.versionId` and `meta.lastUpdated`, \
    or refused as a whole; nothing is merged or altered. A transaction is one commit: all of it or none. \
    A version that was named by If-Match is the one that is changed, or the write is refused with 412.";

/// The CapabilityStatement as it is sent: it is large, and changes with the search parameters alone.
#[derive(Clone)]
pub(crate) struct Statement {
    text: Bytes,
    /// Changes with the text.
    tag: String,
    /// The parameters it tells of.
    shape: String,
}

/// The CapabilityStatement of this server.
pub(super) fn metadata(app: &App) -> Reply {
    let index = app.index();
    let known = app.statement().borrow().clone().filter(|known| known.shape == index.shape());
    let Statement { text, tag, .. } = known.unwrap_or_else(|| {
        let made = Statement::of(app, &index);
        app.statement().send_replace(Some(made.clone()));
        made
    });
    Reply { tag: Some(tag), body: text, ..Reply::bundle(Vec::new(), app.engine.reached()) }
}

impl Statement {
    fn of(app: &App, index: &Index) -> Self {
        let text = said_at(&app.base_url, app.limits.conditional_delete, index).to_text();
        let mut hasher = DefaultHasher::new();
        hasher.write(&text);
        let tag = format!("W/\"{:016x}\"", hasher.finish());
        Self { text: text.into(), tag, shape: index.shape().to_owned() }
    }
}

/// What a server says of itself at this base, where a deletion by criteria may delete so many and there are these
/// search parameters.
pub(super) fn said_at(base: &str, conditional_delete: ConditionalDelete, params: &dyn Params) -> Object {
    let of_all = OPERATIONS.get(OF_PATIENTS..).unwrap_or_default();
    let types: Vec<TypeFacts<'_>> = ResourceType::all()
        .map(|kind| TypeFacts {
            kind,
            interactions: &INTERACTIONS,
            update_create: true,
            conditional_create: true,
            conditional_read: "full-support",
            conditional_update: true,
            conditional_delete: conditional_delete.code(),
            operations: if kind == ResourceType::PATIENT { &OPERATIONS } else { of_all },
        })
        .collect();
    let of_the_base: Vec<_> =
        OPERATIONS.iter().copied().filter(|(name, _)| OF_THE_BASE.contains(name)).collect();
    let compartments: Vec<_> = ResourceType::all().filter(|kind| has_compartment(*kind)).collect();
    let facts = Facts {
        version: env!("CARGO_PKG_VERSION"),
        base,
        date: CHANGED,
        documentation: DOCUMENTATION,
        formats: &["application/fhir+json", "json"],
        patch_formats: &PATCH_FORMATS,
        types: &types,
        interactions: &["transaction", "batch", "history-system", "search-system"],
        operations: &of_the_base,
        compartments: &compartments,
    };
    statement(&facts, params)
}
