//! The order of what is found: <https://hl7.org/fhir/R4/search.html#sort>.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{By, Order, Param};

use super::reading::kept;
use super::wrong::Wrong;
use crate::param::Params;

/// Reads one part of `status,-date`. A parameter that is the union of others is ordered by those in turn; where several
/// types are searched, only what all of them have can order them.
pub(super) fn orders(kinds: &[ResourceType], text: &str, params: &dyn Params) -> Result<Vec<Order>, Wrong> {
    let (descending, code) = match text.strip_prefix('-') {
        Some(code) => (true, code),
        None => (false, text),
    };
    let by = match (code, kinds) {
        ("_id", _) => By::Id,
        ("_lastUpdated", _) => By::Updated,
        ("", _) => return Err("names no parameter, or an empty one".into()),
        ("_score", _) => return Err(Wrong::unsupported("how well a record matches is not counted")),
        (_, [kind]) => {
            let known = params.known(*kind, code);
            let known =
                known.ok_or_else(|| Wrong::unsupported("names a parameter that this type does not have"))?;
            let kept = kept(known.kind).ok_or_else(|| {
                Wrong::unsupported("names a parameter whose values have no order of their own")
            })?;
            let by = |param: &Param| Order { by: By::Param { param: *param, kept }, descending };
            return Ok(known.params.iter().map(by).collect());
        }
        _ => return Err(Wrong::unsupported("several types can only be sorted by _id and _lastUpdated")),
    };
    Ok(vec![Order { by, descending }])
}
