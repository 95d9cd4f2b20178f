//! The table behind the description: operations, parameters, and the shapes of bodies.

/// One operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// Names of [`PARAMETERS`].
    pub(super) parameters: &'static [&'static str],
    /// The name of a schema.
    pub(super) body: Option<&'static str>,
    pub(super) answers: &'static [Answer],
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
    pub(super) name: &'static str,
    /// `path`, `query` or `header`.
    pub(super) place: &'static str,
    pub(super) kind: &'static str,
    pub(super) description: &'static str,
}

/// One schema, as JSON text.
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

const fn ok(description: &'static str, content: &'static [(&'static str, &'static str)]) -> Answer {
    Answer { status: 200, description, content }
}

const fn parameter(
    name: &'static str,
    place: &'static str,
    kind: &'static str,
    description: &'static str,
) -> Parameter {
    Parameter { name, place, kind, description }
}

const fn read(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: &'static [&'static str],
    answers: &'static [Answer],
) -> Operation {
    Operation { method: "get", path, id, summary, parameters, body: None, answers }
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
        ],
    },
    read("/api/events", "events", "Reads the log from a cursor on, by pages or as server-sent events.",
        &["from", "type", "record", "patient", "_count", "Last-Event-ID", "Anamnesis-Cursor"],
        &[ok("events in the order of the log", &[(JSON, "LogPage"), ("text/event-stream", "")])]),
    read("/api/streams/{Type}/{id}", "stream", "Reads the events of one record; `from` is a version.",
        &["Type", "id", "from", "_count", "Anamnesis-Cursor"],
        &[ok("events in the order of their versions", &[(JSON, "StreamPage")])]),
    read("/api/patients/{id}", "patient", "Who the patient is.",
        &["id", "Anamnesis-Cursor"], &[ok("the patient", &[(JSON, "ReadModel")])]),
    read("/api/patients/{id}/clinical-record", "clinicalRecord", "What the patient has, takes, and went through.",
        &["id", "Anamnesis-Cursor"], &[ok("the clinical record", &[(JSON, "ReadModel")])]),
    read("/api/patients/{id}/lab-results", "labResults", "What the laboratory was asked and what it found.",
        &["id", "Anamnesis-Cursor"], &[ok("the lab results", &[(JSON, "ReadModel")])]),
    read("/api", "index", "What there is.",
        &[], &[ok("links", &[(JSON, "Index")])]),
    read("/api/openapi.json", "description", "This document.",
        &[], &[ok("an OpenAPI document", &[(JSON, "")])]),
    read("/livez", "livez", "Whether the process lives.",
        &[], &[ok("it does", &[(TEXT, "")])]),
    read("/readyz", "readyz", "Whether the views have all of the log as it stood at the start.",
        &[], &[
            ok("they do", &[(JSON, "Ready")]),
            Answer { status: 503, description: "not yet", content: &[(JSON, "Ready")] },
        ]),
    read("/metrics", "metrics", "How the server fares, in Prometheus text format 0.0.4.",
        &[], &[ok("all instruments", &[(TEXT, "")])]),
];

#[rustfmt::skip] // A table reads by column.
pub(super) const PARAMETERS: &[Parameter] = &[
    parameter("Type",             "path",   "string",  "a resource type of FHIR R4"),
    parameter("id",               "path",   "string",  "the record's id"),
    parameter("from",             "query",  "string",  "where to begin: for the log the cursor to follow, for a stream the first version"),
    parameter("type",             "query",  "string",  "only events of these types; repeated or with commas"),
    parameter("record",           "query",  "string",  "only events of these resource types or records; repeated or with commas"),
    parameter("patient",          "query",  "string",  "only events about this patient: an id, or Patient/id"),
    parameter("_count",           "query",  "integer", "how many at most"),
    parameter("Last-Event-ID",    "header", "string",  "the last cursor that was received, to resume a followed log"),
    parameter("Idempotency-Key",  "header", "string",  "makes a repetition harmless: the same key and content are done once"),
    parameter("Anamnesis-Wait",   "header", "string",  "what the answer waits for: views (the default) or log"),
    parameter("Anamnesis-Reason", "header", "string",  "why, for events that do not say so themselves"),
    parameter("Anamnesis-Cursor", "header", "string",  "the point of the log that the answer must be complete up to"),
    parameter("X-Request-Id",     "header", "string",  "becomes the correlation id where the body has none"),
];

const fn schema(name: &'static str, text: &'static str) -> Schema {
    Schema { name, text }
}

