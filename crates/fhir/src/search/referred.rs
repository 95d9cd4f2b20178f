//! References to other records: <https://hl7.org/fhir/R4/search.html#reference>.

use anamnesis_kernel::search::{Param, Test};
use anamnesis_kernel::{ResourceId, ResourceType};

use super::escape::unescaped;
use super::wrong::Wrong;
use crate::param::Known;
use crate::{key, reference};

/// `Type/id`, an id, our own absolute address, or the text of a reference that is none of ours.
///
/// `only` is the type that the modifier names. An id alone is looked for as each type that can stand there, since the
/// parameter may be kept with another that refers to more.
pub(super) fn tests(
    param: Param,
    of: &Known,
    only: Option<ResourceType>,
    value: &str,
    base: Option<&str>,
) -> Result<Vec<Test>, Wrong> {
    let text = unescaped(value);
    let sole = only.or(match of.targets.as_slice() {
        [one] => Some(*one),
        _ => None,
    });
    let own = base.and_then(|base| text.strip_prefix(base)?.strip_prefix('/'));
    let to = |kind: Option<u16>, id: &str| Test::Reference { param, kind, id: id.into() };
    Ok(if let Some((kind, id, _)) = reference::local(own.unwrap_or(&text)) {
        if sole.is_some_and(|sole| sole != kind) || !can_be(of, kind) {
            return Err(match sole {
                Some(sole) => format!("not a reference to a {sole}").into(),
                None => Wrong::from("not a reference to a type that can stand there"),
            });
        }
        vec![to(Some(kind.number()), id.as_str())]
    } else if ResourceId::new(&text).is_ok() {
        match sole {
            Some(kind) => vec![to(Some(kind.number()), &text)],
            None if of.targets.is_empty() => vec![to(None, &text)],
            None => of.targets.iter().map(|kind| to(Some(kind.number()), &text)).collect(),
        }
    } else if text.is_empty() {
        return Err("an empty value".into());
    } else if only.is_some() || sole == Some(ResourceType::PATIENT) {
        let sole = sole.map_or("record", ResourceType::name);
        return Err(format!("not a reference to a {sole} of this server").into());
    } else {
        vec![to(Some(0), &key::exact(&text))]
    })
}

/// Whether the parameter can refer to a record of this type.
pub(super) fn can_be(of: &Known, kind: ResourceType) -> bool {
    of.targets.is_empty() || of.targets.contains(&kind)
}
