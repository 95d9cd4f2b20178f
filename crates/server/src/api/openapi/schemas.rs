//! The shapes of bodies: how a commit is sent and answered, how pages look, and what a problem holds.
//!
//! Invariant: what the event API reads, member by member, is what stands here; null is the same as absent.

/// One schema, as JSON text.
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

/// The members of an event that is sent.
macro_rules! event {
    () => {
        r##""type":{"$ref":"#/components/schemas/EventType"},
            "schema_version":{"type":["integer","null"],"minimum":1,"maximum":65535,"description":"the newest where it is absent"},
            "data":{"type":"object","description":"FHIR elements: the whole resource first, then what changed"},
            "event_id":{"type":["string","null"],"format":"uuid"},"occurred_at":{"type":["string","null"],"format":"date-time"},
            "correlation_id":{"type":["string","null"],"minLength":1,"maxLength":128,"pattern":"^[!-~]*$"},
            "causation_id":{"type":["string","null"],"format":"uuid"},
            "reason":{"type":["string","null"],"minLength":1,"maxLength":1024},
            "metadata":{"type":["object","null"],"description":"the caller's own, up to 8 KiB"}"##
    };
}

const fn schema(name: &'static str, text: &'static str) -> Schema {
    Schema { name, text }
}

/// What the catalogue does not publish itself.
pub(super) const SCHEMAS: &[Schema] = &[
    schema("ResourceId", r#"{"type":"string","pattern":"^[A-Za-z0-9.-]{1,64}$"}"#),
    schema(
        "Cursor",
        r#"{"type":"string","pattern":"^[A-Za-z0-9._~-]{1,2048}$",
            "description":"a point of the whole log, opaque: only what was answered before is one"}"#,
    ),
    schema(
        "Moment",
        r##"{"description":"an instant with a zone, no later than now, or a cursor",
            "anyOf":[{"type":"string","format":"date-time"},{"$ref":"#/components/schemas/Cursor"}]}"##,
    ),
    schema(
        "NewEvent",
        concat!(
            r#"{"type":"object","required":["type","data"],"additionalProperties":false,"properties":{"#,
            event!(),
            "}}"
        ),
    ),
    schema(
        "Expected",
        r#"{"description":"a version, none (no live record) or any (the default)",
            "oneOf":[{"type":"integer","minimum":0,"maximum":9223372036854775807},{"enum":["none","any",null]}]}"#,
    ),
    schema(
        "Commit",
        concat!(
            r##"{"oneOf":[{"type":"object","required":["stream","type","data"],"additionalProperties":false,"properties":{
                "stream":{"$ref":"#/components/schemas/Stream"},"expected":{"$ref":"#/components/schemas/Expected"},"##,
            event!(),
            r##"}},{"type":"object","required":["streams"],"additionalProperties":false,"properties":{
                "correlation_id":{"type":["string","null"],"minLength":1,"maxLength":128,"pattern":"^[!-~]*$"},
                "streams":{"type":"array","minItems":1,"items":{"type":"object","required":["stream","events"],
                "additionalProperties":false,"properties":{"stream":{"$ref":"#/components/schemas/Stream"},
                "expected":{"$ref":"#/components/schemas/Expected"},
                "events":{"type":"array","minItems":1,"items":{"$ref":"#/components/schemas/NewEvent"}}}}}}}],
                "examples":[
                {"stream":"Patient/p1","type":"PatientRegistered","expected":"any","data":{"active":true,"name":[{"family":"Peeters"}]}},
                {"streams":[{"stream":"Patient/p2","events":[{"type":"PatientRegistered","data":{"birthDate":"1970-02-03"}}]},
                {"stream":"Basic/b1","events":[{"type":"BasicCreated","data":{"code":{"text":"a note"},"subject":{"reference":"Patient/p2"}}}]}]}]}"##,
        ),
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
        "Unreadable",
        r#"{"type":"object","description":"stands in the place of an event that cannot be read; what was erased is left out instead",
            "required":["unreadable"],"additionalProperties":false,"properties":{
            "unreadable":{"enum":["key","seal","damaged"],"description":"its key is missing or damaged, does not open it, or the log has not what was written: then nothing but its place is told"},
            "position":{"type":"object","required":["partition","offset"],"properties":{
             "partition":{"type":"integer"},"offset":{"type":"integer"}}},
            "stream":{"type":"string","description":"where that was asked for"},"version":{"type":"integer"},
            "event_id":{"type":"string","format":"uuid"},"commit_id":{"type":"string","format":"uuid"},
            "type":{"type":"string"},"schema_version":{"type":"integer"},
            "recorded_at":{"type":"string","format":"date-time"}}}"#,
    ),
    schema(
        "LogPage",
        r##"{"type":"object","required":["events","next"],"properties":{
            "events":{"type":"array","items":{"anyOf":[{"$ref":"#/components/schemas/Event"},{"$ref":"#/components/schemas/Unreadable"}]}},
            "next":{"type":"string","description":"the cursor to ask again from"}}}"##,
    ),
    schema(
        "Timeline",
        r##"{"type":"object","required":["events","next"],"properties":{
            "events":{"type":"array","items":{"anyOf":[{"$ref":"#/components/schemas/Event"},{"$ref":"#/components/schemas/Unreadable"}]}},
            "next":{"type":"string","description":"the cursor to ask again from"},
            "incomplete":{"type":"string","description":"why events of records that are the same patient's may be missing, where one of these cannot be read"},
            "held":{"$ref":"#/components/schemas/Held"},"held_not_shown":{"$ref":"#/components/schemas/HeldNotShown"}}}"##,
    ),
    schema(
        "Held",
        r#"{"type":"array","description":"records among these that are shown as of an earlier version, since what happened since could not be applied",
            "items":{"type":"object","required":["stream","version"],"properties":{"stream":{"type":"string"},"version":{"type":"integer"}}}}"#,
    ),
    schema(
        "HeldNotShown",
        r#"{"type":"integer","description":"how many other records are held that might belong here, if what happened to them were known"}"#,
    ),
    schema(
        "StreamPage",
        r##"{"type":"object","required":["events","next"],"properties":{
            "events":{"type":"array","items":{"anyOf":[{"$ref":"#/components/schemas/Event"},{"$ref":"#/components/schemas/Unreadable"}]}},
            "next":{"type":"integer","description":"the version to ask again from"}}}"##,
    ),
    schema(
        "ReadModel",
        r##"{"type":"object","required":["id","version","cursor","as_of","snapshot","data"],"properties":{
            "id":{"type":"string"},"version":{"type":"integer","description":"of the Patient's stream"},
            "cursor":{"type":"string"},"as_of":{"type":["string","null"],"format":"date-time","description":"the moment that was asked for; null for the present"},"snapshot":{"anyOf":[{"$ref":"#/components/schemas/Snapshot"},{"type":"null"}],"description":"the newest of the Patient's stream, of a version that was there at that moment"},
            "data":{"type":"object"},"held":{"$ref":"#/components/schemas/Held"},"held_not_shown":{"$ref":"#/components/schemas/HeldNotShown"}}}"##,
    ),
    schema(
        "Snapshots",
        r##"{"type":"object","required":["stream","snapshots"],"properties":{"stream":{"type":"string"},
            "snapshots":{"type":"array","items":{"$ref":"#/components/schemas/Snapshot"}}}}"##,
    ),
    schema(
        "Snapshot",
        r#"{"type":"object","required":["version","taken_at","reason"],"properties":{
            "version":{"type":"integer","description":"the version it is the state at"},
            "taken_at":{"type":"string","format":"date-time"},
            "reason":{"enum":["count","daily","significant"]}}}"#,
    ),
    schema(
        "Diff",
        r##"{"type":"object","required":["from","to","changes"],"properties":{
            "from":{"type":["string","integer"],"description":"a cursor, or the version that was asked for"},
            "to":{"type":["string","integer"],"description":"a cursor, or the version that was asked for"},
            "changes":{"type":"array","items":{"type":"object",
             "required":["stream","path","before","after","event_id","type","recorded_at","actor","reason"],"properties":{
             "stream":{"type":"string"},
             "path":{"type":"string","description":"the element, as Patient.address[0].city; the type alone where the whole record came or went"},
             "before":{"description":"null where there was nothing"},"after":{"description":"null where there is nothing"},
             "event_id":{"type":["string","null"],"description":"the event that set the top-level element last"},
             "type":{"type":["string","null"]},"recorded_at":{"type":["string","null"]},
             "actor":{"type":["object","null"]},"reason":{"type":["string","null"]}}}},
            "held":{"$ref":"#/components/schemas/Held"},"held_not_shown":{"$ref":"#/components/schemas/HeldNotShown"}}}"##,
    ),
    schema(
        "Problem",
        r#"{"type":"object","required":["type","title","status"],"properties":{
            "type":{"type":"string","format":"uri-reference"},"title":{"type":"string"},
            "status":{"type":"integer"},"detail":{"type":"string"},
            "stream":{"type":"string"},"expected":{},"actual":{"type":"integer"},
            "line":{"type":"integer"},"column":{"type":"integer"},
            "reasons":{"type":"array","items":{"type":"object","required":["path","detail","cause"],
             "properties":{"path":{"type":"string"},"detail":{"type":"string"},"cause":{"type":"string"}}}}}}"#,
    ),
    schema(
        "Generations",
        r#"{"type":"object","required":["wanted","serving","building","kept","cancelled"],"properties":{
            "wanted":{"type":"string","description":"the shape that is wanted; where it is not the one that serves, the next is made, waits for its turn, or was cancelled"},
            "serving":{"type":"object","required":["number","shape","search_parameters","events","of","since"],"properties":{
             "number":{"type":"integer","description":"by which it is told from the others while the server runs"},
             "shape":{"type":"string","description":"changes when the code that makes the index does, or the registered search parameters"},
             "search_parameters":{"type":"integer","description":"how many registered ones are indexed, beside the official ones"},
             "events":{"type":"integer","description":"folded"},"of":{"type":"integer","description":"in the log"},
             "since":{"type":"string","format":"date-time"}}},
            "building":{"type":["object","null"],
             "required":["number","shape","search_parameters","events","of","events_per_s","seconds_left","since","failed"],"properties":{
             "number":{"type":"integer"},
             "shape":{"type":"string"},"search_parameters":{"type":"integer"},
             "events":{"type":"integer"},"of":{"type":"integer"},
             "events_per_s":{"type":["integer","null"]},"seconds_left":{"type":["integer","null"]},
             "since":{"type":"string","format":"date-time"},
             "failed":{"type":["string","null"],"description":"why it could not be made when that was tried last; it is tried again"}}},
            "kept":{"type":["object","null"],"description":"the one that served before, to which one can go back until then",
             "required":["number","shape","search_parameters","until"],"properties":{
             "number":{"type":"integer"},"shape":{"type":"string"},"search_parameters":{"type":"integer"},
             "until":{"type":"string","format":"date-time"}}},
            "cancelled":{"type":["string","null"],"description":"the shape that is wanted and not made until someone asks for it"}}}"#,
    ),
    schema(
        "ParkedPage",
        r##"{"type":"object","required":["records","events","parked","next"],"properties":{
            "records":{"type":"integer","description":"how many are held"},
            "events":{"type":"integer","description":"how many are parked in all"},
            "parked":{"type":"array","items":{"type":"object",
             "required":["stream","version","event_id","type","schema_version","position","recorded_at","reason","since","attempts"],"properties":{
             "stream":{"type":["string","null"],"description":"null where no event of it opens"},
             "version":{"type":"integer"},"event_id":{"type":"string","format":"uuid"},"type":{"type":"string"},
             "schema_version":{"type":"integer"},"position":{"type":"object","required":["partition","offset"],"properties":{
              "partition":{"type":"integer"},"offset":{"type":"integer"}}},
             "recorded_at":{"type":"string","format":"date-time"},
             "reason":{"enum":["unknown-type","newer-schema","unopened","malformed","bug","refused","behind"]},
             "since":{"type":"string","format":"date-time"},
             "attempts":{"type":"integer","description":"how often it was tried to apply it; 0 where it waits behind another"}}}},
            "next":{"type":"string","description":"the cursor to ask again from"}}}"##,
    ),
    schema(
        "Retried",
        r#"{"type":"object","required":["tried","released","applied","parked"],"properties":{
            "tried":{"type":"integer","description":"records that were held and tried"},
            "released":{"type":"integer","description":"records of them that are held no more"},
            "applied":{"type":"integer","description":"events that the views have now"},
            "parked":{"type":"integer","description":"events that are parked still, of all records"}}}"#,
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
            "reason":{"type":"string"},"view_lag_events":{"type":"integer"},
            "seconds_left":{"type":"integer","description":"until it is ready, at the pace so far"}}}"#,
    ),
];