/// How a commit is sent and answered, how pages look, and what a problem holds; events have their own, published schema.
pub(super) const SCHEMAS: &[Schema] = &[
    schema(
        "NewEvent",
        r#"{"type":"object","required":["type","data"],"properties":{
            "type":{"type":"string"},"schema_version":{"type":"integer","minimum":1},
            "data":{"type":"object","description":"FHIR elements: the whole resource first, then what changed"},
            "event_id":{"type":"string","format":"uuid"},"occurred_at":{"type":"string","format":"date-time"},
            "correlation_id":{"type":"string","maxLength":128},"causation_id":{"type":"string","format":"uuid"},
            "reason":{"type":"string","maxLength":1024},
            "metadata":{"type":"object","description":"the caller's own, up to 8 KiB"}}}"#,
    ),
    schema(
        "Expected",
        r#"{"description":"a version, none (no live record) or any (the default)",
            "oneOf":[{"type":"integer","minimum":0},{"enum":["none","any"]}]}"#,
    ),
    schema(
        "Commit",
        r##"{"oneOf":[
            {"allOf":[{"$ref":"#/components/schemas/NewEvent"}],"type":"object","required":["stream"],
             "properties":{"stream":{"type":"string"},"expected":{"$ref":"#/components/schemas/Expected"}}},
            {"type":"object","required":["streams"],"additionalProperties":false,"properties":{
             "correlation_id":{"type":"string","maxLength":128},
             "streams":{"type":"array","minItems":1,"items":{"type":"object","required":["stream","events"],
              "additionalProperties":false,"properties":{"stream":{"type":"string"},
              "expected":{"$ref":"#/components/schemas/Expected"},
              "events":{"type":"array","minItems":1,"items":{"$ref":"#/components/schemas/NewEvent"}}}}}}}]}"##,
    ),
    schema(
        "Appended",
        r#"{"type":"object","required":["cursor","commit_id","events"],"properties":{"cursor":{"type":"string"},
            "commit_id":{"type":["string","null"],"format":"uuid"},
            "events":{"type":"array","items":{"type":"object",
             "required":["event_id","stream","version","position"],"properties":{
             "event_id":{"type":"string","format":"uuid"},"stream":{"type":"string"},"version":{"type":"integer"},
             "position":{"type":"object","required":["partition","offset"],"properties":{
              "partition":{"type":"integer"},"offset":{"type":"integer"}}}}}}}}"#,
    ),
    schema(
        "LogPage",
        r##"{"type":"object","required":["events","next"],"properties":{
            "events":{"type":"array","items":{"$ref":"#/components/schemas/Event"}},
            "next":{"type":"string","description":"the cursor to ask again from"}}}"##,
    ),
    schema(
        "StreamPage",
        r##"{"type":"object","required":["events","next"],"properties":{
            "events":{"type":"array","items":{"$ref":"#/components/schemas/Event"}},
            "next":{"type":"integer","description":"the version to ask again from"}}}"##,
    ),
    schema(
        "ReadModel",
        r#"{"type":"object","required":["id","version","cursor","as_of","snapshot","data"],"properties":{
            "id":{"type":"string"},"version":{"type":"integer","description":"of the Patient's stream"},
            "cursor":{"type":"string"},"as_of":{"type":["string","null"]},"snapshot":{"type":["object","null"]},
            "data":{"type":"object"}}}"#,
    ),
    schema(
        "Problem",
        r#"{"type":"object","required":["type","title","status","detail"],"properties":{
            "type":{"type":"string","format":"uri-reference"},"title":{"type":"string"},
            "status":{"type":"integer"},"detail":{"type":"string"},
            "stream":{"type":"string"},"expected":{},"actual":{"type":"integer"},
            "line":{"type":"integer"},"column":{"type":"integer"},
            "reasons":{"type":"array","items":{"type":"object","required":["path","detail","cause"],
             "properties":{"path":{"type":"string"},"detail":{"type":"string"},"cause":{"type":"string"}}}}}}"#,
    ),
    schema(
        "Index",
        r#"{"type":"object","required":["description","links"],"properties":{"description":{"type":"string"},
            "links":{"type":"array","items":{"type":"object","required":["method","path","summary"],
             "properties":{"method":{"type":"string"},"path":{"type":"string"},"summary":{"type":"string"}}}}}}"#,
    ),
    schema(
        "Ready",
        r#"{"type":"object","required":["ready","view_lag_events"],"properties":{"ready":{"type":"boolean"},
            "reason":{"type":"string"},"view_lag_events":{"type":"integer"}}}"#,
    ),
];
