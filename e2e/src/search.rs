//! FHIR searches from a client's side: counts, and pages followed by their links.

use anamnesis_json::Value;
use anamnesis_testkit::Http;

use crate::{at, int, list, str};

/// How many records a search counts.
#[track_caller]
pub fn count(http: &Http, query: &str) -> u64 {
    let joint = if query.contains('?') { '&' } else { '?' };
    int(&http.get(&format!("/fhir/{query}{joint}_summary=count")).expect(200).json(), "total")
}

/// The link of this relation, as a path on the server it leads to.
pub fn links(bundle: &Value, relation: &str) -> Option<String> {
    let link = list(bundle, "link").iter().find(|link| at(link, "relation").as_str() == Some(relation))?;
    let url = str(link, "url");
    let path = url.split_once("/fhir").map_or(url, |(_, path)| path);
    Some(format!("/fhir{path}"))
}

/// The bundles of a search, page after page by their next links.
///
/// # Panics
///
/// When an answer is not one, or the pages do not end.
#[track_caller]
pub fn pages(http: &Http, path: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = http.get(&path).expect(200).json();
        next = links(&page, "next");
        pages.push(page);
        assert!(pages.len() < 10_000, "the pages do not end");
    }
    pages
}

/// The resources of a search on all its pages, in order.
#[track_caller]
pub fn entries(http: &Http, path: &str) -> Vec<Value> {
    let pages = pages(http, path);
    pages.iter().flat_map(|page| list(page, "entry")).map(|entry| at(entry, "resource").clone()).collect()
}
