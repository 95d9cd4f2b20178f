//! The table behind the description: operations, their parameters, and what they refuse.

/// One operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// Keys of [`PARAMETERS`].
    pub(super) parameters: &'static [&'static str],
    /// The name of a schema.
    pub(super) body: Option<&'static str>,
    pub(super) answers: &'static [Answer],
    /// The statuses of [`REFUSALS`] it may answer with, each with a problem.
    pub(super) refusals: &'static [u16],
}

/// One answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    /// By media type the name of a schema, empty for plain text.
    pub(super) content: &'static [(&'static str, &'static str)],
}

/// One parameter.
pub(super) struct Parameter {
    /// What operations and the document call it.
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    /// `path`, `query` or `header`.
    pub(super) place: &'static str,
    /// Its schema, as JSON text.
    pub(super) schema: &'static str,
    pub(super) description: &'static str,
}

const fn ok(description: &'static str, content: &'static [(&'static str, &'static str)]) -> Answer {
    Answer { status: 200, description, content }
}

const fn parameter(
    name: &'static str,
    place: &'static str,
    schema: &'static str,
    description: &'static str,
) -> Parameter {
    Parameter { key: name, name, place, schema, description }
}

const fn read(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: &'static [&'static str],
    answers: &'static [Answer],
    refusals: &'static [u16],
) -> Operation {
    Operation { method: "get", path, id, summary, parameters, body: None, answers, refusals }
}

