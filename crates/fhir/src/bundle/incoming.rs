//! Reading a transaction or batch into its entries.

mod problems;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::{ResourceType, StreamName};

use crate::outcome::{Issue, IssueCode};
use problems::{Problems, unknown};

/// A transaction or batch, read.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Whether all or each.
    pub kind: Kind,
    /// Its entries, in order.
    pub entries: Vec<EntryIn>,
}

/// Whether the entries happen together or each for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All or nothing.
    Transaction,
    /// Each for itself.
    Batch,
}

/// One entry.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryIn {
    /// Its place in the bundle, from 0.
    pub index: usize,
    /// `fullUrl`: what others in the bundle call it.
    pub full_url: Option<String>,
    /// What is to be done.
    pub method: Method,
    /// To what.
    pub target: Target,
    /// `request.ifMatch`, as sent.
    pub if_match: Option<String>,
    /// `request.ifNoneExist`, as sent.
    pub if_none_exist: Option<String>,
    /// `request.ifNoneMatch`, as sent.
    pub if_none_match: Option<String>,
    /// `request.ifModifiedSince`, as sent.
    pub if_modified_since: Option<String>,
    /// The resource, an object whose `resourceType` is the target's; there for POST, PUT and PATCH.
    pub resource: Option<Value>,
    /// What is wrong with it: empty in a transaction, where one wrong entry refuses all.
    ///
    /// A batch answers such an entry with these and does the others; its target is [`Target::Other`].
    pub problems: Vec<Issue>,
}

/// The method of an entry's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads without a body.
    Head,
    /// Reads.
    Get,
    /// Creates, or runs an operation.
    Post,
    /// Updates.
    Put,
    /// Changes a part.
    Patch,
    /// Deletes.
    Delete,
}

/// What an entry's URL leads to.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// `Type`
    Type(ResourceType),
    /// `Type/id`
    Record(StreamName),
    /// `Type?query`
    Query {
        /// The type.
        kind: ResourceType,
        /// The query behind the `?`, as sent.
        query: String,
    },
    /// Anything else, as sent, without a slash in front.
    Other(String),
}

/// Shows how many entries there are and nothing of them.
impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} of {} entries", self.kind, self.entries.len())
    }
}

/// Shows its place and method; its URLs can name people.
impl std::fmt::Debug for EntryIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "entry[{}] {:?} {:?}", self.index, self.method, self.target)
    }
}

/// Shows the form and the type.
impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Type(kind) => write!(f, "{kind}"),
            Self::Record(stream) => write!(f, "{stream:?}"),
            Self::Query { kind, .. } => write!(f, "{kind}?…"),
            Self::Other(_) => f.write_str("…"),
        }
    }
}

impl Method {
    /// The method of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "HEAD" => Self::Head,
            "GET" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => return None,
        })
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "HEAD",
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether it changes something.
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Head | Self::Get)
    }
}

impl EntryIn {
    /// Whether it changes something; operations and searches by POST do not.
    pub fn writes(&self) -> bool {
        self.method.writes() && !matches!((self.method, &self.target), (Method::Post, Target::Other(_)))
    }
}

impl Target {
    /// Reads a URL relative to the base.
    pub fn parse(url: &str) -> Self {
        let url = url.strip_prefix('/').unwrap_or(url);
        if let Ok(stream) = url.parse() {
            return Self::Record(stream);
        }
        if let Some(kind) = ResourceType::parse(url) {
            return Self::Type(kind);
        }
        match crate::reference::conditional(url) {
            Some((kind, query)) => Self::Query { kind, query: query.to_owned() },
            None => Self::Other(url.to_owned()),
        }
    }

    /// The URL it was read from, without a slash in front.
    pub fn url(&self) -> String {
        match self {
            Self::Type(kind) => kind.to_string(),
            Self::Record(stream) => stream.to_string(),
            Self::Query { kind, query } => format!("{kind}?{query}"),
            Self::Other(url) => url.clone(),
        }
    }

    /// The type it is about, if it is about one.
    pub fn kind(&self) -> Option<ResourceType> {
        match self {
            Self::Type(kind) | Self::Query { kind, .. } => Some(*kind),
            Self::Record(stream) => Some(stream.kind),
            Self::Other(_) => None,
        }
    }
}

