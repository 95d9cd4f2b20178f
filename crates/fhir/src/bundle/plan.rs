//! Which record each entry of a transaction writes, and what the references to it become.
//!
//! <https://hl7.org/fhir/R4/http.html#trules>, <https://hl7.org/fhir/R4/bundle.html#references>.

use std::collections::HashMap;

use anamnesis_kernel::{ResourceId, ResourceType, StreamName};

use super::{EntryIn, Method, Resolution, Target};
use crate::outcome::{Issue, IssueCode};
use crate::reference;

/// What the entries of a transaction write, and how they are referred to.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// By entry, in order: the record that is written; `None` for reads, and for patches and deletions by search.
    pub streams: Vec<Option<StreamName>>,
    /// What a reference becomes, by its text without `/_history/…`; a caller may add to it before rewriting.
    pub references: HashMap<String, String>,
}

/// Shows the sizes and no names.
impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan({} entries, {} references)", self.streams.len(), self.references.len())
    }
}

/// Gives each entry that writes its record.
///
/// A POST gets an id from `mint`, as does a PUT by search that brings none; when a search (`ifNoneExist`, the
/// criteria of a PUT) finds a record after all, [`Plan::settle`] puts that in its place.
///
/// # Errors
///
/// The same record or the same `fullUrl` twice, each with the entry that comes second.
pub fn plan(
    entries: &[EntryIn],
    mint: &mut dyn FnMut(usize, ResourceType) -> ResourceId,
) -> Result<Plan, Vec<Issue>> {
    let issues = twice(entries);
    if !issues.is_empty() {
        return Err(issues);
    }
    let mut plan = Plan { streams: vec![None; entries.len()], references: HashMap::new() };
    let mut settle = |at: usize, entry: &EntryIn, stream: StreamName| plan.settle(at, entry, stream);
    // Records whose names stand already come last, so that they win over the tail of another's fullUrl.
    for (at, entry) in entries.iter().enumerate() {
        match (entry.method, &entry.target) {
            (Method::Post, Target::Type(kind)) => {
                settle(at, entry, StreamName::new(*kind, mint(entry.index, *kind)));
            }
            (Method::Put, Target::Query { kind, .. }) => {
                let own = entry.resource.as_ref().and_then(|r| r.get("id")?.as_str());
                let id = own.and_then(|id| ResourceId::new(id).ok());
                settle(at, entry, StreamName::new(*kind, id.unwrap_or_else(|| mint(entry.index, *kind))));
            }
            _ => {}
        }
    }
    for (at, entry) in entries.iter().enumerate() {
        if let (Method::Put | Method::Patch | Method::Delete, Target::Record(stream)) =
            (entry.method, &entry.target)
        {
            settle(at, entry, stream.clone());
        }
    }
    Ok(plan)
}

impl Plan {
    /// Says which record the entry at this place in `entries` is about, and that references to it lead there.
    pub fn settle(&mut self, at: usize, entry: &EntryIn, stream: StreamName) {
        let name = stream.to_string();
        if let Some(full_url) = &entry.full_url {
            // What a PUT of this bundle is called keeps meaning that, whatever another's fullUrl ends in.
            if let Some(tail) = tail(full_url)
                && self.references.get(&tail) != Some(&tail)
            {
                self.references.insert(tail, name.clone());
            }
            self.references.insert(full_url.clone(), name.clone());
        }
        if let Target::Record(_) = entry.target {
            self.references.insert(name.clone(), name);
        }
        if let Some(slot) = self.streams.get_mut(at) {
            *slot = Some(stream);
        }
    }