/// Something an operator asks of the generations, answered with how far each is once it is done.
const fn change(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: &'static [&'static str],
) -> Operation {
    const ANSWERS: &[Answer] = &[ok("done: how far each is now", &[(JSON, "Generations")])];
    Operation {
        method,
        path,
        id,
        summary,
        parameters,
        body: None,
        answers: ANSWERS,
        refusals: &[400, 404, 409, 503],
    }
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

#[rustfmt::skip] // A table reads by column.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "post",
        path: "/api/commits",
        id: "commit",
        summary: "Appends events to one record or to several, all or none.",
        parameters: &["Idempotency-Key", "Anamnesis-Wait", "Anamnesis-Reason", "X-Request-Id"],
        body: Some("Commit"),
        answers: &[
            ok("the same had been appended before: the first answer again", &[(JSON, "Appended")]),
            Answer { status: 201, description: "appended, or nothing changed", content: &[(JSON, "Appended")] },
            Answer { status: 202, description: "appended, and not seen by reads yet: a record is held, or the views are late", content: &[(JSON, "Appended")] },
        ],
        refusals: &[400, 408, 409, 410, 413, 415, 422, 503, 504, 507],
    },
    read("/api/events", "events", "Reads the log from a cursor on, by pages or as server-sent events.",
        &["from", "type", "record", "patient", "_count", "_asOf", "Last-Event-ID", "Anamnesis-Cursor"],
        &[ok("events in the order of the log", &[(JSON, "LogPage"), ("text/event-stream", "")])], &[400, 409, 503]),
    read("/api/streams/{Type}/{id}", "stream", "Reads the events of one record; `from` is a version.",
        &["Type", "id", "from_version", "_count", "_asOf", "Anamnesis-Cursor"],
        &[ok("events in the order of their versions", &[(JSON, "StreamPage")])], &[400, 404, 409, 410, 503]),
    read("/api/streams/{Type}/{id}/snapshots", "snapshots", "At which versions the state of one record is kept, so that it loads fast.",
        &["Type", "id", "_asOf", "Anamnesis-Cursor"],
        &[ok("what is kept, newest version first", &[(JSON, "Snapshots")])], &[400, 404, 409, 503]),
    read("/api/patients/{id}", "patient", "Who the patient is.",
        &["id", "_asOf", "Anamnesis-Cursor"], &[ok("the patient", &[(JSON, "ReadModel")])], &[400, 404, 409, 410, 503]),
    read("/api/patients/{id}/clinical-record", "clinicalRecord", "What the patient has, takes, and went through.",
        &["id", "_asOf", "Anamnesis-Cursor"], &[ok("the clinical record", &[(JSON, "ReadModel")])], &[400, 404, 409, 410, 503]),
    read("/api/patients/{id}/lab-results", "labResults", "What the laboratory was asked and what it found.",
        &["id", "_asOf", "Anamnesis-Cursor"], &[ok("the lab results", &[(JSON, "ReadModel")])], &[400, 404, 409, 410, 503]),
    read("/api/patients/{id}/timeline", "timeline", "What happened to the patient, in the order of the log, across all records.",
        &["id", "type", "record", "since", "_count", "_asOf", "Anamnesis-Cursor"],
        &[ok("events; `next` is where to ask again, as `since`", &[(JSON, "Timeline")])], &[400, 404, 409, 503]),
    read("/api/patients/{id}/diff", "patientDiff", "What changed in a patient's records between two moments, by whom and why.",
        &["id", "from_moment", "to", "Anamnesis-Cursor"],
        &[ok("the elements that differ, record by record", &[(JSON, "Diff")])], &[400, 404, 409, 503]),
    read("/api/diff/{Type}/{id}", "recordDiff", "What changed in one record between two moments or versions, by whom and why.",
        &["Type", "id", "from_version_or_moment", "to_version_or_moment", "Anamnesis-Cursor"],
        &[ok("the elements that differ", &[(JSON, "Diff")])], &[400, 404, 409, 503]),
    read("/api/generations", "generations", "The views that serve, and those that are made beside them.",
        &[], &[ok("how far each is", &[(JSON, "Generations")])], &[400, 503]),
    change("post", "/api/generations", "makeGeneration", "Makes the next generation of the views, if its making was cancelled.", &[]),
    change("delete", "/api/generations/{number}", "removeGeneration", "Cancels the generation that is being made, or removes the one that is kept.", &["number"]),
    change("post", "/api/generations/{number}/serve", "serveGeneration", "Goes back to the generation that served before, while it is kept.", &["number"]),
    read("/api/parked", "parked", "The events that the views could not apply, and those that wait behind them in their records.",
        &["from", "_count"], &[ok("events in the order of the log", &[(JSON, "ParkedPage")])], &[400, 409, 503]),
    Operation {
        method: "post",
        path: "/api/parked/retry",
        id: "retryParked",
        summary: "Tries again to apply what is parked: of all records, or of one.",
        parameters: &["stream"],
        body: None,
        answers: &[ok("what came of it", &[(JSON, "Retried")])],
        refusals: &[400, 409, 503],
    },
    read("/api", "index", "What there is.",
        &[], &[ok("links", &[(JSON, "Index")])], &[503]),
    read("/api/openapi.json", "description", "This document.",
        &[], &[ok("an OpenAPI document", &[(JSON, "")])], &[503]),
    read("/livez", "livez", "Whether the process lives.",
        &[], &[ok("it does", &[(TEXT, "")])], &[]),
    read("/readyz", "readyz", "Whether the views have all of the log as it stood at the start.",
        &[], &[
            ok("they do", &[(JSON, "Ready")]),
            Answer { status: 503, description: "not yet", content: &[(JSON, "Ready")] },
        ], &[]),
    read("/metrics", "metrics", "How the server fares, in Prometheus text format 0.0.4.",
        &[], &[
            ok("all instruments", &[(TEXT, "")]),
            Answer { status: 503, description: "they cannot be read now", content: &[] },
        ], &[]),
];

