//! The entries of a Bundle, found by what a reference calls them: <https://hl7.org/fhir/R4/bundle.html#references>.

use std::cell::OnceCell;
use std::collections::HashMap;

use anamnesis_json::{Object, Value};

use crate::reference;

/// A Bundle; its entries are sorted once they are asked for.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    bundle: &'a Object,
    index: OnceCell<HashMap<String, &'a Value>>,
}

impl<'a> Entries<'a> {
    pub(super) fn of(bundle: &'a Object) -> Self {
        Self { bundle, index: OnceCell::new() }
    }

    /// The resource that a reference means: by the whole `fullUrl`, else by the type and id at its end.
    pub(super) fn find(&self, text: &str) -> Option<&'a Value> {
        let index = self.index.get_or_init(|| self.sorted());
        let local = || reference::local(text).map(|(kind, id, _)| format!("{kind}/{id}"));
        index.get(text).or_else(|| index.get(&local()?)).copied()
    }

    fn sorted(&self) -> HashMap<String, &'a Value> {
        let mut index = HashMap::new();
        for entry in self.bundle.get("entry").into_iter().flat_map(Value::each) {
            let url = entry.get("fullUrl").and_then(Value::as_str);
            let Some((url, resource)) = url.zip(entry.get("resource")) else { continue };
            if let Some((kind, id)) = reference::tail(url) {
                index.entry(format!("{kind}/{id}")).or_insert(resource);
            }
            index.entry(url.to_owned()).or_insert(resource);
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding() {
        let bundle = anamnesis_json::parse(
            br#"{"entry":[{"fullUrl":"urn:uuid:1","resource":{"id":"a"}},{"fullUrl":"http://x/fhir/Patient/p","resource":{"id":"b"}},
                {"fullUrl":"http://y/fhir/Patient/p","resource":{"id":"c"}},{"resource":{"id":"d"}},{"fullUrl":"http://z/Patient/q"}]}"#,
        )
        .unwrap();
        let entries = Entries::of(bundle.as_object().unwrap());
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // reference                 the id of what it means
            ("urn:uuid:1",            Some("a")),
            ("urn:uuid:2",            None),
            ("Patient/p",             Some("b")),
            ("Patient/p/_history/3",  Some("b")),
            ("http://y/fhir/Patient/p", Some("c")),
            ("http://q/fhir/Patient/p", None),
            ("Patient/q",             None),
            ("",                      None),
        ];
        for (text, expected) in cases {
            let found = entries.find(text).and_then(|found| found.get("id")?.as_str());
            assert_eq!(found, expected, "{text}");
        }
    }
}