/// Reads a Bundle of type transaction or batch.
///
/// # Errors
///
/// Everything wrong with the bundle itself, and with the entries of a transaction.
pub fn read(bundle: Value, entries_max: usize) -> Result<Incoming, Vec<Issue>> {
    let refuse = |code, what: &str, at: &str| Err(vec![Issue::error(code, what).at(at)]);
    let Value::Object(mut bundle) = bundle else {
        return refuse(IssueCode::Structure, "must be an object", "Bundle");
    };
    if bundle.str("resourceType") != Some("Bundle") {
        return refuse(IssueCode::Invalid, "must be a Bundle", "Bundle");
    }
    let kind = match bundle.str("type") {
        Some("transaction") => Kind::Transaction,
        Some("batch") => Kind::Batch,
        _ => return refuse(IssueCode::Value, "must be transaction or batch", "Bundle.type"),
    };
    let entries = match bundle.remove("entry") {
        None => Vec::new(),
        Some(Value::Array(entries)) => entries,
        Some(_) => return refuse(IssueCode::Structure, "must be an array", "Bundle.entry"),
    };
    if entries.len() > entries_max {
        let what = format!("has {} entries; at most {entries_max} are taken", entries.len());
        return refuse(IssueCode::TooLong, &what, "Bundle.entry");
    }
    let unknown = unknown(&bundle, "Bundle", "Bundle");
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let entries: Vec<EntryIn> =
        entries.into_iter().enumerate().map(|(index, one)| entry(index, one)).collect();
    let problems = entries.iter().flat_map(|entry| &entry.problems);
    let problems: Vec<Issue> = problems.take(crate::check::ISSUES_MAX).cloned().collect();
    match kind {
        Kind::Transaction if !problems.is_empty() => Err(problems),
        _ => Ok(Incoming { kind, entries }),
    }
}