#[rustfmt::skip] // A table reads by column.
pub(super) const PARAMETERS: &[Parameter] = &[
    parameter("Type",             "path",   r##"{"$ref":"#/components/schemas/ResourceType"}"##,     "a resource type of FHIR R4"),
    parameter("id",               "path",   r##"{"$ref":"#/components/schemas/ResourceId"}"##,       "the record's id"),
    parameter("number",           "path",   r#"{"type":"integer","minimum":1}"#,                     "a generation's number"),
    parameter("from",             "query",  r##"{"$ref":"#/components/schemas/Cursor"}"##,           "of the log: the cursor to follow; from the beginning where it is absent"),
    Parameter {
        name: "from", ..
        parameter("from_version", "query",  r#"{"type":"integer","minimum":1,"maximum":9223372036854775807}"#, "of a stream: the first version to show")
    },
    Parameter {
        name: "from", ..
        parameter("from_moment",  "query",  r##"{"$ref":"#/components/schemas/Moment"}"##,           "of a diff: the earlier moment; the beginning where it is absent")
    },
    parameter("to",               "query",  r##"{"$ref":"#/components/schemas/Moment"}"##,           "of a diff: the later moment; now where it is absent"),
    Parameter {
        name: "from", ..
        parameter("from_version_or_moment", "query", r##"{"anyOf":[{"type":"integer","minimum":1,"maximum":9223372036854775807},{"$ref":"#/components/schemas/Moment"}]}"##, "of one record's diff: the earlier moment, or the version before")
    },
    Parameter {
        name: "to", ..
        parameter("to_version_or_moment", "query", r##"{"anyOf":[{"type":"integer","minimum":1,"maximum":9223372036854775807},{"$ref":"#/components/schemas/Moment"}]}"##, "of one record's diff: the later moment, or the version after")
    },
    parameter("type",             "query",  r##"{"type":"array","items":{"$ref":"#/components/schemas/EventType"}}"##, "only events of these types; repeated or with commas"),
    parameter("record",           "query",  r##"{"type":"array","items":{"anyOf":[{"$ref":"#/components/schemas/ResourceType"},{"$ref":"#/components/schemas/Stream"}]}}"##, "only events of these resource types or records; repeated or with commas"),
    parameter("patient",          "query",  r#"{"type":"string","pattern":"^(Patient/)?[A-Za-z0-9.-]{1,64}$"}"#, "only events about this patient: an id, or Patient/id"),
    parameter("stream",           "query",  r##"{"$ref":"#/components/schemas/Stream"}"##,           "only this record's"),
    parameter("since",            "query",  r##"{"$ref":"#/components/schemas/Moment"}"##,           "only events recorded at this instant or later, or what follows this cursor"),
    parameter("_count",           "query",  r#"{"type":"integer","minimum":1}"#,                     "how many at most; more than the server's limit is the limit"),
    parameter("_asOf",            "query",  r##"{"anyOf":[{"type":"string","format":"date-time"},{"$ref":"#/components/schemas/Cursor"}]}"##, "as of when: an instant with a zone, from the first event to now, or a cursor that an answer named; the present where it is absent"),
    parameter("Last-Event-ID",    "header", r#"{"type":"string"}"#,                                  "the last cursor that was received, to resume a followed log"),
    parameter("Idempotency-Key",  "header", r#"{"type":"string","minLength":1,"maxLength":1024}"#,   "makes a repetition harmless: the same key and content are done once"),
    parameter("Anamnesis-Wait",   "header", r#"{"enum":["views","log"]}"#,                           "what the answer waits for: views (the default) or log"),
    parameter("Anamnesis-Reason", "header", r#"{"type":"string","maxLength":1024}"#,                 "why, for events that do not say so themselves, in UTF-8"),
    parameter("Anamnesis-Cursor", "header", r##"{"$ref":"#/components/schemas/Cursor"}"##,           "the point of the log that the answer must be complete up to"),
    parameter("X-Request-Id",     "header", r#"{"type":"string"}"#,                                  "becomes the correlation id where the body has none; left out where it is no visible ASCII"),
];

/// What each status of a refusal says.
#[rustfmt::skip] // A table reads by column.
pub(super) const REFUSALS: &[(u16, &str)] = &[
    (400, "the request is not understood"),
    (404, "there is nothing of this name"),
    (408, "the body came too slowly"),
    (409, "someone wrote first, the key was used with other content, the cursor is of another log, or a generation stands otherwise"),
    (410, "it was deleted, or the person was erased"),
    (413, "the body is too large"),
    (415, "the body is of a type not taken here"),
    (422, "the events are refused, each reason with its path"),
    (503, "not now: nothing was kept, try again later"),
    (504, "the log did not answer: look before trying again"),
    (507, "there is no room: nothing was kept"),
];
