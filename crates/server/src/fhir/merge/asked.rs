//! The parameters of merging: which record yields, which stays, and whether it is only looked at.

use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_json::Value;
use anamnesis_kernel::{StreamName, Version};

use crate::app::App;
use crate::fhir::outcome::Outcome;
use crate::fhir::request;

/// What is asked for.
pub(super) struct Asked {
    /// The record that yields.
    pub(super) source: Party,
    /// The record that stays.
    pub(super) target: Party,
    /// Whether nothing is to be done.
    pub(super) preview: bool,
}

/// One of the two records.
pub(super) struct Party {
    /// The record.
    pub(super) stream: StreamName,
    /// The version it must be at, where the reference names one.
    pub(super) version: Option<Version>,
    /// Where it is named.
    pub(super) place: String,
}

impl Asked {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    pub(super) fn read(app: &App, parameters: &Value) -> Result<Self, Outcome> {
        read(&app.base_url, parameters).map_err(Outcome::Invalid)
    }

    /// The record that yields, and the record that stays.
    pub(super) fn parties(&self) -> [&Party; 2] {
        [&self.source, &self.target]
    }
}

fn read(base: &str, parameters: &Value) -> Result<Asked, Vec<Issue>> {
    if parameters.get("resourceType").and_then(Value::as_str) != Some("Parameters") {
        return Err(vec![wrong(IssueCode::Invalid, "must be Parameters", "resourceType")]);
    }
    let given = match parameters.get("parameter") {
        Some(Value::Array(given)) => given.as_slice(),
        None => &[],
        Some(_) => return Err(vec![wrong(IssueCode::Structure, "must be an array", "Parameters.parameter")]),
    };
    let (mut source, mut target, mut preview) = (None, None, None);
    let mut issues = Vec::new();
    for (at, parameter) in given.iter().enumerate() {
        let place = format!("Parameters.parameter[{at}]");
        let twice = match parameter.get("name").and_then(Value::as_str) {
            Some("source-patient") => take(&mut source, party(base, parameter, place.clone()), &mut issues),
            Some("target-patient") => take(&mut target, party(base, parameter, place.clone()), &mut issues),
            Some("preview") => take(&mut preview, boolean(parameter, &place), &mut issues),
            Some(_) => {
                let what = "not taken here: there are source-patient, target-patient and preview";
                issues.push(wrong(IssueCode::NotSupported, what, place.clone()));
                false
            }
            None => {
                issues.push(wrong(IssueCode::Structure, "must have a name", format!("{place}.name")));
                false
            }
        };
        if twice {
            issues.push(wrong(IssueCode::Structure, "must stand once", place));
        }
    }
    if issues.is_empty() {
        for (name, is_there) in [("source-patient", source.is_some()), ("target-patient", target.is_some())] {
            if !is_there {
                issues.push(wrong(
                    IssueCode::Required,
                    &format!("{name} is missing"),
                    "Parameters.parameter",
                ));
            }
        }
    }
    match (source, target) {
        (Some(source), Some(target)) if issues.is_empty() => {
            if source.stream == target.stream {
                let what = "must be another record than source-patient";
                return Err(vec![wrong(IssueCode::Invalid, what, target.place)]);
            }
            Ok(Asked { source, target, preview: preview.unwrap_or(false) })
        }
        _ => Err(issues),
    }
}

/// Puts what was read in its place, or notes what is wrong with it; gives whether there was one already.
fn take<T>(place: &mut Option<T>, read: Result<T, Issue>, issues: &mut Vec<Issue>) -> bool {
    match read {
        Ok(read) => place.replace(read).is_some(),
        Err(issue) => {
            issues.push(issue);
            false
        }
    }
}

/// The patient a reference leads to: `Patient/a`, `Patient/a/_history/3`, either behind our own base.
fn party(base: &str, parameter: &Value, place: String) -> Result<Party, Issue> {
    let reference =
        parameter.get("valueReference").and_then(|reference| reference.get("reference")?.as_str());
    let read = reference.and_then(|reference| {
        let local = reference.strip_prefix(base).and_then(|rest| rest.strip_prefix('/')).unwrap_or(reference);
        let (name, version) = match local.split_once("/_history/") {
            Some((name, version)) => (name, Some(request::version(version)?)),
            None => (local, None),
        };
        let stream: StreamName = name.parse().ok().filter(StreamName::is_patient)?;
        Some((stream, version))
    });
    match read {
        Some((stream, version)) => Ok(Party { stream, version, place }),
        None => {
            let what = "must be a valueReference to a patient of this server, such as Patient/a";
            Err(wrong(IssueCode::Value, what, place))
        }
    }
}

fn boolean(parameter: &Value, place: &str) -> Result<bool, Issue> {
    let value = parameter.get("valueBoolean").and_then(Value::as_bool);
    value.ok_or_else(|| wrong(IssueCode::Value, "must be a valueBoolean", place))
}

fn wrong(code: IssueCode, what: &str, at: impl Into<String>) -> Issue {
    Issue::error(code, what).at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked() {
        let reference =
            |name: &str, to: &str| format!(r#"{{"name":"{name}","valueReference":{{"reference":"{to}"}}}}"#);
        let (a, b) = (reference("source-patient", "Patient/a"), reference("target-patient", "Patient/b"));
        let at_3 = reference("source-patient", "http://h/fhir/Patient/a/_history/3");
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (vec![a.clone(), b.clone()],                                                     "a  b  false"),
            (vec![b.clone(), at_3, r#"{"name":"preview","valueBoolean":true}"#.into()],      "a 3 b  true"),
            (vec![],                                                                         "Parameters.parameter Parameters.parameter"),
            (vec![a.clone()],                                                                "Parameters.parameter"),
            (vec![a.clone(), a.clone(), b.clone()],                                          "Parameters.parameter[1]"),
            (vec![a.clone(), reference("target-patient", "Patient/a")],                      "Parameters.parameter[1]"),
            (vec![a.clone(), reference("target-patient", "Person/b")],                       "Parameters.parameter[1]"),
            (vec![a.clone(), reference("target-patient", "http://elsewhere/Patient/b")],     "Parameters.parameter[1]"),
            (vec![a.clone(), reference("target-patient", "Patient/b/_history/0")],           "Parameters.parameter[1]"),
            (vec![a.clone(), r#"{"name":"target-patient","valueString":"Patient/b"}"#.into()], "Parameters.parameter[1]"),
            (vec![a.clone(), b.clone(), r#"{"name":"preview","valueString":"yes"}"#.into()], "Parameters.parameter[2]"),
            (vec![a.clone(), b.clone(), r#"{"name":"result-patient","resource":{}}"#.into()], "Parameters.parameter[2]"),
            (vec![a, b, "{}".into()],                                                        "Parameters.parameter[2].name"),
        ];
        for (parameters, expected) in cases {
            let text = format!(r#"{{"resourceType":"Parameters","parameter":[{}]}}"#, parameters.join(","));
            let found = match read("http://h/fhir", &anamnesis_json::parse(text.as_bytes()).unwrap()) {
                Ok(Asked { source, target, preview }) => {
                    let party = |party: &Party| {
                        let version = party.version.map(|v| v.to_string()).unwrap_or_default();
                        format!("{} {version}", party.stream.id)
                    };
                    format!("{} {} {preview}", party(&source), party(&target))
                }
                Err(issues) => issues
                    .iter()
                    .filter_map(|issue| issue.expression.as_deref())
                    .collect::<Vec<_>>()
                    .join(" "),
            };
            assert_eq!(found, expected, "{text}");
        }
    }
}