fn entry(index: usize, value: Value) -> EntryIn {
    let mut problems = Problems::of_entry(index);
    let mut entry = match value {
        Value::Object(entry) => entry,
        _ => {
            problems.say("", IssueCode::Structure, "must be an object");
            Object::new()
        }
    };
    problems.known(&entry, "Bundle.entry", "");
    let full_url = problems.text(&entry, "fullUrl", "");
    let empty = Object::new();
    let request = entry.get("request").and_then(Value::as_object).unwrap_or_else(|| {
        problems.say(".request", IssueCode::Required, "must be an object with method and url");
        &empty
    });
    problems.known(request, "Bundle.entry.request", ".request");
    let method = request.str("method").and_then(Method::parse);
    if method.is_none() {
        problems.say(".request.method", IssueCode::Value, "must be GET, HEAD, POST, PUT, DELETE or PATCH");
    }
    let url = problems.text(request, "url", ".request");
    if url.is_none() {
        problems.say(".request.url", IssueCode::Required, "must be there");
    }
    let if_match = problems.text(request, "ifMatch", ".request");
    let if_none_exist = problems.text(request, "ifNoneExist", ".request");
    let if_none_match = problems.text(request, "ifNoneMatch", ".request");
    let if_modified_since = problems.text(request, "ifModifiedSince", ".request");
    let url = url.unwrap_or_default();
    let method = method.unwrap_or(Method::Get);
    let mut target = Target::parse(&url);
    let resource = entry.remove("resource");
    if problems.none() {
        problems.agree(method, &target, resource.as_ref());
        problems.full_url(full_url.as_deref(), resource.as_ref());
    }
    if !problems.none() {
        target = Target::Other(url);
    }
    let problems = problems.found();
    EntryIn {
        index,
        full_url,
        method,
        target,
        if_match,
        if_none_exist,
        if_none_match,
        if_modified_since,
        resource,
        problems,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(issues: &[Issue]) -> String {
        let one = |i: &Issue| format!("{}: {}", i.expression.as_deref().unwrap_or_default(), i.diagnostics);
        issues.iter().map(one).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn bundles() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (r#"7"#,                                                                 "Bundle: must be an object"),
            (r#"{"resourceType":"Patient"}"#,                                        "Bundle: must be a Bundle"),
            (r#"{"resourceType":"Bundle","type":"history"}"#,                        "Bundle.type: must be transaction or batch"),
            (r#"{"resourceType":"Bundle","type":"batch","entry":{}}"#,               "Bundle.entry: must be an array"),
            (r#"{"resourceType":"Bundle","type":"batch","entry":[1,2,3,4]}"#,        "Bundle.entry: has 4 entries; at most 3 are taken"),
            (r#"{"resourceType":"Bundle","type":"transaction"}"#,                    ""),
            (r#"{"resourceType":"Bundle","id":"x","meta":{},"_type":{},"link":[],"type":"batch","total":1}"#, ""),
            (r#"{"resourceType":"Bundle","type":"batch","entries":[],"_link":{}}"#,   "Bundle.entries: is no element of Bundle in FHIR R4; Bundle._link: is no element of Bundle in FHIR R4"),
        ];
        for (json, expected) in cases {
            let bundle = anamnesis_json::parse(json.as_bytes()).unwrap();
            assert_eq!(said(&read(bundle, 3).err().unwrap_or_default()), expected, "{json}");
        }
    }

    #[test]
    fn entries() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (r#"{"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient"}}"#,           "POST Patient"),
            (r#"{"request":{"method":"PUT","url":"Patient/p1"},"resource":{"resourceType":"Patient","id":"p1"}}"#, "PUT Patient/p1"),
            (r#"{"request":{"method":"PUT","url":"Patient?a=b"},"resource":{"resourceType":"Patient"}}"#,        "PUT Patient?a=b"),
            (r#"{"request":{"method":"DELETE","url":"/Patient/p1"}}"#,                                           "DELETE Patient/p1"),
            (r#"{"request":{"method":"GET","url":"Patient/p1/_history"}}"#,                                      "GET other Patient/p1/_history"),
            (r#"{"request":{"method":"POST","url":"Patient/_search?name=a"}}"#,                                   "POST other Patient/_search?name=a"),
            (r#"{"request":{"method":"POST","url":"Patient/$merge"},"resource":{"resourceType":"Parameters"}}"#, "POST other Patient/$merge"),
            (r#"{"ifNoneExist":"a=b","request":{"method":"GET","url":"Patient"}}"#, "Bundle.entry[0].ifNoneExist: is no element of Bundle.entry in FHIR R4"),
            (r#"{"request":{"method":"GET","url":"Patient","if-match":"1","extension":[]},"search":{}}"#, "Bundle.entry[0].request.?: is no element of Bundle.entry.request in FHIR R4"),
            (r#"7"#,                                                     "Bundle.entry[0]: must be an object; Bundle.entry[0].request: must be an object with method and url; Bundle.entry[0].request.method: must be GET, HEAD, POST, PUT, DELETE or PATCH; Bundle.entry[0].request.url: must be there"),
            (r#"{"fullUrl":1,"request":{"method":"FETCH","url":"Patient"}}"#, "Bundle.entry[0].fullUrl: must be a string, is a number; Bundle.entry[0].request.method: must be GET, HEAD, POST, PUT, DELETE or PATCH"),
            (r#"{"request":{"method":"POST","url":"Patient/p1"},"resource":{}}"#, "Bundle.entry[0].request.url: must be Type of a type of FHIR R4 for POST"),
            (r#"{"request":{"method":"PUT","url":"Dragon/p1"},"resource":{}}"#,   "Bundle.entry[0].request.url: must be Type/id or Type?criteria of a type of FHIR R4 for PUT"),
            (r#"{"fullUrl":"http://a/Patient/1/_history/2","request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient"}}"#, "Bundle.entry[0].fullUrl: bdl-8: must not name a version"),
            (r#"{"fullUrl":"http://a/Patient/1","request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient","id":"2"}}"#, "Bundle.entry[0].fullUrl: must not disagree with the id in the resource"),
            (r#"{"fullUrl":"urn:uuid:1","request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient","id":"2"}}"#, "POST Patient"),
            (r#"{"request":{"method":"POST","url":"Patient"}}"#,                  "Bundle.entry[0].resource: must be an object for POST"),
            (r#"{"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Dragon"}}"#, "Bundle.entry[0].resource: resourceType must be a type of FHIR R4"),
            (r#"{"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Person"}}"#, "Bundle.entry[0].resource: resourceType must be the type in request.url"),
            (r#"{"request":{"method":"PUT","url":"Patient/p1"},"resource":{"resourceType":"Patient","id":"p2"}}"#, "Bundle.entry[0].resource.id: must be the id in request.url"),
            (r#"{"request":{"method":"PUT","url":"Patient/p1"},"resource":{"resourceType":"Patient"}}"#, "Bundle.entry[0].resource.id: must be the id in request.url"),
        ];
        for (json, expected) in cases {
            let bundle = |kind| format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{json}]}}"#);
            let transaction = read(anamnesis_json::parse(bundle("transaction").as_bytes()).unwrap(), 9);
            let found = match &transaction {
                Err(issues) => said(issues),
                Ok(incoming) => {
                    let entry = &incoming.entries[0];
                    let target = match &entry.target {
                        Target::Type(kind) => kind.to_string(),
                        Target::Record(stream) => stream.to_string(),
                        Target::Query { kind, query } => format!("{kind}?{query}"),
                        Target::Other(url) => format!("other {url}"),
                    };
                    format!("{} {target}", entry.method.name())
                }
            };
            assert_eq!(found, expected, "{json}");
            // The same entry in a batch keeps its problems to itself.
            let batch = read(anamnesis_json::parse(bundle("batch").as_bytes()).unwrap(), 9).unwrap();
            let entry = &batch.entries[0];
            assert_eq!(transaction.err().unwrap_or_default(), entry.problems, "{json}");
            assert!(entry.problems.is_empty() || matches!(entry.target, Target::Other(_)), "{json}");
        }
    }
}