    /// What becomes of a reference in this transaction, for [`super::rewrite`].
    pub fn resolve(&self, text: &str) -> Resolution {
        let (name, version) = match text.find("/_history/") {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        match self.references.get(name) {
            Some(known) if known == name => Resolution::Keep,
            Some(known) => Resolution::To(format!("{known}{version}")),
            None if reference::is_urn(text) || reference::conditional(text).is_some() => {
                Resolution::Unresolvable
            }
            None => Resolution::Keep,
        }
    }
}

/// What is written twice, once criteria have settled; each item is the entry's place in the bundle and its record.
///
/// "If any resource identities (including resolved identities from conditional update/delete) overlap in steps 1-3,
/// then the transaction SHALL fail": <https://hl7.org/fhir/R4/http.html#trules>
pub fn collisions(written: &[(usize, StreamName)]) -> Vec<Issue> {
    let mut first: HashMap<&StreamName, usize> = HashMap::new();
    let again = written.iter().filter_map(|(entry, stream)| Some((*entry, first.insert(stream, *entry)?)));
    again.map(|(entry, first)| same_record(entry, first)).take(crate::check::ISSUES_MAX).collect()
}

/// Says of an entry that it changes what another changes.
pub fn same_record(entry: usize, first: usize) -> Issue {
    let what = format!("writes the same record as Bundle.entry[{first}]");
    Issue::error(IssueCode::Duplicate, what).at(format!("Bundle.entry[{entry}].request.url"))
}

/// `Type/id` at the end of a `fullUrl` that is an address: what relative references call the entry.
fn tail(full_url: &str) -> Option<String> {
    let (kind, id) = reference::tail(full_url)?;
    Some(StreamName::new(kind, id).to_string())
}

/// The entries that name what an entry before them names.
fn twice(entries: &[EntryIn]) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut records: HashMap<String, usize> = HashMap::new();
    let mut full_urls: HashMap<&str, usize> = HashMap::new();
    let mut tails: HashMap<String, usize> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.writes()) {
        let record = match &entry.target {
            Target::Record(stream) => Some(stream.to_string()),
            // What is deleted by the same criteria is another record than what they find afterwards.
            Target::Query { kind, query } if entry.method != Method::Delete => {
                Some(format!("{kind}?{query}"))
            }
            Target::Query { .. } | Target::Type(_) | Target::Other(_) => None,
        };
        if let Some(first) = record.and_then(|record| records.insert(record, entry.index)) {
            issues.push(same_record(entry.index, first));
        }
        if let Some(first) = entry.full_url.as_deref().and_then(|url| full_urls.insert(url, entry.index)) {
            let what = format!("is the fullUrl of Bundle.entry[{first}] too");
            let at = format!("Bundle.entry[{}].fullUrl", entry.index);
            issues.push(Issue::error(IssueCode::Duplicate, what).at(at));
            continue;
        }
        // Two servers' Patient/7 in one bundle: a relative reference to it could mean either, so neither is guessed.
        let ends_in =
            entry.full_url.as_deref().filter(|_| !matches!(entry.target, Target::Record(_))).and_then(tail);
        if let Some(first) = ends_in.and_then(|tail| tails.insert(tail, entry.index)) {
            let what =
                format!("ends like the fullUrl of Bundle.entry[{first}], so references could mean either");
            let at = format!("Bundle.entry[{}].fullUrl", entry.index);
            issues.push(Issue::error(IssueCode::Duplicate, what).at(at));
        }
    }
    issues.truncate(crate::check::ISSUES_MAX);
    issues
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{conditional_references, read, rewrite};

    fn entries(list: &[(&str, &str, &str)]) -> Vec<EntryIn> {
        let entry = |(full_url, method, url): &(&str, &str, &str)| {
            let kind = url.split(['/', '?']).next().unwrap();
            let id = url.split_once('/').map(|(_, id)| format!(r#","id":"{id}""#)).unwrap_or_default();
            let full_url =
                if full_url.is_empty() { String::new() } else { format!(r#""fullUrl":"{full_url}","#) };
            format!(
                r#"{{{full_url}"request":{{"method":"{method}","url":"{url}"}},"resource":{{"resourceType":"{kind}"{id}}}}}"#
            )
        };
        let list: Vec<_> = list.iter().map(entry).collect();
        let json =
            format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, list.join(","));
        read(anamnesis_json::parse(json.as_bytes()).unwrap(), 99).unwrap().entries
    }

    fn minted(index: usize, _: ResourceType) -> ResourceId {
        ResourceId::new(&format!("new{index}")).unwrap()
    }

    #[test]
    fn references_of_a_transaction() {
        let entries = entries(&[
            ("urn:uuid:a", "POST", "Patient"),
            ("http://there/fhir/Patient/7", "POST", "Patient"),
            ("urn:uuid:c", "PUT", "Patient/p3"),
            ("", "PUT", "Patient/p4"),
            ("http://there/fhir/Patient/p4", "POST", "Patient"),
            ("urn:uuid:f", "PUT", "Patient?identifier=1"),
            ("urn:uuid:g", "GET", "Patient/p9"),
        ]);
        let mut plan = plan(&entries, &mut minted).unwrap();
        plan.settle(5, &entries[5], "Patient/found".parse().unwrap());
        let streams: Vec<_> = plan.streams.iter().map(|s| s.as_ref().map(StreamName::to_string)).collect();
        let streams: Vec<_> = streams.iter().map(|s| s.as_deref().unwrap_or("-")).collect();
        assert_eq!(
            streams.join(" "),
            "Patient/new0 Patient/new1 Patient/p3 Patient/p4 Patient/new4 Patient/found -"
        );
        plan.references.insert("Practitioner?identifier=1".into(), "Practitioner/d".into());
        let to = |text: &str| Resolution::To(text.into());
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("urn:uuid:a",                           to("Patient/new0")),
            ("Patient/7",                            to("Patient/new1")),
            ("Patient/7/_history/2",                 to("Patient/new1/_history/2")),
            ("http://there/fhir/Patient/7",          to("Patient/new1")),
            ("http://elsewhere/fhir/Patient/7",      Resolution::Keep),
            ("urn:uuid:c",                           to("Patient/p3")),
            ("Patient/p3",                           Resolution::Keep),
            ("Patient/p4",                           Resolution::Keep),
            ("urn:uuid:f",                           to("Patient/found")),
            ("urn:uuid:g",                           Resolution::Unresolvable),
            ("urn:oid:1.2",                          Resolution::Unresolvable),
            ("Practitioner?identifier=1",            to("Practitioner/d")),
            ("Practitioner?identifier=2",            Resolution::Unresolvable),
            ("Patient/other",                        Resolution::Keep),
            ("#contained",                           Resolution::Keep),
        ];
        for (text, expected) in cases {
            assert!(plan.resolve(text) == expected, "{text}");
        }
    }

    #[test]
    fn the_same_twice() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (vec![("urn:uuid:a", "POST", "Patient"), ("urn:uuid:a", "POST", "Patient")],       "Bundle.entry[1].fullUrl: is the fullUrl of Bundle.entry[0] too"),
            (vec![("", "PUT", "Patient/p"), ("", "DELETE", "Patient/p")],                      "Bundle.entry[1].request.url: writes the same record as Bundle.entry[0]"),
            (vec![("", "PUT", "Patient?a=1"), ("", "PUT", "Patient?a=1")],                     "Bundle.entry[1].request.url: writes the same record as Bundle.entry[0]"),
            (vec![("", "PUT", "Patient/p"), ("", "GET", "Patient/p"), ("", "PUT", "Person/p")], ""),
            (vec![("http://a/Patient/7", "POST", "Patient"), ("http://b/Patient/7", "POST", "Patient")], "Bundle.entry[1].fullUrl: ends like the fullUrl of Bundle.entry[0], so references could mean either"),
            (vec![("", "POST", "Patient"), ("", "POST", "Patient")],                           ""),
        ];
        for (list, expected) in cases {
            let issues = plan(&entries(&list), &mut minted).err().unwrap_or_default();
            let said: Vec<_> = issues
                .iter()
                .map(|i| format!("{}: {}", i.expression.as_deref().unwrap(), i.diagnostics))
                .collect();
            assert_eq!(said.join("; "), expected);
        }
    }

    #[test]
    fn the_same_once_searches_have_settled() {
        let written = ["Patient/a", "Patient/p", "Patient/b", "Patient/p", "Person/p"];
        let written: Vec<_> = (3..).zip(written.map(|name| name.parse().unwrap())).collect();
        let said = collisions(&written);
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].expression.as_deref(), Some("Bundle.entry[6].request.url"));
        assert_eq!(said[0].diagnostics, "writes the same record as Bundle.entry[4]");
    }

    #[test]
    fn a_transaction_from_end_to_end() {
        let json = r#"{"resourceType":"Bundle","type":"transaction","entry":[
            {"fullUrl":"urn:uuid:a","request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient"}},
            {"request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation",
             "subject":{"reference":"urn:uuid:a"},"performer":[{"reference":"Practitioner?identifier=1"},{"reference":"Practitioner?identifier=1"}]}},
            {"request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:b"}}}]}"#;
        let mut entries = read(anamnesis_json::parse(json.as_bytes()).unwrap(), 99).unwrap().entries;
        let found = conditional_references(&entries);
        let found: Vec<_> =
            found.iter().map(|c| format!("{} {} {}", c.kind, c.query, c.expression)).collect();
        assert_eq!(found, ["Practitioner identifier=1 Bundle.entry[1].resource.performer[0].reference"]);
        let mut plan = plan(&entries, &mut minted).unwrap();
        plan.references.insert("Practitioner?identifier=1".into(), "Practitioner/d".into());
        let refused: Vec<Issue> = entries
            .iter_mut()
            .filter_map(|entry| {
                let prefix = format!("Bundle.entry[{}].resource", entry.index);
                rewrite(entry.resource.as_mut()?, &prefix, &|text| plan.resolve(text)).err()
            })
            .flatten()
            .collect();
        let refused: Vec<_> = refused.iter().filter_map(|i| i.expression.as_deref()).collect();
        assert_eq!(refused, ["Bundle.entry[2].resource.subject.reference"]);
        let text = String::from_utf8(entries[1].resource.as_ref().unwrap().to_text()).unwrap();
        assert!(text.contains("Patient/new0") && !text.contains('?'));
    }
}
