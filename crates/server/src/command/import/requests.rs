//! What is no transaction as one: a single resource, and the resources of a collection or of what a search found.

use anamnesis_json::{Object, Value};

/// How a document is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// As the requests it holds.
    Requests,
    /// As the one record it is. A document is one too: its parts are attested together.
    Single,
    /// As the records it holds.
    Collection,
    /// Not at all, and why.
    Other(&'static str),
}

impl Shape {
    /// The shape of a Bundle: <https://hl7.org/fhir/R4/valueset-bundle-type.html>.
    pub(super) fn of(bundle: &Value) -> Self {
        match bundle.get("type").and_then(Value::as_str) {
            Some("collection" | "searchset") => Self::Collection,
            Some("document") => Self::Single,
            Some("history") => {
                Self::Other("a history is not taken in: when things happened is the log's to say")
            }
            Some("message") => Self::Other("a message is not taken in: it asks for something to be done"),
            Some("transaction-response" | "batch-response") => {
                Self::Other("an answer to a bundle is not taken in: it holds no requests")
            }
            // What is none of R4's is told by whoever reads requests.
            _ => Self::Requests,
        }
    }
}

/// A bundle, and its text.
pub(super) fn with_text(bundle: Value) -> (Value, Vec<u8>) {
    let text = bundle.to_text();
    (bundle, text)
}

/// A transaction of single resources: under their own ids where they have one.
pub(super) fn wrap(resources: Vec<Value>) -> Value {
    transaction(resources.into_iter().map(|resource| entry(Object::new(), resource)).collect())
}

/// The resources of a collection as a transaction, each under its own `fullUrl`, so that they may refer to one another
/// by it. What a search has to say of itself is no record.
pub(super) fn requests(bundle: Value) -> Value {
    let entries = match bundle {
        Value::Object(mut bundle) => bundle.remove("entry"),
        _ => None,
    };
    let Some(Value::Array(entries)) = entries else { return transaction(Vec::new()) };
    let as_request = |found: Value| {
        let Value::Object(mut found) = found else { return Some(found) };
        let mode = found.get("search").and_then(|search| search.get("mode")).and_then(Value::as_str);
        if mode == Some("outcome") {
            return None;
        }
        let mut kept = Object::new();
        if let Some(url) = found.remove("fullUrl") {
            kept.push("fullUrl", url);
        }
        // An entry without a resource is left to be refused in its place.
        Some(match found.remove("resource") {
            Some(resource) => entry(kept, resource),
            None => kept.into(),
        })
    };
    transaction(entries.into_iter().filter_map(as_request).collect())
}

fn entry(kept: Object, resource: Value) -> Value {
    let text = |key: &str| resource.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, id) = (text("resourceType"), text("id"));
    let (method, url) = if id.is_empty() { ("POST", kind) } else { ("PUT", format!("{kind}/{id}")) };
    let request = Object::new().with("method", method).with("url", url);
    kept.with("resource", resource).with("request", request).into()
}

fn transaction(entries: Vec<Value>) -> Value {
    Object::new().with("resourceType", "Bundle").with("type", "transaction").with("entry", entries).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_each_type() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("transaction", "Requests"), ("batch",  "Requests"), ("collection", "Collection"), ("searchset", "Collection"),
            ("document",    "Single"),   ("history", "Other"),   ("message",    "Other"),      ("batch-response", "Other"),
            ("dragon",      "Requests"),
        ];
        for (kind, expected) in cases {
            let bundle = Value::from(Object::new().with("type", kind));
            let shape = format!("{:?}", Shape::of(&bundle));
            assert!(shape.starts_with(expected), "{kind}: {shape}");
        }
    }

    #[test]
    fn a_collection_as_requests() {
        let bundle = anamnesis_json::parse(
            br#"{"type":"searchset","entry":[
                {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"}},
                {"fullUrl":"http://x/Patient/p","resource":{"resourceType":"Patient","id":"p"},"search":{"mode":"match"}},
                {"link":[]},
                {"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}]}"#,
        );
        let text = String::from_utf8(requests(bundle.unwrap()).to_text()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"resourceType":"Bundle","type":"transaction","entry":["#,
                r#"{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},"#,
                r#"{"fullUrl":"http://x/Patient/p","resource":{"resourceType":"Patient","id":"p"},"request":{"method":"PUT","url":"Patient/p"}},"#,
                r#"{}]}"#
            )
        );
    }
}
