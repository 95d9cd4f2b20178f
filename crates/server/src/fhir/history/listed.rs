//! The parameter `_list` of a history: versions of what a List has as its items.

use std::collections::{HashMap, HashSet};

use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Instant, ResourceId, ResourceType, StreamName, Version};
use anamnesis_store::RecordVersion;

use crate::app::App;
use crate::fhir::outcome::Outcome;

/// What stands on a List: records, each as a whole or by some of its versions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    records: HashSet<StreamName>,
    versions: HashMap<StreamName, HashSet<Version>>,
}

impl Listed {
    /// Reads the List of this id as it was then; one that is not there has nothing on it, as in a search.
    ///
    /// # Errors
    ///
    /// When it is no id, or the views cannot be read.
    pub(super) async fn read(app: &App, list: &str, at: Option<Instant>) -> Result<Self, Outcome> {
        let id = list.strip_prefix("List/").unwrap_or(list);
        let kind = ResourceType::parse("List").ok_or(Outcome::UnknownType)?;
        let id = ResourceId::new(id).map_err(|_| Outcome::bad("_list: not the id of a List"))?;
        let found = app.engine.views().find_one(&StreamName::new(kind, id), at).await?;
        let Some(found) = found else { return Ok(Self::default()) };
        let elements = app.engine.elements(&found).await?;
        Ok(elements.map_or_else(Self::default, |elements| Self::of(&elements, &app.base_url)))
    }

    /// The items of a List; `base` is our own, whose absolute references lead here too.
    fn of(list: &Object, base: &str) -> Self {
        let mut listed = Self::default();
        for entry in list.get("entry").into_iter().flat_map(Value::each) {
            let item = entry.get("item").and_then(|item| item.get("reference")?.as_str());
            let Some(item) = item else { continue };
            let local = item.strip_prefix(base).and_then(|rest| rest.strip_prefix('/')).unwrap_or(item);
            match local.split_once("/_history/") {
                Some((name, version)) => {
                    if let (Ok(name), Ok(version)) = (name.parse(), version.parse()) {
                        listed.versions.entry(name).or_default().insert(version);
                    }
                }
                None => listed.records.extend(local.parse::<StreamName>()),
            }
        }
        listed
    }

    /// Whether a version is of what is listed.
    pub(super) fn has(&self, version: &RecordVersion) -> bool {
        self.records.contains(&version.name)
            || self.versions.get(&version.name).is_some_and(|versions| versions.contains(&version.version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items() {
        let list = anamnesis_json::parse(
            br#"{"entry":[{"item":{"reference":"Patient/a"}},{"item":{"reference":"http://h/fhir/Patient/b"}},
            {"item":{"reference":"Patient/c/_history/2"}},{"item":{"reference":"Patient/c/_history/4"}},
            {"item":{"reference":"http://elsewhere/Patient/d"}},{"item":{"display":"e"}},{"item":{"reference":"Patient/f/_history/x"}},7]}"#,
        )
        .unwrap();
        let listed = Listed::of(list.as_object().unwrap(), "http://h/fhir");
        let name = |text: &str| text.parse::<StreamName>().unwrap();
        assert_eq!(listed.records, HashSet::from(["Patient/a", "Patient/b"].map(name)));
        assert_eq!(listed.versions, HashMap::from([(name("Patient/c"), HashSet::from([2, 4]))]));
    }
}
