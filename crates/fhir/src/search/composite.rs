//! Values that go together: <https://hl7.org/fhir/R4/search.html#composite>.

use anamnesis_kernel::search::Filter;
use anamnesis_kernel::search::Test;

use super::escape::split;
use super::modifier::Modifier;
use super::reading::Reading;
use super::wrong::Wrong;
use crate::param::Known;

/// `value$value`, one for each component; in one repeated element those that stand in one.
pub(super) fn filter(reading: &mut Reading<'_>, known: &Known, value: &str) -> Result<Filter, Wrong> {
    let parts = split(value, '$');
    if parts.len() != known.components.len() || parts.is_empty() {
        return Err(format!("not {} values with $ between them", known.components.len()).into());
    }
    let (mut together, mut own) = (Vec::with_capacity(parts.len()), Vec::new());
    for (component, part) in known.components.iter().zip(parts) {
        let mut any: Vec<Test> = Vec::new();
        for param in &component.params {
            any.extend(reading.tests(component, *param, Modifier::Plain, part)?);
        }
        reading.spend(any.len())?;
        if known.grouped && component.grouped {
            together.push(any);
        } else {
            own.push(Filter::any_of(any));
        }
    }
    if !together.is_empty() {
        own.push(Test::Together(together).into());
    }
    Ok(match own.pop() {
        Some(only) if own.is_empty() => only,
        last => Filter::All(own.into_iter().chain(last).collect()),
    })
}
