//! The part of an answer that was asked for: `_summary` and `_elements`, <https://hl7.org/fhir/R4/http.html#summary>.

use anamnesis_fhir::subset::Subset;
use anamnesis_json::{Object, Value};

use super::outcome::Outcome;
use super::query;
use super::reply::Reply;

const KEYS: [&str; 2] = ["_summary", "_elements"];

/// Which part the query asks for.
///
/// # Errors
///
/// When R4 knows no such part.
pub(super) fn asked(pairs: &[(String, String)]) -> Result<Subset, Outcome> {
    Subset::parse(pairs).map_err(|issue| Outcome::Invalid(vec![issue]))
}

/// The reply with that part of each resource in it.
///
/// # Errors
///
/// When one record is to be counted.
pub(super) fn cut(mut reply: Reply, subset: &Subset, pairs: &[(String, String)]) -> Result<Reply, Outcome> {
    if *subset == Subset::Whole {
        return Ok(reply);
    }
    let parsed = anamnesis_json::parse_with_depth(&reply.body, usize::MAX);
    let Ok(Value::Object(mut resource)) = parsed else { return Ok(reply) };
    let made_here = reply.stream.is_none() && resource.str("resourceType") == Some("Bundle");
    match (made_here, subset) {
        (true, _) => cut_bundle(&mut resource, subset, pairs),
        (false, Subset::Count) => return Err(Outcome::bad("_summary: only what is found can be counted")),
        (false, _) => subset.cut(&mut resource),
    }
    reply.body = resource.to_text().into();
    Ok(reply)
}

/// Cuts what a searchset or a history holds; its links keep saying what was asked for.
fn cut_bundle(bundle: &mut Object, subset: &Subset, pairs: &[(String, String)]) {
    if *subset == Subset::Count {
        bundle.remove("entry");
    }
    let entries = bundle.get_mut("entry").and_then(Value::as_array_mut).into_iter().flatten();
    for entry in entries.filter_map(Value::as_object_mut) {
        let mode = entry.get("search").and_then(|search| search.get("mode")).and_then(Value::as_str);
        if mode == Some("outcome") {
            continue;
        }
        if let Some(resource) = entry.get_mut("resource").and_then(Value::as_object_mut) {
            subset.cut(resource);
        }
    }
    let said: Vec<(&str, &str)> = pairs
        .iter()
        .filter(|(key, _)| KEYS.contains(&key.as_str()))
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let Some(links) = bundle.get_mut("link").and_then(Value::as_array_mut) else { return };
    if *subset == Subset::Count {
        links.retain(|link| link.get("relation").and_then(Value::as_str) != Some("next"));
    }
    for link in links.iter_mut().filter_map(Value::as_object_mut) {
        let Some(url) = link.str("url") else { continue };
        if KEYS.iter().any(|key| url.contains(&format!("{key}="))) {
            continue;
        }
        let between = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{between}{}", query::text(&said));
        link.set("url", url);
    }
}
