//! Texts: <https://hl7.org/fhir/R4/search.html#string>.

use anamnesis_kernel::search::{Find, Param, Test};

use super::escape::unescaped;
use super::wrong::Wrong;
use crate::{fold, key};

/// A text that begins so, has this within, or is this; case and accents count only for [`Find::Exact`].
pub(super) fn test(param: Param, value: &str, find: Find) -> Result<Test, Wrong> {
    let value = unescaped(value);
    let text = match find {
        Find::Exact => key::exact(&value),
        _ => key::beginning_of(&fold::fold(&value)),
    };
    if text.is_empty() {
        return Err("an empty value".into());
    }
    Ok(Test::Text { param, text, find })
}
